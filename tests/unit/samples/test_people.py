"""People are as they are in a real country: common names, namesakes, twins, families, ages, addresses, phones."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

import numpy as np

from jobs.io.text import decode, encode
from jobs.samples.names import DOT, draw_given, draw_surnames
from jobs.samples.streams import Choice, Streams
from jobs.samples.world import World
from tests.unit.samples.replay import FIRST


def test_common_surnames_and_names_are_common(world: World) -> None:
    people = world.population.people
    surnames = Counter(people["surname"])
    assert {name for name, _ in surnames.most_common(3)} == {"王", "李", "张"}
    assert 0.05 < surnames["王"] / len(people) < 0.09
    assert {len(name) for name in surnames} == {1, 2}


def test_zhang_wei_and_wang_wei_lead_in_a_large_country() -> None:
    random = Streams(5).named("test")
    births = np.datetime64("1960-01-01") + random.integers(0, 365 * 40, 200_000)
    sexes = random.integers(1, 3, 200_000)
    names = Counter(draw_surnames(random, 200_000) + draw_given(random, births, sexes))
    assert {"张伟", "王伟"} <= {name for name, _ in names.most_common(30)}
    assert 0.0002 < names["张伟"] / 200_000 < 0.003


def test_there_are_namesakes_and_namesakes_of_one_birth_year(world: World) -> None:
    people = world.population.people
    assert Counter(people["name"]).most_common(1)[0][1] >= 5
    years = [str(birth)[:4] for birth in people["birth"]]
    assert sum(count > 1 for count in Counter(zip(people["name"], years, strict=True)).values()) > 20


def test_there_are_twins_with_different_names(world: World) -> None:
    people = world.population.people
    at_home = defaultdict(list)
    for household, birth, name in zip(people["household"], people["birth"], people["name"], strict=True):
        at_home[household, birth].append(name)
    twins = [names for names in at_home.values() if len(names) > 1]
    assert len(twins) > 10
    assert all(len(set(names)) == len(names) for names in twins)


def test_there_are_households_of_three_generations(world: World) -> None:
    people = world.population.people
    relations = defaultdict(set)
    for household, relation in zip(people["household"], people["relation"], strict=True):
        relations[household].add(relation)
    assert sum({"02", "50"} <= found and bool(found & {"20", "30"}) for found in relations.values()) > 200
    heads = Counter(people["household"][people["relation"] == "02"].tolist())
    assert set(heads.values()) == {1}


def test_children_bear_the_fathers_surname_and_are_younger(world: World) -> None:
    people = world.population.people
    heads = {int(people["household"][row]): row for row in np.flatnonzero(people["relation"] == "02")}
    for row in np.flatnonzero(np.isin(people["relation"].astype(str), ("20", "30"))):
        head = heads[int(people["household"][row])]
        assert (people["birth"][row] - people["birth"][head]).astype(int) > 17 * 365
        father = head if people["sex"][head] == 1 else people["spouse"][head]
        if father >= 0 and not people["is_foreign"][father] and people["ethnic"][row] == "01":
            assert people["surname"][row] == people["surname"][father]


def test_couples_are_couples(world: World) -> None:
    people = world.population.people
    married = np.flatnonzero(people["spouse"] >= 0)
    spouses = people["spouse"][married]
    assert (people["spouse"][spouses] == married).all()
    assert (people["sex"][spouses] != people["sex"][married]).all()
    assert (people["wedding"][married] < np.datetime64(FIRST)).all()
    assert ((people["wedding"][married] - people["birth"][married]).astype(int) >= 20 * 365).all()


def test_nobody_is_born_after_the_first_day_or_too_old(world: World) -> None:
    ages = world.population.ages(FIRST)
    assert ages.min() >= 0
    assert ages.max() < 105
    assert 0.1 < (ages < 18).mean() < 0.35
    assert 0.1 < (ages >= 60).mean() < 0.35


def test_names_in_parts_are_those_of_their_groups(world: World) -> None:
    people = world.population.people
    has_dot = np.array([DOT in name for name in people["name"]])
    assert has_dot.any()
    assert set(people["ethnic"][has_dot]) == {"05", "17"}


def test_everything_can_be_written_in_gb_18030(world: World) -> None:
    text = "".join(world.households.rows["XM"]) + "".join(world.households.rows["HKDZ"])
    data = encode(text, "gb18030")
    assert decode(data, "gb18030") == text
    assert any(len(character.encode("gb18030")) == 4 for character in set(text))


def test_addresses_begin_with_a_county_of_their_code(world: World) -> None:
    counties = world.population.counties
    names = dict(zip(counties.current_codes, counties.full_names, strict=True))
    rows = world.residences.rows
    for code, address in zip(rows["residence.region"], rows["residence.address"], strict=True):
        assert address.startswith(names[code])
        assert re.search(r"\d+号", address)


def test_phones_have_eleven_digits(world: World) -> None:
    phones = [phone for phone in world.population.people["phone"] if phone]
    assert all(re.fullmatch(r"1[3-9]\d{9}", phone) for phone in phones)


def test_about_forty_per_cent_live_away_some_with_two_registrations(world: World) -> None:
    counts = Counter(world.residences.rows["_person"].tolist())
    assert 0.35 < len(counts) / len(world.population.people) < 0.45
    assert 0.1 < sum(count == 2 for count in counts.values()) / len(counts) < 0.2


def test_a_choice_follows_its_weights() -> None:
    drawn = Choice.parse("甲 3 乙 1").of(np.array([0.0, 0.7499, 0.75, 0.999999]))
    assert drawn.tolist() == ["甲", "甲", "乙", "乙"]
