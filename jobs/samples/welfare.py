"""What happens to assistance: new cases, other amounts, and cases that end. An ended case stays in the register."""

from __future__ import annotations

import numpy as np

from jobs.samples.registers import ASSISTANCE
from jobs.samples.registers.assistance import AMOUNT, TO, amounts, assistance_rows
from jobs.samples.registers.named import NOBODY
from jobs.samples.registers.writer import chance, days, iso
from jobs.samples.streams import Flags
from jobs.samples.world import Today, World


def new_assistance(world: World, today: Today) -> None:
    """Households that have none get assistance from today."""
    register = world.registers[ASSISTANCE]
    eligible = world.writer.heads_of_households() != NOBODY
    eligible[register.rows["_household"][register.rows[TO] == ""]] = False
    households = chance(today.random, eligible, today.life.new_assistance)
    register.insert(assistance_rows(world.writer, households, days(today.day, len(households))), today.day)


def assistance_reviewed(world: World, today: Today) -> None:
    """The amount is set anew."""
    register = world.registers[ASSISTANCE]
    places = chance(today.random, _running(world), today.life.assistance_reviewed)
    persons = 1 + np.array([len(members) for members in register.rows["_members"][places]], dtype=np.int64)
    register.update(places, {AMOUNT: amounts(today.random, persons)})


def assistance_ended(world: World, today: Today) -> None:
    """Assistance ends today; also where the head has died."""
    register = world.registers[ASSISTANCE]
    places = chance(today.random, _running(world), today.life.assistance_ended)
    died = np.flatnonzero(world.population.people["is_dead"][register.rows["_head"]] & _running(world))
    ended = np.union1d(places, died)
    register.update(ended, {TO: iso(days(today.day, len(ended)))})


def _running(world: World) -> Flags:
    register = world.registers[ASSISTANCE]
    return np.asarray((register.rows[TO] == "") & ~register.has_changed)
