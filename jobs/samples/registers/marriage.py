"""Rows of ``civil_affairs/marriage_register``: certificates of marriage and divorce, each naming a man and a woman."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from jobs.samples.citizen_ids import compact
from jobs.samples.errors import distort_births, distort_names, distort_numbers
from jobs.samples.households import DIVORCED
from jobs.samples.names import MALE
from jobs.samples.registers.named import Named
from jobs.samples.registers.writer import Writer, dashed, iso
from jobs.samples.streams import Dates, Numbers, Texts, chosen, texts
from jobs.samples.table import Column

MARRIAGE, DIVORCE = "1", "2"
PREFIXES = {MARRIAGE: "J", DIVORCE: "L"}
CHINA, ABROAD = "156", ("840", "410", "704", "250")
"""Countries by GB/T 2659 (numeric)."""

DIGITAL_SINCE = np.datetime64("1985-01-01", "D")
MARRIAGE_AGE_DAYS = 22 * 366
NAMED = (
    Named("_male", "HYDJZH", "NAN_SFZH", "NAN_XM", "NAN_CSRQ", role="male"),
    Named("_female", "HYDJZH", "NV_SFZH", "NV_XM", "NV_CSRQ", role="female"),
)


def first_marriage_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """Certificates of the first day: most couples that married since 1985, and both certificates of some who have divorced."""
    people = writer.population.people
    random = writer.streams.named("marriage register")
    is_couple = (people["spouse"] > np.arange(len(people))) & (people["wedding"] >= DIGITAL_SINCE)
    couples = np.flatnonzero(is_couple & chosen(random, len(people), writer.society.share_couples_certified))
    former_men, former_women, married, divorced = _former_couples(writer, random, start)
    men = np.concatenate([_men(writer, couples), former_men, former_men])
    women = np.concatenate([_women(writer, couples), former_women, former_women])
    dates = np.concatenate([people["wedding"][couples], married, divorced])
    kinds = texts([MARRIAGE] * (len(couples) + len(former_men)) + [DIVORCE] * len(former_men))
    order = np.argsort(dates, kind="stable")
    return marriage_rows(writer, men[order], women[order], dates[order], kinds[order])


def marriage_rows(writer: Writer, men: Numbers, women: Numbers, dates: Dates, kinds: Texts) -> Mapping[str, Column]:
    """Rows as they are first written."""
    random = writer.errors("HYDJZH")
    households = writer.population.households["county"][writer.population.people["household"][men]]
    home = np.where(households < writer.population.counties.home, households, 0)
    certificates = zip(
        kinds, writer.county_codes(home), compact(dates), writer.next_serials("HYDJZH", len(men)).tolist(), strict=True
    )
    return {
        "HYDJZH": texts([f"{PREFIXES[kind]}{region}-{on[:4]}-{serial:07d}" for kind, region, on, serial in certificates]),
        **_person_columns(writer, random, "NAN", men),
        **_person_columns(writer, random, "NV", women),
        "DJRQ": iso(dates),
        "YWLX": kinds,
        "_male": men,
        "_female": women,
    }


def _person_columns(writer: Writer, random: np.random.Generator, side: str, who: Numbers) -> Mapping[str, Column]:
    people, noise = writer.population.people, writer.noise
    births, is_foreign = people["birth"][who], people["is_foreign"][who]
    abroad = texts(ABROAD)[random.integers(0, len(ABROAD), len(who))]
    return {
        f"{side}_XM": distort_names(
            random, people["name"][who], people["ethnic"][who], noise.person_name, people["former"][who], writer.renamed_share()
        ),
        f"{side}_SFZH": distort_numbers(random, people["number"][who], births, noise.citizen_id, absent=0, may_be_short=True),
        f"{side}_CSRQ": distort_births(random, births, noise.birth_date, dashed, year_only=0),
        f"{side}_GJ": texts(np.where(is_foreign, abroad, CHINA)),
    }


def _men(writer: Writer, couples: Numbers) -> Numbers:
    people = writer.population.people
    return np.where(people["sex"][couples] == MALE, couples, people["spouse"][couples])


def _women(writer: Writer, couples: Numbers) -> Numbers:
    people = writer.population.people
    return np.where(people["sex"][couples] == MALE, people["spouse"][couples], couples)


def _former_couples(writer: Writer, random: np.random.Generator, start: date) -> tuple[Numbers, Numbers, Dates, Dates]:
    """Divorced men and women of about the same age, with the days of their wedding and divorce."""
    people = writer.population.people
    is_divorced = (people["marital"] == DIVORCED) & ~people["is_dead"]
    by_age = np.argsort(people["birth"], kind="stable")
    men = by_age[(is_divorced & (people["sex"] == MALE))[by_age]]
    women = by_age[(is_divorced & (people["sex"] != MALE))[by_age]]
    count = min(len(men), len(women))
    men, women = men[-count:] if count else men[:0], women[-count:] if count else women[:0]
    youngest = np.maximum(people["birth"][men], people["birth"][women]).astype("datetime64[D]")
    married = youngest + MARRIAGE_AGE_DAYS + random.integers(0, 2000, count)
    divorced = married + random.integers(300, 3000, count)
    is_possible = (divorced < np.datetime64(start, "D")) & (married >= DIGITAL_SINCE)
    apart = np.abs((people["birth"][men] - people["birth"][women]).astype(np.int64)) < 12 * 365
    kept = is_possible & apart & (people["household"][men] != people["household"][women])
    return men[kept], women[kept], married[kept], divorced[kept]
