"""The gate: staged rows against a contract's checks. Rows are marked with what they fail; Great Expectations says what holds."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from quality.suite import FAILED_CODES, IDENTICAL_COPY, MARKS, ROW, Action, Check, suite_of
from schemas.errors import GovlakeError
from schemas.sql_text import literal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_ONE_AT_A_TIME = Lock()
"""Great Expectations keeps one context a process and does not say that threads may share it."""

_TABLE = re.compile(r"\{([a-z_]+\.[a-z0-9_]+|table)\}")


class GateError(GovlakeError):
    """A check could not be evaluated, or Great Expectations disagrees with the marks of the rows about it."""


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
    """Judged rows (marked, see `mark_rows`), how many there are, and what each check found.

    ``rows_failed``: those that a check keeps out; ``rows_wrong``: of these, those that are not just a copy of a row that is kept.
    """

    rows: DataFrame
    rows_checked: int
    rows_failed: int
    rows_wrong: int
    results: tuple[CheckResult, ...]

    def failed(self, action: Action) -> list[CheckResult]:
        """Checks of that action that found wrong rows."""
        return [result for result in self.results if result.check.action == action and not result.passed]


def judge(marked: DataFrame, checks: Sequence[Check], name: str, path_of: Callable[[str], str]) -> Verdict:
    """Run every check on marked rows; ``path_of`` says where another table (``layer.table``) lies. Raises GateError.

    ``marked`` is read several times: give it materialised.
    """
    of_rows = [check for check in checks if check.bad]
    rows_checked, rows_failed, rows_wrong, *marks = _count_marks(marked, of_rows)
    counts = dict(zip((check.label for check in of_rows), marks, strict=True))
    held = _validate(marked, name, of_rows)
    disagreeing = [check.label for check in of_rows if held[check.label] != (counts[check.label] == 0)]
    if disagreeing:
        raise GateError(
            f"{name}: Great Expectations and the marks of {', '.join(disagreeing)} disagree. Mend the check in quality/."
        )
    counts |= {check.label: _count_selected(marked, check, path_of) for check in checks if check.query}
    return Verdict(
        marked, rows_checked, rows_failed, rows_wrong, tuple(CheckResult(check, counts[check.label]) for check in checks)
    )


def mark_rows(rows: DataFrame, checks: Sequence[Check]) -> DataFrame:
    """``rows`` with a column of `MARKS` an action: labels of the checks of rows that each fails. Grain: as given.

    The one place where a check's SQL is evaluated: what follows reads the marks.
    """
    from pyspark.sql import functions as f

    marked = {}
    for action, column in MARKS.items():
        marks = [
            f"case when {check.bad} then {literal(check.label)} else '' end"
            for check in checks
            if check.bad and check.action == action
        ]
        # Not array_compact of nulls, which is short for a lambda: of that Spark compiles nothing, the checks in it included.
        marked[column] = f.expr(f"array_remove(array({', '.join(marks)}), '')" if marks else "cast(array() as array<string>)")
    return rows.withColumns(marked)


def _count_marks(marked: DataFrame, checks: Sequence[Check]) -> list[int]:
    """In one aggregate: rows; rows kept out; rows wrong; then, a check each, rows that it finds wrong."""
    predicates = ["true", f"size({FAILED_CODES}) > 0", f"size(array_remove({FAILED_CODES}, '{IDENTICAL_COPY}')) > 0"]
    counts = [f"count_if({predicate}) as n{n}" for n, predicate in enumerate([*predicates, *(check.mark for check in checks)])]
    return list(marked.selectExpr(*counts).toArrow().to_pylist()[0].values())


def _validate(marked: DataFrame, name: str, checks: list[Check]) -> dict[str, bool]:
    """Whether each check holds, by Great Expectations."""
    if not checks:
        return {}
    rows = marked.selectExpr("*", f"1 as {ROW}")
    with _ONE_AT_A_TIME:
        results = (
            _rows_given()
            .get_batch(batch_parameters={"dataframe": rows})
            .validate(suite_of(name, checks), result_format="BOOLEAN_ONLY")
            .results
        )
    held: dict[str, bool] = {}
    for result in results:
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


def _count_selected(marked: DataFrame, check: Check, path_of: Callable[[str], str]) -> int:
    """Rows that a contract's own query selects; ``{table}`` is what is staged, ``{layer.table}`` another table as it is now."""
    query = _TABLE.sub(lambda found: "{staged}" if found[1] == "table" else f"delta.`{path_of(found[1])}`", check.query or "")
    return int(marked.sparkSession.sql(query, staged=marked).count())


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
