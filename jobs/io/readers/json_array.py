"""JSON with the rows in one array (``record_path`` says where, else it is the document), and GeoJSON FeatureCollections.

An item that is no object, or has an object where the contract has a value, is kept unsplit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from jobs.io.readers.columns import check_seen, expected_columns
from jobs.io.readers.json_objects import ObjectReader
from jobs.io.readers.json_text import JsonText, Run
from jobs.io.readers.rows import Row, RowCollector, UnexpectedShapeError, row_schema
from jobs.io.readers.tree import build_tree, check_storable, object_of, row_of_object
from jobs.io.text import ESCAPED_BYTE
from schemas.contract import Contract
from schemas.delivery_format import DeliveryFormat

FEATURES, GEOMETRY = "features", "geometry"
FEATURE_MEMBERS = frozenset({"type", "id", "bbox", "properties", GEOMETRY})
"""Members of a Feature (RFC 7946, 3.2); the row is in its properties and its geometry."""

RowMaker = Callable[[Any, dict[str, None]], Row]

_QUOTED_NUMBER = re.compile(r'"(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"')
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def read_json_array(path: Path, contract: Contract, layout: DeliveryFormat, mode: str) -> Iterator[pa.RecordBatch]:
    """Rows of a JSON array; see `jobs.io.readers`.

    Raises DeliveryRefusedError where the text is no JSON; after the last row if columns are missing or unknown.
    """
    expected = expected_columns(contract, layout.operation_field, mode)
    tree = build_tree(expected)
    steps = layout.record_path.split(".") if layout.record_path else []
    text = JsonText(path, layout.encoding, ObjectReader(contract, tree, len(expected)).read)
    rows = RowCollector(row_schema(contract))
    yield from _batches(text.items(steps), rows, lambda item, extra: row_of_object(item, tree, len(expected), extra))
    check_seen(path.name, contract, expected, rows, mode)


def read_geojson(path: Path, contract: Contract, layout: DeliveryFormat, mode: str) -> Iterator[pa.RecordBatch]:
    """Rows of a FeatureCollection, raising as `read_json_array`: properties by name, the geometry as its JSON text."""
    expected = expected_columns(contract, layout.operation_field, mode)
    tree = build_tree(expected)
    geometry = tree.children.pop(GEOMETRY, None)

    def make_row(item: Any, extra: dict[str, None]) -> Row:
        feature = object_of(item, "the feature")
        extra.update(dict.fromkeys(feature.keys() - FEATURE_MEMBERS))
        row = row_of_object(feature.get("properties") or {}, tree, len(expected), extra)
        if feature.get(GEOMETRY) is None:
            return row
        if geometry is None or geometry.column is None:
            extra[GEOMETRY] = None
        else:
            row[geometry.column] = geometry_text(object_of(feature[GEOMETRY], GEOMETRY))
        return row

    rows = RowCollector(row_schema(contract))
    yield from _batches(JsonText(path, layout.encoding).items([FEATURES]), rows, make_row)
    check_seen(path.name, contract, expected, rows, mode)


def geometry_text(geometry: Any) -> str:
    """A geometry as JSON text; its numbers, which were read as text, are written as they came."""
    return _QUOTED_NUMBER.sub(r"\1", _ENCODER.encode(geometry))


def _batches(items: Iterable[tuple[Any, str] | Run], rows: RowCollector, make_row: RowMaker) -> Iterator[pa.RecordBatch]:
    """The rows of the items, in order; what was read in one run is not looked at again."""
    for found in items:
        if isinstance(found, list):
            yield from rows.take_columns(found)
            continue
        item, raw = found
        try:
            if ESCAPED_BYTE.search(raw):
                raise UnexpectedShapeError("bytes that are no text")
            row = make_row(item, rows.extra)
            if "\\u" in raw:
                check_storable(row)
            rows.add(row, len(raw))
        except (ValueError, RecursionError):
            rows.add_unsplit(raw)
        if rows.is_full:
            yield from rows.take()
    yield from rows.take()
