"""Rows of ``market_regulation/shareholder``: who holds the shares of each company, people and firms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from jobs.samples.entity_errors import distort_entity_names, distort_unified
from jobs.samples.firms import COMPANY, draw_adults
from jobs.samples.registers.enterprise import person_columns
from jobs.samples.registers.named import LEGAL_ENTITY, NOBODY, Named
from jobs.samples.registers.writer import Writer, iso
from jobs.samples.streams import Flags, Numbers, chosen, texts
from jobs.samples.table import Column

NAMED = (
    Named("_person", "_key", "zjhm", "gdmc", role="shareholder"),
    Named("_firm", "_key", "tyshxydm", role="entity", master=LEGAL_ENTITY),
    Named("_holder", "_key", "gdxydm", "gdmc", role="shareholder", master=LEGAL_ENTITY),
)
PERSON, FIRM = "1", "2"
CITIZEN_ID = "1"
"""Kind of identity document: resident identity card."""

MOST_HOLDERS = 4


def first_shareholder_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """The shareholders of the first day, of companies that are there."""
    return shareholder_rows(writer, np.flatnonzero(writer.firms.are(COMPANY)), start)


def shareholder_rows(writer: Writer, companies: Numbers, day: date) -> Mapping[str, Column]:
    """One to four lines for each company: the first mostly its representative, the others anybody, or a company."""
    random = writer.errors("shareholder lines")
    entities = writer.firms.entities
    holders = np.array([1, 1, 1, 2, 2, 2, 3, MOST_HOLDERS])[random.integers(0, 8, len(companies))]
    company = np.repeat(companies, holders)
    line = np.arange(len(company)) - np.repeat(np.cumsum(holders) - holders, holders)
    writer.next_serials("shareholder lines", len(company))
    is_own = (line == 0) & chosen(random, len(company), 0.8)
    is_firm = ~is_own & chosen(random, len(company), writer.firms.economy.share_corporate_shareholder)
    person = np.where(is_own, entities["representative"][company], draw_adults(random, writer.population, day, len(company)))
    firm = np.flatnonzero(entities["kind"] == COMPANY)
    firm = firm[random.integers(0, len(firm), len(company))]
    is_firm &= firm != company
    percent = _percents(line, holders)
    subscribed = entities["capital"][company] * percent // 100
    return {
        "tyshxydm": entities["unified"][company].copy(),
        "xh": texts([str(number) for number in (line + 1).tolist()]),
        **holder_columns(writer, person, firm, is_firm),
        "rjcze": texts([str(amount) for amount in subscribed.tolist()]),
        "sjcze": texts([str(amount) for amount in (subscribed * random.integers(0, 3, len(company)) // 2).tolist()]),
        "czbl": texts([f"{share}.00" for share in percent.tolist()]),
        "rjrq": iso(entities["founded"][company]),
        "_key": texts([f"{code}|{number}" for code, number in zip(entities["unified"][company], (line + 1).tolist(), strict=True)]),
        "_firm": company,
    }


def holder_columns(writer: Writer, person: Numbers, firm: Numbers, is_firm: Flags) -> Mapping[str, Column]:
    """Who holds the share: a person with the citizen ID, or a firm with its unified code."""
    firms, noise = writer.firms, writer.noise.entity
    names, numbers = person_columns(writer, "shareholder", person, ~is_firm)
    random = writer.streams.named("errors", "shareholders", writer.serials["people in shareholder"])
    unified = distort_unified(random, firms.entities["unified"][firm], noise.confusable_letter)
    is_person = (person != NOBODY) & ~is_firm
    return {
        "gdmc": texts(np.where(is_firm, distort_entity_names(random, firms, firm, noise), names)),
        "gdlx": texts(np.where(is_firm, FIRM, PERSON)),
        "zjlx": texts(np.where(is_person, CITIZEN_ID, "")),
        "zjhm": numbers,
        "gdxydm": texts(np.where(is_firm, unified, "")),
        "_person": np.where(is_firm, NOBODY, person),
        "_holder": np.where(is_firm, firm, NOBODY),
    }


def _percents(line: Numbers, holders: Numbers) -> Numbers:
    """Shares in per cent: equal parts, the rest with the first; together 100."""
    count = np.repeat(holders, holders)
    equal = 100 // count
    return np.where(line == 0, 100 - equal * (count - 1), equal)
