"""What happens to social insurance: people are insured, change their employer, and their insurance ends."""

from __future__ import annotations

import numpy as np

from jobs.samples.registers import INSURANCES
from jobs.samples.registers.insurance import UNTIL, WRITTEN_AT, can_work, employer_columns, insurance_rows
from jobs.samples.registers.writer import chance, days, iso, written_at
from jobs.samples.streams import Flags, Numbers
from jobs.samples.table import Column
from jobs.samples.world import Today, World


def new_insurances(world: World, today: Today) -> None:
    """Adults without an insurance are insured by an employer from today."""
    register = world.registers[INSURANCES]
    eligible = can_work(world.writer, today.day)
    eligible[register.rows["_person"]] = False
    who = chance(today.random, eligible, today.life.new_insurances)
    since = days(today.day, len(who))
    register.insert(insurance_rows(world.writer, who, since, since), today.day)


def job_changes(world: World, today: Today) -> None:
    """The insured go to another employer."""
    register = world.registers[INSURANCES]
    places = chance(today.random, _running(world), today.life.job_changes)
    jobs = register.rows["_job"][places] + 1
    employer = employer_columns(world.writer, today.random, register.rows["_person"][places], jobs)
    _update(world, places, {**employer, "_job": jobs}, today)


def insurances_ended(world: World, today: Today) -> None:
    """Insurances end today; those of the dead do."""
    register = world.registers[INSURANCES]
    places = chance(today.random, _running(world), today.life.insurances_ended)
    died = np.flatnonzero(world.population.people["is_dead"][register.rows["_person"]] & _running(world))
    ended = np.union1d(places, died)
    _update(world, ended, {UNTIL: iso(days(today.day, len(ended)))}, today)


def _update(world: World, places: Numbers, values: dict[str, Column], today: Today) -> None:
    """Set columns, and the time of writing of the rows that changed."""
    register = world.registers[INSURANCES]
    succeeded = ("_employer",) if "_employer" in values else ()
    changed = register.succeed(succeeded, places, values, today.day)
    register.update(changed, {WRITTEN_AT: written_at(today.random, days(today.day, len(changed)))})


def _running(world: World) -> Flags:
    register = world.registers[INSURANCES]
    return np.asarray((register.rows[UNTIL] == "") & ~register.has_changed)
