"""Places as Spark SQL text: decimal degrees, the coordinates they are given in, and GeoJSON geometries (RFC 7946).

Maps for the public in China are shifted (GCJ-02, BD-09); those coordinates have no EPSG code. CGCS2000 is EPSG:4490 and differs
from EPSG:4326 by less than a metre. They are never converted here, only told apart.
"""

from __future__ import annotations

COORDINATES = ("EPSG:4490", "EPSG:4326", "GCJ-02", "BD-09")
"""Tags that say which coordinates a row has."""

LONGITUDES, LATITUDES = (73.4, 135.1), (3.8, 53.6)
"""Degrees between which China lies, rounded outwards."""

RINGS = "array<array<array<double>>>"
"""The Spark type of rings: each is a list of points, a point a list of two numbers or three."""


def degrees(text: str) -> str:
    """Decimal degrees as a number; null if the text is none."""
    return f"case when {text} rlike '^-?[0-9]{{1,3}}([.][0-9]+)?$' then try_cast({text} as double) end"


def outside(number: str, bounds: tuple[float, float]) -> str:
    """Whether a number lies outside ``bounds``; null if it is null."""
    return f"not {number} between {bounds[0]} and {bounds[1]}"


def geometry_type(geometry: str) -> str:
    """The type of a GeoJSON geometry; null if the text is none."""
    return f"get_json_object({geometry}, '$.type')"


def rings(geometry: str) -> str:
    """All rings of a polygon or of several, each an array of points; null if the coordinates are not those of such."""
    coordinates = f"get_json_object({geometry}, '$.coordinates')"
    return (
        f"case {geometry_type(geometry)} when 'Polygon' then from_json({coordinates}, '{RINGS}') "
        f"when 'MultiPolygon' then flatten(from_json({coordinates}, 'array<{RINGS}>')) end"
    )


def has_open_ring(ring_arrays: str) -> str:
    """Whether a ring has fewer than four points, or its last point is not its first (RFC 7946 §3.1.6)."""
    return f"exists({ring_arrays}, ring -> size(ring) < 4 or not get(ring, 0) <=> get(ring, size(ring) - 1))"
