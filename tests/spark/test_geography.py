"""Coordinates and borders in Spark SQL: what a delivered text becomes, and what is said of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from schemas.semantic_types import SEMANTIC_TYPES, fill

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SQUARE = [[117.0, 36.0], [117.1, 36.0], [117.1, 36.1], [117.0, 36.0]]
OPEN = SQUARE[:-1]


def border(kind: str, coordinates: Any) -> str:
    return json.dumps({"type": kind, "coordinates": coordinates})


CASES: dict[str, list[tuple[str | None, Any, list[str]]]] = {
    "longitude": [
        ("117.1404172", 117.1404172, []),
        ("１１７．５", 117.5, []),
        ("36.05", 36.05, ["outside_china"]),
        ("-117.1", -117.1, ["outside_china"]),
        ("117°8′", None, ["untypable"]),
        ("", None, []),
        (None, None, []),
    ],
    "latitude": [("36.05", 36.05, []), ("117.14", 117.14, ["outside_china"]), ("3.9", 3.9, [])],
    "crs_tag": [
        ("EPSG:4490", "EPSG:4490", []),
        (" epsg:4490", "EPSG:4490", []),
        ("gcj-02", "GCJ-02", []),
        ("", None, ["coordinates_untagged"]),
        (None, None, ["coordinates_untagged"]),
        ("北京54", "北京54", ["coordinates_unknown"]),
    ],
    "geometry": [
        (border("Polygon", [SQUARE]), ..., []),
        (border("MultiPolygon", [[SQUARE], [SQUARE, SQUARE]]), ..., []),
        (border("Polygon", [SQUARE, OPEN]), ..., ["ring_open"]),
        (border("MultiPolygon", [[SQUARE], [OPEN]]), ..., ["ring_open"]),
        (border("Polygon", [[SQUARE[0], SQUARE[0]]]), ..., ["ring_open"]),
        (border("Polygon", [[]]), ..., ["ring_open"]),
        (border("Point", [117.0, 36.0]), ..., ["geometry_unreadable"]),
        (border("Polygon", None), ..., ["geometry_unreadable"]),
        ("POLYGON ((117 36, 118 36, 118 37, 117 36))", ..., ["geometry_unreadable"]),
        ('{"type": "Polygon", "coord', ..., ["geometry_unreadable"]),
        ("", None, []),
    ],
}
"""Delivered text, the value (``...``: the text itself), and the codes of the rules that it breaks."""


@pytest.mark.parametrize("name", CASES)
def test_values_and_what_is_wrong_with_them(spark: SparkSession, name: str) -> None:
    semantic_type, cases = SEMANTIC_TYPES[name], CASES[name]
    rows = spark.createDataFrame([(n, text) for n, (text, _, _) in enumerate(cases)], "n int, _raw_it string")
    for part in sorted(semantic_type.parts, key=lambda part: part.level):
        rows = rows.selectExpr("*", f"cast({fill(part.sql, 'it')} as {part.spark_type}) as {fill(part.name, 'it')}")
    rows = rows.selectExpr("*", *(f"coalesce({fill(rule.bad, 'it')}, false) as is_{rule.code}" for rule in semantic_type.rules))
    for row, (text, value, codes) in zip(rows.orderBy("n").collect(), cases, strict=True):
        assert row["it"] == (text if value is ... else value), text
        assert [rule.code for rule in semantic_type.rules if row[f"is_{rule.code}"]] == codes, text
