"""The land as it is: parcels in the grids of their counties, buildings on parcels, and which address is which building."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from jobs.samples.geometry import CELLS, SUBS, Degrees, cell_corners, county_origins
from jobs.samples.places import Place, take_apart
from jobs.samples.regions import Counties
from jobs.samples.streams import Choice, Numbers, Texts, texts
from jobs.samples.table import Table

NOWHERE = -1

HOUSING, HOMESTEAD = "0701", "0702"
OTHER_USES = Choice.parse(
    "0102 0.22 0103 0.18 0101 0.08 0201 0.06 0301 0.1 0501 0.06 0601 0.1 0803 0.05 0810 0.05 1004 0.06 1104 0.04"
)
"""Uses of parcels on which nobody lives (GB/T 21010-2017), with made-up shares."""

STATE_LAND, COLLECTIVE_HOMESTEAD, COLLECTIVE_FARMLAND = "GB", "JC", "JE"
"""Characteristic codes of a parcel: who owns the land, and what right is set up on it."""

HOUSE = "F"
"""Characteristic code of what stands on the land: a house."""


@dataclass(frozen=True)
class Settled:
    """For each of some addresses, the building (a place, or NOWHERE) and the number of the room in it."""

    buildings: Numbers
    rooms: Numbers


@dataclass
class Cadastre:
    """Everything that stands somewhere.

    ``parcels``: county, serial (in the county, from 1), feature, use, street, road, number (empty where nobody lives).
    ``buildings``: parcel (a place), building (its name, empty in a village), block (its number), rural.
    """

    counties: Counties
    parcels: Table = field(default_factory=lambda: _empty("county serial", "feature use street road number"))
    buildings: Table = field(default_factory=lambda: _empty("parcel block", "building"))
    _serials: dict[int, int] = field(default_factory=dict)
    _parcels: dict[tuple[int, str, str, str], int] = field(default_factory=dict)
    _buildings: dict[tuple[int, str], int] = field(default_factory=dict)

    def numbers_of(self, codes: Texts) -> Numbers:
        """The numbers of the counties that have these codes today."""
        by_code = {code: number for number, code in enumerate(self.counties.current_codes)}
        return np.array([by_code[code] for code in codes], dtype=np.int64)

    def settle(self, counties: Numbers, addresses: Texts) -> Settled:
        """Find the buildings of addresses; those that are not known yet are there from now on, on parcels of their own."""
        full_names = self.counties.full_names[counties]
        places = [take_apart(address, name) for address, name in zip(addresses, full_names, strict=True)]
        located = [(county, place) for county, place in zip(counties.tolist(), places, strict=True) if place]
        self._add_parcels(located)
        self._add_buildings(located)
        found = [
            self._building(county, place) if place else NOWHERE for county, place in zip(counties.tolist(), places, strict=True)
        ]
        return Settled(np.array(found, dtype=np.int64), np.array([place.room if place else 0 for place in places], dtype=np.int64))

    def add_vacant(self, random: np.random.Generator, counties: Numbers) -> Numbers:
        """New parcels in these counties on which nobody lives; returns their places."""
        uses = OTHER_USES.of(random.random(len(counties)))
        is_farmland = np.array([use < "05" for use in uses], dtype=bool)
        nothing = texts([""] * len(counties))
        return self.parcels.append(
            {
                "county": counties,
                "serial": self._next_serials(counties.tolist()),
                "feature": texts(np.where(is_farmland, COLLECTIVE_FARMLAND, STATE_LAND)),
                "use": uses,
                "street": nothing,
                "road": nothing,
                "number": nothing,
            }
        )

    def corners(self, parcels: Numbers) -> Degrees:
        """The south-western corners of the cells in which parcels lie."""
        codes = self.counties.current_codes[self.parcels["county"][parcels]].tolist()
        return cell_corners(county_origins(codes), self.parcels["serial"][parcels])

    def parcel_codes(self, parcels: Numbers) -> Texts:
        """Codes of 19 characters: county, district, sub-district, characteristic, running number."""
        codes = self.counties.current_codes[self.parcels["county"][parcels]]
        serials, features = self.parcels["serial"][parcels] - 1, self.parcels["feature"][parcels]
        return texts([_parcel_code(*row) for row in zip(codes, serials.tolist(), features, strict=True)])

    def unit_codes(self, buildings: Numbers, rooms: Numbers) -> Texts:
        """Codes of 28 characters: the parcel, that it is a house, the building on the parcel, the room in the building."""
        parcels, blocks = self.parcel_codes(self.buildings["parcel"][buildings]), self.buildings["block"][buildings]
        return texts([f"{p}{HOUSE}{b:04d}{r:04d}" for p, b, r in zip(parcels, blocks.tolist(), rooms.tolist(), strict=True)])

    def addresses(self, buildings: Numbers) -> Texts:
        """Full addresses of buildings: those of their rooms without the room."""
        parcels = self.buildings["parcel"][buildings]
        county = self.counties.full_names[self.parcels["county"][parcels]]
        parts = (self.parcels[name][parcels] for name in ("street", "road", "number"))
        return np.asarray(sum(parts, county) + self.buildings["building"][buildings])

    def _add_parcels(self, located: list[tuple[int, Place]]) -> None:
        keys = dict.fromkeys((county, place.street, place.road, place.number) for county, place in located)
        new = {key: None for key in keys if key not in self._parcels}
        if not new:
            return
        rural = {(county, place.street, place.road, place.number): place.is_rural for county, place in located}
        is_rural = np.array([rural[key] for key in new], dtype=bool)
        county, street, road, number = (list(part) for part in zip(*new, strict=True))
        places = self.parcels.append(
            {
                "county": np.array(county, dtype=np.int64),
                "serial": self._next_serials(county),
                "feature": texts(np.where(is_rural, COLLECTIVE_HOMESTEAD, STATE_LAND)),
                "use": texts(np.where(is_rural, HOMESTEAD, HOUSING)),
                "street": texts(street),
                "road": texts(road),
                "number": texts(number),
            }
        )
        self._parcels.update(zip(new, places.tolist(), strict=True))

    def _add_buildings(self, located: list[tuple[int, Place]]) -> None:
        blocks = {self._building_key(county, place): place.block for county, place in located}
        new = [key for key in blocks if key not in self._buildings]
        if not new:
            return
        places = self.buildings.append(
            {
                "parcel": np.array([parcel for parcel, _ in new], dtype=np.int64),
                "block": np.array([blocks[key] for key in new], dtype=np.int64),
                "building": texts([building for _, building in new]),
            }
        )
        self._buildings.update(zip(new, places.tolist(), strict=True))

    def _building(self, county: int, place: Place) -> int:
        return self._buildings[self._building_key(county, place)]

    def _building_key(self, county: int, place: Place) -> tuple[int, str]:
        return self._parcels[county, place.street, place.road, place.number], place.building

    def _next_serials(self, counties: list[int]) -> Numbers:
        found = []
        for county in counties:
            self._serials[county] = self._serials.get(county, 0) + 1
            found.append(self._serials[county])
        return np.array(found, dtype=np.int64)


def _parcel_code(county: str, serial: int, feature: str) -> str:
    sub, cell = divmod(serial, CELLS)
    district, sub = divmod(sub, SUBS)
    return f"{county}{district + 1:03d}{sub + 1:03d}{feature}{cell + 1:05d}"


def _empty(numbers: str, words: str) -> Table:
    columns = {name: np.empty(0, dtype=np.int64) for name in numbers.split()}
    return Table({**columns, **{name: texts([]) for name in words.split()}})
