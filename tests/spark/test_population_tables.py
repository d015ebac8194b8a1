"""The gold tables of the population that tell of time and of others, each on a handful of records."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from jobs.linkage.timeline import attributed_versions, golden_history, held_versions, snapshots
from jobs.transforms.inputs import MasterInputs
from jobs.transforms.population import household, identifier, person, person_history, relationship
from jobs.transforms.population.relatives import BIRTHS, HOUSEHOLDS, MARRIAGES
from schemas.contract import Survivorship

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

DEATHS = "health/death_certificate"
D1, D2, D3, D4 = (date(2026, 3, day) for day in (2, 3, 4, 5))
NAMED = "dataset string, record_key string"
STAYS = f"{NAMED}, master_id string, valid_from date, valid_to date"


def _inputs(**given: Any) -> MasterInputs:
    names = ("members", "history", "snapshots", "golden_history", "contested", "evidence")
    return MasterInputs(**(dict.fromkeys(names) | {"rows": {}} | given))


def _rows(frame: DataFrame, *columns: str) -> set[tuple[Any, ...]]:
    return {tuple(row.values()) for row in frame.select(*columns).toArrow().to_pylist()}


@pytest.fixture(scope="module")
def versions(spark: SparkSession) -> DataFrame:
    """A's name changes on the third; its second record, of an older source, goes to B on the fourth; C's only record is deleted."""
    schema = f"{NAMED}, person_name string, birth_date date, birth_year int, citizen_id string, citizen_id_class string"
    born = (date(1980, 1, 1), 1980)
    rows = [
        (HOUSEHOLDS, "1", "李明", *born, "N1", "valid", D1, D3),
        (HOUSEHOLDS, "1", "李鸣", *born, "N1", "valid", D3, None),
        (MARRIAGES, "2#male", "李名", *born, "N2", "valid", D1, None),
        (HOUSEHOLDS, "3", "王芳", *born, "N3", "valid", D1, None),
        (HOUSEHOLDS, "4", "赵云", *born, "N3", "valid", D1, D2),
        (HOUSEHOLDS, "5", "赵云", *born, "N4", "wrong_birth", D2, None),
    ]
    described = f"{schema}, _valid_from date, _valid_to date"
    return spark.createDataFrame(rows, described).selectExpr(
        "*", "cast(null as string) as cancellation_code", "cast(null as date) as updated_on"
    )


@pytest.fixture(scope="module")
def crosswalk(spark: SparkSession) -> DataFrame:
    rows = [
        (HOUSEHOLDS, "1", "A", D1, None),
        (MARRIAGES, "2#male", "A", D1, D4),
        (MARRIAGES, "2#male", "B", D4, None),
        (HOUSEHOLDS, "3", "B", D1, None),
        (HOUSEHOLDS, "4", "C", D1, D2),
        (HOUSEHOLDS, "5", "E", D2, None),
    ]
    return spark.createDataFrame(rows, STAYS)


def test_the_golden_record_over_time(versions: DataFrame, crosswalk: DataFrame) -> None:
    sources = (HOUSEHOLDS, MARRIAGES)
    rules = {name: Survivorship(attribute=name, sources=sources) for name in ("person_name", "birth_date", "birth_year")}
    on_dates = snapshots(held_versions(versions, crosswalk)).localCheckpoint()
    history = person_history.transform(_inputs(snapshots=on_dates, golden_history=golden_history(on_dates, rules)))
    found = history.selectExpr(
        "master_id", "valid_from", "valid_to", "person_name", "is_deceased", "array_join(changed_columns, ',') as changed"
    )
    assert _rows(found, *found.columns) == {
        ("A", D1, D3, "李明", False, None),
        ("A", D3, None, "李鸣", False, "person_name"),
        ("B", D1, None, "王芳", False, None),
        ("C", D1, D2, "赵云", False, None),
        ("E", D2, None, "赵云", False, None),
    }, "a record that changes hands opens no interval unless a golden value changes"


def test_numbers_count_for_whom_the_record_is_now_or_was_last(
    spark: SparkSession, versions: DataFrame, crosswalk: DataFrame
) -> None:
    masters = [("A", "active", None), ("B", "active", None), ("C", "merged", "D"), ("D", "merged", "E"), ("E", "active", None)]
    known = spark.createDataFrame(masters, "master_id string, status string, merged_into string")
    numbers = identifier.transform(_inputs(history=attributed_versions(versions, crosswalk, known)))
    shown = ("master_id", "identifier", "first_seen_date", "last_seen_date", "is_current", "is_shared", "is_double")
    assert _rows(numbers, *shown) == {
        ("A", "N1", D1, None, True, False, False),
        ("B", "N2", D1, None, True, False, True),
        ("B", "N3", D1, None, True, False, True),
        ("E", "N3", D1, D1, False, False, False),
        ("E", "N4", D2, None, True, False, False),
    }, "N3 of the deleted record goes with C through D to E; nobody else carries it now"


def test_a_number_that_two_persons_carry_is_shared(spark: SparkSession) -> None:
    rows = [("A", HOUSEHOLDS, "1", "N", "valid", D1, None), ("B", HOUSEHOLDS, "2", "N", "valid", D1, None)]
    rows += [("C", HOUSEHOLDS, "3", "N", "valid", D1, D2), ("C", HOUSEHOLDS, "3", "M", "wrong_check_digit", D2, None)]
    named = "master_id string, dataset string, record_key string, citizen_id string, citizen_id_class string"
    history = spark.createDataFrame(rows, f"{named}, _valid_from date, _valid_to date")
    found = identifier.transform(_inputs(history=history))
    assert _rows(found, "master_id", "identifier", "is_shared", "is_double") == {
        ("A", "N", True, False),
        ("B", "N", True, False),
        ("C", "N", False, False),
        ("C", "M", False, False),
    }


def test_whoever_a_death_certificate_names_or_the_register_cancelled_has_died(spark: SparkSession) -> None:
    rows = [
        ("A", HOUSEHOLDS, "1", None),
        ("A", DEATHS, "c", None),
        ("B", HOUSEHOLDS, "2", "1"),
        ("C", HOUSEHOLDS, "3", "3"),
        ("C", HOUSEHOLDS, "4", None),
        ("D", MARRIAGES, "5#male", None),
        ("E", DEATHS, "d", None),
    ]
    members = spark.createDataFrame(rows, "master_id string, dataset string, record_key string, cancellation_code string")
    golden = spark.createDataFrame(
        [(master, None, 1950, None, "here", "371202") for master in "ABCDE"],
        "master_id string, birth_date date, birth_year int, birth_date_source string, birth_year_source string, "
        "registered_region_code string",
    )
    evidence = members.groupBy("master_id").count()
    persons = person.transform(_inputs(members=members, golden=golden, evidence=evidence))
    assert _rows(persons, "registered_region_now_code") == {("370116",)}, "371202 became 370116 when Laiwu went to Jinan"
    deceased = {("A", True), ("B", True), ("C", False), ("D", False), ("E", True)}
    assert _rows(persons, "master_id", "is_deceased") == deceased, "cancelled for another reason (3) is not dead"

    of_a = members.where("master_id = 'A'").selectExpr("*", "explode(array(date '2026-03-02', date '2026-03-03')) as on_date")
    before_the_certificate = of_a.where(f"not (dataset = '{DEATHS}' and on_date = date '2026-03-02')")
    lived = of_a.selectExpr("master_id", "on_date", "1 as record_count", "date '1950-01-01' as birth_date", "1950 as birth_year")
    history = person_history.transform(_inputs(snapshots=before_the_certificate, golden_history=lived.distinct()))
    assert _rows(history, "valid_from", "valid_to", "is_deceased") == {(D1, D2, False), (D2, None, True)}


CERTIFICATES = [
    ("K1", "1", date(2000, 5, 1)),
    ("K2", "2", date(2005, 5, 1)),
    ("K3", "1", date(2010, 5, 1)),
    ("K4", "1", date(2001, 5, 1)),
    ("K5", "3", date(2001, 6, 1)),
    ("K6", "1", date(2002, 5, 1)),
    ("K7", "2", date(2012, 5, 1)),
]
"""A and B marry, part and marry again; the marriage of C and D is annulled; E and F stay; of G and H only the divorce is known."""

MARRIED = {"K1": "BA", "K2": "BA", "K3": "BA", "K4": "DC", "K5": "DC", "K6": "FE", "K7": "HG"}
"""Husband and wife of each certificate."""


def _members(spark: SparkSession, rows: Iterable[tuple[Any, ...]]) -> DataFrame:
    names = "master_id string, dataset string, record_key string, birth_date date, updated_on date"
    return spark.createDataFrame(
        list(rows), f"{names}, household_number string, head_relation_code string, cancellation_code string"
    )


def _couples() -> list[tuple[Any, ...]]:
    return [
        (master, MARRIAGES, f"{key}#{role}", None, None, None, None, None)
        for key, pair in MARRIED.items()
        for master, role in zip(pair, ("male", "female"), strict=True)
    ]


def test_marriages_from_both_sides_with_their_ends(spark: SparkSession) -> None:
    born = date(1975, 1, 1)
    home = [
        ("F", HOUSEHOLDS, "f", born, D1, "H1", "02", None),
        ("E", HOUSEHOLDS, "e", born, D1, "H1", "10", None),
        ("I", HOUSEHOLDS, "i", born, D1, "H2", "02", None),
        ("J", HOUSEHOLDS, "j", born, D1, "H2", "10", None),
        ("G", HOUSEHOLDS, "g", born, D1, "H3", "02", None),
        ("H", HOUSEHOLDS, "h", born, D1, "H3", "10", None),
        ("A", DEATHS, "d", born, date(2020, 1, 1), None, None, None),
        ("J", HOUSEHOLDS, "old", born, date(2019, 1, 1), "H9", "02", "3"),
    ]
    rows = {MARRIAGES: spark.createDataFrame(CERTIFICATES, "certificate_number string, kind_code string, registered_on date")}
    found = relationship.transform(_inputs(members=_members(spark, _couples() + home), rows=rows)).where("kind_code = 'spouse'")
    marriages = _rows(found, "from_id", "to_id", "period_number", "since_date", "until_date")
    assert marriages == {
        *((*pair, 1, date(2000, 5, 1), date(2005, 5, 1)) for pair in ("AB", "BA")),
        *((*pair, 2, date(2010, 5, 1), date(2020, 1, 1)) for pair in ("AB", "BA")),
        *((*pair, 1, date(2002, 5, 1), None) for pair in ("EF", "FE")),
        *((*pair, 1, None, date(2012, 5, 1)) for pair in ("GH", "HG")),
        *((*pair, 1, None, None) for pair in ("IJ", "JI")),
    }, "no annulled marriage, and no household revives a divorced one"
    told = {pair[:2]: (pair[2], pair[3]) for pair in _rows(found.selectExpr("from_id", "to_id", *_TOLD), "*")}
    assert told["E", "F"] == (f"{MARRIAGES} {HOUSEHOLDS}", f"{MARRIAGES}|K6 {HOUSEHOLDS}|e")
    assert told["I", "J"] == (HOUSEHOLDS, f"{HOUSEHOLDS}|j")


_TOLD = ("array_join(sources, ' ') as sources", "array_join(evidence, ' ') as evidence")


def test_parents_and_heads(spark: SparkSession) -> None:
    child, adult = date(2015, 6, 1), date(1985, 1, 1)
    members = [
        ("M", HOUSEHOLDS, "m", adult, D1, "H1", "02", None),
        ("C", HOUSEHOLDS, "c", child, D1, "H1", "30", None),
        ("G", HOUSEHOLDS, "g", date(1955, 1, 1), D1, "H1", "50", None),
        ("X", HOUSEHOLDS, "x", adult, D1, "H1", "97", None),
        ("M", HOUSEHOLDS, "again", adult, D1, "H1", "97", None),
        ("C", BIRTHS, "b#newborn", date(2015, 6, 2), None, None, None, None),
        ("M", BIRTHS, "b#mother", None, None, None, None, None),
        ("F", BIRTHS, "b#father", None, None, None, None, None),
    ]
    found = relationship.transform(_inputs(members=_members(spark, members)))
    assert _rows(found.selectExpr("from_id", "to_id", "kind_code", "since_date", _TOLD[0]), "*") == {
        ("M", "C", "parent", child, f"{BIRTHS} {HOUSEHOLDS}"),
        ("F", "C", "parent", date(2015, 6, 2), BIRTHS),
        ("G", "M", "parent", adult, HOUSEHOLDS),
        ("M", "C", "head_of_household", None, HOUSEHOLDS),
        ("M", "G", "head_of_household", None, HOUSEHOLDS),
        ("M", "X", "head_of_household", None, HOUSEHOLDS),
    }, "where dates differ the household register's counts, and nobody heads themselves"


def test_of_a_households_registrations_one_without_a_date_is_the_oldest(spark: SparkSession) -> None:
    members = [
        ("A", HOUSEHOLDS, "a", None, None, "H1", "02", None),
        ("B", HOUSEHOLDS, "b", None, D1, "H1", "02", None),
        ("C", HOUSEHOLDS, "c", None, None, "H2", "30", None),
        ("D", HOUSEHOLDS, "d", None, date(1960, 1, 1), "H2", "30", None),
        ("E", HOUSEHOLDS, "e", None, None, "H3", "30", None),
    ]
    placed = _members(spark, members).selectExpr("*", "record_key as region_code", "record_key as registered_address")
    found = household.transform(_inputs(members=placed))
    assert _rows(found, "household_number", "head_id", "region_code", "registered_address") == {
        ("H1", "B", "b", "b"),
        ("H2", None, "d", "d"),
        ("H3", None, "e", "e"),
    }
