"""Rows of ``health/death_certificate``: who has died, many without a number; more than the police have heard of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from jobs.samples.citizen_ids import compact
from jobs.samples.errors import distort_births, distort_sexes
from jobs.samples.registers.named import Named
from jobs.samples.registers.persons import written_names, written_numbers
from jobs.samples.registers.writer import Writer, undashed
from jobs.samples.streams import Numbers, chosen, texts
from jobs.samples.table import Column

KEY = "ZMBH"
PLACES = ("医疗卫生机构", "来院途中", "家中", "养老服务机构", "其他场所")
PLACE_WEIGHTS = (0.32, 0.03, 0.55, 0.07, 0.03)

NAMED = (Named("_person", KEY, "SFZH", "XM", "CSRQ", address="ZHDZ"),)


def first_death_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """Certificates of the first day: most of those who died before it."""
    people = writer.population.people
    is_certified = chosen(writer.streams.named("death certificates"), len(people), writer.society.share_deaths_certified)
    dead = np.flatnonzero(people["is_dead"] & is_certified & (people["died"] < np.datetime64(start, "D")))
    return death_rows(writer, dead[np.argsort(people["died"][dead], kind="stable")])


def death_rows(writer: Writer, who: Numbers) -> Mapping[str, Column]:
    """Rows as they are first written. The last address is the registered one, or one where the person lived before."""
    population, noise = writer.population, writer.noise
    people, counties = population.people, population.counties
    random = writer.errors(KEY)
    count, died = len(who), compact(people["died"][who])
    home = people["household"][who]
    is_old = chosen(random, count, noise.contact.address_out_of_date / 100)
    old = writer.other_addresses(random, population.households["county"][home] % counties.home)
    seconds = random.integers(0, 24 * 3600, count).tolist()
    places = np.searchsorted(np.cumsum(PLACE_WEIGHTS), random.random(count) * sum(PLACE_WEIGHTS), side="right")
    serials = writer.next_serials(KEY, count).tolist()
    return {
        KEY: texts([f"37{day[:4]}{serial:08d}" for day, serial in zip(died, serials, strict=True)]),
        "XM": written_names(writer, random, who),
        "SFZH": written_numbers(writer, random, who, absent=noise.citizen_id.absent_on_death_certificate),
        "XB": distort_sexes(random, people["sex"][who], noise.other.sex_wrong),
        "CSRQ": distort_births(random, people["birth"][who], noise.birth_date, undashed, year_only=0),
        "SWSJ": texts([f"{d}{s // 3600:02d}{s // 60 % 60:02d}{s % 60:02d}" for d, s in zip(died, seconds, strict=True)]),
        "SWDD": texts(PLACES)[places],
        "ZHDZ": texts(np.where(is_old, old, population.households["address"][home])),
        "_person": who,
    }
