"""Rows of ``natural_resources/parcel``: every parcel that has been surveyed, with its border."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date

import numpy as np

from jobs.samples.cadastre import Cadastre
from jobs.samples.geometry import SUB_COLUMNS, Degrees, areas_of, crossed, draw_rings, shifted, sliver_of
from jobs.samples.registers.writer import Writer, days_back, iso
from jobs.samples.settings import LandNoise
from jobs.samples.streams import Dates, Flags, Numbers, Texts, chosen, texts
from jobs.samples.table import Column

SQUARE_METRES = "1"
"""Unit of the area (面积单位)."""

CGCS2000 = "EPSG:4490"

SHARE_VACANT = 0.2
"""Parcels on which nobody lives, for each one on which somebody does."""


def first_parcel_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """The parcels of the first day: those with buildings, and others in the home counties."""
    cadastre = writer.cadastre
    random = writer.streams.named("vacant parcels")
    vacant = int(len(cadastre.parcels) * SHARE_VACANT)
    cadastre.add_vacant(random, random.integers(0, cadastre.counties.home, vacant))
    parcels = np.arange(len(cadastre.parcels))
    return parcel_rows(writer, parcels, days_back(writer, "parcels", start, len(parcels)))


def parcel_rows(writer: Writer, parcels: Numbers, surveyed: Dates) -> Mapping[str, Column]:
    """Rows as they are first written. ``_parcel`` is the parcel, ``_geometry`` and ``_area`` are what a faultless survey gives."""
    cadastre, random = writer.cadastre, writer.errors("ZDDM")
    writer.next_serials("ZDDM", len(parcels))
    corners = cadastre.corners(parcels)
    rings = draw_rings(random, corners)
    areas = areas_of(rings)
    correct = texts([_polygon(ring) for ring in rings])
    return {
        "ZDDM": cadastre.parcel_codes(parcels),
        "XZQH": writer.county_codes(cadastre.parcels["county"][parcels]),
        "ZL": _locations(cadastre, parcels),
        "YT": cadastre.parcels["use"][parcels].copy(),
        "ZDMJ": _written_areas(random, areas, writer.noise.land),
        "MJDW": texts([SQUARE_METRES] * len(parcels)),
        "DCRQ": iso(surveyed),
        "ZBX": texts([CGCS2000] * len(parcels)),
        "geometry": _written_borders(random, correct, rings, corners, cadastre.parcels["serial"][parcels], writer.noise.land),
        "_parcel": parcels,
        "_geometry": correct,
        "_area": metres(areas),
    }


def metres(areas: Degrees) -> Texts:
    """Square metres with two decimals."""
    return texts([f"{area:.2f}" for area in areas.tolist()])


def _locations(cadastre: Cadastre, parcels: Numbers) -> Texts:
    """Where they lie: as far as the street number; of a parcel on which nobody lives only the county is written."""
    parts = [cadastre.counties.full_names[cadastre.parcels["county"][parcels]]]
    parts += [cadastre.parcels[name][parcels] for name in ("street", "road", "number")]
    return texts(["".join(row) for row in zip(*parts, strict=True)])


def _written_areas(random: np.random.Generator, areas: Degrees, noise: LandNoise) -> Texts:
    is_wrong = chosen(random, len(areas), noise.area_wrong / 100)
    factors = 1 + (0.05 + 0.15 * random.random(len(areas))) * np.where(random.random(len(areas)) < 0.5, -1, 1)
    return metres(np.where(is_wrong, areas * factors, areas))


def _written_borders(
    random: np.random.Generator, correct: Texts, rings: Degrees, corners: Degrees, serials: Numbers, noise: LandNoise
) -> Texts:
    """Borders as GeoJSON; a border has at most one of the errors."""
    count = len(correct)
    has_neighbour = (serials - 1) % SUB_COLUMNS != 0
    errors: tuple[tuple[Flags, Callable[[int], str]], ...] = (
        (chosen(random, count, noise.parcel_crossed / 100), lambda row: _polygon(crossed(rings[row]))),
        (chosen(random, count, noise.parcel_open / 100), lambda row: _polygon(rings[row][:-1])),
        (chosen(random, count, noise.parcel_overlapping / 100) & has_neighbour, lambda row: _polygon(shifted(rings[row]))),
        (chosen(random, count, noise.parcel_with_sliver / 100), lambda row: _polygons(rings[row], sliver_of(corners[row]))),
    )
    written = correct.copy()
    left = np.ones(count, dtype=bool)
    for where, write in errors:
        for row in np.flatnonzero(where & left).tolist():
            written[row] = write(row)
        left &= ~where
    return written


def _polygon(ring: Degrees) -> str:
    return _text("Polygon", [ring.tolist()])


def _polygons(*rings: Degrees) -> str:
    return _text("MultiPolygon", [[ring.tolist()] for ring in rings])


def _text(kind: str, coordinates: object) -> str:
    return json.dumps({"type": kind, "coordinates": coordinates}, separators=(",", ":"))
