"""Numbers of organisations and of land in Spark SQL against published samples, python-stdnum and the rules written anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2, mod_11_10

from tests.spark.typed_values import column, typed

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "identifier_vectors.json").read_text(encoding="utf-8"))
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
GIVEN_CLASS = {"checksum": "wrong_check_digit", "format": "malformed"}
HUNDREDS = settings(max_examples=3, deadline=None)

organisation_bodies = st.text(alphabet="0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=8, max_size=8)
heads = st.from_regex(r"[1-9ANY][1-9][0-9]{6}", fullmatch=True)


def organisation_code(body: str) -> str:
    """GB 11714 as its text says it, digit by digit."""
    places = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    total = sum(places.index(character) * weight for character, weight in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    check = 11 - total % 11
    return body + {10: "X", 11: "0"}.get(check, str(check))


def right_uscc(head: str, body: str) -> str:
    number = head + organisation_code(body)
    return number + str(uscc.calc_check_digit(number))


def other(character: str, alphabet: str = "0123456789") -> str:
    """A character of the alphabet that is not this one."""
    return alphabet[(alphabet.index(character) + 1) % len(alphabet)]


def test_published_usccs(spark: SparkSession) -> None:
    samples = VECTORS["uscc"]
    rows = typed(spark, "uscc", [sample["input"] for sample in samples])
    for sample, row in zip(samples, rows, strict=True):
        confusable = "letter" in sample["source"] and "O" in sample["input"]
        wrong = "confusable_letter" if confusable else GIVEN_CLASS.get("".join(sample["errors"]))
        assert row["value_class"] == ("valid" if sample["valid"] else wrong), sample
        assert row["_warnings"] == ([] if sample["valid"] else [f"uscc_{wrong}:value"])


@pytest.mark.parametrize(("kind", "semantic_type"), [("org_code", "organisation_code"), ("reg_no_15", "registration_number")])
def test_published_older_numbers(spark: SparkSession, kind: str, semantic_type: str) -> None:
    rows = typed(spark, semantic_type, [sample["input"] for sample in VECTORS[kind]])
    for sample, row in zip(VECTORS[kind], rows, strict=True):
        assert (row["value_class"] == "valid") == sample["valid"], sample


@HUNDREDS
@given(st.lists(st.tuples(heads, organisation_bodies), min_size=1, max_size=200))
def test_a_uscc_passes_both_checks_or_says_which_it_fails(spark: SparkSession, drawn: list[tuple[str, str]]) -> None:
    right = [right_uscc(head, body) for head, body in drawn]
    assert set(column(typed(spark, "uscc", [*right]), "value_class")) == {"valid"}
    wrong = [number[:-1] + other(number[-1], ALPHABET) for number in right]
    assert set(column(typed(spark, "uscc", [*wrong]), "value_class")) == {"wrong_check_digit"}
    inner = [number[:16] + other(number[16], "0123456789X") for number in right]
    healed = [number + str(uscc.calc_check_digit(number)) for number in inner]
    assert set(column(typed(spark, "uscc", [*healed]), "value_class")) == {"wrong_organisation_code"}


def test_a_confusable_letter_is_repaired_beside_the_number(spark: SparkSession) -> None:
    delivered = ["9135O100M000100Y43", "9I35OI00MOOOI00Y43", "9135O100M000100Y44", "91350100M000100Y43", "9V350100M000100Y43"]
    rows = typed(spark, "uscc", [*delivered])
    right = "91350100M000100Y43"
    assert column(rows) == delivered
    assert column(rows, "value_repaired") == [right, right, None, None, None]
    assert column(rows, "value_class") == ["confusable_letter", "confusable_letter", "malformed", "valid", "malformed"]


@HUNDREDS
@given(st.lists(organisation_bodies, min_size=1, max_size=200), st.lists(st.from_regex("[0-9]{14}", fullmatch=True), min_size=1))
def test_older_check_digits(spark: SparkSession, bodies: list[str], serials: list[str]) -> None:
    codes = [code for code in map(organisation_code, bodies) if code not in ("000000000", "123456789")]
    numbers = [serial + mod_11_10.calc_check_digit(serial) for serial in serials]
    for semantic_type, right in (("organisation_code", codes), ("registration_number", numbers)):
        wrong = [number[:-1] + other(number[-1], "0123456789X"[: 11 if len(number) == 9 else 10]) for number in right]
        assert set(column(typed(spark, semantic_type, [*right]), "value_class")) <= {"valid", "placeholder"}
        assert set(column(typed(spark, semantic_type, [*wrong]), "value_class")) <= {"wrong_check_digit", "placeholder"}


def test_a_tax_number_of_either_form_gives_its_organisation_code(spark: SparkSession) -> None:
    rows = typed(
        spark, "tax_number", ["91350100M000100Y43", "42010671526726X", "420106715267261", "9135O100M000100Y43", "42", "无"]
    )
    assert column(rows, "value_class") == ["valid", "old_15", "wrong_check_digit", "confusable_letter", "malformed", "placeholder"]
    assert column(rows, "value_organisation_code") == ["M000100Y4", "71526726X", None, "M000100Y4", None, None]
    assert column(rows, "value_repaired") == [None, None, None, "91350100M000100Y43", None, None]


KINDS = {
    "91350100M000100Y43": "uscc",
    "9135O100M000100Y43": "uscc",
    "71526726-X": "organisation_code",
    "310117003171688": "registration_number",
    "42010671526726X": "tax_number",
    "11010519491231002X": "citizen_id",
    "540101010101004": "citizen_id",
    "4201**********123X": "masked_citizen_id",
    "110105194912310021": "unknown",
    "3101": "unknown",
    "000000000": None,
    "": None,
}


def test_a_number_of_any_kind_is_told_by_the_check_it_passes(spark: SparkSession) -> None:
    rows = typed(spark, "any_number", [*KINDS])
    assert dict(zip(KINDS, column(rows, "value_kind"), strict=True)) == KINDS
    assert rows[6]["value"] == "540101190101010046"
    assert column(rows, "value_repaired") == [None, "91350100M000100Y43", *[None] * 10]
    assert [row["_warnings"] for row in rows[8:]] == [["number_unknown:value"]] * 2 + [["number_placeholder:value"], []]


def test_fifteen_digits_that_two_checks_pass_are_not_guessed_at(spark: SparkSession) -> None:
    old_ids = [f"420106{year:02d}0229{serial:03d}" for year in (56, 60) for serial in range(60)]
    both = [number for number in old_ids if mod_11_10.is_valid(number)]
    assert both
    rows = typed(spark, "any_number", [*both])
    assert set(column(rows, "value_kind")) == {"ambiguous"}
    as_ids = [f"{number[:6]}19{number[6:]}" for number in both]
    assert column(rows, "value") == both
    assert [number[:17] for number in column(rows, "value_citizen_id")] == as_ids


def test_citizen_ids_are_not_taken_for_usccs(spark: SparkSession) -> None:
    bodies = [f"42010619800229{serial:03d}" for serial in range(1000)]
    numbers = [body + mod_11_2.calc_check_digit(body) for body in bodies]
    assert set(column(typed(spark, "any_number", [*numbers]), "value_kind")) == {"citizen_id"}


def test_parcels_and_units(spark: SparkSession) -> None:
    sample = VECTORS["real_estate"]
    parcel, unit, land = sample["zongdi_19"], sample["unit_28"], sample["land_only"]
    rows = typed(spark, "parcel_code", [parcel, parcel.lower(), parcel[:-1], parcel.replace("GB", "XB")])
    assert column(rows, "value_class") == ["valid", "valid", "malformed", "malformed"]
    rows = typed(
        spark, "real_estate_unit", [unit, land, land[:-1] + "1", parcel, unit.replace("F", "A"), f"{unit[:19]} {unit[19:]}"]
    )
    assert column(rows, "value_class") == ["valid", "valid", "malformed", "malformed", "malformed", "valid"]
    assert column(rows, "value_parcel_code") == [parcel, parcel, None, None, None, parcel]
