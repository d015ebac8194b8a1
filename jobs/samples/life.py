"""What happens on a day: each event changes people as they are, and the rows of the registers that hear of it.

Registers that do not hear of an event keep what they have: a move is known to the police, a new name not to civil affairs.
What only one department sees comes last and changes no people: its rates leave the other registers as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np

from jobs.samples import names
from jobs.samples.births import births
from jobs.samples.certificates import birth_certificates, death_certificates, newborns_named
from jobs.samples.citizen_ids import are_valid
from jobs.samples.couples import divorces, marriages
from jobs.samples.credit_life import (
    abnormal_removed,
    commended,
    debtors_listed,
    debtors_withdrawn,
    licences,
    listed_as_abnormal,
    penalties,
    repairs_applied,
    repairs_decided,
    violations,
)
from jobs.samples.employment import insurances_ended, job_changes, new_insurances
from jobs.samples.firm_life import (
    establishments_changed,
    firms_dissolved,
    firms_founded,
    firms_moved,
    firms_renamed,
    new_capital,
    new_representatives,
    shares_passed_on,
    tax_numbers_exchanged,
)
from jobs.samples.land import LAND_EVENTS
from jobs.samples.registers.household import DEAD, updated_today
from jobs.samples.registers.writer import chance, how_many
from jobs.samples.residences import ids_supplied, new_residences, residences_ended, residences_renewed
from jobs.samples.schooling import enrolments, school_changes, school_leavers
from jobs.samples.settings import Life
from jobs.samples.streams import chosen, texts
from jobs.samples.utilities import accounts_closed, meter_readings, new_accounts
from jobs.samples.welfare import assistance_ended, assistance_reviewed, new_assistance
from jobs.samples.world import Today, World

NOBODY = -1
WIDOWED = "30"

Event = Callable[[World, Today], None]


def live(world: World, life: Life, day: date) -> None:
    """Everything that happens on ``day``; afterwards the registers hold its changes."""
    world.open_day()
    for event in EVENTS:
        event(world, Today(day, life, world.writer.streams.named("life", day, event.__name__)))
        grown = len(world.population.people) - len(world.busy)
        world.busy = np.concatenate([world.busy, np.ones(grown, dtype=bool)])


def deaths(world: World, today: Today) -> None:
    """People die, the old far more often; the registration is cancelled, but for a few."""
    people = world.population.people
    ages = world.population.ages(today.day)
    alive = world.is_free() & ~people["is_foreign"]
    wanted = min(how_many(today.random, int(alive.sum()), today.life.deaths), int((alive & (ages > 45)).sum()))
    weights = np.where(alive & (ages > 45), (ages - 45) ** 3, 0)
    if not wanted:
        return
    who = np.sort(today.random.choice(len(people), wanted, replace=False, p=weights / weights.sum()))
    people["is_dead"][who] = True
    people["died"][who] = np.datetime64(today.day, "D")
    world.busy[who] = True
    heard = who[~chosen(today.random, len(who), world.writer.uncancelled_share())]
    world.update_households(heard, {"ZXBZ": DEAD}, today)
    left = people["spouse"][who]
    left = np.unique(left[left != NOBODY])
    left = left[~people["is_dead"][left]]
    people["spouse"][who] = NOBODY
    people["spouse"][left] = NOBODY
    people["marital"][left] = WIDOWED
    world.busy[left] = True
    world.update_households(left, {"HYZK": WIDOWED}, today)


def household_moves(world: World, today: Today) -> None:
    """A household gets another registered address; all its members' rows change."""
    population = world.population
    people, households = population.people, population.households
    moving = chance(today.random, np.ones(len(households), dtype=bool), today.life.household_moves)
    households["address"][moving] = world.draw_addresses(today.random, households["county"][moving], households["rural"][moving])
    who = np.flatnonzero(np.isin(people["household"], moving) & ~people["is_dead"] & ~people["is_foreign"])
    world.busy[who] = True
    world.update_households(who, {"HKDZ": households["address"][people["household"][who]]}, today)


def renames(world: World, today: Today) -> None:
    """People take another given name; the household register has the old one as the former name."""
    people = world.population.people
    eligible = world.is_free() & ~people["is_foreign"] & ~names.in_parts(people["ethnic"]) & (world.population.ages(today.day) < 60)
    who = chance(today.random, eligible, today.life.renames)
    given = names.draw_given(today.random, people["birth"][who], people["sex"][who])
    new = people["surname"][who] + given
    changed = new != people["name"][who]
    who, new = who[changed], new[changed]
    people["former"][who] = people["name"][who]
    people["given"][who], people["name"][who] = given[changed], new
    world.busy[who] = True
    world.update_households(who, {"XM": new, "CYM": people["former"][who]}, today)


def id_corrections(world: World, today: Today) -> None:
    """Numbers in the household register that are wrong or have 15 digits are put right."""
    register = world.households
    written = texts([number.upper() for number in register.rows["GMSFHM"]])
    is_wrong = (written != register.rows["_number"]) & register.is_alive & (register.rows["ZXBZ"] == "")
    places = chance(today.random, is_wrong, today.life.id_corrections)
    correct = register.rows["_number"][places]
    if not are_valid(correct).all():
        raise ValueError("an issued number is not valid")
    register.update(places, {"GMSFHM": correct, "GXSJ": updated_today(today.random, today.day, len(places))})


EVENTS: tuple[Event, ...] = (
    births,
    deaths,
    marriages,
    divorces,
    household_moves,
    renames,
    id_corrections,
    new_residences,
    residences_ended,
    residences_renewed,
    ids_supplied,
    birth_certificates,
    newborns_named,
    death_certificates,
    enrolments,
    school_changes,
    school_leavers,
    new_assistance,
    assistance_reviewed,
    assistance_ended,
    new_insurances,
    job_changes,
    insurances_ended,
    new_accounts,
    meter_readings,
    accounts_closed,
    firms_founded,
    firms_renamed,
    firms_moved,
    new_representatives,
    new_capital,
    shares_passed_on,
    firms_dissolved,
    tax_numbers_exchanged,
    establishments_changed,
    licences,
    penalties,
    debtors_listed,
    debtors_withdrawn,
    violations,
    listed_as_abnormal,
    abnormal_removed,
    commended,
    repairs_decided,
    repairs_applied,
    *LAND_EVENTS,
)
"""The events of a day, in the order in which they happen."""
