"""Numbers of legal entities are valid by independent readings of their standards."""

from __future__ import annotations

import numpy as np
import pytest
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_10

from jobs.samples.entity_numbers import (
    entity_keys,
    new_organisation_codes,
    old_organisation_codes,
    registration_numbers,
    unified_codes,
)
from jobs.samples.streams import texts
from jobs.samples.world import World

WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def is_organisation_code(code: str) -> bool:
    """GB 11714, written down a second time."""
    total = sum(int(character, 36) * weight for character, weight in zip(code, WEIGHTS, strict=False))
    return code[8] == "0X987654321"[total % 11]


def test_codes_of_running_numbers_are_valid_and_all_different() -> None:
    serials = np.arange(1, 20_001)
    for codes in (old_organisation_codes(serials, 99_999_999), new_organisation_codes(serials, 31**6 - 1)):
        assert len(set(codes)) == len(serials)
        assert all(is_organisation_code(code) for code in codes)


def test_every_entity_has_a_valid_unified_code_with_its_organisation_code(world: World) -> None:
    entities = world.firms.entities
    assert len(set(entities["unified"])) == len(entities)
    for unified, organisation, county in zip(entities["unified"], entities["organisation"], entities["county"], strict=True):
        assert uscc.is_valid(unified)
        assert is_organisation_code(unified[8:17])
        assert organisation in ("", unified[8:17])
        assert unified[2:8] == world.population.counties.current_codes[county]


def test_old_numbers_are_valid_and_only_of_old_entities(world: World) -> None:
    entities = world.firms.entities
    is_old = entities["founded"] < np.datetime64("2015-10-01")
    for name in ("organisation", "registration", "old_tax", "certificate"):
        assert (entities[name][~is_old] == "").all()
        assert (entities[name][is_old] != "").any()
    registrations = entities["registration"][entities["registration"] != ""]
    assert len(set(registrations)) == len(registrations)
    assert all(len(number) == 15 and mod_11_10.is_valid(number) for number in registrations)
    is_household = entities["kind"] == "household"
    assert {number[6] for number in entities["registration"][is_old & is_household]} == {"6"}
    assert {number[6] for number in entities["registration"][is_old & (entities["kind"] == "company")]} == {"2", "4"}


def test_all_numbers_of_an_entity_but_the_registration_number_say_its_organisation_code() -> None:
    [organisation] = old_organisation_codes(np.array([7]), 0)
    [unified] = unified_codes(texts(["91"]), texts(["370102"]), texts([organisation]))
    [registration] = registration_numbers(texts(["370102"]), np.array([2]), np.array([7]))
    dashed = f"{organisation[:8]}-{organisation[8]}"
    numbers = [unified, unified.lower(), organisation, dashed, f"370102{organisation}", registration]
    assert entity_keys(texts(numbers)).tolist() == [organisation] * 5 + [f"G{registration}"]


@pytest.mark.parametrize(
    "wrong", ["", "91370102MA3C1J2K0", "91370102MA3CIJ2K0X", "4201**********123X", "37010220000710", "12345678-0"]
)
def test_what_is_not_valid_says_nothing(wrong: str) -> None:
    assert entity_keys(texts([wrong])).tolist() == [""]
