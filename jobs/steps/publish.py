"""The write modes: replace, merge, append. Each is one atomic commit, and merge makes none when there is nothing to change."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from jobs.io.delta import table_exists
from schemas.sql_text import literal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

T = TypeVar("T")

DELETION_VECTORS = {"delta.enableDeletionVectors": "true"}
"""Halves the cost of small merges; not for shared tables, which readers of other makes must be able to read."""

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


def replace_rows(rows: DataFrame, path: str, *, is_shared: bool = False) -> None:
    """Make ``rows`` the whole content of the table at ``path``."""
    writer = rows.write.format("delta").mode("overwrite").option("overwriteSchema", "true")
    writer.options(**({} if is_shared else DELETION_VECTORS)).save(path)


def append_rows(rows: DataFrame, path: str, column: str, value: str) -> None:
    """Add ``rows``, all of which have ``value`` in ``column``; those of an earlier attempt are replaced in the same commit.

    Not by an application transaction: those outlive RESTORE, and an attempt after it would be skipped.
    """
    writer = rows.write.format("delta").options(**DELETION_VECTORS)
    if table_exists(path):
        writer.mode("overwrite").option("replaceWhere", f"{column} = {literal(value)}").save(path)
    else:
        writer.mode("append").save(path)


def merge_rows(rows: DataFrame, path: str, keys: tuple[str, ...], retracted: DataFrame | None = None) -> None:
    """Insert rows with new keys and update those whose values differ; rows that are equal are not written again.

    The table's rows whose keys are in ``retracted``, and not in ``rows``, are deleted in the same commit.
    """
    from pyspark.sql import functions as f

    if not table_exists(path):
        replace_rows(rows, path)
        return
    spark = rows.sparkSession
    on = " and ".join(f"t.{key} <=> s.{key}" for key in keys)
    is_equal = " and ".join(f"t.{name} <=> s.{name}" for name in rows.columns)
    table = spark.read.format("delta").load(path)
    present = table.join(_broadcast_if_few(rows.select(*keys)), list(keys), "left_semi").alias("t")
    changed = rows.alias("s").join(present, on=f.expr(is_equal), how="left_anti").withColumn(GONE, f.expr("false"))
    if retracted is not None:
        gone = retracted.select(*keys).distinct().join(rows.select(*keys), list(keys), "left_anti")
        changed = changed.unionByName(gone.withColumn(GONE, f.expr("true")), allowMissingColumns=True)
    changed = changed.persist()
    try:
        if changed.head(1):
            spark.sql(
                f"merge into delta.`{path}` t using {{source}} s on {on} when matched and s.{GONE} then delete "
                f"when matched then update set * when not matched and not s.{GONE} then insert *",
                source=changed,
            ).collect()
    finally:
        changed.unpersist()


def _broadcast_if_few(keys: DataFrame) -> DataFrame:
    """Keys to look a table up by. What a night changes is broadcast, so that the table need not be shuffled."""
    from pyspark.sql import functions as f

    return f.broadcast(keys) if keys.count() <= FEW else keys
