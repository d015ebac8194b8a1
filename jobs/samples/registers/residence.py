"""Rows of ``public_security/residence_registration``: people who live away from their registered home."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from jobs.samples.addresses import draw_addresses
from jobs.samples.errors import distort_births, distort_names, distort_numbers, distort_sexes
from jobs.samples.registers.named import Named
from jobs.samples.registers.persons import phones_of_relatives
from jobs.samples.registers.writer import Writer, dashed, iso
from jobs.samples.streams import Dates, Flags, Numbers, Texts, chosen, lists, texts
from jobs.samples.table import Column

SHARE_AWAY_FROM_ELSEWHERE = 0.9
"""Of people registered in another prefecture: they live in the home counties (or the police there would not know them)."""

TERM_DAYS = 365
NAMED = (
    Named("_person", "djbh", "person.id", "person.name", "person.birth", phone="contacts[].phone", address="residence.address"),
)


def first_residence_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """The registrations of the first day: whole families and single people, some with an older one that was never closed."""
    random = writer.streams.named("residence registrations")
    population = writer.population
    who, with_family = _who_is_away(writer, random)
    second = who[chosen(random, len(who), writer.society.share_second_registration)]
    households = population.people["household"]
    family_county = random.integers(0, population.counties.home, len(population.households))
    family_address = draw_addresses(random, population.counties, family_county, np.zeros(len(population.households), dtype=bool))
    own_county = random.integers(0, population.counties.home, len(who))
    own_address = draw_addresses(random, population.counties, own_county, np.zeros(len(who), dtype=bool))
    county = np.where(with_family, family_county[households[who]], own_county)
    address = texts(np.where(with_family, family_address[households[who]], own_address))
    older_county = random.integers(0, population.counties.home, len(second))
    older_address = draw_addresses(random, population.counties, older_county, np.zeros(len(second), dtype=bool))
    registered = np.datetime64(start, "D") - np.concatenate(
        [random.integers(1, 2 * TERM_DAYS, len(who)), random.integers(2 * TERM_DAYS, 5 * TERM_DAYS, len(second))]
    )
    everyone = np.concatenate([who, second])
    return residence_rows(
        writer,
        everyone,
        np.concatenate([county, older_county]),
        texts(np.concatenate([address, older_address])),
        np.maximum(registered, population.people["birth"][everyone] + 1),
    )


def residence_rows(writer: Writer, who: Numbers, county: Numbers, address: Texts, registered: Dates) -> Mapping[str, Column]:
    """Rows as they are first written. The origin is the county of the registered household."""
    people, noise, counties = writer.population.people, writer.noise, writer.population.counties
    random = writer.errors("djbh")
    count, births = len(who), people["birth"][who]
    is_old = chosen(random, count, noise.contact.address_out_of_date / 100)
    old_county = random.integers(0, counties.home, count)
    old_address = draw_addresses(random, counties, old_county, np.zeros(count, dtype=bool))
    numbers = distort_numbers(
        random, people["number"][who], births, noise.citizen_id, absent=noise.citizen_id.absent_in_residence, may_be_short=False
    )
    written = distort_names(
        random, people["name"][who], people["ethnic"][who], noise.person_name, people["former"][who], writer.renamed_share()
    )
    origin = writer.population.households["county"][people["household"][who]]
    return {
        "djbh": texts([f"LD3701{serial:09d}" for serial in writer.next_serials("djbh", count)]),
        "person.id": numbers,
        "person.name": written,
        "person.sex": distort_sexes(random, people["sex"][who], noise.other.sex_wrong),
        "person.birth": distort_births(random, births, noise.birth_date, dashed, year_only=noise.birth_date.year_only_in_residence),
        "contacts[].phone": _phones(writer, random, who),
        "residence.address": texts(np.where(is_old, old_address, address)),
        "residence.region": writer.county_codes(np.where(is_old, old_county, county)),
        "residence.origin": writer.county_codes(origin),
        "residence.registered_at": iso(registered),
        "residence.expired_at": iso(registered + TERM_DAYS * random.integers(1, 4, count)),
        "_person": who,
    }


def _who_is_away(writer: Writer, random: np.random.Generator) -> tuple[Numbers, Flags]:
    """People with a registration, and whether they moved with their household."""
    people, households = writer.population.people, writer.population.households
    is_elsewhere = households["county"] >= writer.population.counties.home
    from_elsewhere = writer.society.share_registered_elsewhere * SHARE_AWAY_FROM_ELSEWHERE
    at_home = max(0.0, (writer.society.share_away_from_home - from_elsewhere) / (1 - writer.society.share_registered_elsewhere))
    share = np.where(is_elsewhere, SHARE_AWAY_FROM_ELSEWHERE, at_home)
    family_moved = random.random(len(households)) < share / 2
    alone_share = (share / 2 / (1 - share / 2))[people["household"]]
    with_family = family_moved[people["household"]]
    is_away = with_family | (random.random(len(people)) < alone_share)
    is_away &= ~people["is_dead"] & ~people["is_foreign"]
    return np.flatnonzero(is_away), with_family[is_away]


def _phones(writer: Writer, random: np.random.Generator, who: Numbers) -> Texts:
    """Own phones; some absent, some of a relative, a few people with two."""
    contact, phones = writer.noise.contact, writer.population.people["phone"]
    count = len(who)
    own = phones[who].copy()
    relatives = phones_of_relatives(writer)[who]
    is_shared = chosen(random, count, contact.phone_shared / 100) & (relatives != "") & (own != "")
    own[is_shared] = relatives[is_shared]
    both = chosen(random, count, 0.05) & (relatives != "") & (own != "") & ~is_shared
    own[chosen(random, count, contact.phone_absent / 100)] = ""
    second = np.where(both, relatives, "")
    return lists([[phone for phone in pair if phone] if pair[0] else [] for pair in zip(own, second, strict=True)])
