"""The write modes: replace, merge, append. Each is one atomic commit, and merge makes none when there is nothing to change.

What also takes rows out of a large table is two: first these go, then others come and change.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from jobs.io.delta import DELETION_VECTORS, STATISTICS, table_bytes, table_exists, table_properties
from schemas.sql_text import literal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

T = TypeVar("T")

REWRITTEN_BYTES = 16 * 2**20
"""Up to this size a table is written anew instead of merged into, which takes many Spark jobs, whatever its size (ADR 11)."""

GONE = "_gone"
"""A column of what is merged: whether the row is to be deleted."""

FEW = 1_000_000
"""Keys that every executor can hold."""

ATTEMPTS = 4
_CONFLICT = "DELTA_CONCURRENT"
_log = logging.getLogger(__name__)


def retry_conflicts(write: Callable[[], T]) -> T:
    """Run ``write`` again when another writer was faster: it starts from the table as it then is."""
    from pyspark.errors import PySparkException

    for attempt in range(1, ATTEMPTS):
        try:
            return write()
        except PySparkException as error:
            if _CONFLICT not in str(error):
                raise
            _log.warning("another writer was faster; attempt %s of %s follows", attempt + 1, ATTEMPTS)
    return write()


def replace_rows(rows: DataFrame, path: str, *, sought_by: tuple[str, ...] = ()) -> None:
    """Make ``rows`` the whole content of the table at ``path``.

    ``sought_by``: the columns that rows are looked up by, of which alone the log keeps minima and maxima; else of the first 32.
    """
    writer = rows.write.format("delta").mode("overwrite").option("overwriteSchema", "true")
    statistics = {STATISTICS: ",".join(sought_by)} if sought_by else {}
    writer.options(**statistics).save(path)


def replace_merged(rows: DataFrame, path: str, keys: tuple[str, ...]) -> None:
    """Make ``rows`` the whole content of a table that later nights merge into."""
    replace_rows(rows, path, sought_by=keys)
    if table_bytes(path) > REWRITTEN_BYTES:
        _let_rows_be_marked(rows.sparkSession, path)


def append_rows(rows: DataFrame, path: str, column: str, value: str) -> None:
    """Add ``rows``, all of which have ``value`` in ``column``; those of an earlier attempt are replaced in the same commit.

    Not by an application transaction: those outlive RESTORE, and an attempt after it would be skipped.
    """
    writer = rows.write.format("delta")
    if table_exists(path):
        writer.mode("overwrite").option("replaceWhere", f"{column} = {literal(value)}").save(path)
    else:
        writer.mode("append").save(path)


def merge_rows(rows: DataFrame, path: str, keys: tuple[str, ...], at_most: int, retracted: DataFrame | None = None) -> None:
    """Insert rows with new keys and update those whose values differ; rows that are equal are not written again.

    The table's rows whose keys are in ``retracted``, and not in ``rows``, are deleted. ``at_most``: how many
    ``rows`` there can be; keys of as few as a night changes are broadcast, so that the table need not be shuffled.
    """
    from pyspark.sql import functions as f

    changes = rows
    if table_exists(path):
        table = rows.sparkSession.read.format("delta").load(path).alias("t")
        sought = rows.select(*keys).alias("s")
        present = table.join(_to_be_sought(sought, at_most), on=f.expr(_same(keys, keys)), how="left_semi").alias("t")
        changes = rows.alias("s").join(present, on=f.expr(_same(rows.columns, rows.columns)), how="left_anti")
    _bring_in(changes, _not_among(retracted, rows, keys), path, keys)


def merge_changes(changes: DataFrame, path: str, keys: tuple[str, ...]) -> None:
    """Insert or update rows of which all are new or other than in the table; without any there is no commit."""
    _bring_in(changes, None, path, keys)


def add_rows(rows: DataFrame, path: str, keys: tuple[str, ...], retracted: DataFrame | None = None) -> None:
    """Delete the table's rows that agree with one of ``retracted`` in all its columns, then add ``rows``, whose keys it then lacks.

    Nothing is looked for but what is deleted, so adding them again adds them twice. Without rows in both there is no commit.
    """
    _bring_in(rows, None if retracted is None else retracted.distinct(), path, keys, are_new=True)


def _not_among(keyed: DataFrame | None, rows: DataFrame, keys: tuple[str, ...]) -> DataFrame | None:
    """The distinct keys in ``keyed`` that none of ``rows`` has."""
    if keyed is None:
        return None
    return keyed.select(*keys).distinct().join(rows.select(*keys), list(keys), "left_anti")


@dataclass(frozen=True)
class _Change:
    """What a table takes in and what it gives up: ``rows``, and ``gone``, which its rows agree with that go. Kept, and counted.

    ``with_nulls``: the columns, of those that the table is looked through by, in which they have nulls.
    """

    rows: DataFrame
    row_count: int
    gone: DataFrame
    gone_count: int
    with_nulls: Sequence[str]


def _bring_in(changes: DataFrame, gone: DataFrame | None, path: str, keys: tuple[str, ...], *, are_new: bool = False) -> None:
    """Write rows that are all new or other than in the table, and take out those that agree with one of ``gone``.

    ``are_new``: whether the table without these has none of their keys. By the way that the table's size asks for.
    """
    if not table_exists(path):
        replace_merged(changes, path, keys)
        return
    replaced_by = () if are_new else keys
    change = _counted(changes, gone, replaced_by)
    if change.row_count + change.gone_count:
        bring_in = _rewrite if table_bytes(path) <= REWRITTEN_BYTES else _merge
        bring_in(change, path, replaced_by)


def _counted(rows: DataFrame, gone: DataFrame | None, replaced_by: tuple[str, ...]) -> _Change:
    """Both kept, counted and looked through for nulls in one pass."""
    from pyspark.sql import functions as f

    named = [] if gone is None else gone.columns
    marked = rows.withColumn(GONE, f.expr("false"))
    if gone is not None:
        marked = marked.unionByName(gone.withColumn(GONE, f.expr("true")), allowMissingColumns=True)
    marked = marked.localCheckpoint()
    sought = dict.fromkeys([*named, *replaced_by])
    nulls = (f.max(f.col(column).isNull()).alias(column) for column in sought)
    found = {row[GONE]: row for row in marked.groupBy(GONE).agg(f.count("*").alias("count"), *nulls).collect()}
    counts = {is_gone: row["count"] for is_gone, row in found.items()}
    with_nulls = [column for column in sought if any(row[column] for row in found.values())]
    taken_in, given_up = marked.where(f"not {GONE}").drop(GONE), marked.where(GONE).select(*named)
    return _Change(taken_in, counts.get(False, 0), given_up, counts.get(True, 0), with_nulls)


def _rewrite(change: _Change, path: str, replaced_by: tuple[str, ...]) -> None:
    """The whole table anew: without what is gone, and with the rows in place of those that agree with them in ``replaced_by``."""
    from pyspark.sql import functions as f

    kept = change.rows.sparkSession.read.format("delta").load(path)
    for rows, count, columns in (
        (change.gone, change.gone_count, change.gone.columns),
        (change.rows, change.row_count, replaced_by),
    ):
        if count and columns:
            kept = kept.alias("t").join(
                rows.select(*columns).alias("s"), on=f.expr(_same(columns, change.with_nulls)), how="left_anti"
            )
    kept.unionByName(change.rows).write.format("delta").mode("overwrite").save(path)


def _merge(change: _Change, path: str, replaced_by: tuple[str, ...]) -> None:
    """Mark what is gone, and what agrees with one of the rows in ``replaced_by``, then append these: no file is written again."""
    if change.gone_count or (change.row_count and replaced_by):
        _let_rows_be_marked(change.rows.sparkSession, path)
    if change.gone_count:
        _delete(_to_be_sought(change.gone, change.gone_count), path, _same(change.gone.columns, change.with_nulls))
    if change.row_count and replaced_by:
        _replace(_to_be_sought(change.rows, change.row_count), path, _same(replaced_by, change.with_nulls))
    elif change.row_count:
        change.rows.write.format("delta").mode("append").save(path)


def _let_rows_be_marked(spark: SparkSession, path: str) -> None:
    """Give the table deletion vectors, if it has none.

    Only tables that are merged into have them: where the property is set, Spark asks the log at every scan, several times over,
    whether a file has any. Never shared tables, which readers of other makes must read.
    """
    if table_properties(path).get(DELETION_VECTORS) != "true":
        spark.sql(f"alter table delta.`{path}` set tblproperties ('{DELETION_VECTORS}' = 'true')")


def _delete(gone: DataFrame, path: str, same: str) -> None:
    """Mark the rows that are the ``same`` as one of ``gone``. Not by a ``MERGE``, which reads all columns, and twice (ADR 11)."""
    sql = f"delete from delta.`{path}` t where exists (select 1 from {{gone}} s where {same})"  # noqa: S608 - our own names
    gone.sparkSession.sql(sql, gone=gone).collect()


def _replace(rows: DataFrame, path: str, same: str) -> None:
    """Mark the rows that are the ``same`` as one of ``rows``, and append these, in one commit (Delta's ``INSERT … REPLACE ON``)."""
    writer = rows.alias("s").write.format("delta").mode("overwrite")
    writer.option("replaceOn", same).option("targetAlias", "t").save(path)


def _same(columns: Sequence[str], with_nulls: Sequence[str]) -> str:
    """Whether a row ``t`` of the table agrees with a row ``s``, as SQL: by ``=``, which joins quicker, where no null is sought."""
    return " and ".join(f"t.{column} {'<=>' if column in with_nulls else '='} s.{column}" for column in columns)


def _to_be_sought(rows: DataFrame, count: int) -> DataFrame:
    """Rows whose keys a table is looked through for: on every executor if they are few, so that the table need not be shuffled."""
    from pyspark.sql import functions as f

    return f.broadcast(rows) if count <= FEW else rows
