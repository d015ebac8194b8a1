"""What the health department hears of a day: births and deaths, and names that are given later."""

from __future__ import annotations

import numpy as np

from jobs.samples.registers import BIRTHS, DEATHS
from jobs.samples.registers.birth_certificate import NEWBORN_NAME, UNNAMED, birth_rows
from jobs.samples.registers.death_certificate import death_rows
from jobs.samples.registers.writer import chance
from jobs.samples.streams import chosen
from jobs.samples.world import Today, World


def birth_certificates(world: World, today: Today) -> None:
    """Every child that was registered today has a certificate of its birth."""
    newborns = np.arange(world.people_at_dawn, len(world.population.people))
    world.registers[BIRTHS].insert(birth_rows(world.writer, newborns), today.day)


def newborns_named(world: World, today: Today) -> None:
    """Children who had no name yet get theirs on the certificate."""
    register = world.registers[BIRTHS]
    is_unnamed = (register.rows[NEWBORN_NAME] == UNNAMED) & ~register.has_changed
    places = chance(today.random, is_unnamed, today.life.newborns_named)
    names = world.population.people["name"][register.rows["_newborn"][places]]
    register.update(places, {NEWBORN_NAME: names})


def death_certificates(world: World, today: Today) -> None:
    """Most who died today get a certificate, whether the police hear of it or not."""
    died = np.flatnonzero(world.population.people["died"] == np.datetime64(today.day, "D"))
    is_certified = chosen(today.random, len(died), world.writer.society.share_deaths_certified)
    world.registers[DEATHS].insert(death_rows(world.writer, died[is_certified]), today.day)
