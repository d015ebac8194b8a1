"""Expect that no row meets a Spark SQL predicate: what every row check of a contract is to Great Expectations.

All such expectations of a suite are counted in one Spark aggregate, whatever their number.
"""

from __future__ import annotations

from typing import Any, ClassVar

from great_expectations.compatibility.pyspark import functions as f
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_partial
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

METRIC, ROW_COUNT = "table.rows_meeting", "table.row_count"


class RowsMeeting(TableMetricProvider):
    """How many rows meet ``predicate``; one that is null is not met.

    A metric of the table, not of a column: those ask for some forty others first, each expectation anew.
    """

    metric_name = METRIC
    value_keys = ("predicate",)

    @metric_partial(
        engine=SparkDFExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _spark(cls, metric_domain_kwargs: Any, metric_value_kwargs: Any, **_: Any) -> Any:  # noqa: N805 - Great Expectations calls it so
        return f.count_if(f.expr(metric_value_kwargs["predicate"])), metric_domain_kwargs, {}


class ExpectNoRowToMeet(BatchExpectation):
    """Expect that no row meets ``predicate``; tells how many do (``unexpected_count``) of how many (``element_count``)."""

    predicate: str

    metric_dependencies = (METRIC, ROW_COUNT)
    success_keys: ClassVar[tuple[str, ...]] = ("predicate",)
    args_keys: ClassVar[tuple[str, ...]] = ("predicate",)

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        wrong = metrics[METRIC] or 0
        return {"success": wrong == 0, "result": {"element_count": metrics[ROW_COUNT], "unexpected_count": wrong}}
