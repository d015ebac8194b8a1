"""The land's registers: what they hold on the first day, and what a day brings: buildings, surveys, and units that change hands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from jobs.samples.cadastre import NOWHERE
from jobs.samples.holders import Holders, adults, draw_holders
from jobs.samples.registers import HOUSEHOLDS, PARCELS, REAL_ESTATE, RESIDENCES, STANDARD_ADDRESSES
from jobs.samples.registers.parcel import parcel_rows
from jobs.samples.registers.real_estate_right import Units, holder_columns, unit_codes, unit_rows
from jobs.samples.registers.standard_address import address_rows
from jobs.samples.registers.writer import Writer, chance, days, how_many, iso
from jobs.samples.streams import Dates, Flags, Numbers, Texts, chosen, texts
from jobs.samples.table import Column
from jobs.samples.world import Today, World

SHARE_VACANT = 0.2
"""Parcels on which nobody lives, for each one on which somebody does."""

SHARE_HOMES_REGISTERED, SHARE_RENTED_REGISTERED = 0.9, 0.6
"""Of the addresses of households and of residence registrations: the unit is in the register of rights."""

SHARE_OWN_HOME, SHARE_OWN_RESIDENCE = 0.75, 0.25
"""Of those: a right is held by the head of the household, or by the person who is registered there; else by anybody."""

HEAD_OF_HOUSEHOLD = "02"
YEARS_BACK = 20
"""Rows of the first day were first written within so many years."""


@dataclass(frozen=True)
class Rooms:
    """Addresses of units with the county of each, and the person who would be the holder of those who live there."""

    county: Numbers
    address: Texts
    dweller: Numbers


def first_address_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """The standard addresses of the first day: every building that a household or a residence registration names."""
    for dataset, region, address in ADDRESSES:
        rows = writer.registers[dataset].rows
        writer.cadastre.settle(_counties(writer, rows[region]), rows[address])
    buildings = np.arange(len(writer.cadastre.buildings))
    return address_rows(writer, writer.cadastre, buildings, _days_back(writer, "standard addresses", start, len(buildings)))


def first_parcel_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """The parcels of the first day: those with buildings, and others in the home counties."""
    cadastre = writer.cadastre
    random = writer.streams.named("vacant parcels")
    vacant = int(len(cadastre.parcels) * SHARE_VACANT)
    cadastre.add_vacant(random, random.integers(0, cadastre.counties.home, vacant))
    parcels = np.arange(len(cadastre.parcels))
    return parcel_rows(writer, cadastre, parcels, _days_back(writer, "parcels", start, len(parcels)))


def first_unit_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """The rights of the first day: in homes of households, and in what people rent who live elsewhere."""
    random = writer.streams.named("real estate rights")
    today = np.datetime64(start, "D")
    is_adult = adults(writer.population, today)
    homes, rented = _homes(writer), _rented(writer)
    homes = _some(homes, chosen(random, len(homes.address), SHARE_HOMES_REGISTERED))
    rented = _some(rented, chosen(random, len(rented.address), SHARE_RENTED_REGISTERED))
    share_own = np.repeat([SHARE_OWN_HOME, SHARE_OWN_RESIDENCE], [len(homes.address), len(rented.address)])
    rooms = Rooms(*(np.concatenate([getattr(homes, name), getattr(rented, name)]) for name in ("county", "address", "dweller")))
    anybody = random.choice(np.flatnonzero(is_adult), len(rooms.address))
    is_own = (random.random(len(rooms.address)) < share_own) & is_adult[rooms.dweller]
    first = np.where(is_own, rooms.dweller, anybody)
    grown_up = writer.population.people["birth"][first] + 18 * 365
    registered = np.minimum(np.maximum(_days_back(writer, "units", start, len(first)), grown_up), today - 1)
    return _unit_rows(writer, rooms, draw_holders(random, writer.population, first, is_adult), registered, set())


def new_buildings(world: World, today: Today) -> None:
    """Addresses that were written for the first time today become standard addresses, their parcels are surveyed."""
    cadastre = world.writer.cadastre
    parcels, buildings = len(cadastre.parcels), len(cadastre.buildings)
    for dataset, region, address in ADDRESSES:
        register = world.registers[dataset]
        changed = register.changes()
        cadastre.settle(_counties(world.writer, register.rows[region][changed]), register.rows[address][changed])
    surveyed = how_many(today.random, parcels, today.life.parcels_surveyed)
    cadastre.add_vacant(today.random, today.random.integers(0, cadastre.counties.home, surveyed))
    new_parcels = np.arange(parcels, len(cadastre.parcels))
    new = np.arange(buildings, len(cadastre.buildings))
    rows = parcel_rows(world.writer, cadastre, new_parcels, days(today.day, len(new_parcels)))
    world.registers[PARCELS].insert(rows, today.day)
    world.registers[STANDARD_ADDRESSES].insert(address_rows(world.writer, cadastre, new, days(today.day, len(new))), today.day)


def resurveys(world: World, today: Today) -> None:
    """Parcels whose border or area is wrong are surveyed again."""
    register = world.registers[PARCELS]
    rows = register.rows
    is_wrong = (rows["geometry"] != rows["_geometry"]) | (rows["ZDMJ"] != rows["_area"])
    places = chance(today.random, is_wrong & register.is_alive & ~register.has_changed, today.life.parcels_resurveyed)
    surveyed = iso(days(today.day, len(places)))
    register.update(places, {"geometry": rows["_geometry"][places], "ZDMJ": rows["_area"][places], "DCRQ": surveyed})


def transfers(world: World, today: Today) -> None:
    """Units are sold to other people: the row has other holders from now on."""
    register = world.registers[REAL_ESTATE]
    is_adult = adults(world.population, np.datetime64(today.day, "D"))
    places = chance(today.random, register.is_alive & ~register.has_changed, today.life.units_transferred)
    buyers = today.random.choice(np.flatnonzero(is_adult), len(places))
    holders = draw_holders(today.random, world.population, buyers, is_adult)
    is_other = np.array([h != old for h, old in zip(holders.people, register.rows["_holders"][places], strict=True)], dtype=bool)
    places = places[is_other]
    register.supersede(places, today.day)
    columns = holder_columns(world.writer, holders.people[is_other], holders.is_joint[is_other], days(today.day, len(places)))
    register.update(places, columns)


def first_sales(world: World, today: Today) -> None:
    """Households that moved today buy their new home, some of them."""
    writer, random = world.writer, today.random
    moved = world.households.changes()
    homes = _homes(writer)
    is_new = np.isin(homes.address, world.households.rows["HKDZ"][moved].astype(str))
    is_new &= chosen(random, len(is_new), SHARE_OWN_HOME)
    is_adult = adults(world.population, np.datetime64(today.day, "D"))
    buying = _some(homes, is_new & is_adult[homes.dweller])
    holders = draw_holders(random, world.population, buying.dweller, is_adult)
    known = set(world.registers[REAL_ESTATE].rows["BDCDYH"])
    rows = _unit_rows(writer, buying, holders, days(today.day, len(buying.address)), known)
    world.registers[REAL_ESTATE].insert(rows, today.day)


ADDRESSES = ((HOUSEHOLDS, "HKQH", "HKDZ"), (RESIDENCES, "residence.region", "residence.address"))
"""Registers whose addresses become standard addresses: the columns with the region and the address."""


def _unit_rows(writer: Writer, rooms: Rooms, holders: Holders, registered: Dates, known: set[str]) -> Mapping[str, Column]:
    """Rows of the units that are not ``known``, each once."""
    cadastre = writer.cadastre
    settled = cadastre.settle(rooms.county, rooms.address)
    codes = unit_codes(cadastre, np.maximum(settled.buildings, 0), settled.rooms) if len(rooms.address) else texts([])
    is_kept = (settled.buildings != NOWHERE) & _is_first(codes, known)
    units = Units(
        settled.buildings[is_kept],
        settled.rooms[is_kept],
        holders.people[is_kept],
        holders.is_joint[is_kept],
        registered[is_kept],
    )
    rows = unit_rows(writer, cadastre, units, rooms.address[is_kept])
    return {**rows, **holder_columns(writer, units.holders, units.is_joint, units.registered)}


def _is_first(codes: Texts, known: set[str]) -> Flags:
    found, seen = [], set(known)
    for code in codes:
        found.append(code not in seen)
        seen.add(code)
    return np.array(found, dtype=bool)


def _homes(writer: Writer) -> Rooms:
    """The households' registered homes, with their heads."""
    people, households = writer.population.people, writer.population.households
    heads = np.flatnonzero((people["relation"] == HEAD_OF_HOUSEHOLD) & ~people["is_dead"])
    of = people["household"][heads]
    return Rooms(households["county"][of], households["address"][of], heads)


def _rented(writer: Writer) -> Rooms:
    """Where people live who are away from home."""
    rows = writer.registers[RESIDENCES].rows
    return Rooms(_counties(writer, rows["residence.region"]), rows["residence.address"], rows["_person"])


def _some(rooms: Rooms, which: Flags) -> Rooms:
    return Rooms(rooms.county[which], rooms.address[which], rooms.dweller[which])


def _counties(writer: Writer, codes: Texts) -> Numbers:
    """The numbers of counties that have these codes today."""
    by_code = {code: number for number, code in enumerate(writer.population.counties.current_codes)}
    return np.array([by_code[code] for code in codes], dtype=np.int64)


def _days_back(writer: Writer, what: str, start: date, count: int) -> Dates:
    random = writer.streams.named("first written", what)
    return np.asarray(np.datetime64(start, "D") - random.integers(1, 365 * YEARS_BACK, count))
