from __future__ import annotations

import random
from collections import defaultdict
from datetime import date
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from jobs.linkage.choice import Candidate, Offer, rank_offers
from jobs.linkage.contested import contested_values
from jobs.linkage.survive import MissingAttributeError, survive
from schemas.contract import Survivorship

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

POLICE, CIVIL, RESIDENCE = "police/register", "civil/register", "police/residence"
SCHEMA = "master_id string, dataset string, record_key string, updated_on date, colour string, mark string, tags array<string>"
NAME = Survivorship(attribute="colour", sources=(POLICE, CIVIL))

OLD, NEW = date(2020, 1, 1), date(2025, 1, 1)

# master, dataset, key, updated on, colour, mark
AUTHORITY = [("m", CIVIL, "1", NEW, "red", None), ("m", POLICE, "2", OLD, "blue", None)]
RECENCY = [("m", POLICE, "1", OLD, "red", None), ("m", POLICE, "2", NEW, "blue", None)]
NO_DATE = [("m", POLICE, "1", None, "red", None), ("m", POLICE, "2", OLD, "blue", None)]
AGREEMENT = [("m", POLICE, "1", OLD, "red", None), ("m", POLICE, "2", OLD, "blue", None), ("m", CIVIL, "3", OLD, "blue", None)]
TIE = [("m", POLICE, "2", OLD, "red", None), ("m", POLICE, "1", OLD, "blue", None)]
NULLS = [("m", POLICE, "1", NEW, None, None), ("m", CIVIL, "2", OLD, "blue", None)]
UNNAMED = [("m", RESIDENCE, "1", NEW, "red", None), ("m", CIVIL, "2", OLD, "blue", None)]


def _members(spark: SparkSession, rows: list[tuple[Any, ...]]) -> Any:
    return spark.createDataFrame([(*row, None) if len(row) == 6 else row for row in rows], SCHEMA)


@pytest.mark.parametrize(
    ("rows", "source"),
    [
        pytest.param(AUTHORITY, POLICE, id="a source of more authority beats a newer one"),
        pytest.param(RECENCY, POLICE, id="the newest of one source"),
        pytest.param(NO_DATE, POLICE, id="a record without a date is the oldest"),
        pytest.param(AGREEMENT, POLICE, id="on the same day, the value more records agree on"),
        pytest.param(TIE, POLICE, id="at last the smaller key"),
        pytest.param(NULLS, CIVIL, id="an empty value never wins"),
        pytest.param(UNNAMED, CIVIL, id="a source that is not named supplies nothing"),
    ],
)
def test_blue_wins(spark: SparkSession, rows: list[tuple[Any, ...]], source: str) -> None:
    for order in (rows, rows[::-1]):
        (golden,) = survive(_members(spark, order), {"paint": NAME}).collect()
        assert golden.asDict() == {"master_id": "m", "paint": "blue", "paint_source": source}


def test_invalid_values_are_passed_over_and_preferred_records_come_first(spark: SparkSession) -> None:
    rows = [
        ("m", POLICE, "1", NEW, "red", "cancelled"),
        ("m", POLICE, "2", OLD, "blue", None),
        ("n", POLICE, "3", OLD, "red", "cancelled"),
        ("n", CIVIL, "4", NEW, "blue", None),
    ]
    rules = {
        "valid": Survivorship(attribute="colour", sources=(POLICE, CIVIL), valid_when="mark is null"),
        "preferred": Survivorship(attribute="colour", sources=(POLICE, CIVIL), prefer_when="mark is null"),
    }
    found = {row.master_id: row for row in survive(_members(spark, rows), rules).collect()}
    assert (found["m"].valid, found["m"].preferred) == ("blue", "blue")
    assert (found["n"].valid, found["n"].preferred) == ("blue", "red"), "preference does not outrank authority"


def test_a_column_that_follows_another_is_of_the_same_record(spark: SparkSession) -> None:
    rows = [
        ("m", POLICE, "1", NEW, "red", None),
        ("m", CIVIL, "2", OLD, "blue", "x"),
        ("n", POLICE, "3", OLD, "red", None),
        ("n", CIVIL, "4", NEW, "blue", None),
        ("o", POLICE, "5", OLD, "red", None),
        ("o", CIVIL, "6", NEW, None, "x"),
    ]
    rules = {"paint": NAME.model_copy(update={"follows": "sign"}), "sign": NAME.model_copy(update={"attribute": "mark"})}
    found = {row.master_id: (row.paint, row.paint_source) for row in survive(_members(spark, rows), rules).collect()}
    assert found["m"] == ("blue", CIVIL), "not by authority: the other golden value is of this record"
    assert found["n"] == ("red", POLICE), "nothing to follow"
    assert found["o"] == ("red", POLICE), "the record to follow has no value"
    values = contested_values(_members(spark, rows), rules).where("master_id = 'm'").orderBy("standing").collect()
    assert [(row.value, row.decided_by) for row in values] == [("blue", "same_record"), ("red", "same_record")]


def test_a_condition_that_is_unknown_does_not_hold(spark: SparkSession) -> None:
    rule = Survivorship(attribute="colour", sources=(POLICE,), valid_when="mark = 'ok'")
    (golden,) = survive(_members(spark, [("m", POLICE, "1", NEW, "red", None)]), {"paint": rule}).collect()
    assert (golden.paint, golden.paint_source) == (None, None)


def test_arrays_survive_whole(spark: SparkSession) -> None:
    rows = [("m", POLICE, "1", NEW, None, None, ["2", "1"]), ("m", POLICE, "2", OLD, None, None, ["9"])]
    rule = Survivorship(attribute="tags", sources=(POLICE,))
    (golden,) = survive(_members(spark, rows), {"tags": rule}).collect()
    assert (golden.tags, golden.tags_source) == (["2", "1"], POLICE)


RULES = {
    "the record that gives sign": "same_record",
    "a source of more authority": "authority",
    "a record where mark is null": "preference",
    "a newer record": "recency",
    "a value that more records agree on": "agreement",
    "the smaller record key, all else being equal": "record_key",
}
"""How the explanation says what decided, and how the table of contested values does."""


def _decided_by(winner: Offer, loser: Offer, rule: Survivorship) -> str:
    return RULES[winner.beats_by(loser, rule)]


def test_spark_and_the_explanation_choose_alike(spark: SparkSession) -> None:
    """On many small entities made at random, so that ties of every kind occur."""
    dice = random.Random(20260302)  # noqa: S311 - a reproducible test, no secret
    rows = [
        (
            f"m{dice.randrange(400)}",
            dice.choice([POLICE, CIVIL, RESIDENCE]),
            f"k{number}",
            dice.choice([OLD, NEW, None]),
            dice.choice(["red", "blue", "green", None]),
            dice.choice(["cancelled", None]),
        )
        for number in range(1500)
    ]
    rule = Survivorship(attribute="colour", sources=(CIVIL, POLICE), valid_when="colour <> 'green'", prefer_when="mark is null")
    sign = Survivorship(attribute="mark", sources=(POLICE, CIVIL))
    rules = {"paint": rule, "sign": sign, "signed": rule.model_copy(update={"follows": "sign"})}
    names = ("master_id", "dataset", "record_key", "updated_on", "colour", "mark")
    entities: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        entities[row[0]].append(dict(zip(names, row, strict=True)))
    members = _members(spark, rows)
    found = {row.master_id: row.asDict() for row in survive(members, rules).collect()}
    contested: dict[tuple[str, str], dict[int, Any]] = defaultdict(dict)
    for row in contested_values(members, rules).collect():
        contested[row.master_id, row.column_name][row.standing] = row
    assert set(found) == set(entities)
    for (master_id, records), column in product(entities.items(), rules):
        offers = rank_offers(_candidates(records), rules, column)
        golden = found[master_id][column], found[master_id][f"{column}_source"]
        assert golden == ((offers[0].value, offers[0].dataset) if offers else (None, None))
        best = {offer.value: offer for offer in reversed(offers)}
        values = sorted(best.values(), key=lambda offer: offer.order) if len(best) > 1 else []
        standings = {
            number: (
                offer.value,
                offer.record_key,
                _decided_by(*sorted((offer, values[number == 1]), key=lambda o: o.order), rules[column]),
            )
            for number, offer in enumerate(values, 1)
        }
        assert {n: (row.value, row.record_key, row.decided_by) for n, row in contested[master_id, column].items()} == standings
    assert {row.decided_by for rows_of in contested.values() for row in rows_of.values()} == set(RULES.values())


def _candidates(records: list[dict[str, Any]]) -> dict[str, list[Candidate]]:
    """The records with what holds of them by the rules of the test above."""
    ruled = [Candidate(one, one["colour"] not in (None, "green"), one["mark"] is None) for one in records]
    return {"paint": ruled, "signed": ruled, "sign": [Candidate(one, is_valid=True, is_preferred=True) for one in records]}


def test_a_rule_for_an_attribute_no_record_has_is_refused(spark: SparkSession) -> None:
    with pytest.raises(MissingAttributeError, match="'paint' survives from attribute 'smell'"):
        survive(_members(spark, []), {"paint": Survivorship(attribute="smell", sources=(POLICE,))})
