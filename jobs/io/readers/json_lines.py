"""JSON Lines: one object a line, columns found by their paths (`jobs.io.readers.tree`).

A line that is no JSON object, or has an object where the contract has a value, is kept unsplit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from jobs.io.landing import file_blocks
from jobs.io.readers.columns import check_seen, expected_columns
from jobs.io.readers.json_objects import ObjectReader, utf8_of
from jobs.io.readers.rows import Row, RowCollector, UnexpectedShapeError, row_schema
from jobs.io.readers.tree import Node, build_tree, check_storable, row_of_object
from jobs.io.text import ESCAPED_BYTE, byte_order_mark, decode
from schemas.contract import Contract
from schemas.delivery_format import DeliveryFormat


def read_json_lines(path: Path, contract: Contract, layout: DeliveryFormat, mode: str) -> Iterator[pa.RecordBatch]:
    """Rows of a JSON Lines file; see `jobs.io.readers`.

    Raises DeliveryRefusedError after the last row if columns are missing or unknown: only then is that sure.
    """
    expected = expected_columns(contract, layout.operation_field, mode)
    tree = build_tree(expected)
    rows = RowCollector(row_schema(contract))
    objects = ObjectReader(contract, tree, len(expected))
    for number, block in enumerate(file_blocks(path)):
        whole = block.removeprefix(byte_order_mark(layout.encoding)) if number == 0 else block
        data = utf8_of(whole, layout.encoding)
        columns = None if data is None else objects.read_lines(data)
        if columns is not None:
            yield from rows.take_columns(columns)
        else:
            _add_lines(rows, decode(whole, layout.encoding), tree, len(expected))
            yield from rows.take()
    check_seen(path.name, contract, expected, rows, mode)


def _add_lines(rows: RowCollector, text: str, tree: Node, width: int) -> None:
    """Add the rows of whole lines, one by one."""
    has_bad_bytes = ESCAPED_BYTE.search(text) is not None
    for line in text.split("\n"):
        if not (stripped := line.strip(" \t\r")):
            continue
        try:
            if has_bad_bytes and ESCAPED_BYTE.search(line):
                raise UnexpectedShapeError("bytes that are no text")
            rows.add(_row(stripped, tree, width, rows.extra))
        except (ValueError, RecursionError):
            rows.add_unsplit(stripped)


def _row(line: str, tree: Node, width: int, extra: dict[str, None]) -> Row:
    """The columns of one line. Raises ValueError if it is not such an object, RecursionError if it is nested without end."""
    row = row_of_object(_DECODER.decode(line), tree, width, extra)
    if "\\u" in line:
        check_storable(row)
    return row


def _refuse_constant(name: str) -> str:
    raise UnexpectedShapeError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse_constant)
