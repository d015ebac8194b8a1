"""The credit register on a handful of records: whom each is about, how sure that is, and whether it stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from jobs.security.pseudonym import keyed_pseudonym
from jobs.steps.s5_derive import build_derived
from jobs.steps.s7_extract import granted_rows
from jobs.transforms.inputs import DerivedInputs, Linked
from schemas.catalog import Catalog
from schemas.silver import silver_columns

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

D1, D2, D3 = (date(2026, 3, day) for day in (2, 3, 4))
PENALTIES, DEBTORS, RED_LIST = "credit/administrative_penalty", "court/dishonest_debtor", "credit/red_list"
REPAIRS, ABNORMAL = "credit/repair", "market_regulation/abnormal_operation"
HOME = "public_security/household_register"
Row = dict[str, Any]

PENALTY = {"authority_unified_code": "A1", "counterparty_kind_code": "2", "decided_on": date(2026, 2, 26), "_valid_from": D2}
SILVER: dict[str, list[Row]] = {
    PENALTIES: [
        # There when the source first delivered: how long before it was published nobody knows.
        PENALTY | {"decision_number": "P0", "decided_on": date(2024, 1, 2), "published_until_date": D2, "_valid_from": D1},
        PENALTY | {"decision_number": "P1", "published_until_date": date(2029, 2, 26)},
        PENALTY | {"decision_number": "P2", "decided_on": date(2026, 2, 6)},
        # A natural person without a number: the row names nobody who could be found.
        PENALTY | {"decision_number": "P3", "counterparty_kind_code": "1", "counterparty_name": "王伟"},
    ],
    DEBTORS: [
        {"case_number": "C1", "debtor_name": "李明", "kind_code": "1", "debtor_number": "4201**********0015", "_valid_to": D3},
        {"case_number": "C1", "debtor_name": "李明", "kind_code": "1", "debtor_number": "4201**********0015", "withdrawn_on": D3,
         "_valid_from": D3},
        {"case_number": "C2", "debtor_name": "王芳", "kind_code": "1", "debtor_number": "4201**********0028"},
    ],
    RED_LIST: [{"identification_number": "R1", "subject_name": "甲", "expires_on": date(2027, 1, 1), "_valid_to": D3}],
    ABNORMAL: [
        {"record_number": "L1", "entity_name": "甲", "listed_on": date(2025, 1, 1)},
        {"record_number": "L2", "entity_name": "甲", "listed_on": date(2025, 1, 1), "removed_on": D2},
    ],
    REPAIRS: [
        {"application_number": "X1", "repaired_dataset": "经营异常名录", "repaired_number": "L1", "result_code": "1",
         "decided_on": D2},
        {"application_number": "X2", "repaired_dataset": "行政处罚", "repaired_number": "P1", "result_code": "2",
         "decided_on": D2},
        {"application_number": "X4", "repaired_dataset": "黑名单", "repaired_number": "L1", "result_code": "1", "decided_on": D1},
        {"application_number": "X3", "repaired_dataset": "经营异常名录", "repaired_number": "L2", "result_code": "1",
         "decided_on": date(2026, 3, 9)},
    ],
}  # fmt: skip
HELD: dict[str, list[tuple[str, str, str]]] = {
    "population": [(HOME, "1", "pop-1"), (DEBTORS, "C1#counterparty", "pop-1"), (DEBTORS, "C2#counterparty", "pop-2")],
    "legal_entity": [
        *((PENALTIES, f"P{number}|A1#counterparty", "ent-1") for number in (0, 1, 2)),
        *((ABNORMAL, f"L{number}", "ent-1") for number in (1, 2)),
        (REPAIRS, "X1#counterparty", "ent-2"),
    ],
}
GONE = [(RED_LIST, "R1#counterparty", "ent-1")]
LINKS = {
    "population": [(f"{DEBTORS}|C1#counterparty", f"{HOME}|1", 14.0, 13.5), (f"{DEBTORS}|C2#counterparty", f"{HOME}|1", 9.0, 8.5)],
    "legal_entity": [
        (f"{PENALTIES}|P0|A1#counterparty", f"{PENALTIES}|P1|A1#counterparty", 20.0, 26.0),
        (f"{PENALTIES}|P1|A1#counterparty", f"{ABNORMAL}|L1", 30.0, 36.0),
    ],
}
HELD_COLUMNS, LINK_COLUMNS = "dataset string, record_key string, master_id string", "record_id_l string, record_id_r string"


def _linked(spark: SparkSession, master: str) -> Linked:
    held = spark.createDataFrame(HELD[master], HELD_COLUMNS)
    gone = spark.createDataFrame(GONE if master == "legal_entity" else [], HELD_COLUMNS)
    links = [(*link, 0.0) for link in LINKS[master]]
    columns = f"{LINK_COLUMNS}, match_weight double, mw_number double, mw_sex double"
    stays = held.selectExpr("*", f"date '{D1}' as valid_from", "cast(null as date) as valid_to")
    return Linked(held=held, last_held=held.unionByName(gone), stays=stays, links=spark.createDataFrame(links, columns))


def _silver(spark: SparkSession, catalog: Catalog, dataset: str) -> DataFrame:
    columns = dict(silver_columns(catalog.find(dataset)))
    rows = [{"_valid_from": D1, "counterparty_name": "甲"} | row for row in SILVER[dataset]]
    schema = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    return spark.createDataFrame([tuple(row.get(name) for name in columns) for row in rows], schema)


@pytest.fixture(scope="module")
def inputs(spark: SparkSession) -> DerivedInputs:
    from schemas.catalog import load_catalog

    catalog = load_catalog()
    return DerivedInputs(
        business_date=D3,
        sources=catalog.refined,
        linked={master: _linked(spark, master) for master in HELD},
        silver={dataset: _silver(spark, catalog, dataset) for dataset in SILVER},
        gold={},
    )


@pytest.fixture(scope="module")
def table(inputs: DerivedInputs) -> DataFrame:
    from schemas.catalog import load_catalog

    return build_derived(inputs, load_catalog().find("gold.credit__record")).localCheckpoint()


@pytest.fixture(scope="module")
def records(table: DataFrame) -> dict[str, Row]:
    """By the number of the record."""
    return {row["record_number"]: row for row in table.toArrow().to_pylist()}


def _of(records: dict[str, Row], column: str) -> dict[str, Any]:
    return {number: row[column] for number, row in records.items()}


def test_every_record_stays_and_is_there_once(records: dict[str, Row], table: DataFrame) -> None:
    assert set(records) == {"P0", "P1", "P2", "P3", "C1", "C2", "R1", "L1", "L2", "X1", "X2", "X3", "X4"}
    assert table.count() == len(records)


def test_a_subject_is_known_or_it_is_said_why_not(records: dict[str, Row]) -> None:
    found = {number: (row["master_id"], row["match_code"]) for number, row in records.items()}
    assert found["C1"] == ("pop-1", "linked")
    assert found["C2"] == (None, "unresolved"), "a masked number alone in its master: whom it means is not known"
    assert found["P3"] == (None, "unnamed")
    assert found["P1"] == ("ent-1", "linked")
    assert found["R1"] == ("ent-1", "linked"), "gone from its source, it is still about whom it was about"
    assert found["X1"] == ("ent-2", "alone")
    assert records["P3"]["subject_master"] is None


def test_the_strongest_link_within_the_master_tells_how_sure_it_is(records: dict[str, Row]) -> None:
    names = ("match_weight", "matched_with", "match_evidence")
    assert tuple(records["C1"][name] for name in names) == (14.0, f"{HOME}|1", "number 13.5")
    assert tuple(records["P1"][name] for name in names) == (30.0, f"{ABNORMAL}|L1", "number 36.0")
    assert records["C2"]["match_weight"] is None, "a link to another master holds nothing"
    assert records["X1"]["match_weight"] is None


def test_listings_end_on_their_day_and_say_by_what(records: dict[str, Row]) -> None:
    told = {number: (row["status_code"], row["ends_on"]) for number, row in records.items()}
    assert told["P0"] == ("expired", D3)
    assert told["P1"] == ("current", date(2029, 2, 27))
    assert told["C1"] == ("withdrawn", D3)
    assert told["C2"] == ("current", None)
    assert told["R1"] == ("removed", D3)
    assert told["L1"] == ("repaired", D2)
    assert told["L2"] == ("withdrawn", D2), "a repair that will be decided repairs nothing yet"
    assert told["X2"] == ("noted", None)
    assert records["L1"]["repaired_by"] == "X1"
    assert records["P1"]["repaired_on"] is None, "an application that was refused repairs nothing"


def test_an_application_names_its_record_if_its_list_is_known(records: dict[str, Row]) -> None:
    assert _of(records, "repairs_record")["X1"] == f"{ABNORMAL}|L1"
    assert _of(records, "repairs_record")["X4"] is None
    assert _of(records, "repairs_record")["P1"] is None


def test_publication_is_counted_in_working_days_from_the_decision(records: dict[str, Row]) -> None:
    told = {number: (row["working_days_to_publish"], row["is_published_late"]) for number, row in records.items()}
    assert told["P1"] == (4, False), "the Saturday 2026-02-28 is worked"
    assert told["P2"] == (13, True)
    assert told["P0"] == (None, None)
    assert told["C1"] == (None, None), "courts have no such deadline"


def test_what_stands_today_is_counted_by_subject(inputs: DerivedInputs, table: DataFrame, catalog: Catalog) -> None:
    derived = build_derived(replace(inputs, gold={"credit/record": table}), catalog.find("gold.credit__subject"))
    subjects = {row["master_id"]: row for row in derived.toArrow().to_pylist()}
    assert set(subjects) == {"pop-1", "ent-1", "ent-2"}
    counts = ("penalty_count", "abnormal_operation_count", "red_list_count", "record_count")
    assert tuple(subjects["ent-1"][name] for name in counts) == (2, 0, 0, 6)
    assert subjects["ent-1"]["next_ends_on"] == date(2029, 2, 27)
    assert subjects["pop-1"]["dishonest_debtor_count"] == 0


def test_debtors_of_today_have_the_address_of_their_register(spark: SparkSession, inputs: DerivedInputs, catalog: Catalog) -> None:
    columns = "kind_code string, status_code string, subject_master string, master_id string, record_number string"
    rows = [
        ("dishonest_debtor", "current", "population", "pop-1", "C1"), ("dishonest_debtor", "current", "population", "pop-2", "C2"),
        ("dishonest_debtor", "current", "legal_entity", "ent-1", "C3"),
        ("dishonest_debtor", "withdrawn", "population", "pop-1", "C4"),
        ("dishonest_debtor", "current", "population", None, "C5"), ("penalty", "current", "population", "pop-1", "P1"),
    ]  # fmt: skip
    listed = spark.createDataFrame(rows, columns).selectExpr(
        "*", "'法院' as authority_name", "'x' as subject_name", f"date '{D1}' as listed_on", "1D as match_weight"
    )
    places = ("current_address", "current_address_source", "registered_address", "registered_address_source")
    persons = spark.createDataFrame(
        [("pop-1", "李明", "新街2号", "R", "老街1号", "H"), ("pop-2", "王芳", None, None, "老街3号", "H")],
        ", ".join(f"{name} string" for name in ("master_id", "full_name", *places)),
    )
    named = ", ".join(f"{name} string" for name in ("master_id", "entity_name", "address", "address_source"))
    firms = spark.createDataFrame([("ent-1", "甲", "大道5号", "E")], named)
    gold = {"credit/record": listed, "population/person": persons, "legal_entity/entity": firms}
    found = build_derived(replace(inputs, gold=gold), catalog.find("gold.credit__debtor")).toArrow().to_pylist()
    assert {tuple(row[name] for name in ("case_number", "debtor_name", "address", "address_source")) for row in found} == {
        ("C1", "李明", "新街2号", "R"), ("C2", "王芳", "老街3号", "H"), ("C3", "甲", "大道5号", "E"),
    }  # fmt: skip


def test_the_market_regulator_gets_penalties_on_entities_and_no_other_column(table: DataFrame, catalog: Catalog) -> None:
    contract = catalog.find("share.market_regulation__penalty")
    rows = granted_rows(table, contract, b"k" * 32).toArrow()
    assert rows.column_names == [column.name for column in contract.columns]
    told = {row["decision_number"]: row["entity_ref"] for row in rows.to_pylist()}
    assert told == dict.fromkeys(("P0", "P1", "P2"), keyed_pseudonym(b"k" * 32, "ent-1"))


def test_before_any_source_has_delivered_the_register_is_empty(inputs: DerivedInputs, catalog: Catalog) -> None:
    assert build_derived(replace(inputs, silver={}), catalog.find("gold.credit__record")).count() == 0
