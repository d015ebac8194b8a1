"""Births: new people in the household of the mother, registered within a month, each with a number of its own."""

from __future__ import annotations

import numpy as np

from jobs.samples import names
from jobs.samples.citizen_ids import issue
from jobs.samples.households import DAUGHTER, NEVER, UNMARRIED
from jobs.samples.names import FEMALE, MALE
from jobs.samples.registers.household import household_rows, updated_today
from jobs.samples.registers.writer import days, how_many
from jobs.samples.streams import Dates, Numbers, Texts, chosen, texts, years_of
from jobs.samples.world import Today, World

NOBODY = -1
SON, GRANDCHILD = "20", "40"
MOTHERS_FROM, MOTHERS_TO = 20, 45
REGISTERED_WITHIN_DAYS = 30


def births(world: World, today: Today) -> None:
    """Married women have children; a few have twins, born on the same day."""
    population = world.population
    people = population.people
    mothers = _mothers(world, today)
    mothers = np.sort(np.concatenate([mothers, mothers[chosen(today.random, len(mothers), world.writer.society.twin_births)]]))
    count = len(mothers)
    if not count:
        return
    born = _born(today, mothers)
    sexes = np.where(today.random.random(count) < 0.52, MALE, FEMALE)
    surname, given, name = _names(world, today, mothers, born, sexes)
    household = people["household"][mothers]
    regions = population.counties.code_in(population.households["county"][household], years_of(born))
    is_own_household = np.isin(people["relation"][mothers].astype(str), ("02", "10"))
    relation = np.where(is_own_household, np.where(sexes == MALE, SON, DAUGHTER), GRANDCHILD)
    children = people.append(
        {
            "household": household,
            "sex": sexes,
            "birth": born,
            "surname": surname,
            "given": given,
            "name": name,
            "former": texts([""] * count),
            "ethnic": people["ethnic"][mothers],
            "relation": texts(relation),
            "marital": texts([UNMARRIED] * count),
            "education": texts([""] * count),
            "spouse": np.full(count, NOBODY),
            "mother": mothers,
            "father": people["spouse"][mothers],
            "wedding": np.full(count, NEVER),
            "is_dead": np.zeros(count, dtype=bool),
            "died": np.full(count, NEVER),
            "is_foreign": np.zeros(count, dtype=bool),
            "number": issue(today.random, regions, born, sexes, population.numbers),
            "phone": texts([""] * count),
        }
    )
    written_at = updated_today(today.random, today.day, count)
    rows = household_rows(world.writer, children, people["number"][children], household, written_at)
    world.households.insert(rows, today.day)


def _mothers(world: World, today: Today) -> Numbers:
    people, ages = world.population.people, world.population.ages(today.day)
    fit = (people["sex"] == FEMALE) & (people["spouse"] != NOBODY) & ~people["is_foreign"]
    candidates = np.flatnonzero(fit & world.is_free() & (ages >= MOTHERS_FROM) & (ages < MOTHERS_TO))
    wanted = min(how_many(today.random, len(people), today.life.births), len(candidates))
    mothers = np.sort(today.random.choice(candidates, wanted, replace=False))
    world.busy[mothers] = True
    return mothers


def _born(today: Today, mothers: Numbers) -> Dates:
    """Birth dates; twins of one mother have the same."""
    before = today.random.integers(1, REGISTERED_WITHIN_DAYS + 1, len(mothers))
    _, first = np.unique(mothers, return_inverse=True)
    return days(today.day, len(mothers)) - before[first]


def _names(world: World, today: Today, mothers: Numbers, born: Dates, sexes: Numbers) -> tuple[Texts, Texts, Texts]:
    """Surname, given name and whole name, after the father."""
    people = world.population.people
    fathers = people["spouse"][mothers]
    surname = np.where(people["is_foreign"][fathers], people["surname"][mothers], people["surname"][fathers])
    given = names.draw_given(today.random, born, sexes, rare=world.writer.society.share_rare_character)
    for _ in range(5):
        again = np.flatnonzero((mothers[1:] == mothers[:-1]) & (given[1:] == given[:-1])) + 1
        given[again] = names.draw_given(today.random, born[again], sexes[again])
    name = np.asarray(surname + given)
    ethnic = people["ethnic"][mothers]
    for group in (*names.DOTTED_GROUPS, names.TIBETAN):
        here = ethnic == group
        own = texts(np.where(people["is_foreign"][fathers[here]], "", names.own_name(people["name"][fathers[here]])))
        name[here] = names.draw_minority(today.random, group, sexes[here], own)
    return texts(surname), given, name
