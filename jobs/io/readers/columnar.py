"""Parquet: columns by name and of any type, written as a person would write them; null stays null.

Dates are ISO, whole numbers have no fraction, a flag is true or false. ``X[]`` is a list column ``X``; ``X[].y`` the field ``y`` of
the structs in it. What has no other text (structs, lists within lists) becomes JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.io.landing import AGAIN, DeliveryRefusedError
from jobs.io.readers.columns import column_order
from jobs.io.readers.fields import Field, delivered_fields
from jobs.io.readers.rows import BATCH_ROWS, in_file_order, row_schema, split_rows, unsplit_rows
from jobs.io.readers.tree import list_text
from schemas.contract import Contract
from schemas.delivery_format import DeliveryFormat


def read_parquet(path: Path, contract: Contract, layout: DeliveryFormat, mode: str) -> Iterator[pa.RecordBatch]:
    """Rows of a Parquet file; see `jobs.io.readers`. Raises DeliveryRefusedError if it is none, or has other columns.

    A row whose bytes are no text is kept unsplit, as a JSON list of its values.
    """
    schema = row_schema(contract)
    fields = delivered_fields(contract, layout, mode)
    number = 0
    with _refusing(path.name), pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        order = column_order(path.name, contract, names, [field.name for field in fields])
        for batch in file.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
            yield from _table(batch, order, fields, contract, schema, number).to_batches()
            number += batch.num_rows


@contextmanager
def _refusing(file: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise DeliveryRefusedError("unreadable_file", f"{file}: no Parquet file that can be read: {first}. {AGAIN}") from error


def _table(
    batch: pa.RecordBatch, order: Sequence[int], fields: Sequence[Field], contract: Contract, schema: pa.Schema, first: int
) -> pa.Table:
    numbers = np.arange(first + 1, first + batch.num_rows + 1)
    columns = [batch.column(index) for index in order]
    broken = sorted({place for column in columns for place in _no_text(column)})
    if not broken:
        return split_rows(schema, _texts(columns, fields, contract, schema), numbers)
    good = [place for place in range(batch.num_rows) if place not in set(broken)]
    raw = [list_text([_shown(column[place]) for column in columns]) for place in broken]
    return in_file_order(
        [
            split_rows(schema, _texts([c.take(good) for c in columns], fields, contract, schema), [numbers[p] for p in good]),
            unsplit_rows(schema, raw, [numbers[place] for place in broken]),
        ]
    )


def _texts(columns: Sequence[pa.Array], fields: Sequence[Field], contract: Contract, schema: pa.Schema) -> list[pa.Array]:
    """One array of text a column of the contract, and the operation."""
    paths = iter([column.physical_name for column in contract.columns])
    texts = []
    for column, field in zip(columns, fields, strict=True):
        if field.is_list:
            texts.extend(_list_texts(column, [path.partition("[]")[2].lstrip(".") for path in _next(paths, field.width)]))
        else:
            next(paths, None)
            texts.append(text_of(column))
    missing = len(schema) - 2 - len(texts)
    return [*texts, *[pa.nulls(len(columns[0]), pa.string())] * missing]


def _next(paths: Iterator[str], count: int) -> list[str]:
    return [next(paths) for _ in range(count)]


def _list_texts(column: pa.Array, names: Sequence[str]) -> list[pa.Array]:
    """A list column → JSON text; a list of structs → one text for each of the fields ``names``."""
    rows = column.to_pylist()
    return [
        pa.array([None if items is None else list_text([_item(item, name) for item in items]) for items in rows], pa.string())
        for name in names
    ]


def _item(item: Any, name: str) -> str | None:
    value = item.get(name) if name and isinstance(item, dict) else item
    return None if value is None else value if isinstance(value, str) else _plain(value)


def text_of(column: pa.Array) -> pa.Array:
    """A column of any type as text."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return text_of(column.dictionary_decode())
    if pa.types.is_timestamp(kind):
        return _moments(column)
    if pa.types.is_decimal(kind):
        return pa.array([None if value is None else format(value, "f") for value in column.to_pylist()], pa.string())
    if pa.types.is_floating(kind):
        return pa.array([None if value is None else _number(value) for value in column.to_pylist()], pa.string())
    if pa.types.is_nested(kind):
        return pa.array([None if value is None else _plain(value) for value in column.to_pylist()], pa.string())
    return pc.cast(column, pa.string())


def _moments(column: pa.Array) -> pa.Array:
    """Moments in ISO form: no fraction that is nothing; with their offset, if they have a time zone."""
    texts = pc.cast(column, pa.string())
    for pattern, replacement in (
        (r"(\.\d*?)0+(\D.*)?$", r"\1\2"),
        (r"\.([^\d].*)?$", r"\1"),
        (r"([+-]\d\d)(\d\d)$", r"\1:\2"),
    ):
        texts = pc.replace_substring_regex(texts, pattern, replacement)
    return texts


def _number(value: float) -> str:
    return format(Decimal(repr(value)), "f").removesuffix(".0")


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _no_text(column: pa.Array) -> list[int]:
    """Places of values that are said to be text, and are not."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _no_text(column.dictionary_decode())
    if not (
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    ):
        return []
    try:
        _checked_as_text(column)
    except pa.ArrowInvalid:
        return [place for place, value in enumerate(column.cast(pa.large_binary()).to_pylist()) if value and not _is_text(value)]
    return []


def _checked_as_text(column: pa.Array) -> None:
    """Raises ArrowInvalid if a value is no UTF-8."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column.validate(full=True)
    else:
        column.cast(pa.large_string())


def _is_text(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _shown(value: pa.Scalar) -> str | None:
    plain = (
        value.cast(pa.large_binary()).as_py()
        if pa.types.is_string(value.type) or pa.types.is_large_string(value.type)
        else value.as_py()
    )
    if isinstance(plain, bytes):
        return plain.decode("utf-8", "surrogateescape")
    return None if plain is None else _plain(plain)
