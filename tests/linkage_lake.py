"""A lake for linkage tests: silver written without a JVM from records as `tests.linkage_people.Town` makes them, nights linked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pyarrow as pa
from deltalake import write_deltalake

from jobs.io import control
from jobs.io.delta import duckdb_connection, read_table, table_exists, table_version
from jobs.io.run_context import RunContext
from jobs.settings import load_settings
from jobs.steps import link_changes
from jobs.steps.digest import digest_of
from jobs.steps.linkage_state import TABLES
from jobs.steps.s4_link import link
from schemas.catalog import Catalog
from schemas.names import DatasetName, Layer, linked_table
from tests.linkage_people import HOUSEHOLD, MARRIAGE, RESIDENCE

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Record = dict[str, Any]
Key = tuple[str, str]

TEXT, DATE = pa.string(), pa.date32()
VALIDITY = [("_valid_from", DATE), ("_valid_to", DATE)]
SCHEMAS = {
    HOUSEHOLD: pa.schema(
        [(name, TEXT) for name in ("police_person_number", "citizen_id", "citizen_id_class", "person_name", "former_name")]
        + [(name, TEXT) for name in ("sex_code", "ethnic_group_code", "region_code", "registered_address", "household_number")]
        + [(name, TEXT) for name in ("head_relation_code", "marital_status_code", "education_code", "cancellation_code")]
        + [("birth_date", DATE), ("birth_year", pa.int32()), ("updated_at", DATE), *VALIDITY]
    ),
    RESIDENCE: pa.schema(
        [(name, TEXT) for name in ("registration_number", "citizen_id", "citizen_id_class", "person_name", "sex_code")]
        + [("current_address", TEXT), ("origin_region_code", TEXT), ("phones", pa.list_(TEXT))]
        + [("birth_date", DATE), ("birth_year", pa.int32()), ("registered_on", DATE), *VALIDITY]
    ),
    MARRIAGE: pa.schema(
        [("certificate_number", TEXT), ("registered_on", DATE), *VALIDITY]
        + [
            (f"{side}_{name}", kind)
            for side in ("male", "female")
            for name, kind in (
                ("citizen_id", TEXT),
                ("citizen_id_class", TEXT),
                ("name", TEXT),
                ("birth_date", DATE),
                ("birth_year", pa.int32()),
                ("nationality_code", TEXT),
            )
        ]
    ),
}
RENAMED = {RESIDENCE: {"region_code": "origin_region_code", "updated_on": "registered_on"}, HOUSEHOLD: {"updated_on": "updated_at"}}
KEYS = {HOUSEHOLD: "police_person_number", RESIDENCE: "registration_number", MARRIAGE: "certificate_number"}
FIRST_NIGHT = date(2026, 3, 2)


def write_silver(ctx: RunContext, records: Iterable[Record]) -> None:
    """Bring silver's history to rows that name just these records on the business date, as a full delivery of each dataset does.

    What it held of that date and later ones is forgotten.
    """
    rows: dict[str, dict[str, Record]] = {dataset: {} for dataset in SCHEMAS}
    for record in records:
        key, _, role = record["record_key"].partition("#")
        row = rows[record["dataset"]].setdefault(key, {KEYS[record["dataset"]]: key})
        row |= _columns(record, role)
    for dataset, found in rows.items():
        path = ctx.path(DatasetName.parse(dataset).in_layer(Layer.SILVER))
        schema = SCHEMAS[dataset]
        plain = {key: {name: row.get(name) for name in schema.names} for key, row in found.items()}
        before = read_table(path).to_pylist() if table_exists(path) else []
        versions = _history(before, plain, KEYS[dataset], ctx.business_date)
        write_deltalake(path, pa.Table.from_pylist(versions, schema=schema), mode="overwrite")
        _publish(ctx, dataset, repr(plain))


def _history(before: list[Record], rows: dict[str, Record], key: str, day: date) -> list[Record]:
    """Every version of the rows, and those that end and begin on ``day`` so that they are ``rows`` (by key)."""
    ended, began, undated = {"_valid_to": day}, {"_valid_from": day}, {"_valid_from": None, "_valid_to": None}
    earlier = [version for version in before if version["_valid_from"] < day]
    past = [version for version in earlier if version["_valid_to"] and version["_valid_to"] < day]
    lasting = {version[key]: version | {"_valid_to": None} for version in earlier if version not in past}
    stay = {name for name, version in lasting.items() if version | undated == rows.get(name)}
    closed = [version if name in stay else version | ended for name, version in lasting.items()]
    return [*past, *closed, *(row | began for name, row in rows.items() if name not in stay)]


def _publish(ctx: RunContext, dataset: str, content: str) -> None:
    delivery = {"delivery_id": f"{dataset}/{ctx.business_date}/1", "dataset": dataset, "business_date": ctx.business_date}
    taken = {"sequence": 1, "mode": "full", "digest": digest_of(content), "status": "published", "night_date": ctx.business_date}
    control.record(ctx.settings.root, "deliveries", [delivery | taken | {"run_id": ctx.run_id}])


def _columns(record: Record, role: str) -> Record:
    renamed = RENAMED.get(record["dataset"], {})
    values = {renamed.get(name, name): value for name, value in record.items() if name not in ("dataset", "record_key")}
    if role:
        values = {f"{role}_{name.removeprefix('person_')}": value for name, value in values.items()}
    return values


def key_of(row: Record) -> Key:
    return row["dataset"], row["record_key"]


class Lake:
    """One lake, its nights run by the link step."""

    def __init__(self, spark: SparkSession, catalog: Catalog, home: Path, keys: Path, **settings: Any) -> None:
        self.spark = spark
        self.ctx = RunContext(load_settings(home=str(home), keys=str(keys), **settings), catalog, FIRST_NIGHT, "night/2026-03-02/1")

    @property
    def after_first(self) -> Path:
        """Where a copy is kept of the lake as the first night left it."""
        return Path(self.ctx.settings.root).parent / "after_first"

    def night(self, day: date, records: list[Record], attempt: int = 1, *, afresh: bool = False) -> None:
        """Bring silver to ``records`` and link them; ``afresh``: all of them, whatever the night before knew."""
        ctx = replace(self.ctx, business_date=day, run_id=f"night/{day}/{attempt}")
        write_silver(ctx, records)
        with patch.object(link_changes, "FEW_RECORDS", 0):  # as in a large register
            link(self.spark, ctx, "population", afresh=afresh)

    def path(self, name: str) -> str:
        return self.ctx.path(linked_table("population", name))

    def rows(self, name: str, where: str = "true", columns: str = "*") -> list[Record]:
        path = self.path(name)
        with duckdb_connection() as connection:
            found = connection.execute(f"select {columns} from delta_scan('{path}') where {where}").to_arrow_table()
        rows: list[Record] = found.to_pylist()
        return sorted(rows, key=repr)

    def all_rows(self) -> dict[str, list[Record]]:
        """Every linked table; without the run's name, which tells attempts apart."""
        return {name: [{k: v for k, v in row.items() if k != "run_id"} for row in self.rows(name)] for name in TABLES}

    def versions(self) -> dict[str, int | None]:
        return {name: table_version(self.path(name)) for name in TABLES}

    def masters_on(self, day: date) -> dict[Key, str]:
        rows = self.rows("crosswalk", f"valid_from <= date '{day}' and (valid_to is null or valid_to > date '{day}')")
        assert len({key_of(row) for row in rows}) == len(rows), "a record is in one master at a time"
        return {key_of(row): row["master_id"] for row in rows}
