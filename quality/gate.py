"""The gate: staged rows against a contract's checks. Rows are marked with what they fail; Great Expectations says what holds."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from quality.suite import MARKS, SUMS, Action, Check, suite_of
from schemas.errors import GovlakeError
from schemas.sql_text import literal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_ONE_AT_A_TIME = Lock()
"""Great Expectations keeps one context a process and does not say that threads may share it."""

SOURCE = "staged"
"""What Great Expectations calls the rows that a gate looks at."""

_TABLE = re.compile(r"\{([a-z_]+\.[a-z0-9_]+|table)\}")


class GateError(GovlakeError):
    """A check could not be evaluated; the message names it and says why."""


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
    found = _validate(marked, name, [*SUMS, *(check for check in checks if check.bad)])
    counts = found.wrong | _count_selected(marked, {check.label: check.query for check in checks if check.query}, path_of)
    rows_failed, rows_wrong = (found.wrong[total.label] for total in SUMS)
    results = tuple(CheckResult(check, counts[check.label]) for check in checks)
    return Verdict(marked, found.rows_checked, rows_failed, rows_wrong, results)


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


@dataclass(frozen=True)
class _Found:
    """What Great Expectations counted: rows, and the wrong ones by a check's label."""

    rows_checked: int
    wrong: dict[str, int]


def _validate(marked: DataFrame, name: str, checks: Sequence[Check]) -> _Found:
    with _ONE_AT_A_TIME, _rows_given() as given:
        batch = given.get_batch(batch_parameters={"dataframe": marked})
        results = batch.validate(suite_of(name, checks), result_format="BASIC").results
    wrong: dict[str, int] = {}
    for result in results:
        label = result.expectation_config.meta["label"]
        raised = _raised(result.exception_info or {})
        if raised:
            raise GateError(f"{name}: check {label} could not be evaluated: {raised}")
        wrong[label] = int(result.result["unexpected_count"])
    return _Found(int(results[0].result["element_count"]), wrong)


def _raised(info: dict[str, Any]) -> str | None:
    """The first exception in Great Expectations' account, which is flat or has an entry a metric."""
    entries = [info] if "raised_exception" in info else list(info.values())
    return next((str(entry["exception_message"]) for entry in entries if entry.get("raised_exception")), None)


def _count_selected(marked: DataFrame, queries: Mapping[str, str], path_of: Callable[[str], str]) -> dict[str, int]:
    """Rows that each of the contract's own ``queries`` selects, by the check's label as these are; counted in one query of Spark.

    ``{table}`` is what is staged, ``{layer.table}`` another table as it is now.
    """
    if not queries:
        return {}
    told = " union all ".join(
        f"select {literal(label)} as label, count(*) as selected from ({_named_tables(query, path_of)})"  # noqa: S608 - a contract's own
        for label, query in queries.items()
    )
    return {row["label"]: int(row["selected"]) for row in marked.sparkSession.sql(told, staged=marked).collect()}


def _named_tables(query: str, path_of: Callable[[str], str]) -> str:
    return _TABLE.sub(lambda found: "{staged}" if found[1] == "table" else f"delta.`{path_of(found[1])}`", query)


@contextmanager
def _rows_given() -> Iterator[Any]:
    """How Great Expectations is given a DataFrame; what it holds of it afterwards it gives up."""
    source, given = _source()
    try:
        yield given
    finally:
        held = source.get_execution_engine().batch_manager
        held.reset_batch_cache()
        held.batch_data_cache.clear()


@cache
def _source() -> tuple[Any, Any]:
    """Where rows come from, and how they are handed over: once a process, for each addition writes the whole configuration as YAML.

    Left to itself Great Expectations would have Spark keep each DataFrame, and what it came of, for good.
    """
    source = _context().data_sources.add_spark(SOURCE, persist=False)
    return source, source.add_dataframe_asset("rows").add_batch_definition_whole_dataframe("all")


@cache
def _context() -> Any:
    """One quiet context a process, which reports to nobody outside."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    return context
