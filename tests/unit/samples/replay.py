"""Reads the country's deliveries, independent of the code that wrote them and of the lake's readers."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

HOUSEHOLDS = "public_security/household_register"
RESIDENCES = "public_security/residence_registration"
MARRIAGES = "civil_affairs/marriage_register"
DATASETS = (HOUSEHOLDS, RESIDENCES, MARRIAGES)
KEYS = {HOUSEHOLDS: "RYBH", RESIDENCES: "djbh", MARRIAGES: "HYDJZH"}
ENCODINGS = {HOUSEHOLDS: "gb18030", RESIDENCES: "utf-8", MARRIAGES: "utf-8-sig"}
FIRST = date(2026, 3, 2)

Row = dict[str, Any]


@dataclass
class Replayed:
    """One register after all its deliveries: rows that are there, rows as they were last, and the dates of each key."""

    rows: dict[str, Row] = field(default_factory=dict)
    last_rows: dict[str, Row] = field(default_factory=dict)
    first: dict[str, date] = field(default_factory=dict)
    last: dict[str, date] = field(default_factory=dict)
    operations: Counter[str] = field(default_factory=Counter)


def folder_of(landing: Path, dataset: str, day: date, sequence: int = 1) -> Path:
    return landing / dataset / day.isoformat() / str(sequence)


def manifest_of(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return manifest


def data_file(folder: Path) -> Path:
    return folder / manifest_of(folder)["files"][0]["name"]


def read_rows(folder: Path, dataset: str) -> list[Row]:
    text = data_file(folder).read_bytes().decode(ENCODINGS[dataset])
    if dataset == RESIDENCES:
        return [_flat(json.loads(line)) for line in text.splitlines()]
    return list(csv.DictReader(io.StringIO(text, newline="")))


def replay(landing: Path, dataset: str, days: int) -> Replayed:
    """Apply the first delivery of each day, full or delta."""
    register = Replayed()
    for number in range(days):
        day = FIRST + timedelta(days=number)
        folder = folder_of(landing, dataset, day)
        is_full = manifest_of(folder)["mode"] == "full"
        rows = read_rows(folder, dataset)
        if is_full:
            for gone in set(register.rows) - {row[KEYS[dataset]] for row in rows}:
                register.last[gone] = day - timedelta(days=1)
            register.rows = {}
        for row in rows:
            operation = "full" if is_full else row.pop("op")
            key = row[KEYS[dataset]]
            register.operations[operation] += 1
            _check(register, operation, key)
            register.last_rows[key] = row
            if operation == "D":
                del register.rows[key]
                register.last[key] = day - timedelta(days=1)
            else:
                register.rows[key] = row
                register.first.setdefault(key, day)
    return register


def named_people(dataset: str, key: str, row: Row) -> list[tuple[str, dict[str, str]]]:
    """Record keys and the ID, name and birth date of each person that a row names."""
    if dataset == HOUSEHOLDS:
        return [(key, {"id": row["GMSFHM"], "name": row["XM"], "birth": row["CSRQ"]})]
    if dataset == RESIDENCES:
        return [(key, {"id": row.get("person.id", ""), "name": row["person.name"], "birth": row["person.birth"]})]
    return [
        (f"{key}#{role}", {"id": row[f"{side}_SFZH"], "name": row[f"{side}_XM"], "birth": row[f"{side}_CSRQ"]})
        for role, side in (("male", "NAN"), ("female", "NV"))
    ]


def _check(register: Replayed, operation: str, key: str) -> None:
    known = key in register.rows
    if (operation == "I" and key in register.first) or (operation in "UD" and not known):
        raise AssertionError(f"{operation} of {key}, which is {'there' if known else 'not there'}")


def _flat(document: Row) -> Row:
    row = {key: value for key, value in document.items() if isinstance(value, str)}
    for outer in ("person", "residence"):
        row |= {f"{outer}.{key}": value for key, value in document.get(outer, {}).items()}
    row["phones"] = [contact["phone"] for contact in document.get("contacts", [])]
    return row
