"""Relations on a handful of records: who is what to whom, since when, by which source, and what cannot be true at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from jobs.steps.s5_derive import build_derived
from jobs.transforms.inputs import DerivedInputs, Linked
from schemas.catalog import Catalog, load_catalog
from schemas.silver import silver_columns

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

D1, D2, D3 = (date(2026, 3, day) for day in (2, 3, 4))
FIRMS, SOCIAL = "market_regulation/enterprise", "civil_affairs/social_organisation"
HOLDERS, INSURED = "market_regulation/shareholder", "human_resources/social_insurance"
MARRIAGES, PENALTIES = "civil_affairs/marriage_register", "credit/administrative_penalty"
Stay = tuple[str, str, str, date, date | None]
STAYS: dict[str, list[Stay]] = {
    "population": [
        (FIRMS, "E1#representative", "pop-1", D1, D2),
        (FIRMS, "E1#representative", "pop-2", D2, None),
        (SOCIAL, "S1#representative", "pop-3", D1, None),
        (HOLDERS, "E1|1#shareholder", "pop-1", D1, None),
        (INSURED, "I1#insured", "pop-1", D1, None),
    ],
    "legal_entity": [
        (FIRMS, "E1#entity", "ent-1", D1, None),
        (SOCIAL, "S1#entity", "ent-1", D1, None),
        (HOLDERS, "E1|1#entity", "ent-1", D1, None),
        (HOLDERS, "E1|2#entity", "ent-1", D1, None),
        (HOLDERS, "E1|2#shareholder", "ent-2", D1, None),
        (INSURED, "I1#employer", "ent-1", D1, D3),
        (INSURED, "I1#employer", "ent-2", D3, None),
    ],
}
SUBSCRIBED = date(2015, 5, 1)
SILVER: dict[str, list[dict[str, Any]]] = {
    FIRMS: [{"unified_code": "E1"}],
    SOCIAL: [{"unified_code": "S1"}],
    HOLDERS: [{"unified_code": "E1", "line_number": "1", "subscribed_on": SUBSCRIBED}, {"unified_code": "E1", "line_number": "2"}],
    INSURED: [{"insured_person_number": "I1"}],
}
GOLD: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "population/relationship": (
        "from_id string, to_id string, kind_code string, since_date date, until_date date, evidence array<string>",
        [
            ("pop-1", "pop-2", "spouse", SUBSCRIBED, None, [f"{MARRIAGES}|M1", "public_security/household_register|1"]),
            ("pop-3", "pop-2", "spouse", D1, None, [f"{MARRIAGES}|M2"]),
            ("pop-4", "pop-2", "spouse", D1, D2, [f"{MARRIAGES}|M0"]),
            ("pop-1", "pop-5", "parent", D1, None, ["health/birth_certificate|B1"]),
            ("pop-1", "pop-5", "head_of_household", None, None, ["public_security/household_register|5"]),
        ],
    ),
    "population/household": (
        "household_number string, head_id string, member_ids array<string>",
        [("H1", "pop-1", ["pop-1", "pop-5"]), ("H2", None, ["pop-8", "pop-7"])],
    ),
    "population/person": (
        "master_id string, registered_address string",
        [("pop-1", "中山路 1 号"), ("pop-2", "中山路1号"), ("pop-3", None)],
    ),
    "legal_entity/entity": (
        "master_id string, unified_code string, address string",
        [("ent-1", "A1", "中山路1号"), ("ent-2", "A2", "解放路9号"), *((f"ent-9{n:02d}", None, "科技园88号") for n in range(21))],
    ),
    "credit/record": (
        "dataset string, record_key string, kind_code string, master_id string, subject_master string, "
        "authority_unified_code string, decided_on date, ends_on date",
        [
            (PENALTIES, "P1|A2#counterparty", "penalty", "ent-1", "legal_entity", "A2", D1, D3),
            (PENALTIES, "P2|A2#counterparty", "penalty", None, None, "A2", D1, D3),
            (PENALTIES, "P3|A7#counterparty", "penalty", "ent-1", "legal_entity", "A7", D1, D3),
        ],
    ),
}


def _linked(spark: SparkSession, master: str) -> Linked:
    stays = spark.createDataFrame(
        STAYS[master], "dataset string, record_key string, master_id string, valid_from date, valid_to date"
    )
    held = stays.where("valid_to is null").drop("valid_from", "valid_to")
    links = spark.createDataFrame([], "record_id_l string, record_id_r string, match_weight double")
    return Linked(held=held, last_held=held, stays=stays, links=links)


def _silver(spark: SparkSession, dataset: str) -> DataFrame:
    columns = dict(silver_columns(load_catalog().find(dataset)))
    rows = [{"_valid_from": D1} | row for row in SILVER[dataset]]
    schema = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    return spark.createDataFrame([tuple(row.get(name) for name in columns) for row in rows], schema)


@pytest.fixture(scope="module")
def inputs(spark: SparkSession) -> DerivedInputs:
    return DerivedInputs(
        business_date=D3,
        sources=load_catalog().refined,
        linked={master: _linked(spark, master) for master in STAYS},
        silver={dataset: _silver(spark, dataset) for dataset in SILVER},
        gold={name: spark.createDataFrame(rows, schema) for name, (schema, rows) in GOLD.items()},
    )


@pytest.fixture(scope="module")
def edges(inputs: DerivedInputs) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = build_derived(inputs, load_catalog().find("gold.relation__edge")).toArrow().to_pylist()
    return rows


def _of(edges: list[dict[str, Any]], kind: str, *columns: str) -> set[tuple[Any, ...]]:
    return {tuple(edge[name] for name in columns) for edge in edges if edge["kind_code"] == kind}


ENDS = ("from_id", "to_id", "since_date", "until_date")


def test_what_one_row_names_lasts_while_both_records_are_held(edges: list[dict[str, Any]]) -> None:
    assert _of(edges, "representative", *ENDS) == {
        ("pop-1", "ent-1", D1, D2), ("pop-2", "ent-1", D2, None), ("pop-3", "ent-1", D1, None),
    }  # fmt: skip
    assert _of(edges, "employer", *ENDS) == {("ent-1", "pop-1", D1, D3), ("ent-2", "pop-1", D3, None)}


def test_a_person_or_a_firm_holds_shares_since_the_day_that_the_register_tells(edges: list[dict[str, Any]]) -> None:
    assert _of(edges, "shareholder", *ENDS, "from_master", "evidence") == {
        ("pop-1", "ent-1", SUBSCRIBED, None, "population", f"{HOLDERS}|E1|1"),
        ("ent-2", "ent-1", D1, None, "legal_entity", f"{HOLDERS}|E1|2"),
    }


def test_families_stand_once_for_each_source(edges: list[dict[str, Any]]) -> None:
    assert _of(edges, "spouse", "from_id", "to_id", "source") == {
        ("pop-1", "pop-2", MARRIAGES), ("pop-1", "pop-2", "public_security/household_register"),
        ("pop-3", "pop-2", MARRIAGES), ("pop-4", "pop-2", MARRIAGES),
    }  # fmt: skip
    assert _of(edges, "parent", "from_id", "to_id") == {("pop-1", "pop-5")}
    assert _of(edges, "household", "from_id", "to_id") == {("pop-1", "pop-5"), ("pop-7", "pop-8")}


def test_a_penalty_ties_the_authority_to_a_subject_that_is_known(edges: list[dict[str, Any]]) -> None:
    assert _of(edges, "penalised", *ENDS) == {("ent-2", "ent-1", D1, D3)}


def test_an_address_ties_entities_and_who_is_registered_there_unless_it_is_crowded(edges: list[dict[str, Any]]) -> None:
    assert _of(edges, "same_address", "from_id", "from_master", "to_id") == {
        ("ent-1", "legal_entity", "pop-1"), ("ent-1", "legal_entity", "pop-2"),
    }  # fmt: skip


def test_what_cannot_be_true_at_once_stays_and_is_marked(edges: list[dict[str, Any]]) -> None:
    marked = {(e["kind_code"], e["from_id"], e["to_id"]): e["conflicting_ids"] for e in edges if e["is_conflicting"]}
    assert marked == {
        ("representative", "pop-2", "ent-1"): ["pop-3"],
        ("representative", "pop-3", "ent-1"): ["pop-2"],
        ("spouse", "pop-1", "pop-2"): ["pop-3"],
        ("spouse", "pop-3", "pop-2"): ["pop-1"],
    }


def test_without_any_source_there_are_no_relations(inputs: DerivedInputs, catalog: Catalog) -> None:
    assert build_derived(replace(inputs, silver={}, gold={}), catalog.find("gold.relation__edge")).count() == 0
