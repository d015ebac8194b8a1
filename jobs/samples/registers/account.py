"""Rows of ``utilities/account``: accounts for water, electricity and gas, of people (names mostly masked) and firms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from jobs.samples.employers import employer_of
from jobs.samples.entity_errors import distort_entity_names
from jobs.samples.registers import RESIDENCES
from jobs.samples.registers.named import LEGAL_ENTITY, NOBODY, Named
from jobs.samples.registers.persons import written_names, written_phones
from jobs.samples.registers.writer import Writer, days, inserted_at
from jobs.samples.streams import Numbers, Texts, chosen, texts
from jobs.samples.table import Column

KEY, USE, CLOSED, WRITTEN_AT = "yhbh", "yyl", "xhrq", "updated_at"
ELECTRICITY, WATER, GAS = "1", "2", "3"
PERSON, FIRM = "1", "2"
MONTHLY_USE = {ELECTRICITY: (60, 420), WATER: (4, 30), GAS: (5, 60)}
"""From and to: kilowatt hours, cubic metres, cubic metres."""

GROWN_UP_AGE = 18
YEARS_BACK = 10

NAMED = (
    Named("_person", KEY, None, "yhmc", phone="lxdh", address="ydz", role="holder"),
    Named("_firm", KEY, None, "yhmc", phone="lxdh", address="ydz", role="entity", master=LEGAL_ENTITY),
)


def first_account_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """Accounts of the first day: of home households in the head's name, of who lives elsewhere, and of firms."""
    random, society = writer.streams.named("utility accounts"), writer.society
    heads = writer.heads_of_households()
    at_home = writer.population.households["county"] < writer.population.counties.home
    shares = {ELECTRICITY: society.share_with_electricity, WATER: society.share_with_water, GAS: society.share_with_gas}
    who, addresses, kinds = [], [], []
    for kind, share in shares.items():
        here = np.flatnonzero((heads != NOBODY) & at_home & chosen(random, len(heads), share))
        who.append(heads[here])
        addresses.append(writer.population.households["address"][here])
        kinds += [kind] * len(here)
    away, address = _at_residences(writer, random, start)
    who.append(away)
    addresses.append(address)
    kinds += [ELECTRICITY] * len(away)
    holders, places = np.concatenate(who), np.concatenate(addresses)
    firms = np.flatnonzero(chosen(random, len(holders), society.share_accounts_of_firms))
    county = random.integers(0, writer.population.counties.home, len(firms))
    written = np.datetime64(start, "D") - random.integers(1, 365 * YEARS_BACK, len(holders) + len(firms))
    return account_rows(
        writer,
        np.concatenate([holders, np.full(len(firms), NOBODY)]),
        texts([*places, *writer.other_addresses(random, county)]),
        texts([*kinds, *(ELECTRICITY for _ in firms)]),
        written,
    )


def account_rows(writer: Writer, who: Numbers, addresses: Texts, kinds: Texts, written: Column) -> Mapping[str, Column]:
    """Rows as they are first written. NOBODY: an account of a firm. A masked name names nobody either."""
    random, noise = writer.errors(KEY), writer.noise
    count, is_person = len(who), who != NOBODY
    serials = writer.next_serials(KEY, count)
    firms = employer_of(writer.firms, serials, np.zeros(count, dtype=np.int64))
    firm_names = distort_entity_names(random, writer.firms, firms, noise.entity)
    names = written_names(writer, random, who)
    is_masked = chosen(random, count, noise.person_name.masked_by_utility / 100) & is_person
    names[is_masked] = texts([name[:1] + "*" * min(len(name) - 1, 2) for name in names[is_masked]])
    is_old = chosen(random, count, noise.contact.address_out_of_date / 100) & is_person
    old = writer.other_addresses(random, random.integers(0, writer.population.counties.home, count))
    return {
        KEY: texts([f"{kind}3701{serial:09d}" for kind, serial in zip(kinds, serials.tolist(), strict=True)]),
        "yhmc": texts(np.where(is_person, names, firm_names)),
        "khlx": texts(np.where(is_person, PERSON, FIRM)),
        "lxdh": texts(np.where(is_person, written_phones(writer, random, who), writer.firms.entities["phone"][firms])),
        "ydz": texts(np.where(is_old, old, np.where(is_person, addresses, writer.firms.entities["address"][firms]))),
        "ywlx": kinds,
        USE: monthly_uses(random, kinds),
        CLOSED: texts([""] * count),
        WRITTEN_AT: inserted_at(random, written),
        "_person": np.where(is_masked, NOBODY, who),
        "_firm": np.where(is_person, NOBODY, firms),
    }


def monthly_uses(random: np.random.Generator, kinds: Texts) -> Texts:
    """Use of a month, one decimal, by the kind of account."""
    low, high = (texts([MONTHLY_USE[kind][end] for kind in kinds]).astype(np.float64) for end in (0, 1))
    tenths = (10 * (low + random.random(len(kinds)) * (high - low))).astype(np.int64)
    return texts([f"{tenth // 10}.{tenth % 10}" for tenth in tenths.tolist()])


def new_account_rows(writer: Writer, heads: Numbers, day: date) -> Mapping[str, Column]:
    """Accounts for electricity in the heads' names at the addresses of their households, opened on ``day``."""
    addresses = writer.population.households["address"][writer.population.people["household"][heads]]
    return account_rows(writer, heads, addresses, texts([ELECTRICITY] * len(heads)), days(day, len(heads)))


def _at_residences(writer: Writer, random: np.random.Generator, start: date) -> tuple[Numbers, Texts]:
    """Some of the grown-up people with a residence registration, and the address there."""
    residences = writer.registers[RESIDENCES].rows
    who = residences["_person"]
    is_grown_up = writer.population.ages(start)[who] >= GROWN_UP_AGE
    rows = np.flatnonzero(is_grown_up & chosen(random, len(who), writer.society.share_residents_with_account))
    return who[rows], residences["residence.address"][rows]
