"""Semantic types of places: degrees, the coordinates they are given in, borders."""

from __future__ import annotations

from schemas import geography
from schemas.semantic_types.model import Part, Rule, SemanticType, helper, plain
from schemas.semantic_types.values import UNTYPABLE
from schemas.text import clean_text

_TEXT = clean_text("{raw}")


def _degrees(bounds: tuple[float, float]) -> SemanticType:
    """Decimal degrees; a place outside China is kept and marked."""
    outside_china = Rule("outside_china", "warn", geography.outside("{name}", bounds), "there is no such place in China")
    parts = (helper("text", _TEXT, 0), Part("{name}", "double", geography.degrees("{text}"), 1))
    return SemanticType(parts, (UNTYPABLE, outside_china))


PLACES: dict[str, SemanticType] = {
    "longitude": _degrees(geography.LONGITUDES),
    "latitude": _degrees(geography.LATITUDES),
    "crs_tag": SemanticType(
        plain(f"upper({_TEXT})"),
        (
            Rule("coordinates_untagged", "quarantine", "{name} is null", "nothing says which coordinates these are"),
            Rule(
                "coordinates_unknown",
                "quarantine",
                f"{{name}} not in {geography.COORDINATES}",
                f"the coordinates are none of {', '.join(geography.COORDINATES)}",
            ),
        ),
    ),
    "geometry": SemanticType(
        (Part("{name}", "string", "nullif(trim({raw}), '')"), helper("rings", geography.rings("{name}"), 1, geography.RINGS)),
        (
            Rule(
                "geometry_unreadable",
                "warn",
                "{name} is not null and _rings_{name} is null",
                "it is not the GeoJSON of a Polygon or MultiPolygon",
            ),
            Rule(
                "ring_open", "warn", geography.has_open_ring("_rings_{name}"), "a border's last point is not its first (RFC 7946)"
            ),
        ),
    ),
}
"""Semantic types of places, by name."""
