"""Rows of ``civil_affairs/standard_address``: every building in which somebody is or was registered, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from jobs.samples.geometry import Degrees, draw_points, to_gcj02
from jobs.samples.registers import HOUSEHOLDS, RESIDENCES
from jobs.samples.registers.parcel import CGCS2000
from jobs.samples.registers.writer import Writer, days_back, iso
from jobs.samples.streams import Dates, Numbers, Texts, chosen, texts
from jobs.samples.table import Column

GCJ02 = "GCJ-02"

ADDRESSES = ((HOUSEHOLDS, "HKQH", "HKDZ"), (RESIDENCES, "residence.region", "residence.address"))
"""Registers whose addresses become standard addresses: the columns with the region and the address."""


def first_address_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """The standard addresses of the first day: every building that a household or a residence registration names."""
    for dataset, region, address in ADDRESSES:
        rows = writer.registers[dataset].rows
        writer.cadastre.settle(writer.cadastre.numbers_of(rows[region]), rows[address])
    buildings = np.arange(len(writer.cadastre.buildings))
    return address_rows(writer, buildings, days_back(writer, "standard addresses", start, len(buildings)))


def address_rows(writer: Writer, buildings: Numbers, recorded: Dates) -> Mapping[str, Column]:
    """Rows as they are first written; ``_building`` is the building, ``_point`` where it stands (degrees, CGCS2000)."""
    random = writer.errors("DZBM")
    cadastre, noise, count = writer.cadastre, writer.noise.land, len(buildings)
    parcels = cadastre.buildings["parcel"][buildings]
    county = writer.county_codes(cadastre.parcels["county"][parcels])
    points = draw_points(random, cadastre.corners(parcels))
    is_gcj02 = chosen(random, count, noise.gcj02 / 100)
    is_swapped = chosen(random, count, noise.coordinates_swapped / 100)
    is_untagged = chosen(random, count, noise.untagged / 100)
    measured = np.where(is_gcj02[:, None], to_gcj02(points), points)
    measured = np.where(is_swapped[:, None], measured[:, ::-1], measured)
    return {
        "DZBM": texts([f"{code}{serial:012d}" for code, serial in zip(county, writer.next_serials("DZBM", count), strict=True)]),
        "XZQH": county,
        "XZJD": cadastre.parcels["street"][parcels].copy(),
        "JLX": cadastre.parcels["road"][parcels].copy(),
        "MPH": cadastre.parcels["number"][parcels].copy(),
        "LZH": cadastre.buildings["building"][buildings].copy(),
        "DZMC": cadastre.addresses(buildings),
        "JD": _degrees(measured[:, 0]),
        "WD": _degrees(measured[:, 1]),
        "ZBX": texts(np.where(is_untagged, "", np.where(is_gcj02, GCJ02, CGCS2000))),
        "DJRQ": iso(recorded),
        "_building": buildings,
        "_point": texts([f"{east:.7f},{north:.7f}" for east, north in points.tolist()]),
    }


def _degrees(values: Degrees) -> Texts:
    return texts([f"{value:.7f}" for value in values.tolist()])
