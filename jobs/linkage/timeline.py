"""Masters over time: which records they held when, as silver's history and the crosswalk say together. Knows no domain.

Intervals are half open, in business dates: ``valid_to`` is the first day on which it is no longer so; null = still so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from jobs.io.frames import frame_of
from jobs.linkage.survive import survive
from schemas.contract import Survivorship

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

RECORD = ["dataset", "record_key"]


def held_versions(versions: DataFrame, crosswalk: DataFrame) -> DataFrame:
    """The versions of records during their stays with masters.

    ``versions``: every version of every record (``dataset record_key``, attributes, ``_valid_from _valid_to``). ``crosswalk``:
    every stay (``dataset record_key master_id valid_from valid_to``). Grain: one version during one stay, with ``master_id``,
    ``valid_from`` and ``valid_to``: the time in which the version was so and the master held it.
    """
    from pyspark.sql import functions as f

    stays = crosswalk.select(*RECORD, "master_id", f.col("valid_from").alias("_from"), f.col("valid_to").alias("_to"))
    held = versions.join(stays, RECORD, "inner").withColumns(
        {"valid_from": f.greatest("_valid_from", "_from"), "valid_to": f.least("_valid_to", "_to")}
    )
    held = held.where("valid_to is null or valid_from < valid_to")
    return held.drop("_from", "_to", "_valid_from", "_valid_to")


def snapshots(held: DataFrame) -> DataFrame:
    """What each master held on every day on which that changed.

    ``held``: as `held_versions` gives it. Grain: one record of a master on such a day, ``master_id on_date dataset record_key``
    and attributes; a day on which the master holds nothing any more has one row, all null but ``master_id`` and ``on_date``.
    """
    from pyspark.sql import functions as f

    dates = held.selectExpr("master_id", "explode(array_compact(array(valid_from, valid_to))) as on_date").distinct()
    then = held.withColumnRenamed("master_id", "held_by")
    is_held = "master_id = held_by and valid_from <= on_date and (valid_to is null or valid_to > on_date)"
    return dates.join(then, f.expr(is_held), "left").drop("held_by", "valid_from", "valid_to")


def golden_history(on_dates: DataFrame, rules: Mapping[str, Survivorship]) -> DataFrame:
    """The golden values of every master on every day on which its records changed.

    ``on_dates``: as `snapshots` gives it. Grain: one master and day, ``master_id on_date record_count`` and the columns of
    ``rules`` (without sources); ``record_count`` is 0 on a day from which the master holds nothing.
    """
    from pyspark.sql import functions as f

    day = f.struct("master_id", "on_date").alias("master_id")
    attributes = [name for name in on_dates.columns if name not in ("master_id", "on_date")]
    golden = survive(on_dates.where("record_key is not null").select(day, *attributes), rules)
    golden = golden.select("master_id.master_id", "master_id.on_date", *rules)
    counts = on_dates.groupBy("master_id", "on_date").agg(f.count("record_key").cast("int").alias("record_count"))
    return counts.join(golden, ["master_id", "on_date"], "left")


def attributed_versions(versions: DataFrame, crosswalk: DataFrame, masters: DataFrame) -> DataFrame:
    """Every version of every record that an active master holds, or that it (or one merged into it) held last.

    ``versions`` and ``crosswalk``: as in `held_versions`; ``masters``: ``master_id status merged_into``. Grain: one version,
    with ``master_id``: by what is known now, whoever held the record at the time.
    """
    owners = last_holders(crosswalk).join(successors(masters), "held_by", "inner").drop("held_by")
    return versions.join(owners, RECORD, "inner")


def last_holders(crosswalk: DataFrame) -> DataFrame:
    """The master that holds each record, or held it last: ``dataset record_key held_by``. Grain: one record."""
    from pyspark.sql import functions as f

    return crosswalk.groupBy(*RECORD).agg(f.max_by("master_id", "valid_from").alias("held_by"))


def successors(masters: DataFrame) -> DataFrame:
    """The active master that each master became, ``held_by master_id``. Grain: one master; those that end in a retired one lack."""
    ended = masters.where("status = 'merged'").select("master_id", "merged_into").toArrow().to_pylist()
    into = {row["master_id"]: row["merged_into"] for row in ended}
    paths = {"held_by": [*into], "master_id": [_last_of(master_id, into) for master_id in into]}
    merged = frame_of(masters.sparkSession, pa.table(paths, pa.schema([(name, pa.string()) for name in paths])))
    active = masters.where("status = 'active'").select("master_id")
    return active.selectExpr("master_id as held_by", "master_id").unionByName(merged.join(active, "master_id", "left_semi"))


def _last_of(master_id: str, into: Mapping[str, str]) -> str:
    while master_id in into:
        master_id = into[master_id]
    return master_id
