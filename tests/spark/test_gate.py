"""A gate looks at what is staged, and leaves nothing of it with Spark or Great Expectations."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING

from quality.gate import judge, mark_rows
from quality.suite import KEY_VERSIONS, checks_of
from schemas.catalog import Catalog
from schemas.names import DatasetName, Layer

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_each_gate_sees_its_own_rows_and_nothing_of_them_is_kept(spark: SparkSession, catalog: Catalog) -> None:
    checks = checks_of(catalog.by_dataset[DatasetName(Layer.LINKED, "term_frequencies")])
    columns = f"'name' as column_name, string(id) as value, 0.5D as frequency, 1L as record_count, 1L as {KEY_VERSIONS}"
    cached = spark._jsparkSession.sharedState().cacheManager()
    cached.clearCache()
    for count in (1, 3, 2):
        rows = mark_rows(spark.range(count).selectExpr(*columns.split(", ")), checks)
        assert judge(rows, checks, "linked.term_frequencies", str).rows_checked == count
        given = weakref.ref(rows)
        del rows
        gc.collect()
        assert given() is None
    assert cached.isEmpty()
