"""What the suites of whole nights share: how to read a lake so that two of them can be compared."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from jobs.io.delta import duckdb_connection
from schemas.catalog import Catalog
from schemas.contract import Contract
from schemas.names import Layer, TableName

UNCOMPARED = {"_ingested_at"}
"""Columns that differ from lake to lake: when a row was ingested."""


def narrowed(catalog: Catalog, sources: Collection[str], gold: Collection[str]) -> Catalog:
    """The catalogue with these sources and groups of gold tables alone, and the extracts that are cut from them."""

    def is_kept(contract: Contract) -> bool:
        cut_from = {TableName.parse(name).table.partition("__")[0] for column in contract.columns for name in column.source_tables}
        if Layer.SHARE in contract.layers:
            return cut_from <= set(gold)
        wanted = {Layer.SILVER: str(contract.dataset) in sources, Layer.GOLD: contract.dataset.group in gold}
        return all(is_wanted for layer, is_wanted in wanted.items() if layer in contract.layers)

    return Catalog(tuple(filter(is_kept, catalog.contracts)))


def table_folders(root: Path) -> dict[str, Path]:
    """Every table of the lake but control, by ``layer.table``."""
    layers = ("bronze", "silver", "quarantine", "linked", "gold", "share")
    folders = (folder for layer in layers for folder in sorted((root / layer).glob("*")))
    return {f"{folder.parent.name}.{folder.name}": folder for folder in folders if (folder / "_delta_log").is_dir()}


def rows(folder: Path) -> list[str]:
    """The rows of a table's newest version in an order of their own, without what is not compared."""
    with duckdb_connection() as connection:
        found = connection.execute(f"select * from delta_scan('{folder}')").to_arrow_table()
    kept = found.drop_columns([name for name in found.column_names if name in UNCOMPARED])
    return sorted(json.dumps(row, sort_keys=True, default=str, ensure_ascii=False) for row in kept.to_pylist())


def contents(root: Path) -> dict[str, list[str]]:
    """All rows of all tables but control: what must be the same when two lakes are the same."""
    return {name: rows(folder) for name, folder in table_folders(root).items()}


def versions(root: Path) -> dict[str, int]:
    """The newest Delta version of every table, control included."""
    logs = root.glob("*/*/_delta_log")
    return {str(log.parent.relative_to(root)): max(int(f.stem) for f in log.glob("*.json")) for log in logs}


def sql(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """Run SQL on the newest version of one table, called ``t``."""
    with duckdb_connection() as connection:
        connection.execute(f"create view t as select * from delta_scan('{folder}')")
        return connection.execute(query).fetchall()
