"""Write an extract as a Frictionless Data Package: the rows as CSV and Parquet, and a descriptor that vouches for them.

Source: Data Package v1 and Table Schema v1, https://specs.frictionlessdata.io. Streams: rows never stand in memory as a whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv, parquet

from schemas.contract import Column, Contract

DESCRIPTOR = "datapackage.json"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Put before the CSV, so that spreadsheet programs read it as UTF-8."""

_FIELD_TYPES = {"timestamp": "datetime"}
"""Table Schema's name of a logical type, where it is not the contract's."""

_READ_BYTES = 1 << 20


def write_data_files(rows: pa.RecordBatchReader, folder: Path, name: str) -> int:
    """Write ``rows`` to ``<name>.csv`` (UTF-8 with BOM) and ``<name>.parquet`` in one pass; returns how many there were."""
    written = 0
    with ExitStack() as files:
        text = files.enter_context((folder / f"{name}.csv").open("wb"))
        text.write(BYTE_ORDER_MARK)
        to_csv = files.enter_context(csv.CSVWriter(text, rows.schema))
        to_parquet = files.enter_context(parquet.ParquetWriter(folder / f"{name}.parquet", rows.schema, compression="zstd"))
        for batch in rows:
            to_csv.write_batch(batch)
            to_parquet.write_batch(batch)
            written += batch.num_rows
    return written


def describe_package(contract: Contract, folder: Path, name: str, rows: int, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The descriptor of the data files in ``folder``: schema from the contract, sizes and digests from the files.

    The Parquet file holds the same rows and its own schema; as a plain file its size and digest are checked, which the
    framework does not do for tables in Parquet. ``facts`` (release, grant, counts, changes) stand under ``govlake``.
    """
    schema = {
        "fields": [_field(column) for column in contract.columns],
        "primaryKey": list(contract.keys),
        "missingValues": [""],
    }
    return {
        "name": name,
        "title": contract.title,
        "description": contract.purpose,
        "version": contract.version,
        "resources": [
            {
                "name": contract.dataset.table,
                "type": "table",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8-sig",
                **_file_facts(folder / f"{contract.dataset.table}.csv"),
                "rows": rows,
                "fields": len(contract.columns),
                "schema": schema,
            },
            {
                "name": f"{contract.dataset.table}-parquet",
                "type": "file",
                "format": "parquet",
                "mediatype": "application/vnd.apache.parquet",
                **_file_facts(folder / f"{contract.dataset.table}.parquet"),
            },
        ],
        "govlake": dict(facts),
    }


def write_descriptor(folder: Path, descriptor: Mapping[str, Any]) -> Path:
    """Write ``datapackage.json``."""
    path = folder / DESCRIPTOR
    path.write_text(json.dumps(descriptor, ensure_ascii=False, indent=2, default=str) + "\n", encoding="utf-8")
    return path


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_READ_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _file_facts(path: Path) -> dict[str, Any]:
    return {"path": path.name, "bytes": path.stat().st_size, "hash": f"sha256:{sha256_of(path)}"}


def _field(column: Column) -> dict[str, Any]:
    field: dict[str, Any] = {
        "name": column.name,
        "title": column.business_name,
        "description": column.description,
        "type": _FIELD_TYPES.get(column.logical_type, column.logical_type),
    }
    return field | ({"constraints": {"required": True}} if column.is_required else {})
