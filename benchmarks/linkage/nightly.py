"""A night that changes little, beside linking everything: pairs compared and CPU seconds of the link step, tables included.

    make bench NAME=linkage.nightly ROWS=100000

Of the records of `benchmarks.linkage.records`, one in a hundred comes in the second night only, and two in a thousand have
changed by then: their address, or a character of their name. They lie as silver has them: versions with the dates on which they
began and ended, and what the second night began or ended in a file of its own. Both nights run from there to the tables of the
linkage state, gates included, in one warm session; the first links everything, and the second runs three times from where the
first ended. CPU seconds are of the whole process tree, of the second night the median. Says on stderr what it has measured so
far, and ends with one JSON line: ``{"nightly": {"records", "new", "changed", "full": {"cpu_seconds", "seconds", "peak_gib",
"pairs"}, "night": {…, "all_cpu_seconds"}, "pairs_ratio", "cpu_ratio"}}``, and with ``--audit`` whether ``same_partition`` comes of
recomputing all after the second night.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from datetime import date, timedelta
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from benchmarks.linkage.records import DAY, MODEL, schema, write_records
from benchmarks.processes import Meter
from benchmarks.sessions import open_warm_session
from jobs.io.run_context import RunContext
from jobs.io.spark import plans_for
from jobs.linkage.block import blocking_keys, candidate_pairs, large_blocks
from jobs.linkage.comparable import comparable
from jobs.linkage.model import load_model
from jobs.linkage.reblock import pairs_to_compare_sql
from jobs.settings import load_settings
from jobs.steps import publish
from jobs.steps.audit_identity import audit_identity
from jobs.steps.changed_blocks import changed_blocks
from jobs.steps.link_changes import find_changes
from jobs.steps.linkage_night import LinkageNight
from jobs.steps.linkage_state import base_state, record_state, restore_state
from jobs.steps.s4_link import link_records
from jobs.steps.todays_records import Touched, touched_among
from jobs.transforms.history import rows_changed, rows_on
from schemas.catalog import load_catalog

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

NEW, CHANGED = 0.01, 0.002
ONE_NIGHT = timedelta(days=1)
WARM_UP_ROWS, WARM_UPS, WARM_NIGHTS = 31_000, 2, 5
"""Before anything is measured, so few records are linked so often, and the night after each time so often: what a night costs
beside its records is mostly Spark's planning, which a server that lives for nights has long compiled."""

NIGHTS = 3
"""So often the second night is measured; of one alone, short as it is, the machine's mood would show."""

MASTER = "population"


def main() -> None:
    parser = argparse.ArgumentParser(description="A night of few changes beside a full run.")
    parser.add_argument("--rows", type=int, default=int(os.environ.get("ROWS", "100000")))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--audit", action="store_true", help="recompute all after the night, and compare")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        spark = open_warm_session()
        # Merged into, though they are small: as the tables will be that are measured.
        with mock.patch.object(publish, "REWRITTEN_BYTES", 0):
            for number in range(WARM_UPS):
                _warm_up(spark, Path(folder) / f"warm{number}", arguments.seed + number)
        found = _measure(spark, Path(folder) / "lake", arguments.rows, arguments.seed, nights=NIGHTS, audit=arguments.audit)
        print(json.dumps({"nightly": found}))
        spark.stop()


def _warm_up(spark: SparkSession, folder: Path, seed: int) -> None:
    _measure(spark, folder, WARM_UP_ROWS, seed, nights=WARM_NIGHTS, audit=False)


def _context(folder: Path, day: date) -> RunContext:
    return RunContext(load_settings(home=str(folder / "lake")), load_catalog(), day, f"night/{day}/1")


def _measure(spark: SparkSession, folder: Path, rows: int, seed: int, *, nights: int, audit: bool) -> dict[str, Any]:
    folder.mkdir()
    counts = write_versions(folder / "records.parquet", folder / "versions", rows, seed)
    with plans_for(spark, rows):
        return counts | _measure_nights(spark, folder, rows, nights=nights, audit=audit)


def _measure_nights(spark: SparkSession, folder: Path, rows: int, *, nights: int, audit: bool) -> dict[str, Any]:
    versions = spark.read.parquet(str(folder / "versions"))
    ctx, tomorrow = _context(folder, DAY), _context(folder, DAY + ONE_NIGHT)
    full = _link(spark, ctx, versions) | {"pairs": _all_pairs(spark, ctx)}
    pairs = _pairs_of_night(spark, tomorrow, versions)
    night = _median_night(spark, tomorrow, versions, nights) | {"pairs": pairs}
    found = {"records": rows, "full": full, "night": night}
    found |= {f"{name}_ratio": round(night[key] / full[key], 4) for name, key in (("pairs", "pairs"), ("cpu", "cpu_seconds"))}
    return found | ({"same_partition": audit_identity(spark, tomorrow, MASTER).same_partition} if audit else {})


def _median_night(spark: SparkSession, ctx: RunContext, versions: DataFrame, nights: int) -> dict[str, Any]:
    """Of an odd number of ``nights``, each from where the full run ended, the one of median CPU; and the CPU of all."""
    found = [_link(spark, ctx, versions)]
    for _ in range(nights - 1):
        restore_state(spark, ctx, MASTER, base_state(ctx, MASTER))
        found.append(_link(spark, ctx, versions))
    by_cpu = sorted(found, key=itemgetter("cpu_seconds"))
    return by_cpu[nights // 2] | {"all_cpu_seconds": [night["cpu_seconds"] for night in found]}


def write_versions(source: Path, target: Path, rows: int, seed: int) -> Counter[str]:
    """Make ``rows`` records in ``source``, town by town, and of them the versions of both nights; how many are new and changed.

    ``target``: a folder of two files, as a merge leaves them: rows that stand, and those that the second night began or ended.
    """
    write_records(source, rows, seed)
    random, counts, records = np.random.default_rng(seed), Counter[str](), parquet.ParquetFile(source)
    kept = schema().remove(schema().get_field_index("person"))
    dated = kept.append(pa.field("_valid_from", pa.date32())).append(pa.field("_valid_to", pa.date32()))
    target.mkdir()
    with (
        parquet.ParquetWriter(target / "standing.parquet", dated) as standing,
        parquet.ParquetWriter(target / "second_night.parquet", dated) as second_night,
    ):
        for town in range(records.num_row_groups):
            same, touched, found = versions_of(records.read_row_group(town, columns=kept.names), random)
            standing.write_table(same.cast(dated))
            second_night.write_table(touched.cast(dated))
            counts.update(found)
    return counts


def versions_of(records: pa.Table, random: np.random.Generator) -> tuple[pa.Table, pa.Table, dict[str, int]]:
    """The versions that stand in both nights, those that the second began or ended, how many are ``new`` and ``changed`` in it."""
    drawn = random.random(len(records))
    is_new, is_changed = drawn < NEW, drawn >= 1 - CHANGED
    moves = is_changed & (random.random(len(records)) < 0.5)
    address = pc.if_else(pa.array(moves), "新建路1号2栋301室", records["current_address"])
    spelt = pc.binary_join_element_wise(records["person_name"], pa.scalar("儿"), "")
    name = pc.if_else(pa.array(is_changed & ~moves), spelt, records["person_name"])
    changed = _with_column(_with_column(records, "current_address", address), "person_name", name)
    began = _with_dates(changed.filter(pa.array(is_changed)), DAY + ONE_NIGHT, None)
    ended = _with_dates(records.filter(pa.array(is_changed)), DAY, DAY + ONE_NIGHT)
    new = _with_dates(records.filter(pa.array(is_new)), DAY + ONE_NIGHT, None)
    same = _with_dates(records.filter(pa.array(~(is_new | is_changed))), DAY, None)
    return same, pa.concat_tables([ended, began, new]), {"new": int(is_new.sum()), "changed": int(is_changed.sum())}


def _with_dates(records: pa.Table, begun: date, ended: date | None) -> pa.Table:
    for name, day in (("_valid_from", begun), ("_valid_to", ended)):
        records = records.append_column(name, pa.repeat(pa.scalar(day, pa.date32()), len(records)))
    return records


def _with_column(records: pa.Table, name: str, values: pa.ChunkedArray) -> pa.Table:
    return records.set_column(records.column_names.index(name), name, values)


def _night(spark: SparkSession, ctx: RunContext) -> LinkageNight:
    return LinkageNight(spark, ctx, MASTER, load_model(MODEL), {}, None, base_state(ctx, MASTER))


def _link(spark: SparkSession, ctx: RunContext, versions: DataFrame) -> dict[str, Any]:
    night, began = _night(spark, ctx), time.monotonic()
    with Meter() as meter:
        link_records(night, partial(rows_on, versions, ctx.business_date), partial(_touched, versions, night))
        record_state(night)
    found = {"cpu_seconds": round(meter.cpu_seconds, 1), "seconds": round(time.monotonic() - began)}
    found |= {"peak_gib": round(meter.peak_bytes / 2**30, 1)}
    print(f"{ctx.business_date}: {found}", file=sys.stderr, flush=True)
    return found


def _all_pairs(spark: SparkSession, ctx: RunContext) -> int:
    """The pairs that a full run compares."""
    night = _night(spark, ctx)
    keys = blocking_keys(night.table("records"))
    return candidate_pairs(keys, large_blocks(keys, night.model)).count()


def _touched(versions: DataFrame, night: LinkageNight) -> Touched | None:
    """As `jobs.steps.todays_records.touched_records` finds them in silver."""
    if night.base is None:
        return None
    since, today = night.base.business_date, night.ctx.business_date
    return touched_among(rows_changed(versions, since, today), since, today)


def _pairs_of_night(spark: SparkSession, ctx: RunContext, versions: DataFrame) -> int:
    """The pairs that the night will compare, asked before it runs. Raises ValueError if it will link everything."""
    night = _night(spark, ctx)
    changes = find_changes(night, partial(rows_on, versions, ctx.business_date), partial(_touched, versions, night))
    if changes is None:
        raise ValueError("the night would link all records: there are few, too many are new, or its base state lacks a table")
    came = comparable(changes.came, night.model)
    with changed_blocks(night, came, changes.left, len(changes.hashes)) as ask:
        return ask(pairs_to_compare_sql(night.model)).count()


if __name__ == "__main__":
    main()
