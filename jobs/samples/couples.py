"""Marriages and divorces: a certificate, two changed marital states, and for some another household."""

from __future__ import annotations

import numpy as np

from jobs.samples.households import DIVORCED, MARRIED_ONCE, NEVER, REMARRIED, UNMARRIED
from jobs.samples.names import FEMALE, MALE
from jobs.samples.people import household_columns
from jobs.samples.registers.marriage import DIVORCE, MARRIAGE, marriage_rows
from jobs.samples.registers.writer import chance, days, how_many
from jobs.samples.streams import Numbers, chosen, texts
from jobs.samples.world import Today, World

NOBODY = -1
HEAD, WIFE_OF_HEAD, OTHER_RELATIVE = "02", "10", "80"
MARRY_FROM, MARRY_TO = 22, 46
SHARE_MOVING = 0.6
"""Of new wives and of divorced ones: the registration moves too."""


def marriages(world: World, today: Today) -> None:
    """Unmarried men and women of about the same age marry; many wives move to the husband's household."""
    people, ages = world.population.people, world.population.ages(today.day)
    eligible = world.is_free() & ~people["is_foreign"] & (people["spouse"] == NOBODY) & (ages >= MARRY_FROM) & (ages < MARRY_TO)
    men = np.flatnonzero(eligible & (people["sex"] == MALE))
    women = np.flatnonzero(eligible & (people["sex"] == FEMALE))
    count = min(how_many(today.random, int(eligible.sum()), today.life.marriages), len(men), len(women))
    grooms, brides = (_by_age(world, today.random.choice(side, count, replace=False)) for side in (men, women))
    strangers = people["household"][grooms] != people["household"][brides]
    grooms, brides = grooms[strangers], brides[strangers]
    count = len(grooms)
    people["spouse"][grooms], people["spouse"][brides] = brides, grooms
    for side in (grooms, brides):
        before = people["marital"][side]
        people["marital"][side] = np.where(before == UNMARRIED, MARRIED_ONCE, REMARRIED)
        people["wedding"][side] = days(today.day, count)
        world.busy[side] = True
    rows = marriage_rows(world.writer, grooms, brides, days(today.day, count), texts([MARRIAGE] * count))
    world.marriages.insert(rows, today.day)
    moving = chosen(today.random, count, SHARE_MOVING)
    hosts = grooms[moving]
    relation = np.where(people["relation"][hosts] == HEAD, WIFE_OF_HEAD, OTHER_RELATIVE)
    people["household"][brides[moving]] = people["household"][hosts]
    people["relation"][brides[moving]] = texts(relation)
    _tell_police(world, np.concatenate([grooms, brides]), today)


def divorces(world: World, today: Today) -> None:
    """Couples divorce; many of those who are not the head get a household of their own."""
    population = world.population
    people = population.people
    is_wife = (people["sex"] == FEMALE) & (people["spouse"] != NOBODY)
    wives = chance(today.random, is_wife & world.is_free() & ~world.busy[people["spouse"]], today.life.divorces)
    husbands = people["spouse"][wives]
    count = len(wives)
    for side in (wives, husbands):
        people["spouse"][side] = NOBODY
        people["marital"][side] = DIVORCED
        people["wedding"][side] = NEVER
        world.busy[side] = True
    rows = marriage_rows(world.writer, husbands, wives, days(today.day, count), texts([DIVORCE] * count))
    world.marriages.insert(rows, today.day)
    leaving = np.where(people["relation"][wives] == HEAD, husbands, wives)
    leaving = leaving[chosen(today.random, count, SHARE_MOVING) & ~people["is_foreign"][leaving]]
    county = population.households["county"][people["household"][leaving]]
    rural = population.households["rural"][people["household"][leaving]]
    people["household"][leaving] = population.households.append(
        household_columns(today.random, population.counties, county, rural, len(population.households) + 1)
    )
    people["relation"][leaving] = HEAD
    _tell_police(world, np.concatenate([husbands, wives]), today)


def _by_age(world: World, who: Numbers) -> Numbers:
    who = np.sort(who)
    return who[np.argsort(world.population.people["birth"][who], kind="stable")]


def _tell_police(world: World, who: Numbers, today: Today) -> None:
    """The household register takes over marital state and household."""
    people, households = world.population.people, world.population.households
    who = who[~people["is_foreign"][who]]
    home = people["household"][who]
    world.update_households(
        who,
        {
            "HYZK": people["marital"][who],
            "HH": households["number"][home],
            "HKDZ": households["address"][home],
            "HKQH": world.writer.county_codes(households["county"][home]),
            "YHZGX": people["relation"][who],
        },
        today,
    )
