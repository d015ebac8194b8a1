"""Where parcels lie and what shape they have: local grids of cells, one grid a county. Degrees in CGCS2000 (EPSG:4490).

The grid is made up, near the capital of the county's province; a parcel stays in its cell, so that parcels that are free of error
do not touch. A cell is about 50 by 55 metres; ten by twenty cells are a cadastral sub-district (地籍子区), twenty of those in a row
a district (地籍区).
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from jobs.samples.regions import LAST_YEAR, read_history
from jobs.samples.word_lists import load_list

Degrees = NDArray[np.float64]

CELL_EAST, CELL_NORTH = 0.0006, 0.0005
SUB_COLUMNS, SUB_ROWS, SUBS = 10, 20, 20
CELLS = SUB_COLUMNS * SUB_ROWS
"""Cells of a sub-district, and sub-districts of a district."""

COUNTY_STEP = 0.12
"""Degrees from one county's grid to the next."""

MARGIN, WOBBLE = 0.05, 0.15
"""How far, in cells, a corner stays away from the border of its cell: at least, and how much more at most."""

SLIVER = 0.01
"""Height, in cells, of the sliver that an overlay of map sheets leaves beside a parcel."""

DIGITS = 7
"""Decimals of a degree: about a centimetre."""


def county_origins(codes: list[str]) -> Degrees:
    """The south-western corner of each county's grid, a row of two for each of the codes (GB/T 2260)."""
    return np.array([_origins()[code] for code in codes], dtype=np.float64).reshape(-1, 2)


def cell_corners(origins: Degrees, serials: NDArray[np.int64]) -> Degrees:
    """The south-western corners of the cells with these running numbers (from 1) in the grids that begin at ``origins``."""
    sub, cell = np.divmod(serials - 1, CELLS)
    district, sub = np.divmod(sub, SUBS)
    east = sub * SUB_COLUMNS + cell % SUB_COLUMNS
    north = district * SUB_ROWS + cell // SUB_COLUMNS
    return np.asarray(origins + np.column_stack([east * CELL_EAST, north * CELL_NORTH]))


def draw_rings(random: np.random.Generator, corners: Degrees) -> Degrees:
    """A four-sided ring in each cell, anti-clockwise from the south-west and closed: parcels × 5 points × 2 degrees."""
    inset = MARGIN + WOBBLE * random.random((len(corners), 4, 2))
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) + inset * np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    ring = corners[:, None, :] + unit * np.array([CELL_EAST, CELL_NORTH])
    return np.asarray(np.round(np.concatenate([ring, ring[:, :1]], axis=1), DIGITS))


def draw_points(random: np.random.Generator, corners: Degrees) -> Degrees:
    """A point in the middle of each cell, where the parcel is whatever its shape."""
    return np.asarray(
        np.round(corners + (0.3 + 0.4 * random.random((len(corners), 2))) * np.array([CELL_EAST, CELL_NORTH]), DIGITS)
    )


def areas_of(rings: Degrees) -> Degrees:
    """Areas in square metres of closed rings that are some hundred metres wide at most (GRS 80, plane of the first point)."""
    latitude = np.radians(rings[:, 0, 1])
    metres_north = 111_132.95 - 559.85 * np.cos(2 * latitude)
    metres_east = 111_412.88 * np.cos(latitude) - 93.5 * np.cos(3 * latitude)
    local = rings - rings[:, :1]
    east, north = local[:, :, 0] * metres_east[:, None], local[:, :, 1] * metres_north[:, None]
    twice = (east[:, :-1] * north[:, 1:] - east[:, 1:] * north[:, :-1]).sum(axis=1)
    return np.asarray(np.round(np.abs(twice) / 2, 2))


def shifted(ring: Degrees) -> Degrees:
    """The ring half a cell to the west, over its neighbour."""
    return np.asarray(np.round(ring - np.array([CELL_EAST / 2, 0.0]), DIGITS))


def crossed(ring: Degrees) -> Degrees:
    """The ring with two corners in the wrong order: it crosses itself."""
    return ring[[0, 2, 1, 3, 4]]


def sliver_of(corner: Degrees) -> Degrees:
    """A closed ring, hardly half a metre high, along the northern border of a cell."""
    unit = np.array([[MARGIN, 1 - 2 * SLIVER], [1 - MARGIN, 1 - 2 * SLIVER], [1 - MARGIN, 1 - SLIVER], [MARGIN, 1 - 2 * SLIVER]])
    return np.asarray(np.round(corner + unit * np.array([CELL_EAST, CELL_NORTH]), DIGITS))


def to_gcj02(points: Degrees) -> Degrees:
    """The points as map services give them (GCJ-02), by the formula that is publicly known; right to about a metre."""
    east, north = points[:, 0] - 105.0, points[:, 1] - 35.0
    pi = math.pi
    wave = (20 * np.sin(6 * east * pi) + 20 * np.sin(2 * east * pi)) * 2 / 3
    d_north = -100 + 2 * east + 3 * north + 0.2 * north**2 + 0.1 * east * north + 0.2 * np.sqrt(np.abs(east)) + wave
    d_north += (20 * np.sin(north * pi) + 40 * np.sin(north / 3 * pi)) * 2 / 3
    d_north += (160 * np.sin(north / 12 * pi) + 320 * np.sin(north * pi / 30)) * 2 / 3
    d_east = 300 + east + 2 * north + 0.1 * east**2 + 0.1 * east * north + 0.1 * np.sqrt(np.abs(east)) + wave
    d_east += (20 * np.sin(east * pi) + 40 * np.sin(east / 3 * pi)) * 2 / 3
    d_east += (150 * np.sin(east / 12 * pi) + 300 * np.sin(east / 30 * pi)) * 2 / 3
    axis, eccentricity = 6_378_245.0, 0.00669342162296594323
    latitude = np.radians(points[:, 1])
    factor = 1 - eccentricity * np.sin(latitude) ** 2
    d_north = np.degrees(d_north * factor * np.sqrt(factor) / (axis * (1 - eccentricity)))
    d_east = np.degrees(d_east * np.sqrt(factor) / (axis * np.cos(latitude)))
    return np.asarray(np.round(points + np.column_stack([d_east, d_north]), DIGITS))


@cache
def _origins() -> dict[str, tuple[float, float]]:
    """Counties of a province in a square about its centre, in the order of their codes."""
    centres: dict[str, list[float]] = load_list("centres")
    found = {}
    for province, (east, north) in centres.items():
        codes = sorted({r.code for r in read_history() if r.until > LAST_YEAR and r.code.startswith(province)})
        side = max(math.ceil(math.sqrt(len(codes))), 1)
        for number, code in enumerate(codes):
            row, column = divmod(number, side)
            found[code] = (east + (column - side / 2) * COUNTY_STEP, north + (row - side / 2) * COUNTY_STEP)
    return found
