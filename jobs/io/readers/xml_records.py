"""XML: one element a row; ``record_path`` says which, a column's physical name is its path below it.

Steps stand between ``/`` with the prefixes of the contract's ``namespaces``: ``hb:child/hb:name``, ``hb:child/@id`` an attribute,
``hb:parents/hb:parent[]/hb:name`` a list. A record that has an element twice where the contract has one, or text where it has
elements, or bytes that are no text, is kept unsplit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
from lxml import etree

from jobs.io.landing import file_blocks
from jobs.io.readers.columns import check_seen, expected_columns
from jobs.io.readers.rows import Row, RowCollector, UnexpectedShapeError, row_schema
from jobs.io.readers.tree import Node, build_tree, list_text
from jobs.io.readers.xml_text import Events, check_declared_encoding, forget, read_events, refuse_xml
from jobs.io.text import BYTE_ORDER_MARK, ESCAPED_BYTE, decode
from schemas.contract import Contract
from schemas.delivery_format import DeliveryFormat
from schemas.errors import UsageError

BLOCK_BYTES = 1024 * 1024
SAFE_CUT = b">"
"""A byte that is no part of a character in any encoding we read."""

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
XML_SPACE = "{http://www.w3.org/XML/1998/namespace}"
NIL = f"{XSI}nil"

_STAND_IN = 0x10FE00
"""Bytes that are no text pass the parser as these characters, which mean nothing, so that they cost one record, not the file."""

_HAS_STAND_IN = re.compile(f"[{chr(_STAND_IN + 0x80)}-{chr(_STAND_IN + 0xFF)}]")
_IN = {0xDC00 + byte: chr(_STAND_IN + byte) for byte in range(0x80, 0x100)}
_OUT = {_STAND_IN + byte: chr(0xDC00 + byte) for byte in range(0x80, 0x100)}


def read_xml(path: Path, contract: Contract, layout: DeliveryFormat, mode: str) -> Iterator[pa.RecordBatch]:
    """Rows of an XML document; see `jobs.io.readers`.

    Raises DeliveryRefusedError where it is not well-formed, is not in the contract's encoding or has a document type; after the
    last row if columns are missing or unknown.
    """
    expected = expected_columns(contract, layout.operation_field, mode)
    name_of = _namer(layout.namespaces)
    tree = build_tree(expected, "/", name_of)
    steps = [name_of(step) for step in (layout.record_path or "").strip("/").split("/")]
    rows = RowCollector(row_schema(contract))
    walk = Walk(len(expected), rows.extra, layout.namespaces)
    for record in _records(path.name, read_events(path.name, _blocks(path, layout.encoding), ("start", "end")), steps):
        try:
            row = walk.row(record, tree)
            if any(value and _HAS_STAND_IN.search(value) for value in row):
                raise UnexpectedShapeError("bytes that are no text")
            rows.add(row)
        except UnexpectedShapeError:
            raw = etree.tostring(record, encoding="unicode", with_tail=False)
            rows.add_unsplit(raw.translate(_OUT))
        if rows.is_full:
            yield from rows.take()
    yield from rows.take()
    check_seen(path.name, contract, expected, rows, mode)


class Walk:
    """Fills the row of one record after the other; names that no column has are added to ``extra``."""

    def __init__(self, width: int, extra: dict[str, None], namespaces: dict[str, str]) -> None:
        self._width = width
        self._extra = extra
        self._prefixes = {f"{{{uri}}}": f"{prefix}:" for prefix, uri in namespaces.items()}

    def row(self, record: etree._Element, tree: Node) -> Row:
        """The columns of a record. Raises UnexpectedShapeError if it has not the contract's shape."""
        row: Row = [None] * self._width
        self._fill(record, tree, row)
        return row

    def _fill(self, element: etree._Element, node: Node, row: Row) -> None:
        text = _text(element)
        if node.column is not None:
            row[node.column] = text
        elif text and not text.isspace():
            raise UnexpectedShapeError(f"{node.path or 'the record'} has text of its own")
        for name, value in element.attrib.items():
            self._take_attribute(str(name), str(value), node, row)
        lists: dict[str, list[etree._Element]] = {}
        met = set()
        for part in element:
            tag = str(part.tag)
            child = node.children.get(tag)
            if child is None:
                self._extra[self._path(node, tag)] = None
            elif child.is_list:
                lists.setdefault(tag, []).append(part)
            elif tag in met:
                raise UnexpectedShapeError(f"{child.path} is there twice")
            else:
                met.add(tag)
                self._fill(part, child, row)
        for tag, parts in lists.items():
            self._fill_list(parts, node.children[tag], row)

    def _take_attribute(self, name: str, value: str, node: Node, row: Row) -> None:
        child = node.children.get(f"@{name}")
        if child is not None and child.column is not None:
            row[child.column] = value
        elif not name.startswith((XSI, XML_SPACE)):
            self._extra[self._path(node, f"@{name}")] = None

    def _fill_list(self, parts: list[etree._Element], node: Node, row: Row) -> None:
        """Each column below a list gets one text an element; lists of one group are equally long."""
        items = [self.row(part, node) for part in parts]
        for column in node.columns():
            row[column] = list_text([values[column] for values in items])

    def _path(self, node: Node, tag: str) -> str:
        for uri, prefix in self._prefixes.items():
            tag = tag.replace(uri, prefix)
        return f"{node.path}/{tag}" if node.path else tag


def _records(file: str, events: Events, steps: list[str]) -> Iterator[etree._Element]:
    """Each element whose path from the root is ``steps``, whole; afterwards it is forgotten."""
    depth = matched = 0
    for event, element in events:
        if event == "start":
            if depth == matched < len(steps) and element.tag == steps[depth]:
                matched += 1
            elif depth == 0:
                raise refuse_xml(file, f"its root is {element.tag}, the contract's record_path begins with {steps[0]}")
            depth += 1
            continue
        is_record = depth == matched == len(steps)
        if is_record:
            yield element
        if matched < len(steps) or is_record:
            forget(element)
        if matched == depth:
            matched -= 1
        depth -= 1


def _text(element: etree._Element) -> str | None:
    """The text of an element, without that of its children; None if it says that it has none (xsi:nil)."""
    if len(element):
        return (element.text or "") + "".join(part.tail or "" for part in element)
    return None if element.get(NIL) in ("true", "1") else element.text or ""


def _namer(namespaces: dict[str, str]) -> Callable[[str], str]:
    """How lxml calls a step: ``{uri}name``, an attribute with ``@`` before it. Raises UsageError for an unknown prefix."""

    def name_of(step: str) -> str:
        mark = "@" if step.startswith("@") else ""
        prefix, _, name = step.removeprefix("@").rpartition(":")
        if prefix and prefix not in namespaces:
            raise UsageError(f"{step!r} of an XML contract has a prefix that deliveryFormat.namespaces does not name.")
        return f"{mark}{{{namespaces[prefix]}}}{name}" if prefix else step

    return name_of


def _blocks(path: Path, encoding: str) -> Iterator[bytes]:
    """The document in UTF-8, whatever it is written in. Raises DeliveryRefusedError if it declares another encoding."""
    is_first = True
    for block in file_blocks(path, BLOCK_BYTES, SAFE_CUT):
        if is_first:
            check_declared_encoding(path.name, block, encoding)
        text = decode(block, encoding)
        if ESCAPED_BYTE.search(text):
            text = text.translate(_IN)
        yield (text.removeprefix(BYTE_ORDER_MARK) if is_first else text).encode()
        is_first = False
