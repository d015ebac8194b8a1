"""What a day brings to the land: addresses and parcels that are new, borders that are surveyed again, units that change hands."""

from __future__ import annotations

import numpy as np

from jobs.samples.holders import adults, draw_holders
from jobs.samples.registers import PARCELS, REAL_ESTATE, STANDARD_ADDRESSES
from jobs.samples.registers.parcel import parcel_rows
from jobs.samples.registers.real_estate_right import SHARE_OWN_HOME, holder_columns, homes_of, unit_rows
from jobs.samples.registers.standard_address import ADDRESSES, address_rows
from jobs.samples.registers.writer import chance, days, how_many, iso
from jobs.samples.streams import chosen
from jobs.samples.world import Today, World


def new_buildings(world: World, today: Today) -> None:
    """Addresses that were written for the first time today become standard addresses, and their parcels are surveyed.

    So are a few parcels on which nobody lives.
    """
    writer, cadastre = world.writer, world.writer.cadastre
    known_parcels, known_buildings = len(cadastre.parcels), len(cadastre.buildings)
    for dataset, region, address in ADDRESSES:
        rows, changed = world.registers[dataset].rows, world.registers[dataset].changes()
        cadastre.settle(cadastre.numbers_of(rows[region][changed]), rows[address][changed])
    surveyed = how_many(today.random, known_parcels, today.life.land.parcels_surveyed)
    cadastre.add_vacant(today.random, today.random.integers(0, cadastre.counties.home, surveyed))
    parcels = np.arange(known_parcels, len(cadastre.parcels))
    buildings = np.arange(known_buildings, len(cadastre.buildings))
    world.registers[PARCELS].insert(parcel_rows(writer, parcels, days(today.day, len(parcels))), today.day)
    world.registers[STANDARD_ADDRESSES].insert(address_rows(writer, buildings, days(today.day, len(buildings))), today.day)


def resurveys(world: World, today: Today) -> None:
    """Parcels whose border or area is wrong are surveyed again."""
    register = world.registers[PARCELS]
    rows = register.rows
    is_wrong = (rows["geometry"] != rows["_geometry"]) | (rows["ZDMJ"] != rows["_area"])
    places = chance(today.random, is_wrong & register.is_alive & ~register.has_changed, today.life.land.parcels_resurveyed)
    surveyed = iso(days(today.day, len(places)))
    register.update(places, {"geometry": rows["_geometry"][places], "ZDMJ": rows["_area"][places], "DCRQ": surveyed})


def transfers(world: World, today: Today) -> None:
    """Units are sold: the row names other holders from now on."""
    register = world.registers[REAL_ESTATE]
    is_adult = adults(world.population, np.datetime64(today.day, "D"))
    places = chance(today.random, register.is_alive & ~register.has_changed, today.life.land.units_transferred)
    buyers = today.random.choice(np.flatnonzero(is_adult), len(places))
    holders = draw_holders(today.random, world.population, world.writer.firms, buyers, is_adult)
    is_other = np.array(
        [new != old for new, old in zip(holders.people, register.rows["_holders"][places], strict=True)], dtype=bool
    )
    sold = places[is_other]
    columns = holder_columns(world.writer, holders.only(np.flatnonzero(is_other)), days(today.day, len(sold)))
    register.succeed(["_holders", "_firms"], sold, columns, today.day)


def first_sales(world: World, today: Today) -> None:
    """Households that are written of today buy the home they live in, if nobody holds it: mostly those that have just moved."""
    random, register = today.random, world.registers[REAL_ESTATE]
    homes = homes_of(world.writer)
    is_adult = adults(world.population, np.datetime64(today.day, "D"))
    written = set(world.households.rows["HKDZ"][world.households.changes()])
    is_written = np.array([address in written for address in homes.address], dtype=bool)
    buying = homes.only(is_written & chosen(random, len(is_written), SHARE_OWN_HOME) & is_adult[homes.dweller])
    holders = draw_holders(random, world.population, world.writer.firms, buying.dweller, is_adult)
    registered = days(today.day, len(buying.address))
    register.insert(unit_rows(world.writer, buying, holders, registered, set(register.rows["BDCDYH"])), today.day)


LAND_EVENTS = (new_buildings, resurveys, transfers, first_sales)
"""The land's events of a day, in the order in which they happen: behind all others, for they follow where people live."""
