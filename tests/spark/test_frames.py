"""Rows that the driver holds come to Spark as they are, and none do not cost a plan anything."""

from __future__ import annotations

from contextlib import redirect_stdout
from datetime import date
from io import StringIO
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from jobs.io.frames import empty_frame, frame_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SCHEMA = pa.schema([("name", pa.string()), ("since", pa.date32()), ("codes", pa.list_(pa.int64()))])
ROWS = [{"name": "it's one", "since": date(2026, 3, 2), "codes": [1, 2]}, {"name": None, "since": None, "codes": []}]


@pytest.mark.parametrize("rows", [ROWS, []], ids=["some", "none"])
def test_rows_columns_and_types_are_the_tables(spark: SparkSession, rows: list[dict[str, object]]) -> None:
    found = frame_of(spark, pa.Table.from_pylist(rows, SCHEMA))
    assert [row.asDict() for row in found.collect()] == rows
    assert found.dtypes == [("name", "string"), ("since", "date"), ("codes", "array<bigint>")]


def test_no_rows_are_left_out_of_a_plan(spark: SparkSession) -> None:
    some = spark.sql("select 'one' as name")
    assert _plan(empty_frame(spark, {"name": "string"}).unionByName(some)).lower().count("union") == 0
    assert "union" in _plan(some.unionByName(some)).lower()


def _plan(frame: DataFrame) -> str:
    told = StringIO()
    with redirect_stdout(told):
        frame.explain()
    return told.getvalue()
