"""What happens on a day to credit records: decisions are made, debtors and firms listed and taken off, repairs decided."""

from __future__ import annotations

import numpy as np

from jobs.samples.firms import COMPANY, REGISTERED_FIRMS
from jobs.samples.register import Register
from jobs.samples.registers import ABNORMAL_OPERATIONS, DEBTORS, LICENCES, PENALTIES, RED_LIST, REPAIRS, VIOLATIONS
from jobs.samples.registers.commendation import OPEN, REFUSED, REPAIRED, SOURCES, red_rows, repair_rows
from jobs.samples.registers.counterparty import Parties, draw_parties
from jobs.samples.registers.debtor import FULFILLED, debtor_rows, draw_debtors
from jobs.samples.registers.decision import licence_rows, penalty_rows
from jobs.samples.registers.listing import abnormal_rows, violation_rows
from jobs.samples.registers.writer import chance, days, how_many, iso
from jobs.samples.streams import Flags, Texts, chosen, texts
from jobs.samples.world import Today, World

DAYS_TO_PUBLISH = 7
"""A decision is published within seven working days."""

SHARE_DECIDED = 0.5
"""Of applications for a repair that wait: decided on a day."""

SHARE_GRANTED = 0.85


def licences(world: World, today: Today) -> None:
    """Departments grant licences."""
    parties = _parties(world, today, today.life.credit.licences)
    world.registers[LICENCES].insert(licence_rows(world.writer, parties, today.day, DAYS_TO_PUBLISH), today.day)


def penalties(world: World, today: Today) -> None:
    """Departments decide on penalties."""
    parties = _parties(world, today, today.life.credit.penalties)
    world.registers[PENALTIES].insert(penalty_rows(world.writer, parties, today.day, DAYS_TO_PUBLISH), today.day)


def debtors_listed(world: World, today: Today) -> None:
    """Courts publish debtors."""
    alive = int((~world.population.people["is_dead"]).sum())
    count = how_many(today.random, alive, today.life.credit.debtors_listed)
    parties = draw_debtors(world.writer, today.random, count, today.day)
    world.registers[DEBTORS].insert(debtor_rows(world.writer, parties, today.day, DAYS_TO_PUBLISH), today.day)


def debtors_withdrawn(world: World, today: Today) -> None:
    """Debtors who have fulfilled their obligation are withdrawn; the row stays."""
    register = world.registers[DEBTORS]
    places = chance(today.random, _is_open(register, "withdrawDate"), today.life.credit.debtors_withdrawn)
    register.update(places, {"withdrawDate": _today(today, len(places)), "performance": texts([FULFILLED] * len(places))})


def violations(world: World, today: Today) -> None:
    """The tax office publishes cases; they are delivered with the next monthly list."""
    who = chance(today.random, world.firms.are(COMPANY), today.life.credit.violations)
    world.registers[VIOLATIONS].insert(violation_rows(world.writer, who, today.day, DAYS_TO_PUBLISH), today.day)


def listed_as_abnormal(world: World, today: Today) -> None:
    """Firms are put on the list of abnormal operation."""
    who = chance(today.random, world.firms.are(*REGISTERED_FIRMS), today.life.credit.listed_as_abnormal)
    world.registers[ABNORMAL_OPERATIONS].insert(abnormal_rows(world.writer, who, today.day, 1), today.day)


def abnormal_removed(world: World, today: Today) -> None:
    """Firms are taken off the list; the row stays."""
    register = world.registers[ABNORMAL_OPERATIONS]
    places = chance(today.random, _is_open(register, "ycrq"), today.life.credit.abnormal_removed)
    register.update(places, {"ycrq": _today(today, len(places))})


def commended(world: World, today: Today) -> None:
    """Firms and people come onto the red list; whose time is over leaves it."""
    register = world.registers[RED_LIST]
    register.delete(np.flatnonzero(register.rows["有效期至"] < today.day.isoformat()), today.day)
    parties = _parties(world, today, today.life.credit.commended)
    register.insert(red_rows(world.writer, parties, today.day), today.day)


def repairs_decided(world: World, today: Today) -> None:
    """Applications that wait are decided; a listing that is repaired ends."""
    register, listings = world.registers[REPAIRS], world.registers[ABNORMAL_OPERATIONS]
    places = np.flatnonzero((register.rows["jg"] == OPEN) & chosen(today.random, len(register), SHARE_DECIDED))
    results = texts(np.where(chosen(today.random, len(places), SHARE_GRANTED), REPAIRED, REFUSED))
    register.update(places, {"jg": results, "jdrq": _today(today, len(places))})
    repaired = register.rows["xfjl.wsh"][places[results == REPAIRED]]
    ended = np.flatnonzero(_stands_in(listings.rows["jlbh"], repaired) & _is_open(listings, "ycrq"))
    listings.update(ended, {"ycrq": _today(today, len(ended))})


def repairs_applied(world: World, today: Today) -> None:
    """Counterparties of penalties and of open listings ask that their record be repaired, once for each record."""
    applied = world.registers[REPAIRS].rows["xfjl.wsh"]
    for dataset, (number, _, _) in SOURCES.items():
        register = world.registers[dataset]
        may_apply = ~register.has_changed & ~_stands_in(register.rows[number], applied)
        if dataset == ABNORMAL_OPERATIONS:
            may_apply &= _is_open(register, "ycrq")
        places = chance(today.random, may_apply, today.life.credit.repairs_applied)
        world.registers[REPAIRS].insert(repair_rows(world.writer, dataset, places, today.day), today.day)


def _parties(world: World, today: Today, per_mille: float) -> Parties:
    """Entities that are there, some of them replaced by a natural person."""
    firms = chance(today.random, ~world.firms.entities["is_gone"], per_mille)
    return draw_parties(world.writer, today.random, firms, today.life.credit.share_natural_person, today.day)


def _is_open(register: Register, ended: str) -> Flags:
    """Rows that are there and have no date of their end."""
    return np.asarray(register.is_alive & (register.rows[ended] == ""))


def _stands_in(values: Texts, others: Texts) -> Flags:
    known = set(others)
    return np.array([value in known for value in values], dtype=bool)


def _today(today: Today, count: int) -> Texts:
    return iso(days(today.day, count))
