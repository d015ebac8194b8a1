"""Who holds a right in a real-estate unit: one person, a couple, several of a family who inherited it, or a firm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jobs.samples.firms import BODY, COMPANY, SOCIAL, Firms
from jobs.samples.people import NOBODY, Population
from jobs.samples.streams import Flags, Numbers, chosen, texts
from jobs.samples.table import Column

ADULT_AGE = 18
MOST_HEIRS = 4
SHARE_WITH_SPOUSE, SHARE_INHERITED, SHARE_JOINT = 0.6, 0.04, 0.8
"""Of units of people: held with the spouse (of those who have one), by several of the family, and without shares of their own."""

SHARE_OF_FIRMS = 0.04
"""Of units: held by a company, an organisation or a public body."""


@dataclass(frozen=True)
class Holders:
    """Of each unit, its holders as places among people and among firms (tuples of one length: NOBODY where it is the other).

    ``is_joint``: they hold it without shares of their own.
    """

    people: Column
    firms: Column
    is_joint: Flags

    def only(self, units: Numbers) -> Holders:
        """Those of some units."""
        return Holders(self.people[units], self.firms[units], self.is_joint[units])


def draw_holders(random: np.random.Generator, population: Population, firms: Firms, first: Numbers, is_adult: Flags) -> Holders:
    """Holders of units: the ``first`` of each is given, unless a firm comes in between."""
    count = len(first)
    spouses = population.people["spouse"][first]
    with_spouse = chosen(random, count, SHARE_WITH_SPOUSE) & (spouses != NOBODY)
    with_spouse &= is_adult[np.where(spouses == NOBODY, first, spouses)]
    is_inherited = chosen(random, count, SHARE_INHERITED) & ~with_spouse
    is_joint = chosen(random, count, SHARE_JOINT) & ~is_inherited
    groups: list[tuple[int, ...]] = [
        (person, spouse) if both else (person,)
        for person, spouse, both in zip(first.tolist(), spouses.tolist(), with_spouse.tolist(), strict=True)
    ]
    for place in np.flatnonzero(is_inherited):
        groups[place] = _with_family(population, groups[place][0], is_adult)
    there = np.flatnonzero(firms.are(COMPANY, SOCIAL, BODY))
    is_firm = chosen(random, count, SHARE_OF_FIRMS) & (len(there) > 0)
    owners = there[random.integers(0, max(len(there), 1), count)] if len(there) else np.full(count, NOBODY)
    pairs = list(zip(groups, owners.tolist(), is_firm.tolist(), strict=True))
    return Holders(
        texts([(NOBODY,) if firm else group for group, _, firm in pairs]),
        texts([(owner,) if firm else (NOBODY,) * len(group) for group, owner, firm in pairs]),
        is_joint,
    )


def adults(population: Population, day: np.datetime64) -> Flags:
    """Who is alive and grown up."""
    people = population.people
    return np.asarray((people["birth"] <= day - 365 * ADULT_AGE) & ~people["is_dead"])


def _with_family(population: Population, person: int, is_adult: Flags) -> tuple[int, ...]:
    """The person and other adults of the household, four together at most."""
    people = population.people
    others = np.flatnonzero((people["household"] == people["household"][person]) & is_adult)
    return (person, *[other for other in others.tolist() if other != person][: MOST_HEIRS - 1])
