"""Expect that no row meets a Spark SQL predicate: what every row check of a contract is to Great Expectations.

All such expectations of a suite are evaluated in one Spark aggregate, whatever their number.
"""

from __future__ import annotations

from typing import Any, ClassVar

from great_expectations.compatibility.pyspark import functions as f
from great_expectations.execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import ColumnMapMetricProvider, column_condition_partial

METRIC = "column_values.row_passes"


class RowPasses(ColumnMapMetricProvider):
    """Whether a row does not meet ``predicate``; a predicate that is null is not met."""

    condition_metric_name = METRIC
    condition_value_keys = ("predicate",)
    filter_column_isnull = False

    @column_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, column: Any, predicate: str, **_: Any) -> Any:  # noqa: ARG002, N805 - Great Expectations calls it so
        return ~f.coalesce(f.expr(predicate), f.lit(False))  # noqa: FBT003 - a literal for Spark


class ExpectNoRowToMeet(ColumnMapExpectation):
    """Expect that no row meets ``predicate``. ``column`` must be one that is never null: it only says how many rows there are."""

    predicate: str

    map_metric = METRIC
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "predicate")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "predicate")
