"""Rows of ``natural_resources/real_estate_right``: units (a flat, a house) and the people who hold a right in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

import numpy as np

from jobs.samples.cadastre import NOWHERE
from jobs.samples.errors import distort_names, distort_numbers
from jobs.samples.holders import Holders, adults, draw_holders
from jobs.samples.registers import RESIDENCES
from jobs.samples.registers.named import Named
from jobs.samples.registers.writer import Writer, days_back, iso
from jobs.samples.streams import Dates, Flags, Numbers, Texts, chosen, lists, texts, years_of
from jobs.samples.table import Column

CITY_RIGHT, VILLAGE_RIGHT = "4", "6"
"""Kinds of right: house on state land for construction; house on a homestead."""

SOLE, JOINT, BY_SHARES = "0", "1", "2"
"""Ways of owning together (共有方式)."""

CITIZEN_ID, PASSPORT = "1", "3"
"""Kinds of ID: only foreigners show a passport."""

SHARE_HOMES_REGISTERED, SHARE_RENTED_REGISTERED = 0.9, 0.6
"""Of the addresses of households and of residence registrations: the unit is in the register of rights."""

SHARE_OWN_HOME, SHARE_OWN_RESIDENCE = 0.75, 0.25
"""Of those: a right is held by the head of the household, or by the person who is registered there; else by anybody."""

HEAD_OF_HOUSEHOLD = "02"
GROWN_UP_DAYS = 18 * 366

NAMED = (Named("_holders", "BDCDYH", "QLR[].ZJH", "QLR[].MC", role="holder", is_repeated=True),)


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
    holders = draw_holders(random, writer.population, first, is_adult)
    return unit_rows(writer, rooms, holders, np.minimum(registered, today - 1), set())


def homes_of(writer: Writer) -> Rooms:
    """The registered homes of households, with their heads."""
    people, households = writer.population.people, writer.population.households
    heads = np.flatnonzero((people["relation"] == HEAD_OF_HOUSEHOLD) & ~people["is_dead"])
    of = people["household"][heads]
    return Rooms(households["county"][of], households["address"][of], heads)


def unit_rows(writer: Writer, rooms: Rooms, holders: Holders, registered: Dates, known: set[str]) -> Mapping[str, Column]:
    """Rows as they are first written, of the units that are not ``known``, each once. ``_holders`` are places among people."""
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
    people, noise = writer.population.people, writer.noise
    random = writer.errors("BDCQZH")
    serials = writer.next_serials("BDCQZH", len(registered)).tolist()
    who = np.array(list(chain.from_iterable(holders.people)), dtype=np.int64)
    is_foreign = people["is_foreign"][who]
    numbers = distort_numbers(random, people["number"][who], people["birth"][who], noise.citizen_id, absent=0, may_be_short=True)
    passports = texts([f"P{number:08d}" for number in random.integers(0, 10**8, len(who)).tolist()])
    names = distort_names(
        random, people["name"][who], people["ethnic"][who], noise.person_name, people["former"][who], writer.renamed_share()
    )
    sizes = [len(group) for group in holders.people]
    owned = list(zip(sizes, holders.is_joint.tolist(), strict=True))
    grouped = _grouped(sizes)
    return {
        "BDCQZH": texts([f"({y})不动产权第{n:09d}号" for y, n in zip(years_of(registered).tolist(), serials, strict=True)]),
        "QLR[].MC": grouped(names),
        "QLR[].ZJZL": grouped(texts(np.where(is_foreign, PASSPORT, CITIZEN_ID))),
        "QLR[].ZJH": grouped(texts(np.where(is_foreign, passports, numbers))),
        "QLR[].QLBL": grouped(texts([_share(size, is_joint=is_joint) for size, is_joint in owned for _ in range(size)])),
        "GYFS": texts([_ownership(size, is_joint=is_joint) for size, is_joint in owned]),
        "DJSJ": iso(registered),
        "_holders": holders.people,
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
