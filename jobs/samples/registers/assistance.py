"""Rows of ``civil_affairs/assistance``: households that live on assistance, their head and the other members in one row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from jobs.samples.registers.named import NOBODY, Named
from jobs.samples.registers.persons import written_names, written_numbers
from jobs.samples.registers.writer import Writer, iso
from jobs.samples.streams import Dates, Numbers, Texts, chosen, lists, texts
from jobs.samples.table import Column

KEY = "case_no"
AMOUNT, TO = "monthly_amount", "to_date"
SUBSISTENCE, EXTREME_POVERTY = "1", "2"
SHARE_EXTREME_POVERTY = 0.15
YEARS_BACK = 6
AMOUNT_PER_PERSON = (380, 920)
"""Yuan a month and person, from and to."""

NAMED = (
    Named("_head", KEY, "head_id", "head_name", role="head"),
    Named("_members", KEY, "members[].id", "members[].name", role="member", is_repeated=True),
)


def first_assistance_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """Cases of the first day, all running."""
    random = writer.streams.named("assistance")
    heads = writer.heads_of_households()
    poor = np.flatnonzero((heads != NOBODY) & chosen(random, len(heads), writer.society.share_on_assistance))
    since = np.datetime64(start, "D") - random.integers(1, 365 * YEARS_BACK, len(poor))
    return assistance_rows(writer, poor, since)


def assistance_rows(writer: Writer, households: Numbers, since: Dates) -> Mapping[str, Column]:
    """Rows as they are first written; the members of a case stay as they are, in the order of their places among people."""
    people = writer.population.people
    random = writer.errors(KEY)
    count = len(households)
    heads = writer.heads_of_households()[households]
    members, lengths = _members(writer, households, heads)
    serials = writer.next_serials(KEY, count).tolist()
    is_extreme = chosen(random, count, SHARE_EXTREME_POVERTY) & (lengths == 0)
    return {
        KEY: texts([f"DB3701{day[:4]}{serial:07d}" for day, serial in zip(iso(since), serials, strict=True)]),
        "kind": texts(np.where(is_extreme, EXTREME_POVERTY, SUBSISTENCE)),
        "head_name": written_names(writer, random, heads),
        "head_id": written_numbers(writer, random, heads, absent=0),
        "members[].name": lists(_grouped(written_names(writer, random, members), lengths)),
        "members[].id": lists(_grouped(written_numbers(writer, random, members, absent=0), lengths)),
        "members[].relation": lists(_grouped(people["relation"][members], lengths)),
        "bank_account": texts([f"6217{number:015d}" for number in random.integers(0, 10**15, count).tolist()]),
        AMOUNT: amounts(random, lengths + 1),
        "from_date": iso(since),
        TO: texts([""] * count),
        "_head": heads,
        "_household": households,
        "_members": _arrays(_grouped(members, lengths)),
    }


def amounts(random: np.random.Generator, persons: Numbers) -> Texts:
    """Monthly amounts in yuan for so many persons, two decimals."""
    cents = random.integers(AMOUNT_PER_PERSON[0] * 10, AMOUNT_PER_PERSON[1] * 10, len(persons)) * 10 * persons
    return texts([f"{amount // 100}.{amount % 100:02d}" for amount in cents.tolist()])


def _members(writer: Writer, households: Numbers, heads: Numbers) -> tuple[Numbers, Numbers]:
    """The other living members of each household, household by household, and how many each has."""
    people = writer.population.people
    rank = np.full(len(writer.population.households), -1)
    rank[households] = np.arange(len(households))
    here = rank[people["household"]]
    is_member = (here >= 0) & ~people["is_dead"] & ~people["is_foreign"]
    is_member[heads] = False
    who = np.flatnonzero(is_member)
    who = who[np.argsort(here[who], kind="stable")]
    return who, np.bincount(here[who], minlength=len(households))


def _grouped(values: Column, lengths: Numbers) -> list[list[Any]]:
    """The values of each row, in lists of these lengths."""
    ends = np.cumsum(lengths).tolist()
    return [values[end - length : end].tolist() for end, length in zip(ends, lengths.tolist(), strict=True)]


def _arrays(places: Sequence[Sequence[int]]) -> Column:
    """One array a row. (Assigned one by one: numpy would make a matrix of arrays of equal length.)"""
    found = np.empty(len(places), dtype=object)
    for row, several in enumerate(places):
        found[row] = np.array(several, dtype=np.int64)
    return found
