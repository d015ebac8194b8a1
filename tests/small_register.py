"""A small register for tests: six records of two persons, in every layer, written without a JVM.

李明 has two household registrations (the second cancelled as a duplicate, and newer), a residence and a marriage; 王芳, who is
dead, has a household registration and the other half of the marriage. 赵云's residence row is in quarantine.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake
from pyarrow import parquet

from jobs.io.control import record
from jobs.io.state import releases
from jobs.linkage.block import KEYS
from jobs.linkage.comparable import COMPARED
from jobs.linkage.model import load_model
from jobs.linkage.standardise import HASHES
from jobs.settings import Settings
from schemas.catalog import load_catalog
from schemas.contract import Contract
from schemas.names import TableName

HOUSEHOLD, MARRIAGE, RESIDENCE = (
    "public_security/household_register",
    "civil_affairs/marriage_register",
    "public_security/residence_registration",
)
DAY = date(2026, 3, 2)
LI, WANG = "pop-LI", "pop-WANG"
LI_ID, LI_OLD_ID, LI_WRONG_ID = "420106198002290015", "420106800229001", "420106198002290014"
WANG_ID = "420102198512310028"

TEXT, DATE, INT, TEXTS = pa.string(), pa.date32(), pa.int32(), pa.list_(pa.string())
ATTRIBUTES: dict[str, pa.DataType] = {
    "citizen_id": TEXT,
    "citizen_id_class": TEXT,
    "person_name": TEXT,
    "former_name": TEXT,
    "sex_code": TEXT,
    "ethnic_group_code": TEXT,
    "birth_date": DATE,
    "birth_year": INT,
    "nationality_code": TEXT,
    "region_code": TEXT,
    "registered_address": TEXT,
    "current_address": TEXT,
    "phones": TEXTS,
    "relative_numbers": TEXTS,
    "household_number": TEXT,
    "head_relation_code": TEXT,
    "marital_status_code": TEXT,
    "education_code": TEXT,
    "cancellation_code": TEXT,
    "updated_on": DATE,
}
BY_NUMBER = ("is_born_by_number", "is_sex_by_number")
"""What a record is compared by that its number alone says: of all match columns those that a page tells of."""

LINKAGE_ALONE = {
    **dict.fromkeys(HASHES, pa.int64()),
    **dict.fromkeys(KEYS, pa.list_(pa.int64())),
    COMPARED: pa.struct([(name, pa.bool_()) for name in BY_NUMBER]),
}
RECORD_SCHEMA = pa.schema([("dataset", TEXT), ("record_key", TEXT), *LINKAGE_ALONE.items(), *ATTRIBUTES.items()])


def _person(dataset: str, key: str, name: str, **values: Any) -> dict[str, Any]:
    return {"dataset": dataset, "record_key": key, "person_name": name} | values


_LI = {"birth_date": date(1980, 2, 29), "birth_year": 1980, "sex_code": "1"}
_WANG = {"birth_date": date(1985, 12, 31), "birth_year": 1985, "sex_code": "2"}
_HOME = {"region_code": "420106", "registered_address": "武昌区中山路1号", "household_number": "H1"}
RECORDS: dict[str, list[dict[str, Any]]] = {
    LI: [
        _person(HOUSEHOLD, "1", "李明", citizen_id=LI_ID, citizen_id_class="upgraded_15", head_relation_code="02",
                former_name="李小明", updated_on=date(2024, 1, 1), **_LI, **_HOME),
        _person(HOUSEHOLD, "2", "李鸣", citizen_id=LI_WRONG_ID, citizen_id_class="wrong_check_digit", cancellation_code="3",
                head_relation_code="02", updated_on=date(2025, 1, 1), **_LI, **_HOME | {"household_number": "H2"}),
        _person(MARRIAGE, "M1#male", "李明", citizen_id=LI_ID, citizen_id_class="valid", nationality_code="156",
                updated_on=date(2010, 5, 1), **_LI),
        _person(RESIDENCE, "R1", "李明", birth_year=1979, sex_code="1", phones=["13800000001"], current_address="洪山区珞喻路9号",
                region_code="420100", updated_on=date(2025, 6, 1)),
    ],
    WANG: [
        _person(HOUSEHOLD, "3", "王芳", citizen_id=WANG_ID, citizen_id_class="valid", cancellation_code="1",
                head_relation_code="10", updated_on=date(2025, 3, 1), **_WANG, **_HOME),
        _person(MARRIAGE, "M1#female", "王芳", citizen_id=WANG_ID, citizen_id_class="valid", updated_on=date(2010, 5, 1), **_WANG),
    ],
}  # fmt: skip
PRIOR = -14.0
EDGES = [
    (f"{HOUSEHOLD}|1", f"{MARRIAGE}|M1#male", 30.0),
    (f"{HOUSEHOLD}|1", f"{HOUSEHOLD}|2", 12.0),
    (f"{HOUSEHOLD}|1", f"{RESIDENCE}|R1", 6.0),
    (f"{HOUSEHOLD}|2", f"{RESIDENCE}|R1", -3.0),
    (f"{HOUSEHOLD}|3", f"{MARRIAGE}|M1#female", 28.0),
]

SILVER: dict[str, list[dict[str, Any]]] = {
    "public_security__household_register": [
        {"police_person_number": "1", "citizen_id": LI_ID, "citizen_id_class": "upgraded_15", "_row_number": 1},
        {"police_person_number": "2", "citizen_id": LI_WRONG_ID, "citizen_id_class": "wrong_check_digit", "_row_number": 2},
        {"police_person_number": "3", "citizen_id": WANG_ID, "citizen_id_class": "valid", "_row_number": 3},
    ],
    "public_security__residence_registration": [
        {"registration_number": "R1", "citizen_id": None, "citizen_id_class": None, "_row_number": 1}
    ],
    "civil_affairs__marriage_register": [
        {
            "certificate_number": "M1",
            "male_citizen_id": LI_ID,
            "male_citizen_id_class": "valid",
            "female_citizen_id": WANG_ID,
            "female_citizen_id_class": "valid",
            "_row_number": 1,
        }
    ],
}
DELIVERED_IDS = {LI_ID: LI_OLD_ID}
"""What the household register delivered where silver upgraded it."""

TRUTH = [
    (HOUSEHOLD, "1", "e1", True),
    (HOUSEHOLD, "2", "e1", True),
    (HOUSEHOLD, "3", "e2", True),
    (MARRIAGE, "M1#male", "e1", True),
    (MARRIAGE, "M1#female", "e2", True),
    (RESIDENCE, "R1", "e1", False),
    (RESIDENCE, "R2", "e3", False),
]
"""Dataset, record key, entity, linkable. R2 is 赵云's, whose row is in quarantine."""


def write(settings: Settings, table: str, rows: Iterable[dict[str, Any]], schema: pa.Schema | None = None) -> None:
    """Replace a table by rows."""
    write_deltalake(TableName.parse(table).path(settings.root), pa.Table.from_pylist(list(rows), schema=schema), mode="overwrite")


def write_linkage_state(settings: Settings) -> None:
    """The linked tables of both persons and the state that names their versions."""
    members = [(master, row) for master, rows in RECORDS.items() for row in rows]
    places = [{"master_id": master, "dataset": row["dataset"], "record_key": row["record_key"]} for master, row in members]
    write(settings, "linked.population__records", (_kept(row) | row for _, row in members), RECORD_SCHEMA)
    ends = pa.schema([("master_id", TEXT), ("dataset", TEXT), ("record_key", TEXT), ("valid_from", DATE), ("valid_to", DATE)])
    write(settings, "linked.population__crosswalk", (place | {"valid_from": DAY} for place in places), ends)
    write(settings, "linked.population__edges", _edges(settings))
    masters = [{"master_id": "pop-OLD", "status": "merged", "merged_into": LI}]
    masters += [{"master_id": master, "status": "active", "merged_into": None} for master in RECORDS]
    write(settings, "linked.population__master", masters)
    names_of_event = ("business_date", "event", "master_id", "other_id", "dataset", "record_key", "reason", "run_id")
    told = [
        (DAY, "created", LI, None, HOUSEHOLD, "1", None, "r"),
        (DAY, "merged", "pop-OLD", LI, None, None, None, "r"),
        (DAY, "created", WANG, None, HOUSEHOLD, "3", None, "r"),
    ]
    events = (dict(zip(names_of_event, event, strict=True)) for event in told)
    write(
        settings,
        "linked.population__events",
        events,
        pa.schema([(n, DATE if n == "business_date" else TEXT) for n in names_of_event]),
    )
    versions = {f"linked.population__{name}": 0 for name in ("records", "crosswalk", "edges", "master", "events")}
    state = {
        "master": "population",
        "business_date": DAY,
        "tables": versions,
        "model_digest": "m",
        "input_digest": "i",
        "run_id": "r",
    }
    record(settings.root, "linkage_states", [state])


def _kept(row: dict[str, Any]) -> dict[str, Any]:
    compared = dict.fromkeys(BY_NUMBER, row["dataset"] == RESIDENCE)
    return dict.fromkeys(HASHES, 7) | {name: [7] for name in KEYS} | {COMPARED: compared}


def _edges(settings: Settings) -> list[dict[str, Any]]:
    """Scored pairs: what they weigh beyond the prior comes from the model's first comparison; the others compare nothing."""
    model = load_model(settings.linkage.models / "population")
    first, *others = model.comparisons
    nothing = {f"gamma_{c.output_column_name}": -1 for c in others} | {f"mw_{c.output_column_name}": 0.0 for c in others}
    best = {f"gamma_{first.output_column_name}": max(first.levels)}
    return [
        {
            "record_id_l": left,
            "record_id_r": right,
            "match_weight": weight,
            "is_link": weight > 0,
            "model_digest": model.digest,
            f"mw_{first.output_column_name}": weight - PRIOR,
        }
        | best
        | nothing
        for left, right, weight in EDGES
    ]


def write_sources(settings: Settings) -> None:
    """Bronze and silver rows, with the deliveries they came in; columns that matter to no test are null."""
    catalog = load_catalog()
    for name, rows in SILVER.items():
        contract = catalog.by_dataset[TableName.parse(f"silver.{name}").dataset]
        dataset = str(contract.dataset)
        delivery = f"{dataset}/{DAY}/1"
        where = {"_delivery_id": delivery, "_file": "f"}
        write(settings, f"silver.{name}", (row | where | {"_valid_from": DAY} for row in rows), _silver_schema(contract))
        delivered = [row | where for row in rows]
        if dataset == HOUSEHOLD:
            delivered = [row | {"citizen_id": DELIVERED_IDS.get(row["citizen_id"], row["citizen_id"])} for row in delivered]
        places = [("_delivery_id", TEXT), ("_file", TEXT), ("_row_number", pa.int64())]
        write(settings, f"bronze.{name}", delivered, pa.schema([*((c.name, TEXT) for c in contract.columns), *places]))
        event = {"delivery_id": delivery, "dataset": dataset, "business_date": DAY, "sequence": 1, "run_id": "r"}
        record(settings.root, "deliveries", [event | {"night_date": DAY, "status": "published"}])


def _silver_schema(contract: Contract) -> pa.Schema:
    """Columns of the contract, typed, with the parts derived of IDs and birth dates, and where and when a row was so."""
    types = {"date": DATE, "timestamp": pa.timestamp("us", tz="UTC"), "array": TEXTS}
    fields: list[tuple[str, pa.DataType]] = []
    for column in contract.columns:
        fields.append((column.name, types.get(column.logical_type, TEXT)))
        if column.semantic_type == "citizen_id":
            fields.append((f"{column.name}_class", TEXT))
        if column.semantic_type == "birth_date":
            fields.append((column.name.replace("birth_date", "birth_year"), INT))
    places = [("_delivery_id", TEXT), ("_file", TEXT), ("_row_number", pa.int64()), ("_valid_from", DATE), ("_valid_to", DATE)]
    return pa.schema([*fields, *places])


def write_release(settings: Settings, *more: str) -> None:
    """A release of the linkage state (and ``more`` linked tables) and silver at their first versions."""
    tables = {f"linked.population__{name}": 0 for name in ("records", "crosswalk", "edges", "master", "events", *more)}
    tables |= {f"silver.{name}": 0 for name in SILVER}
    event = {"release_id": f"{DAY}/1", "business_date": DAY, "number": 1, "exit_code": 0, "run_id": "r"}
    record(settings.root, "releases", [event | {"tables": tables, "sources": {}}])


def write_derived(settings: Settings, name: str, rows: Iterable[dict[str, Any]]) -> None:
    """A derived gold table of ``rows``, typed by its contract, and one more release of the day, which has it too."""
    kinds = {"date": DATE, "number": pa.float64(), "integer": INT, "boolean": pa.bool_(), "array": TEXTS}
    columns = load_catalog().find(name).columns
    write(settings, name, rows, pa.schema([(column.name, kinds.get(column.logical_type, TEXT)) for column in columns]))
    last = releases(settings.root)[-1]
    event = vars(last) | {"number": last.number + 1, "release_id": f"{DAY}/{last.number + 1}"}
    record(settings.root, "releases", [event | {"tables": last.tables | {name: 0}}])


def write_truth(folder: Path) -> Path:
    """The hidden truth of the register; returns the folder."""
    names = ("dataset", "record_key", "entity_id", "linkable")
    rows = [dict(zip(names, row, strict=True)) | {"first_business_date": DAY, "last_business_date": None} for row in TRUTH]
    rows.append(
        {
            "dataset": RESIDENCE,
            "record_key": "R3",
            "entity_id": "e1",
            "linkable": True,
            "first_business_date": date(2026, 3, 3),
            "last_business_date": None,
        }
    )
    rows.append(
        {
            "dataset": RESIDENCE,
            "record_key": "R0",
            "entity_id": "e1",
            "linkable": True,
            "first_business_date": date(2026, 3, 1),
            "last_business_date": None,
        }
    )
    rows.append(
        {
            "dataset": RESIDENCE,
            "record_key": "R9",
            "entity_id": "e1",
            "linkable": True,
            "first_business_date": date(2026, 3, 1),
            "last_business_date": date(2026, 3, 1),
        }
    )
    folder.mkdir(parents=True, exist_ok=True)
    schema = pa.schema(
        [(n, TEXT) for n in names[:3]] + [("linkable", pa.bool_()), ("first_business_date", DATE), ("last_business_date", DATE)]
    )
    parquet.write_table(pa.Table.from_pylist(rows, schema=schema), folder / "population.parquet")
    return folder
