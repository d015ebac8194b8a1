"""Citizen IDs against an independent implementation of ISO 7064, and against the history of regions."""

from __future__ import annotations

from collections import Counter
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_2

from jobs.samples.citizen_ids import are_valid, issue, parts_of, shortened, with_check
from jobs.samples.regions import FIRST_YEAR, read_history
from jobs.samples.streams import Streams, texts
from jobs.samples.world import World

digits = st.text("0123456789", min_size=17, max_size=17)


@given(st.lists(digits, max_size=20))
def test_check_characters_are_those_of_iso_7064(bodies: list[str]) -> None:
    numbers = with_check(texts(bodies))
    assert [mod_11_2.calc_check_digit(body) for body in bodies] == [number[-1] for number in numbers]


@given(st.dates(date(1850, 1, 1), date(2040, 1, 1)))
def test_dates_fall_into_year_month_and_day(day: date) -> None:
    year, month, number = parts_of(np.array([day], dtype="datetime64[D]"))
    assert (year[0], month[0], number[0]) == (day.year, day.month, day.day)


@given(digits)
def test_valid_means_check_character_and_a_date_that_exists(body: str) -> None:
    number = str(with_check(texts([body]))[0])
    try:
        exists = date(int(body[6:10]), int(body[10:12]), int(body[12:14])).year >= 1800
    except ValueError:
        exists = False
    other = number[:-1] + ("0" if number[-1] != "0" else "1")
    assert are_valid(texts([number, other, number[:-1], ""])).tolist() == [exists, False, False, False]


def test_every_issued_number_is_valid_and_says_birth_and_sex(world: World) -> None:
    people = world.population.people
    issued = np.flatnonzero(people["number"] != "")
    numbers = people["number"][issued]
    assert all(mod_11_2.is_valid(number) for number in numbers)
    assert [number[6:14] for number in numbers] == [str(d).replace("-", "") for d in people["birth"][issued]]
    assert [int(number[16]) % 2 for number in numbers] == [int(sex == 1) for sex in people["sex"][issued]]
    assert all(int(number[14:17]) < 996 for number in numbers)


def test_only_shared_numbers_are_issued_twice(world: World) -> None:
    counts = Counter(number for number in world.population.people["number"] if number)
    shared = sum(count for count in counts.values() if count > 1)
    assert max(counts.values()) == 2
    assert shared == pytest.approx(20_000 * world.writer.noise.citizen_id.shared_by_two / 100, abs=2)


def test_the_region_of_a_number_existed_at_birth(world: World) -> None:
    """Births before the first list are held against that list."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for region in read_history():
        spans.setdefault(region.code, []).append((region.since, region.until))
    for number in (number for number in world.population.people["number"] if number):
        year = max(int(number[6:10]), FIRST_YEAR)
        assert any(since <= year < until for since, until in spans[number[:6]]), number


def test_who_shares_region_date_and_sex_gets_neighbouring_numbers() -> None:
    births = np.array(["2000-01-01"] * 3, dtype="datetime64[D]")
    taken: set[str] = set()
    numbers = issue(Streams(1).named("test"), texts(["370102"] * 3), births, np.array([1, 1, 1]), taken)
    orders = [int(number[14:17]) for number in numbers]
    assert orders == [orders[0], orders[0] + 2, orders[0] + 4]
    again = issue(Streams(1).named("test"), texts(["370102"] * 3), births, np.array([1, 1, 1]), taken)
    assert len(taken) == 6
    assert set(numbers).isdisjoint(again)


def test_fifteen_digits_are_the_old_number() -> None:
    assert shortened(texts(["11010519491231002X"])).tolist() == ["110105491231002"]
