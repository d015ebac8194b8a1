"""JSON Lines: one object a line; a column's physical name is its path, ``person.name`` or ``contacts[].phone``.

Numbers keep the text they were written with, lists become JSON text (``["138…"]``). A line that is no JSON object, or has
an object where the contract has a value, is kept unsplit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from jobs.io.landing import file_blocks
from jobs.io.readers.columns import check_columns, expected_columns
from jobs.io.readers.rows import in_file_order, row_schema, split_rows, unsplit_rows
from jobs.io.text import BYTE_ORDER_MARK, ESCAPED_BYTE, decode
from schemas.contract import Contract
from schemas.delivery_format import DeliveryFormat
from schemas.errors import UsageError

SURELY_MISSING_ROWS = 200
"""An optional column that is in none of so many rows of a full is taken for missing, not for empty everywhere."""


class UnexpectedShapeError(ValueError):
    """A line whose JSON does not have the shape that the contract's paths describe."""


@dataclass
class Node:
    """A place in the objects of a file: ``column`` is the index of the column found here, if any; ``path`` how to get here."""

    path: str = ""
    children: dict[str, Node] = field(default_factory=dict)
    column: int | None = None
    is_list: bool = False


def read_json_lines(path: Path, contract: Contract, layout: DeliveryFormat, mode: str) -> Iterator[pa.RecordBatch]:
    """Rows of a JSON Lines file; see `jobs.io.readers`.

    Raises DeliveryRefusedError after the last row if columns are missing or unknown: only then is that sure.
    """
    expected = expected_columns(contract, layout.operation_field, mode)
    tree = build_tree(expected)
    schema = row_schema(contract)
    seen: set[int] = set()
    extra: dict[str, None] = {}
    rows = 0
    number = 0
    for block in file_blocks(path):
        parsed = ParsedBlock(number)
        text = decode(block, layout.encoding).removeprefix(BYTE_ORDER_MARK)
        has_bad_bytes = ESCAPED_BYTE.search(text) is not None
        for line in text.split("\n"):
            if stripped := line.strip(" \t\r"):
                parsed.add(stripped, tree, len(expected), extra, is_text=not (has_bad_bytes and ESCAPED_BYTE.search(line)))
        number = parsed.number
        if parsed.number == parsed.first:
            continue
        columns = parsed.columns(len(schema) - 2)
        seen.update(index for index, column in enumerate(columns) if column.null_count < len(column))
        rows += len(parsed.rows)
        split = split_rows(schema, columns, parsed.numbers)
        yield from in_file_order([split, unsplit_rows(schema, parsed.bad, parsed.bad_numbers)]).to_batches()
    _check_seen(path.name, contract, expected, seen, list(extra), rows if mode == "full" else min(rows, 1))


@dataclass
class ParsedBlock:
    """The rows of one block; ``first`` is the number of the row before it."""

    first: int
    number: int = field(init=False)
    rows: list[list[str | None]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    bad_numbers: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.number = self.first

    def add(self, line: str, tree: Node, width: int, extra: dict[str, None], *, is_text: bool) -> None:
        """Parse one line, unless its bytes are no text; names that no column has are added to ``extra``."""
        self.number += 1
        try:
            if not is_text:
                raise UnexpectedShapeError("bytes that are no text")
            row = parse_line(line, tree, width, extra)
        except ValueError:
            self.bad.append(line)
            self.bad_numbers.append(self.number)
        else:
            self.rows.append(row)
            self.numbers.append(self.number)

    def columns(self, width: int) -> list[pa.Array]:
        """One array a column; columns that the file does not have (the operation, in a full) are null."""
        filled = [pa.array(values, pa.string()) for values in zip(*self.rows, strict=True)]
        return [*filled, *[pa.nulls(len(self.rows), pa.string())] * (width - len(filled))]


def build_tree(paths: tuple[str, ...]) -> Node:
    """The tree of the objects that hold ``paths``. Raises UsageError for a list within a list."""
    root = Node()
    for index, path in enumerate(paths):
        if path.count("[]") > 1:
            raise UsageError(f"physicalName {path!r}: lists within lists cannot be read. Deliver them as a dataset of their own.")
        node = root
        for step in path.split("."):
            place = f"{node.path}.{step}" if node.path else step
            node = node.children.setdefault(step.removesuffix("[]"), Node(place))
            node.is_list = step.endswith("[]")
        node.column = index
    return root


def parse_line(line: str, tree: Node, width: int, extra: dict[str, None]) -> list[str | None]:
    """The columns of one line as text. Raises ValueError if it is not such an object."""
    row: list[str | None] = [None] * width
    _fill(_DECODER.decode(line), tree, row, extra)
    if "\\u" in line:
        for value in row:
            (value or "").encode()  # an escaped half of a character can be written in JSON but not stored
    return row


def _fill(found: Any, node: Node, row: list[str | None], extra: dict[str, None]) -> None:
    for key, value in _object(found, node.path).items():
        child = node.children.get(key)
        if child is None:
            extra[f"{node.path}.{key}" if node.path else key] = None
        elif value is None:
            continue
        elif child.is_list:
            _fill_list(value, child, row, extra)
        elif child.column is not None:
            row[child.column] = value if type(value) is str else _text(value, child.path)
        else:
            _fill(value, child, row, extra)


def _fill_list(found: Any, node: Node, row: list[str | None], extra: dict[str, None]) -> None:
    """Each column below a list gets the texts of all items that have it."""
    if not isinstance(found, list):
        raise UnexpectedShapeError(f"{node.path} is not a list")
    if node.column is not None:
        row[node.column] = _list_text([_text(item, node.path) for item in found])
        return
    for name in {key for item in found for key in _object(item, node.path)} - node.children.keys():
        extra[f"{node.path}.{name}"] = None
    for name, child in node.children.items():
        if child.column is None:
            raise UnexpectedShapeError(f"{child.path} is an object")
        row[child.column] = _list_text([_text(item.get(name), child.path) for item in found])


def _list_text(items: list[str | None]) -> str:
    return _ENCODER.encode([item for item in items if item is not None])


def _object(found: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise UnexpectedShapeError(f"{path or 'the line'} is not an object")
    return found


def _text(value: Any, path: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    raise UnexpectedShapeError(f"{path} is not a value")


def _refuse_constant(name: str) -> str:
    raise UnexpectedShapeError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse_constant)
_ENCODER = json.JSONEncoder(ensure_ascii=False)


def _check_seen(file: str, contract: Contract, expected: tuple[str, ...], seen: set[int], extra: list[str], rows: int) -> None:
    """Refuse the file if a required column is in no row, or any column in no row of a full that is large enough."""
    if not rows:
        return
    sure = rows >= SURELY_MISSING_ROWS
    unseen = [name for index, name in enumerate(expected) if index not in seen]
    optional = {column.physical_name for column in contract.columns if not (column.is_required or column.is_key)}
    missing = [name for name in unseen if sure or name not in optional]
    check_columns(file, contract, missing, extra, unseen=[name for name in unseen if name not in missing])
