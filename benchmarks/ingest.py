"""Ingest: a delivered file → its bronze table, for each format, beside the quickest that bare libraries do with the same file.

    make bench NAME=ingest ROWS=100000          (or .venv/bin/python -m benchmarks.ingest --rows 100000 [--format csv …])

Ours decodes, splits, checks columns, keeps rows that cannot be split, hashes each row and adds where it came from; the bare
libraries only read text columns and append them to a Delta table by the same writer. What cannot read a format is not there.
Every measurement is a process of its own that has read a small file of the format before (warm imports, cold data), CPU seconds
are of all its threads. Ends with one JSON line: per format and engine ``cpu_seconds`` and ``rows_per_second``, and ``ratio``, ours
over the quickest other by CPU.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.processes import peak_mb
from jobs.io.delta import append_once
from jobs.io.landing import read_delivery
from jobs.io.run_context import RunContext
from jobs.samples.deliveries import Post, write_delivery
from jobs.samples.formats.content import Content
from jobs.samples.streams import texts
from jobs.settings import load_settings
from jobs.steps.s2_bronze import append_delivery
from schemas.catalog import load_catalog
from schemas.contract import Column, Contract
from schemas.delivery_format import DeliveryFormat, FileType
from schemas.names import DatasetName, DeliveryId, Layer

DAY = date(2026, 3, 2)
WARM_UP_ROWS = 1_000
COLUMNS = {
    "key": 12,
    "citizen_id": 18,
    "name": 24,
    "sex": 1,
    "born": 10,
    "region": 6,
    "address": 60,
    "phone": 11,
    "status": 2,
    "seen": 14,
}
"""Columns of the file, and their bytes in fixed width."""

LAYOUTS: dict[FileType, dict[str, Any]] = {
    "csv": {},
    "fixed_width": {"encoding": "gb18030"},
    "jsonl": {},
    "json": {},
    "geojson": {},
    "xml": {"record_path": "rows/row"},
    "xlsx": {},
    "parquet": {},
}

Reader = Callable[[str], pa.Table]


def main() -> None:
    arguments = _arguments()
    if arguments.measure:
        _measure(arguments.measure, arguments.engine, Path(arguments.folder), arguments.rows)
        return
    results: dict[str, dict[str, Any]] = {}
    for kind in arguments.format or list(LAYOUTS):
        results[kind] = _compare(kind, arguments.rows)
        print(f"{kind:12}", "  ".join(_words(engine, found) for engine, found in results[kind].items() if engine != "ratio"))
    print(json.dumps({"rows": arguments.rows, "ingest": results}))


def contract_of(kind: FileType) -> Contract:
    """The contract of the measured dataset in a format."""
    columns = tuple(
        Column(name=name, physical_name=name, business_name="", logical_type="string", is_key=name == "key", byte_width=width)
        for name, width in COLUMNS.items()
    )
    return Contract(
        path=Path("benchmark.odcs.yaml"),
        dataset=DatasetName("benchmark", kind),
        layers=(Layer.BRONZE,),
        version="1.0.0",
        status="active",
        title="",
        purpose="",
        grain="",
        owner=None,
        columns=columns,
        quality=(),
        frequency=None,
        delivery_format=DeliveryFormat(type=kind, **LAYOUTS[kind]),
    )


def content_of(contract: Contract, rows: int) -> Content:
    """So many rows of a register of people."""
    random = np.random.default_rng(1)
    names = texts(["王伟", "李娜", "买买提·阿卜杜拉", "欧阳小明", "张三"])[random.integers(0, 5, rows)]
    serials = np.arange(rows)
    columns = {
        "key": [f"R{n:010d}" for n in serials],
        "citizen_id": [f"37010219800101{n % 10000:04d}" for n in serials],
        "name": names.tolist(),
        "sex": (random.integers(1, 3, rows)).astype(str).tolist(),
        "born": [f"{1950 + n % 70}-0{1 + n % 9}-{10 + n % 18}" for n in serials],
        "region": [f"3701{n % 90:02d}" for n in serials],
        "address": [f"济南市历下区泉城路{n % 900}号{n % 30}单元" for n in serials],
        "phone": [f"138{n % 10**8:08d}" for n in serials],
        "status": ["" if n % 3 else "01" for n in serials],
        "seen": [f"20260302{n % 86400:06d}" for n in serials],
    }
    encoding = contract.delivery_format.encoding if contract.delivery_format else "utf-8"
    return Content(contract, {name: texts(values) for name, values in columns.items()}, None, encoding)


def _compare(kind: FileType, rows: int) -> dict[str, Any]:
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for count in (WARM_UP_ROWS, rows):
            write_delivery(content_of(contract_of(kind), count), Post(Path(folder) / str(count), DAY, None), None)
        for engine in ("govlake", *BARE[kind]):
            command = [sys.executable, "-m", "benchmarks.ingest", "--measure", kind, "--engine", engine]
            done = subprocess.run([*command, "--folder", folder, "--rows", str(rows)], capture_output=True, text=True, check=True)
            results[engine] = json.loads(done.stdout.splitlines()[-1])
    others = [found["cpu_seconds"] for engine, found in results.items() if engine != "govlake"]
    results["ratio"] = round(results["govlake"]["cpu_seconds"] / min(others), 2) if others else None
    return results


def _measure(kind: FileType, engine: str, folder: Path, rows: int) -> None:
    """CPU seconds of one engine for the file of ``rows`` rows, after the small one."""
    contract = contract_of(kind)
    catalog = load_catalog()
    spent = 0.0
    for count in (WARM_UP_ROWS, rows):
        landing = folder / str(count)
        started = _cpu_seconds()
        if engine == "govlake":
            _ours(contract, landing, RunContext(load_settings(home=str(folder / f"lake-{count}")), catalog, DAY, "benchmark"))
        else:
            (file,) = (path for path in landing.rglob("*") if path.is_file() and path.name != "manifest.json")
            append_once(str(folder / f"{engine}-{count}"), BARE[kind][engine](str(file)), "benchmark")
        spent = _cpu_seconds() - started
    print(json.dumps({"cpu_seconds": round(spent, 3), "rows_per_second": round(rows / spent), "peak_mb": peak_mb()}))


def _ours(contract: Contract, landing: Path, ctx: RunContext) -> None:
    delivery_id = DeliveryId(contract.dataset, DAY, 1)
    append_delivery(ctx, contract, read_delivery(delivery_id, landing / str(contract.dataset) / DAY.isoformat() / "1"))


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _pyarrow_csv(file: str) -> pa.Table:
    from pyarrow import csv

    kinds = dict.fromkeys(COLUMNS, pa.string())
    return csv.read_csv(file, convert_options=csv.ConvertOptions(column_types=kinds, strings_can_be_null=False))


def _pyarrow_jsonl(file: str) -> pa.Table:
    from pyarrow import json as arrow_json

    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    return arrow_json.read_json(file, parse_options=arrow_json.ParseOptions(explicit_schema=schema))


def _pyarrow_parquet(file: str) -> pa.Table:
    from pyarrow import parquet

    return parquet.read_table(file)


def _polars(call: str, *, is_json: bool = False, **options: Any) -> Reader:
    def read(file: str) -> pa.Table:
        import polars

        if is_json:
            options["schema"] = dict.fromkeys(COLUMNS, polars.String)
        table: pa.Table = getattr(polars, call)(file, **options).to_arrow()
        return table.cast(pa.schema([(name, pa.string()) for name in table.schema.names]))

    return read


def _duckdb(call: str) -> Reader:
    def read(file: str) -> pa.Table:
        import duckdb

        with duckdb.connect() as connection:
            found: pa.Table = connection.execute(f"select * from {call.format(file=file)}").to_arrow_table()
            return found

    return read


_TEXT_COLUMNS = "{{" + ", ".join(f"{name}: 'varchar'" for name in COLUMNS) + "}}"

BARE: dict[FileType, dict[str, Reader]] = {
    "csv": {
        "pyarrow": _pyarrow_csv,
        "polars": _polars("read_csv", infer_schema=False),
        "duckdb": _duckdb("read_csv('{file}', all_varchar=true, header=true)"),
    },
    "jsonl": {
        "pyarrow": _pyarrow_jsonl,
        "polars": _polars("read_ndjson", is_json=True),
        "duckdb": _duckdb("read_json('{file}', format='newline_delimited', columns=" + _TEXT_COLUMNS + ")"),
    },
    "json": {
        "polars": _polars("read_json", is_json=True),
        "duckdb": _duckdb("read_json('{file}', format='array', columns=" + _TEXT_COLUMNS + ")"),
    },
    "parquet": {
        "pyarrow": _pyarrow_parquet,
        "polars": _polars("read_parquet"),
        "duckdb": _duckdb("read_parquet('{file}')"),
    },
    "fixed_width": {},
    "geojson": {},
    "xml": {},
    "xlsx": {},
}
"""How each library reads a format as text columns."""


def _words(engine: str, found: dict[str, Any]) -> str:
    return f"{engine} {found['cpu_seconds']:.2f} s ({found['rows_per_second']:,} rows/s, {found['peak_mb']} MB)"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=int(os.environ.get("ROWS", "100000")))
    parser.add_argument("--format", nargs="*", choices=list(LAYOUTS))
    for name in ("--measure", "--engine", "--folder"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
