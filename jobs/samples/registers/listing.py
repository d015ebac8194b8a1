"""Rows of the lists of firms: ``market_regulation/abnormal_operation`` and ``taxation/major_violation``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from jobs.samples.entity_errors import distort_unified, masked
from jobs.samples.firm_names import load_words
from jobs.samples.firms import COMPANY, REGISTERED_FIRMS
from jobs.samples.registers.counterparty import Parties, decided_before, pick, write_parties
from jobs.samples.registers.enterprise import authority_names, representative_columns
from jobs.samples.registers.named import LEGAL_ENTITY, NOBODY, Named
from jobs.samples.registers.writer import Writer, iso
from jobs.samples.streams import Numbers, chosen, texts, years_of
from jobs.samples.table import Column

NAMED_ABNORMAL = (Named("_firm", "jlbh", "tyshxydm", "qymc", other_numbers=("zch",), master=LEGAL_ENTITY),)
CASE = "案件编号"
NAMED_VIOLATIONS = (
    Named("_representative", CASE, "法定代表人证件号码", "法定代表人姓名", role="representative"),
    Named("_firm", CASE, "纳税人识别号", "纳税人名称", role="counterparty", master=LEGAL_ENTITY),
)
SHARE_ABNORMAL, SHARE_VIOLATING = 0.06, 0.012
"""Of firms, of companies: listed before the first day."""

SHARE_REMOVED = 0.3
REASONS = ("1", "2", "3", "4")
"""No annual report, no report of what must be made public, untrue report, not to be found at the registered address."""

DAYS_BACK = 900


def first_abnormal_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """Listings of the first day; some have ended."""
    random = writer.streams.named("first abnormal listings")
    who = np.flatnonzero(writer.firms.are(*REGISTERED_FIRMS) & chosen(random, len(writer.firms), SHARE_ABNORMAL))
    rows = dict(abnormal_rows(writer, who, start, DAYS_BACK))
    is_removed = chosen(random, len(who), SHARE_REMOVED)
    rows["ycrq"] = texts(np.where(is_removed, iso(np.full(len(who), np.datetime64(start, "D") - 1)), ""))
    return rows


def abnormal_rows(writer: Writer, who: Numbers, day: date, days_back: int) -> Mapping[str, Column]:
    """Rows as they are first written; some name the firm by its old registration number only."""
    random, count = writer.errors("jlbh"), len(who)
    parties = Parties(np.full(count, NOBODY), who)
    entities = writer.firms.entities
    written = write_parties(writer, "abnormal", parties, may_be_old=True)
    is_old = written.has_old_only & (entities["registration"][who] != "")
    return {
        "jlbh": texts([f"YC3701{serial:08d}" for serial in writer.next_serials("jlbh", count).tolist()]),
        "tyshxydm": texts(np.where(is_old, "", np.where(written.has_old_only, entities["unified"][who], written.unified))),
        "zch": texts(np.where(is_old, entities["registration"][who], "")),
        "qymc": written.names,
        "lryy": texts(REASONS)[random.integers(0, len(REASONS), count)],
        "lrrq": iso(decided_before(writer, random, parties, day, days_back)),
        "ycrq": texts([""] * count),
        "jdjg": authority_names(writer, entities["county"][who], "市场监督管理局"),
        "_person": np.full(count, NOBODY),
        "_firm": who,
    }


def first_violation_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """Cases that were published before the first day."""
    random = writer.streams.named("first violations")
    return violation_rows(
        writer, np.flatnonzero(writer.firms.are(COMPANY) & chosen(random, len(writer.firms), SHARE_VIOLATING)), start
    )


def violation_rows(writer: Writer, who: Numbers, day: date, days_back: int = DAYS_BACK) -> Mapping[str, Column]:
    """Rows as they are first written: amounts in 10,000 yuan with thousands separators, the representative's number masked."""
    random, count = writer.errors(CASE), len(who)
    entities, noise = writer.firms.entities, writer.noise.entity
    parties = Parties(np.full(count, NOBODY), who)
    written = write_parties(writer, "violations", parties, may_be_old=False)
    is_old = chosen(random, count, noise.tax_office_old_number / 100) & (entities["old_tax"][who] != "")
    unified = distort_unified(random, entities["unified"][who], noise.confusable_letter)
    names, numbers = representative_columns(writer, "violations", who)
    published = decided_before(writer, random, parties, day, days_back)
    kinds = pick(random, load_words()["violations"], count)
    serials = writer.next_serials(CASE, count).tolist()
    return {
        CASE: texts([f"济税稽案{year}{serial:05d}" for year, serial in zip(years_of(published).tolist(), serials, strict=True)]),
        "纳税人识别号": texts(np.where(is_old, entities["old_tax"][who], unified)),
        "纳税人名称": written.names,
        "法定代表人姓名": names,
        "法定代表人证件号码": masked(numbers),
        "涉案税额（万元）": texts([f"{amount:,}.{cents:02d}" for amount, cents in _amounts(random, count)]),
        "主要违法事实": np.asarray(kinds + "，数额较大。"),
        "公布日期": iso(published),
        "_person": np.full(count, NOBODY),
        "_firm": who,
        "_representative": entities["representative"][who],
    }


def _amounts(random: np.random.Generator, count: int) -> list[tuple[int, int]]:
    """Whole units and hundredths."""
    return list(zip(random.integers(100, 20_000, count).tolist(), random.integers(0, 100, count).tolist(), strict=True))
