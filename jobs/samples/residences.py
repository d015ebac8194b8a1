"""What happens to residence registrations: new ones, ended ones, renewed ones, and numbers that are supplied later."""

from __future__ import annotations

import numpy as np

from jobs.samples.addresses import draw_phones
from jobs.samples.registers.residence import TERM_DAYS, residence_rows
from jobs.samples.registers.writer import chance, days, iso
from jobs.samples.streams import Flags, chosen, lists, texts
from jobs.samples.world import Today, World

SHARE_OLD_CLOSED = 0.6
"""Of people who register at a new address: the older registrations are closed."""

SHARE_NEW_PHONE = 0.4
MOVING_AGE = 16


def new_residences(world: World, today: Today) -> None:
    """People move to an address in the home counties and register there."""
    population = world.population
    people = population.people
    eligible = world.is_free() & ~people["is_foreign"] & (population.ages(today.day) >= MOVING_AGE)
    who = chance(today.random, eligible, today.life.new_residences)
    world.busy[who] = True
    closing = who[chosen(today.random, len(who), SHARE_OLD_CLOSED)]
    world.residences.delete(np.flatnonzero(np.isin(world.residences.rows["_person"], closing)), today.day)
    county = today.random.integers(0, population.counties.home, len(who))
    address = world.draw_addresses(today.random, county, np.zeros(len(who), dtype=bool))
    world.residences.insert(residence_rows(world.writer, who, county, address, days(today.day, len(who))), today.day)


def residences_ended(world: World, today: Today) -> None:
    """People go back home: the registration is taken out."""
    world.residences.delete(chance(today.random, _untouched(world), today.life.residences_ended), today.day)


def residences_renewed(world: World, today: Today) -> None:
    """The term is prolonged; some give another phone."""
    register = world.residences
    people = world.population.people
    places = chance(today.random, _untouched(world), today.life.residences_renewed)
    has_new_phone = chosen(today.random, len(places), SHARE_NEW_PHONE)
    who = register.rows["_person"][places[has_new_phone]]
    new = draw_phones(today.random, len(who))
    people["phone"][who] = new
    register.update(places[has_new_phone], {"contacts[].phone": lists([[phone] for phone in new])})
    expires = iso(days(today.day, len(places)) + TERM_DAYS * today.random.integers(1, 4, len(places)))
    register.update(places, {"residence.expired_at": expires})


def ids_supplied(world: World, today: Today) -> None:
    """People bring the ID that was missing."""
    register = world.residences
    places = chance(today.random, _untouched(world) & (register.rows["person.id"] == ""), today.life.ids_supplied)
    register.update(places, {"person.id": texts(world.population.people["number"][register.rows["_person"][places]])})


def _untouched(world: World) -> Flags:
    register = world.residences
    return register.is_alive & ~register.has_changed
