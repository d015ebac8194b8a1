"""The gate: staged rows against a contract's checks. Great Expectations says which hold; each check's own SQL names its rows."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from quality.suite import ROW, Action, Check, suite_of
from schemas.errors import GovlakeError
from schemas.sql_text import literal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

FAILED_CODES, WARNINGS = "_failed_codes", "_warnings"
"""Columns of judged rows: the checks that keep the row out, and those that only warn; ``code`` or ``code:column``."""

_TABLE = re.compile(r"\{([a-z_]+\.[a-z0-9_]+|table)\}")


class GateError(GovlakeError):
    """A check could not be evaluated, or Great Expectations and the check's own SQL disagree about it."""


@dataclass(frozen=True)
class CheckResult:
    """What one check found. ``rows_failed`` counts the rows that are wrong by it."""

    check: Check
    rows_failed: int

    @property
    def passed(self) -> bool:
        """Whether no row is wrong."""
        return self.rows_failed == 0


@dataclass(frozen=True)
class Verdict:
    """Judged rows (as staged, with ``_failed_codes`` and ``_warnings``) and what each check found."""

    rows: DataFrame
    rows_checked: int
    results: tuple[CheckResult, ...]

    def failed(self, action: Action) -> list[CheckResult]:
        """Checks of that action that found wrong rows."""
        return [result for result in self.results if result.check.action == action and not result.passed]


def judge(staged: DataFrame, checks: Sequence[Check], name: str, path_of: Callable[[str], str]) -> Verdict:
    """Run every check on staged rows; ``path_of`` says where another table (``layer.table``) lies. Raises GateError."""
    of_rows = [check for check in checks if check.bad]
    rows = mark_rows(staged, of_rows)
    rows_checked, counts = _count_rows(staged, of_rows)
    held = _validate(staged, name, of_rows)
    disagreeing = [check.label for check in of_rows if held[check.label] != (counts[check.label] == 0)]
    if disagreeing:
        raise GateError(f"{name}: Great Expectations and the SQL of {', '.join(disagreeing)} disagree. Mend the check in quality/.")
    counts |= {check.label: _count_selected(staged, check, path_of) for check in checks if check.query}
    return Verdict(rows, rows_checked, tuple(CheckResult(check, counts[check.label]) for check in checks))


def mark_rows(rows: DataFrame, checks: Sequence[Check]) -> DataFrame:
    """``rows`` with the checks that each fails. Grain: as given."""
    from pyspark.sql import functions as f

    marked = {}
    for column, action in ((FAILED_CODES, "quarantine"), (WARNINGS, "warn")):
        marks = [f"case when {check.bad} then {literal(check.label)} end" for check in checks if check.action == action]
        marked[column] = f.expr(f"filter(array({', '.join(marks) or 'cast(null as string)'}), code -> code is not null)")
    return rows.withColumns(marked)


def _count_rows(staged: DataFrame, checks: Sequence[Check]) -> tuple[int, dict[str, int]]:
    """Rows, and rows that each check finds wrong, in one aggregate."""
    counts = [f"count_if({check.bad}) as n{number}" for number, check in enumerate(checks)]
    row = staged.selectExpr("count(*) as checked", *counts).toArrow().to_pylist()[0]
    return row["checked"], {check.label: row[f"n{number}"] for number, check in enumerate(checks)}


def _validate(staged: DataFrame, name: str, checks: list[Check]) -> dict[str, bool]:
    """Whether each check holds, by Great Expectations."""
    if not checks:
        return {}
    batch = _rows_given().get_batch(batch_parameters={"dataframe": staged.selectExpr("*", f"1 as {ROW}")})
    held: dict[str, bool] = {}
    for result in batch.validate(suite_of(name, checks), result_format="BOOLEAN_ONLY").results:
        label = result.expectation_config.meta["label"]
        raised = _raised(result.exception_info or {})
        if raised:
            raise GateError(f"{name}: check {label} could not be evaluated: {raised}")
        held[label] = bool(result.success)
    return held


def _raised(info: dict[str, Any]) -> str | None:
    """The first exception in Great Expectations' account, which is flat or has an entry a metric."""
    entries = [info] if "raised_exception" in info else list(info.values())
    return next((str(entry["exception_message"]) for entry in entries if entry.get("raised_exception")), None)


def _count_selected(staged: DataFrame, check: Check, path_of: Callable[[str], str]) -> int:
    """Rows that a contract's own query selects; ``{table}`` is what is staged, ``{layer.table}`` another table as it is now."""
    query = _TABLE.sub(lambda found: "{staged}" if found[1] == "table" else f"delta.`{path_of(found[1])}`", check.query or "")
    return int(staged.sparkSession.sql(query, staged=staged).count())


@cache
def _rows_given() -> Any:
    """How Great Expectations is given a DataFrame; one quiet context a process, which reports to nobody outside."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    return context.data_sources.add_spark("staged").add_dataframe_asset("rows").add_batch_definition_whole_dataframe("all")
