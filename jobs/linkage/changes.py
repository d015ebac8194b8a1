"""What a night brings: the records that are new, changed or gone since the night before, found by hashes alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.linkage.model import Model
from jobs.linkage.standardise import CONTENT_HASH, RECORD_HASH, RECORD_ID

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


def hash_of(record_id: str) -> Column:
    """The 64-bit hash that stands for a record where names would be too long, of a record ID given as SQL."""
    from pyspark.sql import functions as f

    return f.xxhash64(f.expr(record_id))


def with_record_hash(records: DataFrame) -> DataFrame:
    """Records, by dataset and record key, with ``record_hash``."""
    return records.withColumn(RECORD_HASH, hash_of(RECORD_ID))


def with_hashes(records: DataFrame, model: Model) -> DataFrame:
    """Records, by dataset and record key, with ``record_hash`` and ``content_hash``, that of the attributes of ``model``."""
    return with_record_hash(records).withColumn(CONTENT_HASH, _content_hash(model))


def changed_records(today: DataFrame, before: DataFrame) -> DataFrame:
    """The hashes of records that are new, changed or gone: ``record_hash``, ``is_today`` and ``was_before`` (how many there are).

    Both frames have ``record_hash`` and ``content_hash``. A record that stands twice counts as changed, so that the gate sees it.
    """
    from pyspark.sql import functions as f

    counted = _side(today, is_today=1).unionByName(_side(before, is_today=0)).groupBy(RECORD_HASH)
    sums = [f.sum(name).alias(name) for name in ("is_today", "was_before")]
    totals = counted.agg(*sums, (f.min(CONTENT_HASH) != f.max(CONTENT_HASH)).alias("differs"))
    return totals.where("is_today <> 1 or was_before <> 1 or differs").select(RECORD_HASH, "is_today", "was_before")


def _side(records: DataFrame, *, is_today: int) -> DataFrame:
    from pyspark.sql import functions as f

    counts = f.lit(is_today).alias("is_today"), f.lit(1 - is_today).alias("was_before")
    return records.select(RECORD_HASH, CONTENT_HASH, *counts)


def _content_hash(model: Model) -> Column:
    """The 64-bit hash of all attributes. Spark skips nulls in a hash, so which of them are null is hashed too."""
    from pyspark.sql import functions as f

    attributes = model.rules.attributes
    # An array as text: the items of two arrays side by side would hash as if they were one.
    values = [f.col(name).cast("string") if kind.startswith("array") else f.col(name) for name, kind in attributes.items()]
    return f.xxhash64(*values, *(f.col(name).isNull() for name in attributes))


def among_hashes(rows: DataFrame, hashes: DataFrame) -> DataFrame:
    """The rows, by ``record_hash``, whose record is among a few ``hashes`` (``record_hash``)."""
    from pyspark.sql import functions as f

    named = f.broadcast(hashes.select(f.col(RECORD_HASH).alias("_hash")))
    return rows.join(named, rows[RECORD_HASH] == f.col("_hash"), "left_semi")
