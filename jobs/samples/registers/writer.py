"""What all registers share when a row is written: who writes it, by which settings, with which chances."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from jobs.samples.addresses import draw_addresses
from jobs.samples.cadastre import Cadastre
from jobs.samples.citizen_ids import compact
from jobs.samples.firms import Firms
from jobs.samples.people import Population
from jobs.samples.register import Register
from jobs.samples.registers.named import NOBODY
from jobs.samples.settings import Noise, Society
from jobs.samples.streams import Dates, Flags, Numbers, Streams, Texts, texts

YEARS_BACK = 20

HEAD = "02"
"""Relation to the head of the household, GB/T 4761: the head."""

SLOW_CLOCK_MINUTES = 10
"""So much behind is the clock by which the first new row of a day is written in a database. Pulls reach back further."""


@dataclass
class Writer:
    """The clerks of all departments, and the registers they keep, by dataset in the order of delivery.

    ``serials`` count what has a running number, by its name. ``cadastre`` is the land, as far as anything stands on it.
    """

    population: Population
    firms: Firms
    society: Society
    noise: Noise
    streams: Streams
    registers: dict[str, Register] = field(default_factory=dict)
    serials: dict[str, int] = field(default_factory=dict)
    cadastre: Cadastre = field(init=False)

    def __post_init__(self) -> None:
        self.cadastre = Cadastre(self.population.counties)

    def next_serials(self, name: str, count: int) -> Numbers:
        """The next ``count`` running numbers, from 1."""
        first = self.serials.get(name, 0) + 1
        self.serials[name] = first + count - 1
        return np.arange(first, first + count)

    def renamed_share(self) -> float:
        """For people with a former name, the chance that a record has it, so that it is the rate of ``former`` over all records."""
        people = self.population.people
        share = float((people["former"] != "").mean())
        return min(1.0, self.noise.person_name.former / 100 / share) if share else 0.0

    def uncancelled_share(self) -> float:
        """For the dead, the chance that the registration is alive, so that it is the rate over all registrations."""
        share = float(self.population.people["is_dead"].mean())
        return min(1.0, self.noise.other.death_not_cancelled / 100 / share) if share else 0.0

    def errors(self, name: str) -> np.random.Generator:
        """The chances of the rows that get the next running numbers of ``name``."""
        return self.streams.named("errors", name, self.serials.get(name, 0))

    def county_codes(self, counties: Numbers) -> Texts:
        """Today's codes of counties."""
        return np.asarray(self.population.counties.current_codes[counties])

    def other_addresses(self, random: np.random.Generator, counties: Numbers) -> Texts:
        """Addresses in towns of these counties, where nobody need live."""
        return draw_addresses(random, self.population.counties, counties, np.zeros(len(counties), dtype=bool))

    def heads_of_households(self) -> Numbers:
        """For each household, its head if alive and registered (a place among people), else NOBODY."""
        people = self.population.people
        heads = np.flatnonzero((people["relation"] == HEAD) & ~people["is_dead"] & ~people["is_foreign"])
        found = np.full(len(self.population.households), NOBODY)
        found[people["household"][heads]] = heads
        return found


def dashed(year: Numbers, month: Numbers, day: Numbers) -> Texts:
    """``yyyy-mm-dd``."""
    return texts([f"{y:04d}-{m:02d}-{d:02d}" for y, m, d in zip(year.tolist(), month.tolist(), day.tolist(), strict=True)])


def undashed(year: Numbers, month: Numbers, day: Numbers) -> Texts:
    """``yyyymmdd``."""
    return texts([f"{y:04d}{m:02d}{d:02d}" for y, m, d in zip(year.tolist(), month.tolist(), day.tolist(), strict=True)])


def iso(dates: Dates) -> Texts:
    """Dates as ``yyyy-mm-dd``."""
    return texts(dates.astype("datetime64[D]").astype(str))


def stamps(random: np.random.Generator, days: Dates) -> Texts:
    """Times in office hours of each day, ``yyyymmddHHMMSS``."""
    seconds = random.integers(8 * 3600, 18 * 3600, len(days)).tolist()
    return texts([f"{d}{s // 3600:02d}{s // 60 % 60:02d}{s % 60:02d}" for d, s in zip(compact(days), seconds, strict=True)])


def written_at(random: np.random.Generator, days: Dates) -> Texts:
    """Times at any hour of each day by the clock of a database in China, ISO 8601 with zone."""
    times = days.astype("datetime64[D]").astype("datetime64[s]") + random.integers(0, 24 * 3600, len(days))
    return texts([f"{time}+08:00" for time in times.astype(str)])


def inserted_at(random: np.random.Generator, days: Dates) -> Texts:
    """As `written_at`; the first row is written at midnight by a slow clock, so that it seems to be of the day before.

    New rows only: what is written later into a row is later by its clock too.
    """
    found = written_at(random, days)
    if len(days):
        midnight = days[0].astype("datetime64[D]").astype("datetime64[s]")
        found[0] = f"{midnight - np.timedelta64(60 * SLOW_CLOCK_MINUTES, 's')}+08:00"
    return found


def days(day: date, count: int) -> Dates:
    """The same day for each of ``count``."""
    return np.full(count, np.datetime64(day, "D"))


def days_back(writer: Writer, what: str, start: date, count: int) -> Dates:
    """Days before the first on which rows of the first day were written, within `YEARS_BACK` years."""
    random = writer.streams.named("first written", what)
    return np.asarray(np.datetime64(start, "D") - random.integers(1, 365 * YEARS_BACK, count))


def how_many(random: np.random.Generator, count: int, per_mille: float) -> int:
    """To how many of ``count`` something happens today. Counted, not drawn from a binomial, which is libm's."""
    return int((random.random(count) < per_mille / 1000).sum())


def chance(random: np.random.Generator, eligible: Flags, per_mille: float) -> Numbers:
    """Places of those of the eligible to whom something happens today, in order."""
    return np.flatnonzero(eligible & (random.random(len(eligible)) < per_mille / 1000))
