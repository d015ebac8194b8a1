"""The write modes: replace, merge, append. Each is one atomic commit, and merge makes none when there is nothing to change.

What also takes rows out of a large table is two: first these go, then others come and change.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from jobs.io.delta import DELETION_VECTORS, STATISTICS, table_bytes, table_exists, table_properties
from schemas.sql_text import literal

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

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
        present = table.join(_to_be_sought(sought, at_most), on=_on(keys), how="left_semi").alias("t")
        is_equal = " and ".join(f"t.{name} <=> s.{name}" for name in rows.columns)
        changes = rows.alias("s").join(present, on=f.expr(is_equal), how="left_anti")
    _bring_in(changes, _not_among(retracted, rows, keys), path, keys)


def merge_changes(changes: DataFrame, path: str, keys: tuple[str, ...]) -> None:
    """Insert or update rows of which all are new or other than in the table; without any there is no commit."""
    _bring_in(changes, None, path, keys)


def add_rows(rows: DataFrame, path: str, keys: tuple[str, ...], retracted: DataFrame | None = None) -> None:
    """Delete the table's rows whose keys are in ``retracted``, then add ``rows``, none of whose keys it then has.

    Nothing is looked for but what is deleted, so adding them again adds them twice. Without rows and keys there is no commit.
    """
    _bring_in(rows, None if retracted is None else retracted.select(*keys).distinct(), path, keys, are_new=True)


def _not_among(keyed: DataFrame | None, rows: DataFrame, keys: tuple[str, ...]) -> DataFrame | None:
    """The distinct keys in ``keyed`` that none of ``rows`` has."""
    if keyed is None:
        return None
    return keyed.select(*keys).distinct().join(rows.select(*keys), list(keys), "left_anti")


def _bring_in(changes: DataFrame, gone: DataFrame | None, path: str, keys: tuple[str, ...], *, are_new: bool = False) -> None:
    """Write rows that are all new or other than in the table, and take out those whose keys are ``gone``.

    ``are_new``: whether the table without these has none of their keys.
    """
    from pyspark.sql import functions as f

    if not table_exists(path):
        replace_rows(changes, path, sought_by=keys)
        return
    marked = changes.withColumn(GONE, f.expr("false"))
    if gone is not None:
        marked = marked.unionByName(gone.withColumn(GONE, f.expr("true")), allowMissingColumns=True)
    _change(marked, path, keys, are_new=are_new)


def _change(changes: DataFrame, path: str, keys: tuple[str, ...], *, are_new: bool) -> None:
    """Bring rows marked `GONE` or not into a table, by the way that its size asks for."""
    changes = changes.localCheckpoint()
    counts = {row[GONE]: row["count"] for row in changes.groupBy(GONE).count().collect()}
    if counts and table_bytes(path) <= REWRITTEN_BYTES:
        _rewrite(changes, path, keys)
    elif counts:
        _merge(changes, counts, path, keys, are_new=are_new)


def _rewrite(changes: DataFrame, path: str, keys: tuple[str, ...]) -> None:
    """The whole table anew, with the changes in place of the rows they change."""
    present = changes.sparkSession.read.format("delta").load(path).alias("t")
    kept = present.join(changes.select(*keys).alias("s"), on=_on(keys), how="left_anti")
    kept.unionByName(changes.where(f"not {GONE}").drop(GONE)).write.format("delta").mode("overwrite").save(path)


def _merge(changes: DataFrame, counts: Mapping[bool, int], path: str, keys: tuple[str, ...], *, are_new: bool) -> None:
    """Mark what the changes replace and append what they bring: with deletion vectors, no file is written again.

    ``counts``: how many of the changes are `GONE` and how many are not, without those of which there are none.

    Only tables that are merged into have these: where the property is set, Spark asks the log at every scan, several times over,
    whether a file has any. Never shared tables, which readers of other makes must read.
    """
    is_marked = True in counts or not are_new
    if is_marked and table_properties(path).get(DELETION_VECTORS) != "true":
        changes.sparkSession.sql(f"alter table delta.`{path}` set tblproperties ('{DELETION_VECTORS}' = 'true')")
    if True in counts:
        _delete(_to_be_sought(changes.where(GONE).select(*keys), counts[True]), path, keys)
    if False in counts:
        rows = changes.where(f"not {GONE}").drop(GONE)
        if are_new:
            rows.write.format("delta").mode("append").save(path)
        else:
            _replace(_to_be_sought(rows, counts[False]), path, keys)


def _delete(gone: DataFrame, path: str, keys: tuple[str, ...]) -> None:
    """Mark the rows that have one of the keys in ``gone``. Not by a ``MERGE``, which reads all columns, and twice (ADR 11)."""
    gone.sparkSession.sql(
        f"delete from delta.`{path}` t where exists (select 1 from {{gone}} s where {_same_key(keys)})",  # noqa: S608 - our own names
        gone=gone,
    ).collect()


def _replace(rows: DataFrame, path: str, keys: tuple[str, ...]) -> None:
    """Mark the rows that have a key of one of ``rows``, and append these, in one commit (Delta's ``INSERT … REPLACE ON``)."""
    writer = rows.alias("s").write.format("delta").mode("overwrite")
    writer.option("replaceOn", _same_key(keys)).option("targetAlias", "t").save(path)


def _to_be_sought(rows: DataFrame, count: int) -> DataFrame:
    """Rows whose keys a table is looked through for: on every executor if they are few, so that the table need not be shuffled."""
    from pyspark.sql import functions as f

    return f.broadcast(rows) if count <= FEW else rows


def _same_key(keys: tuple[str, ...]) -> str:
    return " and ".join(f"t.{key} <=> s.{key}" for key in keys)


def _on(keys: tuple[str, ...]) -> Column:
    from pyspark.sql import functions as f

    return f.expr(_same_key(keys))
