"""Rows of ``credit/red_list`` and ``credit/repair``: who is commended, and who asks that a record be taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from jobs.samples.registers import ABNORMAL_OPERATIONS, PENALTIES
from jobs.samples.registers.counterparty import Parties, draw_authorities, draw_parties, write_parties
from jobs.samples.registers.named import LEGAL_ENTITY, Named
from jobs.samples.registers.shareholder import CITIZEN_ID
from jobs.samples.registers.writer import Writer, days, iso
from jobs.samples.streams import Dates, Numbers, chosen, texts
from jobs.samples.table import Column

NUMBER, UNIFIED, PERSON_ID = "认定文号", "统一社会信用代码", "证件号码"
NAMED_RED = (
    Named("_person", NUMBER, PERSON_ID, "主体名称", role="counterparty"),
    Named("_firm", NUMBER, UNIFIED, "主体名称", role="counterparty", master=LEGAL_ENTITY),
)
NAMED_REPAIRS = (
    Named("_person", "sqbh", "xdr.zjhm", "xdr.mc", role="counterparty"),
    Named("_firm", "sqbh", "xdr.tyshxydm", "xdr.mc", role="counterparty", master=LEGAL_ENTITY),
)
SHARE_COMMENDED = 0.06
"""Of entities: on the red list on the first day."""

SHARE_REPAIRED = 0.1
"""Of penalties and listings: a repair was asked for before the first day."""

SHARE_PERSONS = 0.2
FIELDS, VOLUNTEERS = ("1", "2", "4", "5"), "3"
"""What firms and what people are commended for (code table red_list_field)."""

REPAIRED, REFUSED, OPEN = "1", "2", ""
SOURCES = {PENALTIES: ("CF_WSH", "CF_JDRQ", "行政处罚"), ABNORMAL_OPERATIONS: ("jlbh", "lrrq", "经营异常名录")}
"""What can be repaired: by dataset, the columns of the record's number and date, and what the application calls the list."""


def first_red_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """The red list of the first day."""
    random = writer.streams.named("first red list")
    firms = np.flatnonzero(~writer.firms.entities["is_gone"] & chosen(random, len(writer.firms), SHARE_COMMENDED))
    return red_rows(writer, draw_parties(writer, random, firms, SHARE_PERSONS, start), start)


def red_rows(writer: Writer, parties: Parties, day: date) -> Mapping[str, Column]:
    """Rows as they are first written; a commendation holds for up to three years."""
    random, count = writer.errors(NUMBER), len(parties)
    written = write_parties(writer, "red list", parties, may_be_old=False)
    authorities = draw_authorities(writer, random, count)
    year = day.year - 1
    return {
        NUMBER: texts([f"鲁信红〔{year}〕{serial}号" for serial in writer.next_serials(NUMBER, count).tolist()]),
        "主体名称": written.names,
        UNIFIED: written.unified,
        "证件类型": texts(np.where(parties.are_persons, CITIZEN_ID, "")),
        PERSON_ID: written.citizen_ids,
        "领域": texts(np.where(parties.are_persons, VOLUNTEERS, texts(FIELDS)[random.integers(0, len(FIELDS), count)])),
        "评价年度": texts([str(year)] * count),
        "认定单位": writer.firms.entities["name"][authorities].copy(),
        "有效期至": iso(_ends(random, day, count)),
        "_person": parties.persons,
        "_firm": parties.firms,
    }


def _ends(random: np.random.Generator, day: date, count: int) -> Dates:
    """Ends of commendations: within three years, for a few within days, since some were given long before they are listed."""
    left = np.where(chosen(random, count, 0.1), random.integers(0, 5, count), random.integers(30, 3 * 365, count))
    return np.asarray(days(day, count) + left)


def first_repair_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """Applications before the first day: all decided."""
    random = writer.streams.named("first repairs")
    before = (np.datetime64(start, "D") - 90).astype(str)
    found = []
    for dataset, (_, decided, _) in SOURCES.items():
        register = writer.registers[dataset]
        is_repaired = (register.rows[decided] < before) & chosen(random, len(register), SHARE_REPAIRED)
        found.append(repair_rows(writer, dataset, np.flatnonzero(is_repaired), start))
    rows = joined(found)
    rows["jdrq"] = iso(np.full(len(rows["sqbh"]), np.datetime64(start, "D") - 1))
    rows["jg"] = texts(np.where(chosen(random, len(rows["sqbh"]), 0.85), REPAIRED, REFUSED))
    rows["slrq"] = iso(np.datetime64(start, "D") - random.integers(5, 60, len(rows["sqbh"])))
    return rows


def repair_rows(writer: Writer, dataset: str, places: Numbers, day: date) -> Mapping[str, Column]:
    """Applications accepted on ``day`` to repair the records at ``places`` of a register."""
    number, _, name = SOURCES[dataset]
    repaired = writer.registers[dataset].rows
    parties = Parties(repaired["_person"][places], repaired["_firm"][places])
    written = write_parties(writer, "repairs", parties, may_be_old=False)
    count = len(places)
    return {
        "sqbh": texts([f"XF3701{serial:08d}" for serial in writer.next_serials("sqbh", count).tolist()]),
        "xfjl.ly": texts([name] * count),
        "xfjl.wsh": repaired[number][places].copy(),
        "xdr.mc": written.names,
        "xdr.tyshxydm": written.unified,
        "xdr.zjhm": written.citizen_ids,
        "slrq": iso(days(day, count)),
        "jdrq": texts([""] * count),
        "jg": texts([OPEN] * count),
        "_person": parties.persons,
        "_firm": parties.firms,
    }


def joined(rows: Sequence[Mapping[str, Column]]) -> dict[str, Column]:
    """The rows of several, one below the other."""
    return {name: np.concatenate([part[name] for part in rows]) for name in rows[0]}
