"""Rows of ``court/dishonest_debtor``: people and firms that do not fulfil a judgment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from unicodedata import normalize

import numpy as np

from jobs.samples.entity_errors import masked
from jobs.samples.firm_names import load_words
from jobs.samples.firms import COMPANY, HOUSEHOLD, draw_adults
from jobs.samples.registers.counterparty import (
    Parties,
    decided_before,
    party_kinds,
    pick,
    write_parties,
)
from jobs.samples.registers.enterprise import authority_names
from jobs.samples.registers.named import LEGAL_ENTITY, NOBODY, Named
from jobs.samples.registers.writer import Writer, iso
from jobs.samples.streams import texts, years_of
from jobs.samples.table import Column

NAMED = (
    Named("_person", "_key", "cardNum", "iname", role="counterparty"),
    Named("_firm", "_key", "cardNum", "iname", role="counterparty", master=LEGAL_ENTITY),
)
"""Of people the row shows no number that could agree with another: none of them counts as one that can be linked."""

SHARE_LISTED = 0.012
"""Of people: listed before the first day."""

SHARE_FIRMS = 0.25
DAYS_BACK = 900
DAYS_FROM_FILING = 120
PERFORMANCES, FULFILLED = ("1", "2"), "3"
"""全部未履行 and 部分未履行; 已履行, of those who are withdrawn."""


def first_debtor_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """Debtors that are on the list on the first day; a few were withdrawn before."""
    random = writer.streams.named("first debtors")
    count = round(len(writer.population.people) * SHARE_LISTED)
    rows = dict(debtor_rows(writer, draw_debtors(writer, random, count, start), start, DAYS_BACK))
    is_withdrawn = random.random(count) < 0.1
    rows["withdrawDate"] = texts(np.where(is_withdrawn, iso(np.full(count, np.datetime64(start, "D") - 1)), ""))
    rows["performance"] = texts(np.where(is_withdrawn, FULFILLED, rows["performance"]))
    return rows


def draw_debtors(writer: Writer, random: np.random.Generator, count: int, day: date) -> Parties:
    """Grown people, and companies or household businesses for a quarter."""
    persons = draw_adults(random, writer.population, day, count)
    firms = np.flatnonzero(writer.firms.are(COMPANY, HOUSEHOLD))
    is_firm = (random.random(count) < SHARE_FIRMS) & (len(firms) > 0) | (persons == NOBODY)
    drawn = firms[random.integers(0, len(firms), count)] if len(firms) else np.zeros(count, dtype=np.int64)
    return Parties(np.where(is_firm, NOBODY, persons), np.where(is_firm, drawn, NOBODY))


def debtor_rows(writer: Writer, parties: Parties, day: date, days_back: int) -> Mapping[str, Column]:
    """Rows as they are first written: name, age, sex and what shows of the citizen ID; firms with their unified code."""
    random, count = writer.errors("caseCode"), len(parties)
    people = writer.population.people
    written = write_parties(writer, "debtors", parties, may_be_old=False)
    published = decided_before(writer, random, parties, day, days_back)
    filed = published - random.integers(10, DAYS_FROM_FILING, count)
    courts = random.integers(0, writer.population.counties.home, count)
    codes = writer.county_codes(courts)
    ages = (published - people["birth"][parties.persons]).astype(np.int64) // 365
    serials = writer.next_serials("caseCode", count).tolist()
    numbers = zip(years_of(filed).tolist(), codes, serials, strict=True)
    is_person = parties.are_persons
    cases = texts([f"（{year}）鲁{code[2:]}执{serial}号" for year, code, serial in numbers])
    return {
        "caseCode": cases,
        "iname": written.names,
        "partyType": party_kinds(writer, parties),
        "cardNum": texts(np.where(is_person, masked(written.citizen_ids), written.unified)),
        "age": texts(np.where(is_person, ages.astype(str), "")),
        "sex": texts(np.where(is_person, people["sex"][parties.persons].astype(str), "")),
        "court.name": authority_names(writer, courts, "人民法院"),
        "regDate": iso(filed),
        "duty": pick(random, load_words()["duties"], count),
        "performance": texts([PERFORMANCES[draw] for draw in random.integers(0, len(PERFORMANCES), count).tolist()]),
        "publishDate": iso(published),
        "withdrawDate": texts([""] * count),
        "_key": texts([normalize("NFKC", case) for case in cases]),
        "_person": parties.persons,
        "_firm": parties.firms,
    }
