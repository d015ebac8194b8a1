"""A first contract of a source, drafted from a sample. What a sample cannot tell is marked for a person to fill in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from jobs.drafting.columns import DraftColumn, column_entry, english_name
from jobs.drafting.profile import Guess, guess
from jobs.drafting.sample import Sample, read_sample
from schemas.catalog import HOME, SUFFIX, Catalog
from schemas.contract import Column, load_contract
from schemas.errors import UsageError
from schemas.names import DatasetName, Layer

TO_FILL_IN = "待填"
"""Stands where a person must write what no sample says; a contract with it is a draft."""


@dataclass(frozen=True)
class Draft:
    """A contract that was drafted: where it is, its text, and what a person must look at."""

    path: Path
    text: str
    columns: tuple[DraftColumn, ...]
    rows: int
    to_look_at: tuple[str, ...]


def draft_contract(dataset: DatasetName, file: Path, catalog: Catalog, home: Path = HOME) -> Draft:
    """Draft the contract of ``dataset`` from a sample and write it into its place. Raises UsageError if there is one already."""
    path = home / "sources" / dataset.group / f"{dataset.table}{SUFFIX}"
    if path.exists():
        raise UsageError(f"{path} is there already. Edit it, or take another name.")
    sample = read_sample(file)
    columns = draft_columns(sample, catalog)
    key = next((column for column in columns if column.is_unique and column.is_filled), None)
    text = yaml.safe_dump(_document(dataset, sample, columns, key), allow_unicode=True, sort_keys=False, width=130)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    load_contract(path, dataset, (Layer.BRONZE, Layer.SILVER, Layer.QUARANTINE))
    return Draft(path, text, columns, sample.rows, tuple(_to_look_at(columns, key, sample)))


def draft_columns(sample: Sample, catalog: Catalog) -> tuple[DraftColumn, ...]:
    """The columns of a sample. One that other contracts have too is called and typed as there."""
    known = known_columns(catalog)
    taken: set[str] = set()
    drafted = []
    for physical_name, values in sample.columns.items():
        like = known.get(physical_name)
        name = _free(like.name if like else english_name(physical_name), taken)
        found = guess(physical_name, values)
        if like is not None and like.semantic_type:
            note = f"as in other contracts; the sample: {found.note}"
            found = Guess(like.logical_type, like.semantic_type, like.code_table, note)
        filled = [value for value in values if value.strip()]
        drafted.append(
            DraftColumn(
                name=name,
                physical_name=physical_name,
                business_name=like.business_name if like else physical_name,
                guess=found,
                is_unique=len(set(filled)) == len(filled),
                is_filled=len(filled) == len(values) > 0,
            )
        )
    return tuple(drafted)


def known_columns(catalog: Catalog) -> dict[str, Column]:
    """Columns of all source contracts by delivered name; where two contracts differ, the name says nothing and is left out."""
    found: dict[str, Column | None] = {}
    for column in (column for source in catalog.sources for column in source.columns):
        other = found.get(column.physical_name, column)
        is_same = other is not None and (other.name, other.semantic_type) == (column.name, column.semantic_type)
        found[column.physical_name] = column if is_same else None
    return {name: column for name, column in found.items() if column is not None}


def _document(dataset: DatasetName, sample: Sample, columns: Iterable[DraftColumn], key: DraftColumn | None) -> dict[str, Any]:
    custom: dict[str, Any] = {
        "deliveryFormat": sample.layout,
        "deliveryModes": ["full", "delta"],
        "writeMode": "history",
        "schemaDrift": "reject",
        "tolerance": 0.05,
    }
    table = {
        "name": dataset.table,
        "physicalType": "file",
        "logicalType": "object",
        "businessName": TO_FILL_IN,
        "dataGranularityDescription": TO_FILL_IN,
        "customProperties": [{"property": name, "value": value} for name, value in custom.items()],
        "properties": [column_entry(column, is_key=column is key) for column in columns],
    }
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": str(dataset),
        "name": TO_FILL_IN,
        "version": "0.1.0",
        "status": "draft",
        "domain": dataset.group,
        "description": {"purpose": TO_FILL_IN, "limitations": TO_FILL_IN},
        "roles": [{"role": TO_FILL_IN, "access": "owner"}],
        "slaProperties": [{"property": "frequency", "value": 1, "unit": "d"}],
        "schema": [table],
    }


def _to_look_at(columns: tuple[DraftColumn, ...], key: DraftColumn | None, sample: Sample) -> Iterable[str]:
    unique = [column.name for column in columns if column.is_unique and column.is_filled]
    if key is None:
        yield "key: no column is filled and different in every row; set primaryKey on those that together are"
    elif len(unique) > 1:
        yield f"key: {key.name} was taken, but {', '.join(unique[1:])} would do as well"
    unnamed = [column.physical_name for column in columns if re.match(r"column(_|$)", column.name)]
    if unnamed:
        yield f"names: choose an English name for {', '.join(unnamed)}"
    if sample.layout.get("has_header") is False:
        yield "columns: the file has no header; their order is all that says which is which"
    yield f"{TO_FILL_IN}: titles, purpose, owner and what one row is, wherever it stands"
    yield "recordRoles: which persons or firms a row names, if any; deliveryModes, frequency and classification: as agreed"


def _free(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free)
    return free
