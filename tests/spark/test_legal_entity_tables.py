"""The gold tables of legal entities that tell of time and of others, each on a handful of records."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from jobs.linkage.model import load_model
from jobs.settings import PROJECT
from jobs.transforms.inputs import MasterInputs
from jobs.transforms.legal_entity import branch, entity, entity_history, identifier, shareholder
from jobs.transforms.legal_entity.entity_history import CHANGES, ENTERPRISES, PENALTIES, PUBLIC, SOCIAL
from jobs.transforms.legal_entity.shareholder import SHAREHOLDERS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

D1, D2, D3 = (date(2026, 3, day) for day in (2, 3, 4))
FOUNDED, APPROVED = date(2010, 5, 1), date(2026, 3, 3)
FIRM, OTHER = "9137010258085102XE", "91370102161578591A"
Row = dict[str, Any]


def _inputs(**given: Any) -> MasterInputs:
    names = ("members", "history", "snapshots", "golden_history", "contested", "evidence")
    return MasterInputs(**(dict.fromkeys(names) | {"rows": {}} | given))


def _rows(frame: DataFrame, *columns: str) -> set[tuple[Any, ...]]:
    return {tuple(row.values()) for row in frame.select(*columns).toArrow().to_pylist()}


def _records(spark: SparkSession, *rows: Row) -> DataFrame:
    """Records with the attributes of the model, their master and their validity."""
    attributes = load_model(PROJECT / "conf" / "linkage" / "legal_entity").rules.attributes
    kinds = (
        dict.fromkeys(("master_id", "dataset", "record_key"), "string") | attributes | {"_valid_from": "date", "_valid_to": "date"}
    )
    schema = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
    return spark.createDataFrame([tuple(({"_valid_from": D1} | row).get(name) for name in kinds) for row in rows], schema)


def _firm(master: str, key: str, **values: Any) -> Row:
    return {"master_id": master, "dataset": ENTERPRISES, "record_key": f"{key}#entity"} | values


@pytest.fixture(scope="module")
def history(spark: SparkSession) -> DataFrame:
    """A is revoked on the third; B was dissolved before the first delivery; C, a school, moves and then is renamed; D is a body."""
    founded = {"founded_on": FOUNDED, "updated_on": FOUNDED}
    school = {"master_id": "C", "dataset": SOCIAL, "record_key": "c#entity", "status_code": "1", "founded_on": FOUNDED}
    body = {"master_id": "D", "dataset": PUBLIC, "record_key": "d"}
    return _records(
        spark,
        _firm("A", "a", status_code="1", _valid_to=D3, **founded),
        _firm("A", "a", status_code="2", founded_on=FOUNDED, updated_on=APPROVED, _valid_from=D3),
        _firm("B", "b", status_code="3", **founded),
        school | {"entity_name": "阳光幼儿园", "address": "解放路1号", "_valid_to": D2},
        school | {"entity_name": "阳光幼儿园", "address": "泉城路2号", "_valid_from": D2, "_valid_to": D3},
        school | {"entity_name": "未来幼儿园", "address": "泉城路2号", "_valid_from": D3},
        body | {"entity_name": "财政局", "_valid_to": D3},
        body | {"entity_name": "财政和国资局", "_valid_from": D3},
    )


def test_the_life_of_an_entity(spark: SparkSession, history: DataFrame) -> None:
    members = _records(
        spark,
        {"master_id": "A", "dataset": CHANGES, "record_key": "BG1"},
        {"master_id": "A", "dataset": PENALTIES, "record_key": "罚1号|X#counterparty"},
        {"master_id": "A", "dataset": PENALTIES, "record_key": "罚2号|X#counterparty"},
    )
    change = [("BG1", "1", "旧名", "新名", date(2020, 1, 1), D1)]
    named = "change_number string, item_code string, value_before string, value_after string, approved_on date, _valid_from date"
    decided = "decision_number string, authority_unified_code string, kind_code string, decided_on date, _valid_from date"
    penalties = [("罚1号", "X", "10", date(2025, 6, 1), D2), ("罚2号", "X", "03", date(2025, 7, 1), D2)]
    rows = {CHANGES: spark.createDataFrame(change, named), PENALTIES: spark.createDataFrame(penalties, decided)}
    found = entity_history.transform(_inputs(history=history, members=members, rows=rows))
    shown = ("master_id", "event_number", "event_code", "event_date", "item_code", "value_before", "value_after", "known_from_date")
    assert _rows(found, *shown) == {
        ("A", 1, "founded", FOUNDED, None, None, None, D1),
        ("A", 2, "changed", date(2020, 1, 1), "1", "旧名", "新名", D1),
        ("A", 3, "suspended", date(2025, 6, 1), None, None, None, D2),
        ("A", 4, "revoked", APPROVED, None, "1", "2", D3),
        ("B", 1, "founded", FOUNDED, None, None, None, D1),
        ("B", 2, "dissolved", D1, None, None, "3", D1),
        ("C", 1, "founded", FOUNDED, None, None, None, D1),
        ("C", 2, "changed", D2, "2", "解放路1号", "泉城路2号", D2),
        ("C", 3, "changed", D3, "1", "阳光幼儿园", "未来幼儿园", D3),
        ("D", 1, "changed", D3, "1", "财政局", "财政和国资局", D3),
    }, "a fine is no event, and a dissolution whose day no entry tells has the day on which it was first delivered"
    assert _rows(found.where("event_code = 'suspended'"), "source", "evidence") == {
        (PENALTIES, f"{PENALTIES}|罚1号|X#counterparty")
    }


def test_a_life_without_changes_and_penalties_is_still_told(history: DataFrame) -> None:
    found = entity_history.transform(_inputs(history=history))
    assert _rows(found.where("master_id = 'A'"), "event_code") == {("founded",), ("revoked",)}


def test_a_branch_knows_its_firm_and_one_of_a_strange_firm_its_number(spark: SparkSession) -> None:
    members = _records(
        spark,
        _firm("A", "a", unified_code=FIRM, unified_code_class="valid", entity_name="鑫达商贸有限公司"),
        _firm("B", "b", unified_code="X", parent_unified_code=FIRM, entity_name="鑫达商贸有限公司第一分公司", founded_on=FOUNDED),
        _firm("C", "c", unified_code="Y", parent_unified_code=OTHER, entity_name="异地有限公司济南分公司"),
    )
    assert _rows(branch.transform(_inputs(members=members)), "master_id", "parent_id", "parent_unified_code", "founded_on") == {
        ("B", "A", FIRM, FOUNDED),
        ("C", None, OTHER, None),
    }


def test_shareholders_are_persons_and_firms(spark: SparkSession) -> None:
    members = _records(
        spark,
        {"master_id": "A", "dataset": SHAREHOLDERS, "record_key": f"{FIRM}|1#entity"},
        {"master_id": "A", "dataset": SHAREHOLDERS, "record_key": f"{FIRM}|2#entity"},
        {"master_id": "B", "dataset": SHAREHOLDERS, "record_key": f"{FIRM}|2#shareholder"},
    )
    lines = spark.createDataFrame(
        [(FIRM, "1", "王建国", "1", 60.0, D1), (FIRM, "2", "恒泰建材有限公司", "2", 40.0, D2)],
        "unified_code string, line_number string, shareholder_name string, kind_code string, share_percent double, "
        "_valid_from date",
    )
    found = shareholder.transform(_inputs(members=members, rows={SHAREHOLDERS: lines}))
    assert _rows(found, "master_id", "record_key", "holder_id", "holder_name", "since_date") == {
        ("A", f"{FIRM}|1#shareholder", None, "王建国", D1),
        ("A", f"{FIRM}|2#shareholder", "B", "恒泰建材有限公司", D2),
    }
    assert shareholder.transform(_inputs(members=members)).count() == 0, "the register has never delivered"


def test_numbers_and_the_organisation_codes_within_them(spark: SparkSession) -> None:
    unified = {"unified_code": FIRM, "unified_code_class": "valid"}
    history = _records(
        spark,
        _firm("A", "a", registration_number="370102200000311", registration_number_class="valid", **unified),
        {"master_id": "A", "dataset": "taxation/taxpayer", "record_key": "t", "tax_number": FIRM, "tax_number_class": "valid"}
        | unified,
        {
            "master_id": "A",
            "dataset": "taxation/major_violation",
            "record_key": "v",
            "tax_number": "37010258085102X",
            "tax_number_class": "old_15",
            "_valid_to": D2,
        },
    )
    found = identifier.transform(_inputs(history=history))
    assert _rows(found, "identifier_kind", "identifier", "identifier_class", "last_seen_date") == {
        ("unified_code", FIRM, "valid", None),
        ("organisation_code", "58085102X", "valid", None),
        ("registration_number", "370102200000311", "valid", None),
        ("tax_number", "37010258085102X", "old_15", D1),
    }


def test_what_the_numbers_say_of_an_entity(spark: SparkSession) -> None:
    names = ("unified_code", "organisation_code", "old_tax_number")
    schema = ", ".join(["master_id string", *(f"{name} string, {name}_source string" for name in names)])
    golden = spark.createDataFrame(
        [
            ("A", FIRM, "register", None, None, "37010258085102X", "tax"),
            ("B", None, None, None, None, "371202161578591", "tax"),
            ("C", None, None, "742306164", "insurance", None, None),
            ("D", None, None, None, None, None, None),
        ],
        schema,
    )
    evidence = golden.select("master_id")
    found = entity.transform(_inputs(golden=golden, evidence=evidence))
    shown = ("master_id", "organisation_code", "organisation_code_source", "category_code", "registered_region_now_code")
    assert _rows(found, *shown) == {
        ("A", "58085102X", "register", "91", "370102"),
        ("B", "161578591", "tax", None, None),
        ("C", "742306164", "insurance", None, None),
        ("D", None, None, None, None),
    }
