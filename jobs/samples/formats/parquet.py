"""Parquet: texts as texts, days as days where all are, lists as lists; no trace of who wrote it or when."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.samples.formats.content import LIST, Content, items_of

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def render_parquet(content: Content) -> bytes:
    """The bytes of a Parquet file with one row group a million rows."""
    arrays: dict[str, pa.Array] = {}
    if content.operations is not None:
        arrays[content.layout.operation_field] = pa.array(content.operations, pa.string())
    for name, several in groupby(content.columns, lambda path: path.partition(LIST)[0]):
        paths = list(several)
        columns = [content.columns[path].tolist() for path in paths]
        if LIST in paths[0]:
            arrays[name] = _lists([path.partition(LIST)[2].lstrip(".") for path in paths], columns)
        else:
            arrays[name] = _column(columns[0], is_date=content.logical_types.get(name) == "date")
    out = io.BytesIO()
    pq.write_table(pa.table(arrays), out, compression="zstd", version="2.6", row_group_size=1_000_000, store_schema=False)
    return out.getvalue()


def _column(texts: Sequence[str], *, is_date: bool) -> pa.Array:
    values = pa.array([text or None for text in texts], pa.string())
    if is_date and all(_DATE.fullmatch(text) for text in texts if text):
        try:
            return values.cast(pa.date32())
        except pa.ArrowInvalid:
            return values
    return values


def _lists(names: Sequence[str], columns: Sequence[Sequence[str]]) -> pa.Array:
    """A list of texts, or of structs with the fields ``names``."""
    rows: list[list[Any] | None] = []
    for texts in zip(*columns, strict=True):
        if not any(texts):
            rows.append(None)
            continue
        items = list(zip(*map(items_of, texts), strict=True))
        rows.append([item[0] if names == [""] else dict(zip(names, item, strict=True)) for item in items])
    item_type = pa.string() if list(names) == [""] else pa.struct([(name, pa.string()) for name in names])
    return pa.array(rows, pa.list_(item_type))
