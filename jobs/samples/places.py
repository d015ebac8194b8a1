"""Addresses taken apart: the street number or village house that is one parcel, the building on it, and the room."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CITY = re.compile(
    r"(?P<street>.+?街道)(?P<road>.+?)(?P<number>\d+号)(?P<building>\D+(?P<block>\d+)号楼)(?P<unit>\d+)单元(?P<floor>\d+)(?P<room>\d\d)室"
)
_VILLAGE = re.compile(r"(?P<street>.+?镇)(?P<road>.+?村)(?P<number>\d+号)")

FLOORS, ROOMS = 20, 5
"""More than any building has: rooms of a building are numbered through its units and floors by these."""


@dataclass(frozen=True)
class Place:
    """One address below the county. ``building`` is empty in a village, where a house number is a building of its own."""

    street: str
    road: str
    number: str
    building: str
    block: int
    room: int

    @property
    def is_rural(self) -> bool:
        """Whether it stands in a village."""
        return not self.building


def take_apart(address: str, county: str) -> Place | None:
    """The place that ``address`` names in the county of that full name; None if it has no form that the country writes."""
    rest = address.removeprefix(county)
    if city := _CITY.fullmatch(rest):
        unit, floor, room = (int(city[name]) for name in ("unit", "floor", "room"))
        number = ((unit - 1) * FLOORS + floor - 1) * ROOMS + room
        return Place(city["street"], city["road"], city["number"], city["building"], int(city["block"]), number)
    if village := _VILLAGE.fullmatch(rest):
        return Place(village["street"], village["road"], village["number"], "", 1, 1)
    return None
