"""A made-up office that delivers one short list in every format there is: its contracts, its deliveries, a lake that takes them.

A list has a number (the key), a title and a date. A row is written as its number and title, ``1甲``; in a delta the operation
stands before it, ``U1乙``. A title ``?`` gives the row a date that is none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml

from jobs.io.run_context import RunContext
from jobs.io.state import DeliveryState, delivery_states
from jobs.settings import load_settings
from jobs.steps.s1_land import land
from jobs.steps.s2_bronze import load_bronze
from jobs.steps.s3_silver import has_pending, refine
from schemas.catalog import Catalog, load_catalog
from schemas.names import DatasetName, run_id
from tests.night.lakes import rows, sql, table_folders
from tests.small_office_files import FORMS, Form, Record

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FIRST_DAY = date(2026, 3, 2)
OFFICE = "small_office"


def contract_of(kind: str) -> dict[str, Any]:
    """The contract of the list in a format, as a document."""
    form = FORMS[kind]
    columns = zip(("number", "title", "entered_on"), form.names, ("serial_number", "text", "date"), (4, 8, 10), strict=True)
    properties = [
        {
            "name": name,
            "physicalName": delivered,
            "businessName": name,
            "logicalType": "string",
            "required": name != "entered_on",
            **({"primaryKey": True, "primaryKeyPosition": 1} if name == "number" else {}),
            "customProperties": [
                {"property": "semanticType", "value": meaning},
                *([{"property": "byteWidth", "value": width}] if kind == "fixed_width" else []),
            ],
        }
        for name, delivered, meaning, width in columns
    ]
    custom = {
        "deliveryFormat": dict(form.layout),
        "deliveryModes": ["full", "delta"],
        "writeMode": "history",
        "schemaDrift": "reject",
        "tolerance": 0.8,
    }
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": f"{OFFICE}/{kind}",
        "name": kind,
        "version": "1.0.0",
        "status": "active",
        "slaProperties": [{"property": "frequency", "value": 1, "unit": "d"}],
        "schema": [
            {
                "name": kind,
                "logicalType": "object",
                "customProperties": [{"property": name, "value": value} for name, value in custom.items()],
                "properties": properties,
            }
        ],
    }


def office_catalog(home: Path) -> Catalog:
    """The office's contracts, written below ``home`` and read from there."""
    folder = home / "sources" / OFFICE
    folder.mkdir(parents=True)
    for kind in FORMS:
        (folder / f"{kind}.odcs.yaml").write_text(yaml.safe_dump(contract_of(kind), allow_unicode=True), encoding="utf-8")
    return load_catalog(home)


Drift = Callable[[list[str]], dict[str, str | None]]
"""Given the delivered names, each name in the file, and the name whose value it has (None: that of no column)."""


def as_agreed(names: list[str]) -> dict[str, str | None]:
    """The columns of the contract in its order."""
    return {name: name for name in names}


@dataclass(frozen=True)
class Delivery:
    """One delivery: the day it is of, its rows, when it is sent, and what is wrong with it.

    ``sent`` is the day on whose evening it is sent, its own unless told. ``previous`` is the day a delta follows.
    """

    day: int
    rows: str
    mode: Literal["full", "delta"] = "full"
    sequence: int = 1
    sent: int | None = None
    previous: int | None = None
    columns: Drift = as_agreed
    is_tampered: bool = False
    rows_more: int = 0
    """How many rows more than there are the manifest says."""

    @property
    def night(self) -> int:
        """The day on whose night it is taken at the earliest."""
        return max(self.day, self.sent if self.sent is not None else self.day)


def full(day: int, rows: str, **more: Any) -> Delivery:
    """The whole list."""
    return Delivery(day, rows, **more)


def delta(day: int, rows: str, **more: Any) -> Delivery:
    """What has changed since the day before."""
    return Delivery(day, rows, "delta", **({"previous": day - 1} | more))


def day_of(number: int) -> date:
    """The day so many days after the first."""
    return FIRST_DAY + timedelta(days=number)


@dataclass
class Office:
    """A lake that takes the deliveries of one format."""

    spark: SparkSession
    catalog: Catalog
    folder: Path
    kind: str

    @property
    def dataset(self) -> DatasetName:
        """The list's dataset."""
        return DatasetName(OFFICE, self.kind)

    def context(self, day: int) -> RunContext:
        """The run of a night."""
        settings = load_settings(home=str(self.folder / "lake"), landing=self.folder / "landing")
        return RunContext(settings, self.catalog, day_of(day), run_id(day_of(day), 1))

    def live(self, deliveries: Sequence[Delivery], nights: Sequence[int] | None = None) -> None:
        """Send everything, then let the nights pass: all up to the last delivery's, unless told which."""
        for delivery in deliveries:
            self.send(delivery)
        for night in nights if nights is not None else range(max(delivery.night for delivery in deliveries) + 1):
            self.night(night)

    def night(self, day: int) -> None:
        """Land, load and refine what is due."""
        ctx = self.context(day)
        land(ctx, self.dataset)
        load_bronze(ctx, self.dataset)
        if has_pending(ctx, self.dataset):
            refine(self.spark, ctx, self.dataset)

    def send(self, delivery: Delivery) -> None:
        """Write a delivery into the landing area."""
        form, contract = FORMS[self.kind], self.catalog.by_dataset[self.dataset]
        layout = contract.delivery_format
        assert layout is not None
        written = [_record(word, form, delivery.mode) for word in delivery.rows.split()]
        columns = delivery.columns(_delivered_names(form, delivery.mode))
        records = [{name: row.get(source or "", "x") for name, source in columns.items()} for row in written]
        data = form.write(list(columns), records, layout.encoding)
        file = {
            "name": f"{self.kind}.{layout.type}",
            "bytes": len(data),
            "rows": len(written) + delivery.rows_more,
            "sha256": hashlib.sha256(data + b"!" * delivery.is_tampered).hexdigest(),
        }
        manifest = {
            "dataset": str(self.dataset),
            "business_date": day_of(delivery.day).isoformat(),
            "sequence": delivery.sequence,
            "mode": delivery.mode,
            "previous": None if delivery.previous is None else f"{self.dataset}/{day_of(delivery.previous).isoformat()}",
            "files": [file],
            "sender": OFFICE,
            "sent_at": f"{day_of(delivery.night).isoformat()}T22:00:00+08:00",
        }
        folder = self.folder / "landing" / str(self.dataset) / day_of(delivery.day).isoformat() / str(delivery.sequence)
        folder.mkdir(parents=True)
        (folder / str(file["name"])).write_bytes(data)
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    def control(self) -> dict[str, str]:
        """Of each delivery, by day and sequence: its status, the reason's code, and since when its dataset is incomplete."""
        states = delivery_states(self.context(0).settings.root)
        return {f"{(state.business_date - FIRST_DAY).days}/{state.sequence}": _told(state) for state in states}

    def silver(self) -> set[str]:
        """Versions in silver: number, title, and the days between which it was so: ``1甲 0-2``, ``2乙 1-``."""
        query = f"select number || title, _valid_from - date '{FIRST_DAY}', _valid_to - date '{FIRST_DAY}' from t"
        found = self._rows("silver", query)
        return {f"{row} {since}-{'' if until is None else until}" for row, since, until in found}

    def silver_rows(self) -> list[str]:
        """Every column of every version in silver."""
        return rows(table_folders(self.folder / "lake")[f"silver.{OFFICE}__{self.kind}"])

    def quarantine(self) -> list[str]:
        """Rows set aside: day, number and the codes of what is wrong, in order."""
        number = """regexp_extract(raw_row, '"number":"([^"]*)"', 1)"""
        query = f"select _business_date - date '{FIRST_DAY}', {number}, check_codes from t order by all"
        return [f"{day} {number} {','.join(codes)}" for day, number, codes in self._rows("quarantine", query)]

    def reconciles(self) -> bool:
        """Whether of every published delivery as many rows went on or were set aside as were delivered and are in bronze."""
        states = [state for state in delivery_states(self.context(0).settings.root) if state.status in ("published", "superseded")]
        return all(s.rows_delivered == s.rows_bronze == s.rows_accepted + s.rows_quarantined for s in states)

    def _rows(self, layer: str, query: str) -> list[tuple[Any, ...]]:
        folders = table_folders(self.folder / "lake")
        name = f"{layer}.{OFFICE}__{self.kind}"
        return sql(folders[name], query) if name in folders else []


def _record(word: str, form: Form, mode: str) -> Record:
    operation, row = (word[0], word[1:]) if mode == "delta" else ("", word)
    number, title = row[0], row[1:]
    values = (number, title, "someday" if title == "?" else "2026-03-01")
    return {**({form.operation: operation} if operation else {}), **dict(zip(form.names, values, strict=True))}


def _delivered_names(form: Form, mode: str) -> list[str]:
    """The names in the order of the contract, the operation last."""
    return [*form.names, form.operation] if mode == "delta" else list(form.names)


def _told(state: DeliveryState) -> str:
    since = f" incomplete since {(state.incomplete_since - FIRST_DAY).days}" if state.incomplete_since else ""
    return f"{state.status}{f' {state.reason_code}' if state.reason_code else ''}{since}"
