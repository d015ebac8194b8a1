"""Silver tables for linkage tests, written without a JVM from records as `tests.linkage_people.Town` makes them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from jobs.io.run_context import RunContext
from schemas.names import DatasetName, Layer
from tests.linkage_people import HOUSEHOLD, MARRIAGE, RESIDENCE

Record = dict[str, Any]

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
FIRST = date(2026, 1, 1)


def write_silver(ctx: RunContext, records: Iterable[Record]) -> None:
    """Replace the silver tables by rows that name just these records; all are current on any later date."""
    rows: dict[str, dict[str, Record]] = {dataset: {} for dataset in SCHEMAS}
    for record in records:
        key, _, role = record["record_key"].partition("#")
        row = rows[record["dataset"]].setdefault(key, {KEYS[record["dataset"]]: key, "_valid_from": FIRST})
        row |= _columns(record, role)
    for dataset, found in rows.items():
        path = ctx.path(DatasetName.parse(dataset).in_layer(Layer.SILVER))
        schema = SCHEMAS[dataset]
        plain = [{name: row.get(name) for name in schema.names} for row in found.values()]
        write_deltalake(path, pa.Table.from_pylist(plain, schema=schema), mode="overwrite")


def _columns(record: Record, role: str) -> Record:
    renamed = RENAMED.get(record["dataset"], {})
    values = {renamed.get(name, name): value for name, value in record.items() if name not in ("dataset", "record_key")}
    if role:
        values = {f"{role}_{name.removeprefix('person_')}": value for name, value in values.items()}
    return values
