"""JSON Lines, a JSON array, and GeoJSON: absent values are left out, numbers and flags are written as such."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from jobs.io.readers.json_array import FEATURES, GEOMETRY
from jobs.io.text import encode
from jobs.samples.formats.content import LIST, Content, items_of
from schemas.contract import LogicalType

CRS = "urn:ogc:def:crs:EPSG::4490"
"""CGCS2000, as surveys of natural resources use it (GB 22021)."""

Put = Callable[[dict[str, Any], str], None]

_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,14})")


def render_json_lines(content: Content) -> bytes:
    """One object a line."""
    return encode("".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in _objects(content)), content.encoding)


def render_json_array(content: Content) -> bytes:
    """One array of objects, at the path that the contract says."""
    steps = content.layout.record_path.split(".") if content.layout.record_path else []
    before = "".join(f"{{{json.dumps(step, ensure_ascii=False)}: " for step in steps)
    records = ",\n".join(json.dumps(record, ensure_ascii=False) for record in _objects(content))
    return encode(f"{before}[\n{records}\n]{'}' * len(steps)}\n", content.encoding)


def render_geojson(content: Content) -> bytes:
    """A FeatureCollection; geometries stand in their column as JSON text."""
    properties = Content(
        content.contract,
        {name: values for name, values in content.columns.items() if name != GEOMETRY},
        content.operations,
        content.encoding,
    )
    geometries = content.columns.get(GEOMETRY, [""] * content.rows)
    features = ",\n".join(
        f'{{"type": "Feature", "properties": {json.dumps(record, ensure_ascii=False)}, "geometry": {geometry or "null"}}}'
        for record, geometry in zip(_objects(properties), geometries, strict=True)
    )
    crs = json.dumps({"type": "name", "properties": {"name": CRS}})
    text = f'{{"type": "FeatureCollection", "crs": {crs}, "{FEATURES}": [\n{features}\n]}}\n'
    return encode(text, content.encoding)


def _objects(content: Content) -> Iterator[dict[str, Any]]:
    kinds = content.logical_types
    putters = [_putter(path, kinds.get(path, "string")) for path in content.columns]
    for place, record in enumerate(content.records()):
        document: dict[str, Any] = {}
        if content.operations is not None:
            document[content.layout.operation_field] = content.operations[place]
        for put, text in zip(putters, record, strict=True):
            if text:
                put(document, text)
        yield document


def _putter(path: str, kind: LogicalType) -> Put:
    """What sets a value, or the values of a list, at a path of an object."""
    *parents, last = path.split(".")
    if LIST not in path:
        return partial(_put_value, parents, last, kind)
    group = next(place for place, step in enumerate([*parents, last]) if step.endswith(LIST))
    steps = [*parents, last]
    return partial(_put_list, steps[:group], steps[group].removesuffix(LIST), steps[group + 1 :])


def _put_value(parents: list[str], last: str, kind: LogicalType, document: dict[str, Any], text: str) -> None:
    _inner(document, parents)[last] = _json_value(text, kind)


def _put_list(parents: list[str], name: str, below: list[str], document: dict[str, Any], text: str) -> None:
    outer, values = _inner(document, parents), items_of(text)
    if not below:
        outer[name] = values
        return
    items = outer.setdefault(name, [{} for _ in values])
    for item, value in zip(items, values, strict=True):
        if value is not None:
            _inner(item, below[:-1])[below[-1]] = value


def _inner(document: dict[str, Any], steps: list[str]) -> dict[str, Any]:
    for step in steps:
        document = document.setdefault(step, {})
    return document


def _json_value(text: str, kind: LogicalType) -> Any:
    if kind in ("integer", "number") and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "number" and _is_plain_number(text):
        return float(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


def _is_plain_number(text: str) -> bool:
    try:
        return repr(float(text)) == text and text[-1].isdigit() and "e" not in text
    except ValueError:
        return False
