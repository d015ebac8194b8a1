"""Rows of ``health/birth_certificate``: newborns, some without a name yet, with their mother and, if he is known, father."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from jobs.samples.errors import distort_names, distort_sexes
from jobs.samples.registers.named import NOBODY, Named
from jobs.samples.registers.persons import written_names, written_numbers
from jobs.samples.registers.writer import Writer, iso
from jobs.samples.streams import Dates, Numbers, Texts, chosen, texts
from jobs.samples.table import Column

KEY = "b:CertificateNo"
NEWBORN_NAME = "b:Newborn/b:Name"
UNNAMED = "暂未取名"
DIGITAL_SINCE = np.datetime64("2016-01-01", "D")
HOSPITALS = ("人民医院", "妇幼保健院", "中医医院", "中心医院")

NAMED = (
    Named("_newborn", KEY, None, NEWBORN_NAME, "b:Newborn/b:BornAt", role="newborn"),
    Named("_mother", KEY, "b:Mother/b:IdNumber", "b:Mother/b:Name", role="mother"),
    Named("_father", KEY, "b:Father/b:IdNumber", "b:Father/b:Name", role="father"),
)


def first_birth_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """Certificates of the first day: most of the children that were born since certificates are digital."""
    people = writer.population.people
    random = writer.streams.named("birth certificates")
    is_certified = chosen(random, len(people), writer.society.share_births_certified)
    is_child = (people["birth"] >= DIGITAL_SINCE) & (people["birth"] < np.datetime64(start, "D"))
    return birth_rows(writer, np.flatnonzero(is_child & is_certified & (people["mother"] != NOBODY)))


def birth_rows(writer: Writer, newborns: Numbers) -> Mapping[str, Column]:
    """Rows as they are first written. A newborn has no number yet."""
    people, noise = writer.population.people, writer.noise
    random = writer.errors(KEY)
    count = len(newborns)
    mothers, fathers = people["mother"][newborns], people["father"][newborns]
    names = distort_names(random, people["name"][newborns], people["ethnic"][newborns], noise.person_name)
    names[chosen(random, count, noise.person_name.newborn_unnamed / 100)] = UNNAMED
    absent = noise.citizen_id.absent_of_parents
    hospital, hospital_code = _hospitals(writer, random, mothers)
    return {
        KEY: texts([f"W37{serial:07d}" for serial in writer.next_serials(KEY, count)]),
        NEWBORN_NAME: names,
        "b:Newborn/b:Sex": distort_sexes(random, people["sex"][newborns], noise.other.sex_wrong),
        "b:Newborn/b:BornAt": _born_at(random, people["birth"][newborns]),
        "b:Mother/b:Name": written_names(writer, random, mothers),
        "b:Mother/b:IdNumber": written_numbers(writer, random, mothers, absent=absent),
        "b:Father/b:Name": written_names(writer, random, fathers),
        "b:Father/b:IdNumber": written_numbers(writer, random, fathers, absent=absent),
        "b:Hospital/b:Name": hospital,
        "b:Hospital/@region": hospital_code,
        "_newborn": newborns,
        "_mother": mothers,
        "_father": fathers,
    }


def _born_at(random: np.random.Generator, births: Dates) -> Texts:
    """Day and time, ``yyyy-mm-ddThh:mm:ss``."""
    minutes = random.integers(0, 24 * 60, len(births)).tolist()
    return texts([f"{day}T{m // 60:02d}:{m % 60:02d}:00" for day, m in zip(iso(births), minutes, strict=True)])


def _hospitals(writer: Writer, random: np.random.Generator, mothers: Numbers) -> tuple[Texts, Texts]:
    """Name and region of a hospital in the mother's county; in a home county for who comes from elsewhere."""
    population = writer.population
    county = population.households["county"][population.people["household"][mothers]]
    other = random.integers(0, population.counties.home, len(mothers))
    county = np.where(county < population.counties.home, county, other)
    kinds = texts(HOSPITALS)[random.integers(0, len(HOSPITALS), len(mothers))]
    return texts(population.counties.full_names[county] + kinds), writer.county_codes(county)
