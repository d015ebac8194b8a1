"""The write modes: replace, merge, append. Each is one atomic commit, and merge makes none when there is nothing to change."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from jobs.io.delta import STATISTICS, table_bytes, table_exists
from schemas.sql_text import literal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

T = TypeVar("T")

DELETION_VECTORS = {"delta.enableDeletionVectors": "true"}
"""Halves the cost of small merges; not for shared tables, which readers of other makes must be able to read."""

REWRITTEN_BYTES = 16 * 2**20
"""Up to this size a table is written anew instead of merged into: a MERGE is some forty Spark jobs, whatever its size (ADR 10)."""

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


def replace_rows(rows: DataFrame, path: str, *, is_shared: bool = False, sought_by: tuple[str, ...] = ()) -> None:
    """Make ``rows`` the whole content of the table at ``path``.

    ``sought_by``: the columns that rows are looked up by, of which alone the log keeps minima and maxima; else of the first 32.
    """
    writer = rows.write.format("delta").mode("overwrite").option("overwriteSchema", "true")
    statistics = {STATISTICS: ",".join(sought_by)} if sought_by else {}
    writer.options(**({} if is_shared else DELETION_VECTORS), **statistics).save(path)


def append_rows(rows: DataFrame, path: str, column: str, value: str) -> None:
    """Add ``rows``, all of which have ``value`` in ``column``; those of an earlier attempt are replaced in the same commit.

    Not by an application transaction: those outlive RESTORE, and an attempt after it would be skipped.
    """
    writer = rows.write.format("delta").options(**DELETION_VECTORS)
    if table_exists(path):
        writer.mode("overwrite").option("replaceWhere", f"{column} = {literal(value)}").save(path)
    else:
        writer.mode("append").save(path)


def merge_rows(rows: DataFrame, path: str, keys: tuple[str, ...]) -> None:
    """Insert rows with new keys and update those whose values differ; rows that are equal are not written again."""
    from pyspark.sql import functions as f

    if not table_exists(path):
        replace_rows(rows, path, sought_by=keys)
        return
    is_equal = " and ".join(f"t.{name} <=> s.{name}" for name in rows.columns)
    present = rows.sparkSession.read.format("delta").load(path).alias("t")
    merge_changes(rows.alias("s").join(present, on=f.expr(is_equal), how="left_anti"), path, keys)


def merge_changes(changes: DataFrame, path: str, keys: tuple[str, ...]) -> None:
    """Insert or update rows of which all are new or other than in the table; without any there is no commit."""
    if not table_exists(path):
        replace_rows(changes, path, sought_by=keys)
        return
    changes = changes.localCheckpoint()
    if not changes.head(1):
        return
    if table_bytes(path) <= REWRITTEN_BYTES:
        _rewrite(changes, path, keys)
    else:
        _merge(changes, path, keys)


def _rewrite(changes: DataFrame, path: str, keys: tuple[str, ...]) -> None:
    """The whole table anew, with the changes in place of the rows they change."""
    from pyspark.sql import functions as f

    on = " and ".join(f"t.{key} <=> s.{key}" for key in keys)
    present = changes.sparkSession.read.format("delta").load(path).alias("t")
    kept = present.join(changes.select(*keys).alias("s"), on=f.expr(on), how="left_anti")
    kept.unionByName(changes).write.format("delta").mode("overwrite").save(path)


def _merge(changes: DataFrame, path: str, keys: tuple[str, ...]) -> None:
    on = " and ".join(f"t.{key} <=> s.{key}" for key in keys)
    changes.sparkSession.sql(
        f"merge into delta.`{path}` t using {{source}} s on {on} when matched then update set * when not matched then insert *",
        source=changes,
    ).collect()
