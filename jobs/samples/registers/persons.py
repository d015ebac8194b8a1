"""How any register writes a person: name, number and phone, each with the errors that all registers have."""

from __future__ import annotations

import numpy as np

from jobs.samples.errors import distort_names, distort_numbers
from jobs.samples.registers.named import NOBODY
from jobs.samples.registers.writer import Writer
from jobs.samples.streams import Numbers, Texts, chosen, texts


def written_names(writer: Writer, random: np.random.Generator, who: Numbers) -> Texts:
    """Names, a few of them former ones; empty for NOBODY."""
    people, noise = writer.population.people, writer.noise.person_name
    names = distort_names(random, people["name"][who], people["ethnic"][who], noise, people["former"][who], writer.renamed_share())
    return texts(np.where(who == NOBODY, "", names))


def written_numbers(writer: Writer, random: np.random.Generator, who: Numbers, *, absent: float) -> Texts:
    """Numbers of 18 characters, ``absent`` in per cent; empty for NOBODY."""
    people, noise = writer.population.people, writer.noise.citizen_id
    numbers = distort_numbers(random, people["number"][who], people["birth"][who], noise, absent=absent, may_be_short=False)
    return texts(np.where(who == NOBODY, "", numbers))


def written_phones(writer: Writer, random: np.random.Generator, who: Numbers) -> Texts:
    """One phone each: the own one, some of a relative, some absent; empty for NOBODY."""
    contact = writer.noise.contact
    phones = writer.population.people["phone"][who].copy()
    relatives = phones_of_relatives(writer)[who]
    is_shared = chosen(random, len(who), contact.phone_shared / 100) & (relatives != "") & (phones != "")
    phones[is_shared] = relatives[is_shared]
    phones[chosen(random, len(who), contact.phone_absent / 100) | (who == NOBODY)] = ""
    return phones


def phones_of_relatives(writer: Writer) -> Texts:
    """For everybody, the phone of another member of the household; empty if nobody there has one."""
    people = writer.population.people
    with_phone = np.flatnonzero(people["phone"] != "")
    order = with_phone[np.argsort(people["household"][with_phone], kind="stable")]
    household = people["household"][order]
    found = texts([""] * len(people))
    for neighbour in (1, -1):
        same = household == np.roll(household, -neighbour)
        same &= order != np.roll(order, -neighbour)
        found[order[same]] = people["phone"][np.roll(order, -neighbour)[same]]
    return found
