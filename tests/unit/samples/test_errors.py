"""Errors come at the rates of the noise file. Rows of a harsh country are held against its people as they are."""

from __future__ import annotations

import json
from math import sqrt

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.samples.citizen_ids import are_valid, shortened
from jobs.samples.errors import lunar, writing
from jobs.samples.names import in_parts
from jobs.samples.registers.kinds import KINDS
from jobs.samples.streams import texts, years_of
from jobs.samples.world import World

Flags = NDArray[np.bool_]


def assert_rate(found: Flags, eligible: Flags, per_cent: float) -> None:
    """The share among the eligible lies within five standard deviations of a binomial distribution."""
    count, rate = int(eligible.sum()), per_cent / 100
    assert count * rate > 5, "too few to tell"
    assert abs(float((found & eligible).sum()) - count * rate) <= 5 * sqrt(count * rate * (1 - rate)) + 1


@pytest.fixture(scope="module")
def registered(world: World) -> dict[str, NDArray[np.object_]]:
    """Household register: what is true of the person of each row."""
    people = world.population.people
    who = world.households.rows["_person"]
    return {name: people[name][who] for name in ("name", "birth", "sex", "ethnic", "is_dead")}


def test_citizen_ids_in_the_household_register(world: World, registered: dict[str, NDArray[np.object_]]) -> None:
    noise = world.writer.noise.citizen_id
    rows = world.households.rows
    written, issued = rows["GMSFHM"], rows["_number"]
    is_short = written == shortened(issued)
    everyone = np.ones(len(written), dtype=bool)
    assert_rate(is_short, years_of(registered["birth"].astype("datetime64[D]")) < 1999, noise.still_15_digit)
    assert not is_short[years_of(registered["birth"].astype("datetime64[D]")) >= 1999].any()
    wrong = ~is_short & (np.char.upper(written.astype(str)) != issued.astype(str))
    differing = np.array([sum(a != b for a, b in zip(w.upper(), i, strict=False)) for w, i in zip(written, issued, strict=True)])
    assert_rate(wrong & (differing == 1), everyone & ~is_short, noise.one_digit_wrong)
    assert_rate(wrong & (differing == 2), everyone & ~is_short, noise.two_swapped)
    assert set(differing[wrong]) == {1, 2}
    assert not are_valid(written[wrong]).any()
    ends_in_x = np.array([number.endswith("X") for number in issued])
    is_lower = np.array([number.endswith("x") for number in written])
    assert_rate(is_lower, ends_in_x & ~is_short & ~wrong, noise.lower_case_x)


def test_citizen_ids_absent_in_residence_registrations(world: World) -> None:
    rows = world.residences.rows
    everyone = np.ones(len(rows), dtype=bool)
    assert_rate(rows["person.id"] == "", everyone, world.writer.noise.citizen_id.absent_in_residence)


def test_people_registered_twice(world: World) -> None:
    rows = world.households.rows
    people = world.population.people
    counts = np.bincount(rows["_person"], minlength=len(people))
    assert_rate(counts == 2, ~people["is_dead"] & ~people["is_foreign"], world.writer.noise.citizen_id.person_with_two)
    for person in np.flatnonzero(counts == 2):
        assert len(set(rows["_number"][rows["_person"] == person])) == 2


def test_names(world: World, registered: dict[str, NDArray[np.object_]]) -> None:
    noise, correct, written = world.writer.noise.person_name, registered["name"], world.households.rows["XM"]
    is_other = written != correct
    has_parts = in_parts(registered["ethnic"])
    assert_rate(is_other, has_parts, noise.minority_parts)
    could_vary = np.array([any(character in writing()["variants"] for character in name) for name in correct])
    could_sound = np.array([any(character in writing()["homophones"] for character in name) for name in correct])
    either = noise.variant * (1 - noise.homophone / 100) + noise.homophone
    assert_rate(is_other, could_vary & could_sound & ~has_parts, either)
    assert_rate(is_other, could_vary & ~could_sound & ~has_parts, noise.variant)
    assert_rate(is_other, ~could_vary & could_sound & ~has_parts, noise.homophone)
    assert not is_other[~could_vary & ~could_sound & ~has_parts].any()


def test_former_names_outside_the_household_register(world: World) -> None:
    people, rows = world.population.people, world.residences.rows
    former = people["former"][rows["_person"]]
    everyone = np.ones(len(rows), dtype=bool)
    assert_rate((former != "") & (rows["person.name"] == former), everyone, world.writer.noise.person_name.former)


def test_birth_dates(world: World) -> None:
    noise, rows = world.writer.noise.birth_date, world.residences.rows
    births = world.population.people["birth"][rows["_person"]]
    true = np.array([str(birth) for birth in births])
    written = rows["person.birth"].astype(str)
    is_partial = np.char.str_len(written) == 4
    everyone = np.ones(len(written), dtype=bool)
    assert_rate(is_partial, everyone, noise.year_only_in_residence)
    swapped = np.array([f"{date[:4]}-{date[8:]}-{date[5:7]}" for date in true])
    could_swap = np.array([date[8:] <= "12" and date[8:] != date[5:7] for date in true]) & ~is_partial
    assert_rate(written == swapped, could_swap, noise.swapped * (1 - noise.lunar / 100))
    is_lunar = (written != true) & (written != swapped) & ~is_partial
    assert_rate(is_lunar, ~is_partial, noise.lunar)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2023-01-22", (2023, 1, 1)),  # New Year of the lunar calendar
        ("2022-02-01", (2022, 1, 1)),
        ("2021-09-21", (2021, 8, 15)),  # mid-autumn
        ("1990-02-10", (1990, 1, 15)),  # lantern festival
        ("2024-01-18", (2023, 12, 8)),  # laba festival
    ],
)
def test_the_lunar_calendar_is_right_to_a_day(day: str, expected: tuple[int, int, int]) -> None:
    year, month, number = (int(part[0]) for part in lunar(np.array([day], dtype="datetime64[D]")))
    assert (year, month) == expected[:2]
    assert abs(number - expected[2]) <= 1


def test_sexes(world: World, registered: dict[str, NDArray[np.object_]]) -> None:
    rate = world.writer.noise.other.sex_wrong
    found = world.households.rows["XB"] != registered["sex"].astype(str).astype(object)
    assert_rate(found, np.ones(len(found), dtype=bool), rate)


def test_phones(world: World) -> None:
    contact, rows, people = world.writer.noise.contact, world.residences.rows, world.population.people
    own = people["phone"][rows["_person"]]
    written = rows["contacts[].phone"]
    assert_rate(written == "", own != "", contact.phone_absent)
    owners = {phone: place for place, phone in enumerate(people["phone"]) if phone}
    shared = np.flatnonzero((written != "") & np.array([a not in b for a, b in zip(own, written, strict=True)]))
    assert len(shared) > 0.4 * len(written) * contact.phone_shared / 100 * (1 - contact.phone_absent / 100)
    for place in shared:
        assert people["household"][owners[json.loads(written[place])[0]]] == people["household"][rows["_person"][place]]


def test_deaths_that_were_not_cancelled(world: World, registered: dict[str, NDArray[np.object_]]) -> None:
    is_dead = registered["is_dead"].astype(bool)
    cancelled = world.households.rows["ZXBZ"] == "1"
    assert not (cancelled & ~is_dead).any()
    assert_rate(is_dead & ~cancelled, np.ones(len(is_dead), dtype=bool), world.writer.noise.other.death_not_cancelled)


def test_keys_carry_no_errors(world: World) -> None:
    for dataset, register in world.registers.items():
        if named := KINDS[dataset].named:
            assert len(set(register.rows[named[0].key])) == len(register) > 0


def test_addresses_out_of_date(world: World) -> None:
    """Families that moved together have one address, but where a member's is an older one."""
    rows, people = world.residences.rows, world.population.people
    first = np.flatnonzero(np.diff(np.concatenate([[-1], np.maximum.accumulate(rows["_person"])])) > 0)
    by_household: dict[int, list[str]] = {}
    for place in first:
        by_household.setdefault(int(people["household"][rows["_person"][place]]), []).append(rows["residence.address"][place])
    families = [found for found in by_household.values() if len(found) >= 3 and len(set(found)) < len(found)]
    common = texts([max(set(found), key=found.count) for found in families])
    is_other = np.array([a != c for found, c in zip(families, common, strict=True) for a in found])
    assert is_other.mean() > 0.5 * world.writer.noise.contact.address_out_of_date / 100
