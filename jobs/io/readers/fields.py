"""Fields of a row of cells (delimited, fixed width, XLSX): most hold one column, a list field holds those of a repeated group.

``members[].name`` and ``members[].id``, consecutive in the contract, share the field ``members``: its items stand between
``item_separator``, the values of an item between ``value_separator``. An empty value is null, an empty field an empty list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import pyarrow as pa

from jobs.io.readers.columns import expected_columns
from jobs.io.readers.rows import Numbers, Row, UnexpectedShapeError, split_rows, unsplit_rows
from jobs.io.readers.tree import LIST, list_text
from schemas.contract import Contract
from schemas.delivery_format import DeliveryFormat
from schemas.errors import UsageError


@dataclass(frozen=True)
class Field:
    """One delivered field and how many columns it fills: several are the values of an item of a list."""

    name: str
    width: int
    is_list: bool


def delivered_fields(contract: Contract, layout: DeliveryFormat, mode: str) -> tuple[Field, ...]:
    """The fields of a row in the order of the contract, the operation last in a delta.

    Raises UsageError if the columns of a group do not follow one another.
    """
    paths = expected_columns(contract, layout.operation_field, mode)
    fields = []
    for name, several in groupby(paths, lambda path: path.partition(LIST)[0]):
        group = list(several)
        fields.append(Field(name, len(group), LIST in group[0]))
    names = [field.name for field in fields]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"{contract.path}: the columns of {', '.join(twice)} must follow one another: they share one field.")
    return tuple(fields)


def row_of_cells(cells: Sequence[str | None], fields: Sequence[Field], layout: DeliveryFormat) -> Row:
    """The columns of one row, given its fields. Raises UnexpectedShapeError if an item has not as many values as it should."""
    row: Row = []
    for cell, field in zip(cells, fields, strict=True):
        row.extend([cell] if not field.is_list else _lists(cell, field, layout))
    return row


def tables_of_fields(
    schema: pa.Schema,
    fields: Sequence[Field],
    arrays: Sequence[pa.Array],
    numbers: Numbers,
    raw: Callable[[], Sequence[str]],
    layout: DeliveryFormat,
) -> list[pa.Table]:
    """Rows whose ``arrays`` hold one text a field, as they stand in the file; a row with a wrong list stays unsplit.

    ``raw`` gives the rows as they came; it is asked only if there is such a row.
    """
    columns: list[pa.Array] = []
    broken: set[int] = set()
    for array, field in zip(arrays, fields, strict=True):
        columns.extend(_list_columns(array, field, layout, broken) if field.is_list else [array])
    columns = _with_operation(columns, schema, len(numbers))
    if not broken:
        return [split_rows(schema, columns, numbers)]
    bad = sorted(broken)
    good = [place for place in range(len(numbers)) if place not in broken]
    lines = raw()
    return [
        split_rows(schema, [column.take(pa.array(good, pa.int64())) for column in columns], [numbers[place] for place in good]),
        unsplit_rows(schema, [lines[place] for place in bad], [int(numbers[place]) for place in bad]),
    ]


def _list_columns(array: pa.Array, field: Field, layout: DeliveryFormat, broken: set[int]) -> list[pa.Array]:
    """The columns of a list field; places of the rows in which it has a wrong item are added to ``broken``."""
    rows: list[Row] = []
    for place, cell in enumerate(array.to_pylist()):
        try:
            rows.append(_lists(cell, field, layout))
        except UnexpectedShapeError:
            rows.append([None] * field.width)
            broken.add(place)
    return [pa.array([row[place] for row in rows], pa.string()) for place in range(field.width)]


def _lists(cell: str | None, field: Field, layout: DeliveryFormat) -> Row:
    if cell is None:
        return [None] * field.width
    if not cell:
        return [list_text([])] * field.width
    items = [item.split(layout.value_separator) if field.width > 1 else [item] for item in cell.split(layout.item_separator)]
    if any(len(item) != field.width for item in items):
        raise UnexpectedShapeError(f"an item of {field.name} has not {field.width} values")
    return [list_text([value or None for value in values]) for values in zip(*items, strict=True)]


def _with_operation(columns: list[pa.Array], schema: pa.Schema, rows: int) -> list[pa.Array]:
    """The columns and the operation, which is null in a full."""
    width = len(schema) - 2
    return [*columns, *[pa.nulls(rows, pa.string())] * (width - len(columns))][:width]
