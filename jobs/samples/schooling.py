"""What happens at school: children are enrolled, change school, and leave."""

from __future__ import annotations

import numpy as np

from jobs.samples.registers import ENROLMENTS
from jobs.samples.registers.enrolment import SCHOOL, are_of_school_age, enrolment_rows, schools
from jobs.samples.registers.writer import chance
from jobs.samples.streams import Flags
from jobs.samples.world import Today, World


def enrolments(world: World, today: Today) -> None:
    """Children of school age who are at no school are enrolled."""
    register = world.registers[ENROLMENTS]
    eligible = are_of_school_age(world.writer, today.day)
    eligible[register.rows["_student"][register.is_alive]] = False
    students = chance(today.random, eligible, today.life.enrolments)
    register.insert(enrolment_rows(world.writer, students, today.day), today.day)


def school_changes(world: World, today: Today) -> None:
    """Students go on at another school of the same kind."""
    register = world.registers[ENROLMENTS]
    places = chance(today.random, _untouched(world), today.life.school_changes)
    students, years = register.rows["_student"][places], register.rows["_year"][places]
    register.update(places, {SCHOOL: schools(world.writer, today.random, students, years)})


def school_leavers(world: World, today: Today) -> None:
    """Students leave the schools of the country; those who died do not come back."""
    register = world.registers[ENROLMENTS]
    places = chance(today.random, _untouched(world), today.life.school_leavers)
    died = np.flatnonzero(world.population.people["is_dead"][register.rows["_student"]] & _untouched(world))
    register.delete(np.union1d(places, died), today.day)


def _untouched(world: World) -> Flags:
    register = world.registers[ENROLMENTS]
    return register.is_alive & ~register.has_changed
