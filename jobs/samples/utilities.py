"""What happens to utility accounts: new ones, readings of the meter, and accounts that are closed."""

from __future__ import annotations

import numpy as np

from jobs.samples.registers import ACCOUNTS
from jobs.samples.registers.account import CLOSED, USE, WRITTEN_AT, monthly_uses, new_account_rows
from jobs.samples.registers.named import NOBODY
from jobs.samples.registers.writer import chance, days, iso, written_at
from jobs.samples.streams import Flags, Numbers
from jobs.samples.table import Column
from jobs.samples.world import Today, World


def new_accounts(world: World, today: Today) -> None:
    """Households in the home counties get an account in the head's name."""
    population = world.population
    heads = world.writer.heads_of_households()
    eligible = (heads != NOBODY) & (population.households["county"] < population.counties.home)
    holders = heads[chance(today.random, eligible, today.life.new_accounts)]
    world.registers[ACCOUNTS].insert(new_account_rows(world.writer, holders, today.day), today.day)


def meter_readings(world: World, today: Today) -> None:
    """The monthly use is another one."""
    register = world.registers[ACCOUNTS]
    places = chance(today.random, _open(world), today.life.meter_readings)
    _update(world, places, {USE: monthly_uses(today.random, register.rows["ywlx"][places])}, today)


def accounts_closed(world: World, today: Today) -> None:
    """Accounts are closed; their rows stay."""
    places = chance(today.random, _open(world), today.life.accounts_closed)
    _update(world, places, {CLOSED: iso(days(today.day, len(places)))}, today)


def _update(world: World, places: Numbers, values: dict[str, Column], today: Today) -> None:
    register = world.registers[ACCOUNTS]
    changed = register.update(places, values)
    register.update(changed, {WRITTEN_AT: written_at(today.random, days(today.day, len(changed)))})


def _open(world: World) -> Flags:
    register = world.registers[ACCOUNTS]
    return np.asarray((register.rows[CLOSED] == "") & ~register.has_changed)
