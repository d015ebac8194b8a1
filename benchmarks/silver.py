"""Silver: one dataset from its bronze to its silver table (typing, standardising, checks, latest state), beside DuckDB and Polars.

    make bench NAME=silver ROWS=1000000         (or .venv/bin/python -m benchmarks.silver --rows 1000000)

A household register, delivered full, then a delta of five in a hundred. Ours is the step `refine` as a night runs it: it also
judges by Great Expectations, records every check, and could build a history anew. The others do the same typing, checks and
latest state with the same bronze into a Delta table by delta-rs (`benchmarks.silver_in_duckdb`, `benchmarks.silver_in_polars`).
Each engine is a process of its own that has done the same with a thousand rows before; CPU seconds are of its whole tree, Spark's
JVM included.

All must agree, or the run fails: on how many rows each check finds wrong, and on the silver table and the quarantine, whose rows
are counted and hashed as DuckDB reads them. Ends with one JSON line: the figures of each engine, and ``ratio``, ours over the
quickest other by CPU.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.household_rows import FIRST_DAY, SECOND_DAY, delta_of, full_of
from benchmarks.processes import Meter
from benchmarks.sessions import open_warm_session
from benchmarks.silver_peer import QUARANTINED, Delivery
from jobs.io.delta import duckdb_connection
from jobs.io.run_context import RunContext
from jobs.io.state import gates
from jobs.samples.deliveries import Post, write_delivery
from jobs.settings import load_settings
from jobs.steps.s1_land import land
from jobs.steps.s2_bronze import load_bronze
from jobs.steps.s3_silver import refine
from schemas.catalog import Catalog, load_catalog
from schemas.names import DatasetName, DeliveryId, Layer
from schemas.silver import silver_columns

DATASET = DatasetName("public_security", "household_register")
WARM_UP_ROWS = 1_000
DAYS = {"full": FIRST_DAY, "delta": SECOND_DAY}
OURS = "govlake"
PEERS = ("duckdb", "polars")

T = TypeVar("T")

Found = dict[str, dict[str, int]]
"""Of each delivery: how many rows there are, and how many each check finds wrong."""

Figures = dict[str, dict[str, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=int(os.environ.get("ROWS", "100000")))
    for name in ("--measure", "--folder"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure, Path(arguments.folder), arguments.rows)))
        return
    with tempfile.TemporaryDirectory() as folder:
        measured = {engine: _in_a_process(engine, folder, arguments.rows) for engine in (OURS, *PEERS)}
        for engine in PEERS:
            _compare(Path(folder), arguments.rows, engine, {name: measured[name]["found"] for name in (OURS, engine)})
    figures: dict[str, Figures] = {engine: result["figures"] for engine, result in measured.items()}
    quickest = {kind: min(figures[engine][kind]["cpu_seconds"] for engine in PEERS) for kind in DAYS}
    ratio = {kind: round(figures[OURS][kind]["cpu_seconds"] / quickest[kind], 2) for kind in DAYS}
    print(json.dumps({"rows": arguments.rows, "silver": figures, "ratio": ratio}))


def measure(engine: str, folder: Path, rows: int) -> dict[str, Any]:
    """What an engine takes for both deliveries, after the small ones, and what it found."""
    catalog = load_catalog()
    run = _measure_ours if engine == OURS else _measure_peer(engine)
    run(folder, catalog, WARM_UP_ROWS)
    figures, found = run(folder, catalog, rows)
    return {"figures": figures, "found": found}


def _in_a_process(engine: str, folder: str, rows: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.silver", "--measure", engine, "--folder", folder, "--rows", str(rows)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"{engine:8}", result["figures"], flush=True)
    return result


def _measure_ours(folder: Path, catalog: Catalog, rows: int) -> tuple[Figures, Found]:
    """Both deliveries through landing and bronze, which is not measured, and on to silver, which is."""
    contract = catalog.by_dataset[DATASET]
    figures, found = {}, {}
    spark = open_warm_session()
    for kind, day in DAYS.items():
        content = full_of(contract, rows) if kind == "full" else delta_of(contract, rows)
        ctx = _context(folder, catalog, rows, day)
        write_delivery(content, Post(ctx.settings.landing_root, day, None if kind == "full" else FIRST_DAY), None)
        land(ctx, DATASET)
        load_bronze(ctx, DATASET)
        figures[kind], _ = _measured(partial(refine, spark, ctx, DATASET))
        found[kind] = _of_gate(ctx)
    return figures, found


def _of_gate(ctx: RunContext) -> dict[str, int]:
    results = [result for result in gates(ctx.settings.root) if result.business_date == ctx.business_date]
    labels = {f"{r.check_code}:{r.column_name}" if r.column_name else str(r.check_code): r.rows_failed or 0 for r in results}
    return {"rows": results[0].rows_checked or 0} | {label: failed for label, failed in labels.items() if failed}


def _measure_peer(engine: str) -> Callable[[Path, Catalog, int], tuple[Figures, Found]]:
    """The same from the same bronze table, by another engine."""
    if engine == "duckdb":
        from benchmarks.silver_in_duckdb import refine as refine_delivery
    else:
        from benchmarks.silver_in_polars import refine as refine_delivery

    def run(folder: Path, catalog: Catalog, rows: int) -> tuple[Figures, Found]:
        contract = catalog.by_dataset[DATASET]
        figures, found = {}, {}
        for kind, day in DAYS.items():
            bronze = _context(folder, catalog, rows, day).path(contract.table(Layer.BRONZE))
            delivery = Delivery(contract, DeliveryId(DATASET, day, 1), bronze, _table_of(engine, folder, rows))
            figures[kind], found[kind] = _measured(partial(refine_delivery, delivery))
        return figures, found

    return run


def _compare(folder: Path, rows: int, engine: str, found: dict[str, Found]) -> None:
    """Exit with a message unless an engine's checks and tables say what ours say."""
    if found[OURS] != found[engine]:
        raise SystemExit(f"the checks differ: ours {found[OURS]}, {engine}'s {found[engine]}")
    catalog = load_catalog()
    contract, ctx = catalog.by_dataset[DATASET], _context(folder, catalog, rows, SECOND_DAY)
    columns = ", ".join(name for name, _ in silver_columns(contract))
    tables = {
        columns: (ctx.path(contract.table(Layer.SILVER)), _table_of(engine, folder, rows)),
        ", ".join(QUARANTINED): (ctx.path(contract.table(Layer.QUARANTINE)), f"{_table_of(engine, folder, rows)}_quarantine"),
    }
    with duckdb_connection() as connection:
        for names, pair in tables.items():
            query = f"select count(*), sum(hash({names})) from delta_scan('{{}}')"
            sums = [connection.execute(query.format(path)).fetchone() for path in pair]
            if sums[0] != sums[1]:
                raise SystemExit(f"the tables differ: ours {sums[0]}, {engine}'s {sums[1]}")


def _context(folder: Path, catalog: Catalog, rows: int, day: date) -> RunContext:
    return RunContext(load_settings(home=str(folder / f"lake-{rows}")), catalog, day, f"night/{day}/1")


def _table_of(engine: str, folder: Path, rows: int) -> str:
    return str(folder / f"{engine}-{rows}")


def _measured(run: Callable[[], T]) -> tuple[dict[str, float], T]:
    """What a call takes, and what it returns."""
    began = time.monotonic()
    with Meter() as meter:
        result = run()
    return {"cpu_seconds": round(meter.cpu_seconds, 2), "wall_seconds": round(time.monotonic() - began, 2)}, result


if __name__ == "__main__":
    main()
