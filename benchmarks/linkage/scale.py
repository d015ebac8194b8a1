"""Train and link many records of persons: our engine, Splink on Spark, Splink on DuckDB; CPU seconds, memory and cluster F1.

    make bench NAME=linkage.scale ROWS=1000000            # ARGS="--only ours" for our engine alone

Records (`benchmarks.linkage.records`) are made and given their match columns first; every engine reads the same Parquet files,
trains on the same sample (about `SAMPLE` records, closed by the hash of their names) and links all with the same comparisons,
blocking rules and threshold. Each runs in a process of its own, once on `WARM_UP` records to be warm and then on all. Blocks above
the model's caps are left out by our engine alone: Splink knows no cap. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from benchmarks.linkage import engine, splink_side
from benchmarks.linkage.records import MODEL, write_records
from benchmarks.processes import Meter
from benchmarks.sessions import open_warm_session
from jobs.io.spark import plans_for
from jobs.linkage.identify import RECORD
from jobs.linkage.measures import pairwise
from jobs.linkage.model import load_model
from jobs.linkage.standardise import standardise

SAMPLE, WARM_UP = 100_000, 3_000
RECIPE = splink_side.Recipe(
    ["l.id_number = r.id_number"],
    [
        "l.name_key = r.name_key and l.born_on = r.born_on",
        "l.id_number = r.id_number",
        "l.born_on = r.born_on and l.county = r.county",
    ],
)
PAIRS_A_RECORD = 10
"""Splink's random pairs over records of the sample: its default for `SAMPLE`, and fewer to be warm."""

Clusters = pa.Table
"""record_id and cluster, one row a record."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Our engine and Splink on many records.")
    parser.add_argument("--rows", type=int, default=int(os.environ.get("ROWS", "100000")))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=ENGINES, help="one engine")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.folder:
        print(json.dumps(run(arguments.only, arguments.folder, arguments.rows)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        prepare(folder, arguments.rows, arguments.seed)
        chosen = [arguments.only] if arguments.only else list(ENGINES)
        figures = {name: _in_own_process(name, folder, arguments.rows) for name in chosen}
    show(figures, arguments.rows)


def prepare(folder: Path, rows: int, seed: int) -> None:
    """Write ``all``, ``sample`` and ``warm`` (match columns, without the truth) and ``truth`` (record_id, person) as Parquet."""
    write_records(folder / "records.parquet", rows, seed)
    spark = open_warm_session()
    records = spark.read.parquet(str(folder / "records.parquet"))
    standardised = standardise(records, load_model(MODEL, for_training=True))
    standardised.select("record_id", "person").write.parquet(str(folder / "truth"))
    standardised.drop("person").write.parquet(str(folder / "all"))
    everything = spark.read.parquet(str(folder / "all"))
    everything.where(f"pmod(xxhash64(name_key), {max(1, round(rows / SAMPLE))}) = 0").write.parquet(str(folder / "sample"))
    everything.limit(WARM_UP).write.parquet(str(folder / "warm"))
    spark.stop()


def run(name: str, folder: Path, rows: int) -> dict[str, Any]:
    """One engine, warm: its cost to train and to link, and how its clusters agree with the truth."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    open_engine = ENGINES[name]
    do = open_engine(folder)
    do(folder / "warm", folder / "warm")
    with Meter() as meter:
        training_seconds, clusters = do(folder / "sample", folder / "all")
    truth = parquet.read_table(folder / "truth").to_pandas().set_index("record_id")["person"]
    if len(clusters) != len(truth):
        raise SystemExit(f"{name}: {len(clusters)} of {len(truth)} records came back")
    agreement = pairwise(clusters["cluster"].to_numpy(), truth[clusters["record_id"].to_pandas()].to_numpy())
    return {
        "rows": rows,
        "train_cpu_seconds": round(training_seconds, 1),
        "link_cpu_seconds": round(meter.cpu_seconds - training_seconds, 1),
        "cpu_seconds": round(meter.cpu_seconds, 1),
        "peak_gib": round(meter.peak_bytes / 2**30, 2),
        **{f"cluster_{measure}": round(value, 5) for measure, value in agreement.as_dict().items()},
    }


Engine = Callable[[Path, Path], tuple[float, Clusters]]
"""Trains on the first folder of Parquet files and links the second: CPU seconds of training, and the clusters."""


def ours(_folder: Path) -> Engine:
    spark = open_warm_session()

    def do(sample: Path, everything: Path) -> tuple[float, Clusters]:
        with Meter() as training:
            model = engine.trained_on(spark.read.parquet(str(sample)).persist(), MODEL)
        with plans_for(spark, _rows(everything)):
            members = engine.link(spark.read.parquet(str(everything)), model).members
        ids = members[RECORD[0]] + "|" + members[RECORD[1]]
        return training.cpu_seconds, pa.table({"record_id": ids.to_numpy(object), "cluster": members["component"].to_numpy()})

    return do


def splink_on_spark(folder: Path) -> Engine:
    spark = open_warm_session()
    opener = splink_side.opener_on_spark(spark, folder / "splink")
    return _splink(opener, lambda path: spark.read.parquet(str(path)), "spark")


def splink_on_duckdb(_folder: Path) -> Engine:
    return _splink(splink_side.open_on_duckdb, lambda path: parquet.read_table(path).to_pandas(), "duckdb")


def _splink(open_linker: splink_side.Opener, read: Callable[[Path], Any], dialect: str) -> Engine:
    model = load_model(MODEL, for_training=True)
    untrained = splink_side.untrained_settings(MODEL, dialect)

    def do(sample: Path, everything: Path) -> tuple[float, Clusters]:
        with Meter() as training:
            recipe = replace(RECIPE, random_pairs=min(RECIPE.random_pairs, PAIRS_A_RECORD * _rows(sample)))
            settings = splink_side.train(open_linker(read(sample), untrained), recipe)
        shrinks = _rows(sample) / _rows(everything)  # the share of pairs that match falls as 1/N, as our engine knows
        settings["probability_two_random_records_match"] *= shrinks
        _, clusters = splink_side.predict(open_linker(read(everything), settings), model)
        codes = np.unique(clusters["cluster_id"].to_numpy(str), return_inverse=True)[1]
        return training.cpu_seconds, pa.table({"record_id": clusters["record_id"].to_numpy(object), "cluster": codes})

    return do


def _rows(folder: Path) -> int:
    return sum(parquet.read_metadata(file).num_rows for file in folder.glob("*.parquet"))


ENGINES: dict[str, Callable[[Path], Engine]] = {"ours": ours, "splink-spark": splink_on_spark, "splink-duckdb": splink_on_duckdb}


def _in_own_process(name: str, folder: Path, rows: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.linkage.scale", "--only", name, "--folder", str(folder), "--rows", str(rows)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(name, figures, file=sys.stderr, flush=True)
    return figures


def show(figures: dict[str, dict[str, Any]], rows: int) -> None:
    """A table, and one line of JSON with the ratio of our CPU seconds over Splink's on Spark."""
    columns = ("train_cpu_seconds", "link_cpu_seconds", "cpu_seconds", "peak_gib", "cluster_f1")
    print(f"{rows:,} records  " + "  ".join(f"{column.replace('_', ' '):>17}" for column in columns))
    for name, of in figures.items():
        print(f"{name:{len(f'{rows:,} records')}}  " + "  ".join(f"{of[column]:>17}" for column in columns))
    peer = figures.get("splink-spark")
    ratio = round(figures["ours"]["cpu_seconds"] / peer["cpu_seconds"], 2) if peer and "ours" in figures else None
    print(json.dumps({"linkage": {"rows": rows, "ours_over_splink_spark": ratio, **figures}}))


if __name__ == "__main__":
    main()
