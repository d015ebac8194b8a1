"""A gate looks at what is staged, and leaves nothing of it with Spark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quality.gate import judge, mark_rows
from quality.suite import KEY_VERSIONS, checks_of
from schemas.catalog import Catalog
from schemas.names import DatasetName, Layer

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_a_gate_has_spark_keep_nothing(spark: SparkSession, catalog: Catalog) -> None:
    checks = checks_of(catalog.by_dataset[DatasetName(Layer.LINKED, "term_frequencies")])
    rows = spark.sql(f"select 'name' as column_name, 'a' as value, 0.5D as frequency, 1L as record_count, 1L as {KEY_VERSIONS}")
    cached = spark._jsparkSession.sharedState().cacheManager()
    cached.clearCache()
    for _ in range(2):
        assert judge(mark_rows(rows, checks), checks, "linked.term_frequencies", str).rows_checked == 1
    assert cached.isEmpty()
