"""Rows of ``market_regulation/enterprise`` and ``enterprise_change``: firms, branches, household businesses, and changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from jobs.samples.errors import distort_names, distort_numbers
from jobs.samples.firms import REGISTERED_FIRMS
from jobs.samples.registers.named import LEGAL_ENTITY, NOBODY, Named
from jobs.samples.registers.writer import Writer, iso
from jobs.samples.streams import Dates, Flags, Numbers, Texts, texts
from jobs.samples.table import Column

NAMED = (
    Named("_representative", "tyshxydm", "fddbr_zjhm", "fddbr", role="representative"),
    Named("_firm", "tyshxydm", "tyshxydm", "qymc", other_numbers=("zch",), address="dz", role="entity", master=LEGAL_ENTITY),
)
NAMED_IN_CHANGES = (Named("_firm", "bgbh", "tyshxydm", master=LEGAL_ENTITY),)

ACTIVE, REVOKED, DISSOLVED = "1", "2", "3"
"""States of the register: 存续, 吊销, 注销."""

YUAN = "CNY"
NAME, ADDRESS, REPRESENTATIVE, CAPITAL, SHAREHOLDERS_ITEM = "1", "2", "3", "4", "5"
"""Items of a change."""


def first_enterprise_rows(writer: Writer, _start: date) -> Mapping[str, Column]:
    """The register of the first day: all firms, those that are dissolved too."""
    entities = writer.firms.entities
    who = np.flatnonzero(np.isin(entities["kind"].astype(str), REGISTERED_FIRMS))
    return enterprise_rows(writer, who, entities["founded"][who])


def enterprise_rows(writer: Writer, who: Numbers, approved: Dates) -> Mapping[str, Column]:
    """Rows as they are first written. What the register says of the firm itself is right; its clerks mistype only people."""
    entities = writer.firms.entities
    names, numbers = representative_columns(writer, "enterprise", who)
    return {
        "tyshxydm": entities["unified"][who].copy(),
        "zch": entities["registration"][who].copy(),
        "qymc": entities["name"][who].copy(),
        "fddbr": names,
        "fddbr_zjhm": numbers,
        "zczb": texts([str(amount) if amount else "" for amount in entities["capital"][who].tolist()]),
        "bz": texts(np.where(entities["capital"][who] > 0, YUAN, "")),
        "hydm": entities["industry"][who].copy(),
        "qylx": entities["type"][who].copy(),
        "dz": entities["address"][who].copy(),
        "djjg": authority_names(writer, entities["county"][who], "市场监督管理局"),
        "clrq": iso(entities["founded"][who]),
        "zt": states(writer, who),
        "ssqy": texts(np.where(entities["parent"][who] != NOBODY, entities["unified"][entities["parent"][who]], "")),
        "hzrq": iso(approved),
        "_firm": who,
        "_representative": entities["representative"][who].copy(),
    }


def first_change_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """Changes before the first day: the new names of companies that have had another one."""
    entities = writer.firms.entities
    who = np.flatnonzero((entities["former"] != "") & ~entities["is_gone"])
    random = writer.streams.named("enterprise changes")
    age = (np.datetime64(start, "D") - entities["founded"][who]).astype(np.int64)
    approved = np.datetime64(start, "D") - 1 - (random.random(len(who)) * np.minimum(age, 1500)).astype(np.int64)
    return change_rows(writer, who, NAME, entities["former"][who], entities["name"][who], approved)


def change_rows(writer: Writer, who: Numbers, item: str, before: Texts, after: Texts, approved: Dates) -> Mapping[str, Column]:
    """A row for each firm whose ``item`` changed."""
    serials = writer.next_serials("bgbh", len(who)).tolist()
    return {
        "bgbh": texts([f"BG3701{serial:09d}" for serial in serials]),
        "tyshxydm": writer.firms.entities["unified"][who].copy(),
        "bgsx": texts([item] * len(who)),
        "bgq": texts(before),
        "bgh": texts(after),
        "hzrq": iso(approved),
        "_firm": who,
    }


def representative_columns(writer: Writer, register: str, who: Numbers) -> tuple[Texts, Texts]:
    """Names and citizen IDs of the entities' representatives as a register has them; empty where there is none."""
    return person_columns(writer, register, writer.firms.entities["representative"][who])


def person_columns(writer: Writer, register: str, persons: Numbers, is_written: Flags | None = None) -> tuple[Texts, Texts]:
    """Names and citizen IDs of people as a register has them, errors included; empty for NOBODY."""
    people, noise = writer.population.people, writer.noise
    serial = int(writer.next_serials(f"people in {register}", 1)[0])
    random = writer.streams.named("errors", "people in", register, serial)
    is_somebody = persons != NOBODY if is_written is None else (persons != NOBODY) & is_written
    names = distort_names(
        random,
        people["name"][persons],
        people["ethnic"][persons],
        noise.person_name,
        people["former"][persons],
        writer.renamed_share(),
    )
    numbers = distort_numbers(
        random, people["number"][persons], people["birth"][persons], noise.citizen_id, absent=0, may_be_short=True
    )
    return texts(np.where(is_somebody, names, "")), texts(np.where(is_somebody, numbers, ""))


def authority_names(writer: Writer, counties: Numbers, office: str) -> Texts:
    """The office of each county."""
    return np.asarray(writer.firms.prefixes.county[counties] + office)


def states(writer: Writer, who: Numbers) -> Texts:
    """State of each entity in the register."""
    entities = writer.firms.entities
    return texts(np.where(entities["is_gone"][who], DISSOLVED, np.where(entities["is_revoked"][who], REVOKED, ACTIVE)))
