"""Legal entities as they really are: firms, their branches, household businesses, social organisations, public bodies."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from jobs.samples import firm_names
from jobs.samples.firm_names import Prefixes
from jobs.samples.people import NOBODY, Population
from jobs.samples.settings import Economy
from jobs.samples.streams import Flags, Numbers, Texts
from jobs.samples.table import Table

COMPANY, BRANCH, HOUSEHOLD, SOCIAL, BODY = "company", "branch", "household", "social", "body"
REGISTERED_FIRMS = (COMPANY, BRANCH, HOUSEHOLD)
"""Kinds that the market regulator registers."""

GOVERNMENT = "1"
"""Form of a body that is part of the government: it decides on licences and penalties. There is always one."""


@dataclass
class Firms:
    """Every legal entity, by place. Names, numbers and whereabouts are what is true.

    ``entities``: kind, form (second character of the unified code), unified, organisation, registration, old_tax, certificate
    (numbers, empty where there is none), name, prefix (what the name begins with to say where it is), former, county, address,
    phone, representative (a person's place, or NOBODY), parent (of a branch, or NOBODY), industry, type, capital (10,000 yuan),
    establishment (headcount of a body), founded, is_gone, is_revoked.
    """

    entities: Table
    prefixes: Prefixes
    names: set[str]
    """All that were ever given to a firm, so that no two are alike by chance."""
    offsets: tuple[int, int]
    """Where the running numbers of old and new organisation codes begin."""
    economy: Economy
    employers: Numbers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Places of those that employ people: companies, organisations and public bodies that were there on the first day."""
    busy: Flags = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def __len__(self) -> int:
        return len(self.entities)

    def are(self, *kinds: str) -> Flags:
        """Which entities are of one of the kinds and still there."""
        return np.isin(self.entities["kind"].astype(str), kinds) & ~self.entities["is_gone"]

    def is_free(self, *kinds: str) -> Flags:
        """Which of the kinds are there and have had no event today."""
        return self.are(*kinds) & ~self.busy

    def renamed_share(self, rate: float) -> float:
        """For entities with a former name, the chance that a record has it, so that it is ``rate`` per cent of all records."""
        share = float((self.entities["former"] != "").mean()) if len(self) else 0.0
        return min(1.0, rate / 100 / share) if share else 0.0


def adults_of(population: Population, day: date) -> Numbers:
    """People from 20 to 74 who are alive and have a citizen ID: who may represent a firm or hold a share."""
    people, ages = population.people, population.ages(day)
    return np.flatnonzero(~people["is_dead"] & ~people["is_foreign"] & (people["number"] != "") & (ages >= 20) & (ages < 75))


def draw_adults(random: np.random.Generator, population: Population, day: date, count: int) -> Numbers:
    """Any grown people; NOBODY where the country has none."""
    adults = adults_of(population, day)
    return adults[random.integers(0, len(adults), count)] if len(adults) else np.full(count, NOBODY)


def draw_company_names(
    firms: Firms, random: np.random.Generator, county: Numbers, industry: Texts, forms: Texts
) -> tuple[Texts, Texts]:
    """Names that no firm ever had, and their prefixes; adds them to the names that are taken."""
    names, prefixes = firm_names.draw_firm_names(random, firms.prefixes, county, industry, forms)
    for _ in range(20):
        again = _taken(names, firms.names)
        if not len(again):
            break
        names[again], prefixes[again] = firm_names.draw_firm_names(
            random, firms.prefixes, county[again], industry[again], forms[again]
        )
    firms.names.update(names)
    return names, prefixes


def _taken(names: Texts, taken: set[str]) -> Numbers:
    """Places of names that somebody has, or that stand here a second time."""
    seen: set[str] = set()
    found = []
    for place, name in enumerate(names):
        if name in taken or name in seen:
            found.append(place)
        seen.add(name)
    return np.array(found, dtype=np.int64)
