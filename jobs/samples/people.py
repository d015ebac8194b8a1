"""The people of the first day: households of one to three generations, with names, numbers, addresses and marriages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from jobs.samples import names
from jobs.samples.addresses import draw_addresses, draw_phones
from jobs.samples.citizen_ids import issue
from jobs.samples.households import HEAD, NEVER, SPOUSE, Members, draw_members
from jobs.samples.names import MALE
from jobs.samples.regions import Counties
from jobs.samples.settings import CitizenIdNoise, Society
from jobs.samples.streams import Choice, Dates, Flags, Numbers, Streams, Texts, chosen, texts, years_of
from jobs.samples.table import Column, Table

NOBODY = -1
PHONE_AGE = 10
DIED_WITHIN_YEARS = 10
"""Of people who are dead on the first day: within so many years, and in the last quarter of their life."""


@dataclass
class Population:
    """Who lives in the country, as it really is.

    ``people``: household, sex, birth, surname, given, name, former, ethnic, number, phone, relation, marital, education, spouse,
    mother and father (a place, or NOBODY), wedding, is_dead, died (NaT: alive), is_foreign.
    ``households``: number, county, address, rural. ``numbers``: all ever issued.
    """

    people: Table
    households: Table
    counties: Counties
    numbers: set[str]

    def ages(self, day: date) -> Numbers:
        """Everybody's age in whole years, about."""
        return (np.datetime64(day, "D") - self.people["birth"]).astype(np.int64) // 365


def populate(size: int, start: date, society: Society, noise: CitizenIdNoise, streams: Streams, counties: Counties) -> Population:
    """About ``size`` people as they are on the day before ``start``."""
    members = draw_members(size, start, society, streams)
    households = _households(members.household_count, society, streams, counties)
    people = Table(_people(members, society, streams))
    numbers: set[str] = set()
    regions = _birth_regions(people, members, households, counties, streams)
    people["number"] = issue(streams.named("citizen ids"), regions, people["birth"], people["sex"], numbers)
    _share_numbers(people, regions, noise, streams)
    people["phone"] = _phones(people, start, streams)
    people["died"] = _deaths_before(people, start, streams)
    return Population(people, households, counties, numbers)


def household_columns(
    random: np.random.Generator, counties: Counties, of: Numbers, rural: Flags, first_number: int
) -> Mapping[str, Column]:
    """Households in the counties ``of``, numbered from ``first_number``."""
    count = len(of)
    return {
        "number": texts([f"3701{number:08d}" for number in range(first_number, first_number + count)]),
        "county": of,
        "address": draw_addresses(random, counties, of, rural),
        "rural": rural,
    }


def education_at(random: np.random.Generator, ages: Numbers) -> Texts:
    """Education by age (GB/T 4658): empty below school age."""
    draws = random.random(len(ages))
    adult = Choice.parse("70 0.36 60 0.16 80 0.2 30 0.1 21 0.1 20 0.02 10 0.02 40 0.04").of(draws)
    school = np.where(ages < 12, "80", np.where(ages < 15, "70", "60"))
    return texts(np.where(ages < 6, "", np.where(ages < 18, school, adult)))


def _households(count: int, society: Society, streams: Streams, counties: Counties) -> Table:
    random = streams.named("households")
    is_elsewhere = chosen(random, count, society.share_registered_elsewhere)
    county = np.where(is_elsewhere, random.integers(counties.home, len(counties), count), random.integers(0, counties.home, count))
    rural = chosen(random, count, society.share_rural)
    return Table(household_columns(random, counties, county, rural, 1))


def _people(members: Members, society: Society, streams: Streams) -> Mapping[str, Column]:
    random = streams.named("people")
    count = len(members.births)
    ethnic = names.ETHNIC_GROUPS.of(random.random(members.household_count))[members.household]
    surname = _surnames(members, streams)
    given = _given(members, society, streams)
    name = _names(members, surname, given, ethnic, streams)
    columns: dict[str, Column] = {
        "household": members.household,
        "sex": members.sexes,
        "birth": members.births,
        "surname": surname,
        "given": given,
        "name": name,
        "former": texts([""] * count),
        "ethnic": ethnic,
        "relation": members.relations,
        "marital": members.maritals,
        "education": education_at(streams.named("education"), members.ages),
        "spouse": members.spouses,
        "mother": members.mothers,
        "father": members.fathers,
        "wedding": members.weddings,
        "is_dead": members.is_dead,
        "died": np.full(count, NEVER),
        "is_foreign": np.zeros(count, dtype=bool),
    }
    renamed = np.flatnonzero(chosen(random, count, society.share_former_name) & ~names.in_parts(ethnic))
    before = names.draw_given(random, members.births[renamed], members.sexes[renamed])
    columns["former"][renamed] = surname[renamed] + before
    columns["former"][columns["former"] == name] = ""
    return columns


def _surnames(members: Members, streams: Streams) -> Texts:
    """Children and paternal grandfathers bear the father's surname; wives and grandmothers their own."""
    own = names.draw_surnames(streams.named("surnames"), len(members.births))
    family = names.draw_surnames(streams.named("family surnames"), members.household_count)[members.household]
    return texts(np.where(members.bears_family_name, family, own))


def _given(members: Members, society: Society, streams: Streams) -> Texts:
    random = streams.named("given names")
    count = len(members.births)
    shared = random.random(members.household_count)[members.household]
    keeps_generation = chosen(random, members.household_count, 0.3)[members.household] & members.is_child
    generation = np.where(keeps_generation, shared, random.random(count))
    given = names.draw_given(random, members.births, members.sexes, generation, society.share_rare_character)
    for _ in range(5):
        again = _namesakes_at_home(members.household, given)
        given[again] = names.draw_given(random, members.births[again], members.sexes[again])
    return given


def _namesakes_at_home(household: Numbers, given: Texts) -> Numbers:
    """Who has the given name of somebody earlier in the same household: no family does that."""
    seen: set[tuple[int, str]] = set()
    found = []
    for place, key in enumerate(zip(household.tolist(), given, strict=True)):
        if key in seen:
            found.append(place)
        seen.add(key)
    return np.array(found, dtype=np.int64)


def _names(members: Members, surname: Texts, given: Texts, ethnic: Texts, streams: Streams) -> Texts:
    name = np.asarray(surname + given)
    head_place = np.zeros(members.household_count, dtype=np.int64)
    is_head = members.slots == HEAD
    head_place[members.household[is_head]] = np.flatnonzero(is_head)
    for group in (*names.DOTTED_GROUPS, names.TIBETAN):
        random = streams.named("names in parts", group)
        everyone = ethnic == group
        for here in (everyone & ~members.is_child, everyone & members.is_child):
            heads = head_place[members.household[here]]
            has_father = members.is_child[here] & (members.sexes[heads] == MALE)
            fathers = np.where(has_father, names.own_name(name[heads]), "")
            name[here] = names.draw_minority(random, group, members.sexes[here], texts(fathers))
    return name


def _birth_regions(people: Table, members: Members, households: Table, counties: Counties, streams: Streams) -> Texts:
    """The code, in the year of birth, of where each was born: mostly the county of the household."""
    random = streams.named("birth regions")
    count = len(people)
    at_home = random.random(count) < np.where(members.slots == SPOUSE, 0.5, 0.85)
    other = np.where(random.random(count) < 0.6, random.integers(0, counties.home, count), random.integers(0, len(counties), count))
    twins_home = members.is_twin | at_home
    born_in = np.where(twins_home, households["county"][people["household"]], other)
    return counties.code_in(born_in, years_of(people["birth"]))


def _share_numbers(people: Table, regions: Texts, noise: CitizenIdNoise, streams: Streams) -> None:
    """Numbers issued twice (重号): to people of one region, sex and birth date, as happened when they were written by hand."""
    keys = texts([f"{r}{s}{d}" for r, s, d in zip(regions, people["sex"], people["birth"], strict=True)])
    order = np.argsort(keys.astype(str), kind="stable")
    first, second = order[:-1], order[1:]
    near = (people["birth"][second] - people["birth"][first]).astype(np.int64) < 365
    is_candidate = (
        (regions[first] == regions[second])
        & (people["sex"][first] == people["sex"][second])
        & (people["household"][first] != people["household"][second])
        & near
        & (people["name"][first] != people["name"][second])
    )
    is_candidate[1::2] = False
    candidates = np.flatnonzero(is_candidate)
    wanted = min(round(len(people) * noise.shared_by_two / 100 / 2), len(candidates))
    drawn = streams.named("shared numbers").choice(candidates, wanted, replace=False)
    people["number"][second[drawn]] = people["number"][first[drawn]]
    people["birth"][second[drawn]] = people["birth"][first[drawn]]


def _deaths_before(people: Table, start: date, streams: Streams) -> Dates:
    """When those died who are dead on the first day: old, and within some years. NaT for all others."""
    random = streams.named("deaths before the first day")
    first = np.datetime64(start, "D")
    ages = (first - people["birth"]).astype(np.int64)
    back = 1 + (random.random(len(people)) * np.minimum(365 * DIED_WITHIN_YEARS, ages // 4)).astype(np.int64)
    return np.where(people["is_dead"], first - back, NEVER)


def _phones(people: Table, start: date, streams: Streams) -> Texts:
    phones = draw_phones(streams.named("phones"), len(people))
    old_enough = people["birth"] <= np.datetime64(start, "D") - 365 * PHONE_AGE
    return texts(np.where(old_enough, phones, ""))


def foreign_spouses(population: Population, society: Society, streams: Streams) -> None:
    """Turn a few wives and husbands into foreigners, who have no registration of a household."""
    people = population.people
    random = streams.named("foreign spouses")
    here = np.flatnonzero(
        (people["relation"] == "10") & ~people["is_dead"] & chosen(random, len(people), society.share_foreign_spouse)
    )
    people["name"][here] = names.draw_foreign(random, people["sex"][here])
    people["is_foreign"][here] = True
    people["number"][here] = ""
    people["former"][here] = ""
