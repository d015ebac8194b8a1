"""Rows of ``natural_resources/real_estate_right``: units (a flat, a house) and the people and firms who hold a right in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

import numpy as np

from jobs.samples.cadastre import NOWHERE
from jobs.samples.entity_errors import distort_entity_names, distort_unified
from jobs.samples.holders import Holders, adults, draw_holders
from jobs.samples.registers import RESIDENCES
from jobs.samples.registers.enterprise import person_columns
from jobs.samples.registers.named import LEGAL_ENTITY, NOBODY, Named
from jobs.samples.registers.writer import HEAD, Writer, days_back, iso
from jobs.samples.streams import Dates, Flags, Numbers, Texts, chosen, lists, texts, years_of
from jobs.samples.table import Column

CITY_RIGHT, VILLAGE_RIGHT = "2", "6"
"""Kinds of right: the house; the use of a homestead."""

SOLE, JOINT, BY_SHARES = "0", "1", "2"
"""Ways of owning together (共有方式)."""

CITIZEN_ID, PASSPORT, UNIFIED_CODE = "1", "2", "7"
"""Kinds of ID: only foreigners show a passport."""

SHARE_HOMES_REGISTERED, SHARE_RENTED_REGISTERED = 0.9, 0.6
"""Of the addresses of households and of residence registrations: the unit is in the register of rights."""

SHARE_OWN_HOME, SHARE_OWN_RESIDENCE = 0.75, 0.25
"""Of those: a right is held by the head of the household, or by the person who is registered there; else by anybody."""

GROWN_UP_DAYS = 18 * 366

NAMED = (
    Named("_holders", "BDCDYH", "QLR[].ZJH", "QLR[].MC", role="holder", is_repeated=True),
    Named("_firms", "BDCDYH", "QLR[].ZJH", "QLR[].MC", role="holder", is_repeated=True, master=LEGAL_ENTITY),
)


@dataclass(frozen=True)
class Rooms:
    """Addresses of units, the county of each, and who would hold it if those who live there do."""

    county: Numbers
    address: Texts
    dweller: Numbers

    def only(self, which: Flags) -> Rooms:
        """Some of them."""
        return Rooms(self.county[which], self.address[which], self.dweller[which])


def first_unit_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """The rights of the first day: in homes of households, and in what people rent who live elsewhere."""
    random = writer.streams.named("real estate rights")
    today = np.datetime64(start, "D")
    is_adult = adults(writer.population, today)
    homes, rented = homes_of(writer), _rented(writer)
    homes = homes.only(chosen(random, len(homes.address), SHARE_HOMES_REGISTERED))
    rented = rented.only(chosen(random, len(rented.address), SHARE_RENTED_REGISTERED))
    share_own = np.repeat([SHARE_OWN_HOME, SHARE_OWN_RESIDENCE], [len(homes.address), len(rented.address)])
    rooms = Rooms(*(np.concatenate([getattr(homes, name), getattr(rented, name)]) for name in ("county", "address", "dweller")))
    anybody = random.choice(np.flatnonzero(is_adult), len(rooms.address))
    is_own = (random.random(len(rooms.address)) < share_own) & is_adult[rooms.dweller]
    first = np.where(is_own, rooms.dweller, anybody)
    registered = np.maximum(days_back(writer, "units", start, len(first)), writer.population.people["birth"][first] + GROWN_UP_DAYS)
    holders = draw_holders(random, writer.population, writer.firms, first, is_adult)
    return unit_rows(writer, rooms, holders, np.minimum(registered, today - 1), set())


def homes_of(writer: Writer) -> Rooms:
    """The registered homes of households, with their heads."""
    people, households = writer.population.people, writer.population.households
    heads = np.flatnonzero((people["relation"] == HEAD) & ~people["is_dead"])
    of = people["household"][heads]
    return Rooms(households["county"][of], households["address"][of], heads)


def unit_rows(writer: Writer, rooms: Rooms, holders: Holders, registered: Dates, known: set[str]) -> Mapping[str, Column]:
    """Rows as they are first written, of the units that are not ``known``, each once.

    ``_holders`` are places among people, ``_firms`` among firms.
    """
    cadastre = writer.cadastre
    settled = cadastre.settle(rooms.county, rooms.address)
    located = np.flatnonzero(settled.buildings != NOWHERE)
    codes = cadastre.unit_codes(settled.buildings[located], settled.rooms[located])
    is_new = _is_first(codes, known)
    kept = located[is_new]
    buildings = settled.buildings[kept]
    random = writer.errors("BDCDYH")
    writer.next_serials("BDCDYH", len(kept))
    is_rural = cadastre.buildings["building"][buildings] == ""
    return {
        "BDCDYH": codes[is_new],
        **holder_columns(writer, holders.only(kept), registered[kept]),
        "QLLX": texts(np.where(is_rural, VILLAGE_RIGHT, CITY_RIGHT)),
        "JZMJ": texts([f"{area / 100:.2f}" for area in random.integers(4000, 22000, len(kept)).tolist()]),
        "ZL": rooms.address[kept],
    }


def holder_columns(writer: Writer, holders: Holders, registered: Dates) -> Mapping[str, Column]:
    """The columns that change when a unit changes hands: the certificate, the holders (lists), and since when."""
    serials = writer.next_serials("BDCQZH", len(registered)).tolist()
    who, firms = (np.array(list(chain.from_iterable(places)), dtype=np.int64) for places in (holders.people, holders.firms))
    random = writer.streams.named("errors", "BDCQZH", serials[0] if serials else 0)
    is_firm = firms != NOBODY
    is_foreign = writer.population.people["is_foreign"][who] & ~is_firm
    names, numbers = person_columns(writer, "real estate", who)
    passports = texts([f"P{number:08d}" for number in random.integers(0, 10**8, len(who)).tolist()])
    numbers = texts(np.where(is_foreign, passports, numbers))
    names[is_firm] = distort_entity_names(random, writer.firms, firms[is_firm], writer.noise.entity)
    unified = writer.firms.entities["unified"][firms[is_firm]]
    numbers[is_firm] = distort_unified(random, unified, writer.noise.entity.confusable_letter)
    kinds = texts(np.where(is_firm, UNIFIED_CODE, np.where(is_foreign, PASSPORT, CITIZEN_ID)))
    sizes = [len(group) for group in holders.people]
    owned = list(zip(sizes, holders.is_joint.tolist(), strict=True))
    grouped = _grouped(sizes)
    return {
        "BDCQZH": texts([f"({y})不动产权第{n:09d}号" for y, n in zip(years_of(registered).tolist(), serials, strict=True)]),
        "QLR[].MC": grouped(names),
        "QLR[].ZJZL": grouped(kinds),
        "QLR[].ZJH": grouped(numbers),
        "QLR[].QLBL": grouped(texts([_share(size, is_joint=is_joint) for size, is_joint in owned for _ in range(size)])),
        "GYFS": texts([_ownership(size, is_joint=is_joint) for size, is_joint in owned]),
        "DJSJ": iso(registered),
        "_holders": holders.people,
        "_firms": holders.firms,
    }


def _rented(writer: Writer) -> Rooms:
    """Where people live who are away from home."""
    rows = writer.registers[RESIDENCES].rows
    return Rooms(writer.cadastre.numbers_of(rows["residence.region"]), rows["residence.address"], rows["_person"])


def _is_first(codes: Texts, known: set[str]) -> Flags:
    found, seen = [], set(known)
    for code in codes:
        found.append(code not in seen)
        seen.add(code)
    return np.array(found, dtype=bool)


def _grouped(sizes: Sequence[int]) -> Callable[[Texts], Texts]:
    """What puts the values of all holders back together, unit by unit."""
    ends = np.cumsum(sizes).tolist()
    return lambda values: lists([values[end - size : end].tolist() for size, end in zip(sizes, ends, strict=True)])


def _share(size: int, *, is_joint: bool) -> str:
    """The share of one of ``size`` holders; joint owners have none of their own."""
    if size == 1:
        return "1"
    return "" if is_joint else f"1/{size}"


def _ownership(size: int, *, is_joint: bool) -> str:
    if size == 1:
        return SOLE
    return JOINT if is_joint else BY_SHARES
