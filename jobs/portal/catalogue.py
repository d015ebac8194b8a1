"""The catalogue as people ask for it: all tables, one table's columns, all that goes by one dataset's name. No JVM."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from jobs.io.delta import row_count, table_exists, table_version
from jobs.io.state import gates
from jobs.settings import PROJECT, Settings
from quality.suite import checks_of
from schemas.catalog import Catalog
from schemas.contract import Contract
from schemas.errors import UsageError
from schemas.names import DatasetName, Layer, TableName, linked_table
from schemas.odcs import suggest
from schemas.silver import silver_columns


def list_tables(settings: Settings, catalog: Catalog) -> list[dict[str, Any]]:
    """Every table that exists in the lake, in order of layer. Grain: one row a table."""
    found = []
    for table, contract in _tables(catalog):
        path = table.path(settings.root)
        if table_exists(path):
            found.append(
                {
                    "table": str(table),
                    "title": contract.title,
                    "grain": contract.grain,
                    "rows": row_count(path),
                    "version": table_version(path),
                    "path": path,
                }
            )
    return found


def describe_table(catalog: Catalog, name: str) -> dict[str, Any]:
    """What a table holds and what its columns mean. Raises UsageError if no contract defines it."""
    table = TableName.parse(name)
    contract = next((c for known, c in _tables(catalog) if known == table), None)
    if table.layer is Layer.CONTROL and contract is None:
        raise UsageError(
            f"{table} holds events: `govlake deliveries`, `gates`, `releases`, `runs` and `audit` tell what they come to."
        )
    if contract is None:
        raise UsageError(f"no contract defines {table}. {suggest(name, [str(known) for known, _ in _tables(catalog)])}")
    return {
        "table": str(table),
        "title": contract.title,
        "grain": contract.grain,
        "purpose": contract.purpose,
        "owner": contract.owner,
        "contract": str(_shown(contract.path)),
        "columns": _columns(contract, table.layer),
    }


def show_dataset(settings: Settings, catalog: Catalog, name: str) -> dict[str, Any]:
    """All that goes by a dataset's name. Raises ContractError if there is no such dataset."""
    contract = catalog.find(name)
    transform = PROJECT / "jobs" / "transforms" / contract.dataset.group / f"{contract.dataset.table}.py"
    names = {str(contract.table(layer)) for layer in contract.layers}
    return {
        "dataset": str(contract.dataset),
        "title": contract.title,
        "contract": str(_shown(contract.path)),
        "owner": contract.owner,
        "transform": str(_shown(transform)) if transform.is_file() else None,
        "tests": _tests_naming(contract.dataset),
        "suite": [{"code": c.code, "column": c.column, "action": c.action} for c in checks_of(contract)],
        "tables": [row for row in list_tables(settings, catalog) if row["table"] in names],
        "last_gate": _last_gate(settings, names),
    }


def _tables(catalog: Catalog) -> list[tuple[TableName, Contract]]:
    """Every table a contract defines; a linked table has one definition and one table for each master."""
    named = []
    for contract in catalog.contracts:
        for layer in contract.layers:
            if layer is Layer.LINKED:
                named += [(linked_table(master, contract.dataset.table), contract) for master in catalog.masters]
            elif layer is Layer.CONTROL:
                named.append((TableName(Layer.CONTROL, contract.dataset.table), contract))
            else:
                named.append((contract.table(layer), contract))
    return sorted(named, key=lambda pair: (list(Layer).index(pair[0].layer), pair[0].table))


def _columns(contract: Contract, layer: Layer) -> list[dict[str, Any]]:
    described = {column.name: column for column in contract.columns}
    types = silver_columns(contract) if layer is Layer.SILVER else [(c.name, c.logical_type) for c in contract.columns]
    rows = []
    for name, kind in types:
        column = described.get(name)
        rows.append(
            {
                "name": name,
                "type": kind,
                "business_name": column.business_name if column else None,
                "classification": column.classification if column else None,
                "semantic_type": column.semantic_type if column else None,
                "code_table": column.code_table if column else None,
                "description": column.description if column else "derived",
            }
        )
    return rows


def _tests_naming(dataset: DatasetName) -> list[str]:
    """Test files of the checkout that name the dataset."""
    spellings = (str(dataset), f"{dataset.group}__{dataset.table}")
    files = sorted((PROJECT / "tests").rglob("test_*.py"))
    return [str(_shown(f)) for f in files if any(spelling in f.read_text(encoding="utf-8") for spelling in spellings)]


def _last_gate(settings: Settings, tables: set[str]) -> list[dict[str, Any]]:
    events = [asdict(result) for result in gates(settings.root) if result.table in tables]
    shown = ("table", "delivery_id", "check_code", "column_name", "action", "rows_checked", "rows_failed", "decision")
    last = events[-1] if events else None
    same = [
        e
        for e in events
        if last and (e["run_id"], e["table"], e["delivery_id"]) == (last["run_id"], last["table"], last["delivery_id"])
    ]
    return [{name: event[name] for name in shown} for event in same]


def _shown(path: Path) -> Path:
    return path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path
