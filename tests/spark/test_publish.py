"""Merging changes into a table: written anew or merged into, the rows are the same, and without a change there is no commit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from deltalake import DeltaTable

from jobs.io.delta import DELETION_VECTORS, read_table, row_count, table_properties
from jobs.steps import publish

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

COLUMNS = "key string, part int, value string"
BEFORE = [("a", 1, "x"), ("b", 1, "x"), (None, 2, "x"), ("c", None, "x")]
CHANGES = [("b", 1, "y"), ("c", None, "y"), ("d", 1, "y"), (None, 2, "y")]
AFTER = {("a", 1, "x"), ("b", 1, "y"), ("c", None, "y"), ("d", 1, "y"), (None, 2, "y")}


@pytest.fixture(params=[0, publish.REWRITTEN_BYTES], ids=["merged into", "written anew"])
def path(request: pytest.FixtureRequest, spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(publish, "REWRITTEN_BYTES", request.param)
    made = str(tmp_path / "table")
    publish.replace_rows(spark.createDataFrame(BEFORE, COLUMNS), made)
    return made


def test_changed_rows_replace_those_of_their_key_and_the_others_stay(spark: SparkSession, path: str) -> None:
    publish.merge_changes(spark.createDataFrame(CHANGES, COLUMNS), path, ("key", "part"))
    assert {tuple(row.values()) for row in read_table(path).to_pylist()} == AFTER
    assert row_count(path) == len(AFTER)
    assert _commits_of_rows(path) == 2


def test_rows_that_are_there_already_make_no_commit(spark: SparkSession, path: str) -> None:
    publish.merge_rows(spark.createDataFrame(BEFORE, COLUMNS), path, ("key", "part"), len(BEFORE))
    assert _commits_of_rows(path) == 1
    publish.merge_rows(spark.createDataFrame([*BEFORE, ("a", 2, "z")], COLUMNS), path, ("key", "part"), len(BEFORE) + 1)
    assert (_commits_of_rows(path), read_table(path).num_rows) == (2, len(BEFORE) + 1)


def test_rows_that_are_retracted_go_unless_they_come_again(spark: SparkSession, path: str) -> None:
    retracted = spark.createDataFrame([("a", 1), ("b", 1), (None, 2), ("nobody", 7)], "key string, part int")
    publish.merge_rows(spark.createDataFrame([("b", 1, "y")], COLUMNS), path, ("key", "part"), 1, retracted)
    assert {tuple(row.values()) for row in read_table(path).to_pylist()} == {("b", 1, "y"), ("c", None, "x")}
    assert row_count(path) == 2


def test_rows_are_added_after_those_retracted_are_gone(spark: SparkSession, path: str) -> None:
    retracted = spark.createDataFrame([("a", 1), ("b", 1), (None, 2), ("b", 1)], "key string, part int")
    publish.add_rows(spark.createDataFrame([("b", 1, "y"), ("d", 1, "y")], COLUMNS), path, ("key", "part"), retracted)
    after = {("b", 1, "y"), ("c", None, "x"), ("d", 1, "y")}
    assert {tuple(row.values()) for row in read_table(path).to_pylist()} == after
    assert row_count(path) == len(after)
    publish.add_rows(spark.createDataFrame([("e", 1, "y")], COLUMNS), path, ("key", "part"))
    assert row_count(path) == len(after) + 1


def test_rows_to_add_may_take_the_place_of_those_that_a_part_of_the_key_names(spark: SparkSession, path: str) -> None:
    retracted = spark.createDataFrame([("a",), ("b",), ("nobody",)], "key string")
    publish.add_rows(spark.createDataFrame([("b", 3, "y")], COLUMNS), path, ("key", "part"), retracted)
    after = {("b", 3, "y"), ("c", None, "x"), (None, 2, "x")}
    assert {tuple(row.values()) for row in read_table(path).to_pylist()} == after
    assert row_count(path) == len(after)


def test_without_rows_to_add_or_keys_to_retract_there_is_no_commit(spark: SparkSession, path: str) -> None:
    nothing = spark.createDataFrame([], COLUMNS)
    publish.add_rows(nothing, path, ("key", "part"), nothing.select("key", "part"))
    assert _commits_of_rows(path) == 1


def test_only_a_table_that_is_merged_into_has_deletion_vectors(spark: SparkSession, path: str) -> None:
    publish.merge_changes(spark.createDataFrame(CHANGES, COLUMNS), path, ("key", "part"))
    is_merged = publish.REWRITTEN_BYTES == 0
    assert table_properties(path).get(DELETION_VECTORS) == ("true" if is_merged else None)


def _commits_of_rows(path: str) -> int:
    return sum(commit["operation"] != "SET TBLPROPERTIES" for commit in DeltaTable(path).history())
