"""Objects of JSON, read by Arrow many at a time: whole blocks whose objects all have the contract's shape.

Arrow takes a block only if it is all as it should be: one unknown name, a number where it was told of text, a control character or
half a character, and it refuses the whole of it. What it refuses is read object by object, so it decides nothing but speed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json as arrow_json

from jobs.io.readers.tree import Node, list_text
from jobs.io.text import codec_of, decode, is_storable, is_valid_utf8
from schemas.contract import Contract

MOST_REFUSALS = 3
"""A file of which so many blocks were refused is of a kind that is not worth the asking."""

_NUMBERS = ("integer", "number")
_MINUS_ZERO = re.compile(rb"-0\s*[,}\]]")


def utf8_of(block: bytes, encoding: str) -> bytes | None:
    """A block in UTF-8; None if some of its bytes are no text."""
    if codec_of(encoding) == "utf-8":
        return block if is_valid_utf8(block) else None
    text = decode(block, encoding)
    return text.encode() if is_storable(text) else None


class ObjectReader:
    """Reads objects of one contract; columns of whole numbers may be written as such, or as text."""

    def __init__(self, contract: Contract, tree: Node, width: int) -> None:
        self._tree = tree
        self._width = width
        self._refusals = 0
        numbers = {place for place, column in enumerate(contract.columns) if column.logical_type in _NUMBERS}
        texts = _schema(tree, set())
        self._schemas = [texts, _schema(tree, numbers)] if numbers else [texts]

    def read_lines(self, block: bytes) -> list[pa.Array] | None:
        """The columns of a block that has one object a line and nothing else; None if Arrow does not take it."""
        lines = block.strip(b" \t\r\n").replace(b"\r\n", b"\n")
        count = lines.count(b"\n") + 1
        # No object can go on over the end of a line and no line begin amid one, if each begins and ends with a brace.
        is_regular = lines.startswith(b"{") and lines.endswith(b"}") and lines.count(b"}\n{") == count - 1
        return self.read(lines, count) if is_regular else None

    def read(self, objects: bytes, count: int) -> list[pa.Array] | None:
        """The columns of ``count`` objects in UTF-8 with nothing but white space between; None if Arrow does not take them."""
        if self._refusals >= MOST_REFUSALS:
            return None
        columns = None if b"\0" in objects else self._read(objects, count)
        self._refusals = 0 if columns else self._refusals + 1
        return columns

    def _read(self, objects: bytes, count: int) -> list[pa.Array] | None:
        for schema in self._schemas:
            if schema is not self._schemas[0] and _MINUS_ZERO.search(objects):
                return None
            try:
                table = arrow_json.read_json(
                    pa.BufferReader(objects),
                    read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(objects) + 1),
                    parse_options=arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
                )
                if table.num_rows == count:
                    self._schemas.sort(key=lambda other: other is not schema)
                    return self._columns(table)
            except (pa.ArrowInvalid, UnicodeDecodeError):
                continue
        return None

    def _columns(self, table: pa.Table) -> list[pa.Array]:
        (rows,) = table.to_struct_array().chunks
        found = dict(_leaves(rows, self._tree))
        return [found[place] for place in range(self._width)]


def _schema(tree: Node, numbers: set[int]) -> pa.Schema:
    return pa.schema([pa.field(name, _type(child, numbers)) for name, child in tree.children.items()])


def _type(node: Node, numbers: set[int]) -> pa.DataType:
    """How the values at a node are written."""
    if node.column is not None:
        kind = pa.int64() if node.column in numbers and not node.is_list else pa.string()
    else:
        kind = pa.struct([pa.field(name, _type(child, numbers)) for name, child in node.children.items()])
    return pa.list_(kind) if node.is_list else kind


def _leaves(values: pa.StructArray, node: Node) -> Iterator[tuple[int, pa.Array]]:
    """The columns at and below a node, each with its place in the contract. Raises ArrowInvalid for an item that is null."""
    for name, child in node.children.items():
        found = pc.struct_field(values, name)
        if child.is_list:
            yield from _lists(found, child)
        elif child.column is not None:
            yield child.column, found.cast(pa.string())
        else:
            yield from _leaves(found, child)


def _lists(lists: pa.ListArray, node: Node) -> Iterator[tuple[int, pa.Array]]:
    """One text a list for each of the columns at or below it."""
    if node.column is None and lists.flatten().null_count:
        raise pa.ArrowInvalid(f"an item of {node.path} is null")
    items = [(node.column, lists.values)] if node.column is not None else _leaves(lists.values, node)
    for column, values in items:
        texts = pa.ListArray.from_arrays(lists.offsets, values).to_pylist()
        found = zip(texts, lists.is_valid().to_pylist(), strict=True)
        yield column, pa.array([list_text(text) if is_there else None for text, is_there in found], pa.string())
