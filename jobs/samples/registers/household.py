"""Rows of ``public_security/household_register``: everybody who is registered, the dead with their registration cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from jobs.samples.citizen_ids import issue
from jobs.samples.errors import distort_births, distort_names, distort_numbers, distort_sexes
from jobs.samples.registers.named import Named
from jobs.samples.registers.writer import Writer, days, stamps, undashed
from jobs.samples.streams import Dates, Numbers, Texts, chosen, texts, years_of
from jobs.samples.table import Column

DEAD = "1"
YEARS_BACK = 8
"""Registrations of the first day were last written within so many years."""

NAMED = (Named("_person", "RYBH", "GMSFHM", "XM", "CSRQ", address="HKDZ"),)


def first_household_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """The register of the first day: a row for each person, for a few a second one under another number (双户口)."""
    people = writer.population.people
    registered = np.flatnonzero(~people["is_foreign"])
    random = writer.streams.named("household register", "second registrations")
    twice = registered[chosen(random, len(registered), writer.noise.citizen_id.person_with_two / 100)]
    twice = twice[~people["is_dead"][twice]]
    written = writer.streams.named("household register", "written at")
    everyone = np.concatenate([registered, twice])
    ages = np.minimum(
        written.integers(1, 365 * YEARS_BACK, len(everyone)),
        np.maximum((np.datetime64(start, "D") - people["birth"][everyone]).astype(np.int64) - 1, 1),
    )
    updated = stamps(written, np.datetime64(start, "D") - ages)
    numbers = np.concatenate([people["number"][registered], _second_numbers(writer, random, twice)])
    households = np.concatenate([people["household"][registered], _other_households(writer, random, len(twice))])
    return household_rows(writer, everyone, numbers, households, updated)


def household_rows(writer: Writer, who: Numbers, numbers: Texts, households: Numbers, updated: Texts) -> Mapping[str, Column]:
    """Rows as they are first written; ``_number`` is the number that was issued."""
    people, noise = writer.population.people, writer.noise
    random = writer.errors("RYBH")
    births = people["birth"][who]
    home = writer.population.households
    uncancelled = chosen(random, len(who), writer.uncancelled_share())
    return {
        "RYBH": texts([f"3701{serial:010d}" for serial in writer.next_serials("RYBH", len(who))]),
        "GMSFHM": distort_numbers(random, numbers, births, noise.citizen_id, absent=0, may_be_short=True),
        "XM": distort_names(random, people["name"][who], people["ethnic"][who], noise.person_name),
        "CYM": people["former"][who].copy(),
        "XB": distort_sexes(random, people["sex"][who], noise.other.sex_wrong),
        "MZ": people["ethnic"][who].copy(),
        "CSRQ": distort_births(random, births, noise.birth_date, undashed, year_only=0),
        "HKQH": writer.county_codes(home["county"][households]),
        "HKDZ": home["address"][households].copy(),
        "HH": home["number"][households].copy(),
        "YHZGX": people["relation"][who].copy(),
        "HYZK": people["marital"][who].copy(),
        "WHCD": people["education"][who].copy(),
        "ZXBZ": texts(np.where(people["is_dead"][who] & ~uncancelled, DEAD, "")),
        "GXSJ": updated,
        "_person": who,
        "_number": numbers,
    }


def updated_today(random: np.random.Generator, day: date, count: int) -> Texts:
    """Times at which rows were written on ``day``."""
    return stamps(random, days(day, count))


def _second_numbers(writer: Writer, random: np.random.Generator, twice: Numbers) -> Texts:
    """Another number for each, issued in another county."""
    people, counties = writer.population.people, writer.population.counties
    births: Dates = people["birth"][twice]
    elsewhere = random.integers(0, len(counties), len(twice))
    regions = counties.code_in(elsewhere, years_of(births))
    return issue(random, regions, births, people["sex"][twice], writer.population.numbers)


def _other_households(writer: Writer, random: np.random.Generator, count: int) -> Numbers:
    return random.integers(0, len(writer.population.households), count)
