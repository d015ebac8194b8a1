"""Rows of ``natural_resources/real_estate_right``: units (a flat, a house) and the people who hold a right in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from jobs.samples.cadastre import Cadastre
from jobs.samples.errors import distort_names, distort_numbers
from jobs.samples.registers.writer import Writer, iso
from jobs.samples.streams import Dates, Numbers, Texts, texts, years_of
from jobs.samples.table import Column

HOUSE = "F"
"""Characteristic code of what stands on the land: a house."""

CITY_RIGHT, VILLAGE_RIGHT = "4", "6"
"""Kinds of right: house on state land for construction; house on a homestead."""

SOLE, JOINT, BY_SHARES = "0", "1", "2"
"""Ways of owning together (共有方式)."""

CITIZEN_ID, PASSPORT = "1", "3"
"""Kinds of ID: only foreigners show a passport."""

Holders = tuple[int, ...]


@dataclass(frozen=True)
class Units:
    """Units to be registered: the building and room of each, who holds it (places among people), and since when."""

    buildings: Numbers
    rooms: Numbers
    holders: Column
    is_joint: Column
    registered: Dates


def unit_codes(cadastre: Cadastre, buildings: Numbers, rooms: Numbers) -> Texts:
    """Codes of 28 characters: the parcel, that it is a house, the building on the parcel, the room."""
    parcels = cadastre.parcel_codes(cadastre.buildings["parcel"][buildings])
    blocks = cadastre.buildings["block"][buildings].tolist()
    return texts([f"{p}{HOUSE}{b:04d}{r:04d}" for p, b, r in zip(parcels, blocks, rooms.tolist(), strict=True)])


def unit_rows(writer: Writer, cadastre: Cadastre, units: Units, addresses: Texts) -> Mapping[str, Column]:
    """Rows as they are first written; ``addresses`` are those of the rooms. ``_holders`` are places among people."""
    count = len(units.buildings)
    is_rural = cadastre.buildings["building"][units.buildings] == ""
    random = writer.streams.named("real estate", "areas", writer.serials.get("BDCQZH", 0))
    return {
        "BDCDYH": unit_codes(cadastre, units.buildings, units.rooms),
        "QLLX": texts(np.where(is_rural, VILLAGE_RIGHT, CITY_RIGHT)),
        "JZMJ": texts([f"{area / 100:.2f}" for area in random.integers(4000, 22000, count).tolist()]),
        "ZL": addresses,
        "_building": units.buildings,
        **holder_columns(writer, units.holders, units.is_joint, units.registered),
    }


def holder_columns(writer: Writer, holders: Column, is_joint: Column, registered: Dates) -> Mapping[str, Column]:
    """The columns that change when a unit changes hands: certificate, holders as lists (JSON text), and since when."""
    people, noise = writer.population.people, writer.noise
    random = writer.errors("BDCQZH")
    serials = writer.next_serials("BDCQZH", len(holders)).tolist()
    who = np.array(list(chain.from_iterable(holders)), dtype=np.int64)
    births = people["birth"][who]
    foreign = people["is_foreign"][who]
    numbers = distort_numbers(random, people["number"][who], births, noise.citizen_id, absent=0, may_be_short=True)
    passports = texts([f"P{number:08d}" for number in random.integers(0, 10**8, len(who)).tolist()])
    names = distort_names(
        random, people["name"][who], people["ethnic"][who], noise.person_name, people["former"][who], writer.renamed_share()
    )
    sizes = [len(group) for group in holders]
    shares = [_share(size, joint) for size, joint in zip(sizes, is_joint.tolist(), strict=True) for _ in range(size)]
    lists = _grouped(sizes)
    years = years_of(registered).tolist()
    return {
        "QLR[].MC": lists(names),
        "QLR[].ZJZL": lists(texts(np.where(foreign, PASSPORT, CITIZEN_ID))),
        "QLR[].ZJH": lists(texts(np.where(foreign, passports, numbers))),
        "QLR[].QLBL": lists(texts(shares)),
        "GYFS": texts([_ownership(size, joint) for size, joint in zip(sizes, is_joint.tolist(), strict=True)]),
        "BDCQZH": texts([f"({year})不动产权第{serial:09d}号" for year, serial in zip(years, serials, strict=True)]),
        "DJSJ": iso(registered),
        "_holders": holders,
    }


def list_texts(lists: Sequence[Sequence[str]]) -> Texts:
    """Lists as JSON text; an item without a value is null."""
    return texts([json.dumps([item or None for item in items], ensure_ascii=False) for items in lists])


def _grouped(sizes: Sequence[int]) -> Callable[[Texts], Texts]:
    """What puts the values of all holders back together, unit by unit."""
    ends = np.cumsum(sizes).tolist()
    return lambda values: list_texts([values[end - size : end].tolist() for size, end in zip(sizes, ends, strict=True)])


def _share(size: int, is_joint: bool) -> str:
    """The share of one of ``size`` holders; joint owners have none of their own."""
    if size == 1:
        return "1"
    return "" if is_joint else f"1/{size}"


def _ownership(size: int, is_joint: bool) -> str:
    if size == 1:
        return SOLE
    return JOINT if is_joint else BY_SHARES
