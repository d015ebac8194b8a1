"""Where the columns stand in nested records: the paths of a contract as a tree, and the row that a JSON object gives.

A column's physical name is its path, ``person.name`` or ``contacts[].phone``. Numbers keep the text they were written with;
a list becomes JSON text, one item an item of the list, null where an item lacks the value (``["138…", null]``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jobs.io.readers.rows import Row, UnexpectedShapeError
from schemas.errors import UsageError

LIST = "[]"


@dataclass
class Node:
    """A place in the records of a file: ``column`` is the index of the column found here, if any; ``path`` how to get here."""

    path: str = ""
    children: dict[str, Node] = field(default_factory=dict)
    column: int | None = None
    is_list: bool = False

    def columns(self) -> Iterator[int]:
        """The columns found here and below."""
        if self.column is not None:
            yield self.column
        for child in self.children.values():
            yield from child.columns()


def build_tree(paths: Sequence[str], separator: str = ".", name_of: Callable[[str], str] = str) -> Node:
    """The tree of the records that hold ``paths``; ``name_of`` a step is how the file calls it.

    Raises UsageError for a list within a list.
    """
    root = Node()
    for index, path in enumerate(paths):
        if path.count(LIST) > 1:
            raise UsageError(f"physicalName {path!r}: lists within lists cannot be read. Deliver them as a dataset of their own.")
        node = root
        for step in path.split(separator):
            place = f"{node.path}{separator}{step}" if node.path else step
            node = node.children.setdefault(name_of(step.removesuffix(LIST)), Node(place))
            node.is_list = step.endswith(LIST)
        node.column = index
    return root


def row_of_object(found: Any, tree: Node, width: int, extra: dict[str, None]) -> Row:
    """The columns of one object; names that no column has are added to ``extra``. Raises UnexpectedShapeError."""
    row: Row = [None] * width
    _fill(found, tree, row, extra)
    return row


def object_of(found: Any, path: str) -> Mapping[str, Any]:
    """``found`` as an object. Raises UnexpectedShapeError if it is none."""
    if not isinstance(found, dict):
        raise UnexpectedShapeError(f"{path or 'the record'} is not an object")
    return found


def list_text(items: Sequence[str | None]) -> str:
    """A list as bronze holds it."""
    return _ENCODER.encode(items)


def check_storable(row: Sequence[str | None]) -> None:
    """Raises ValueError for half a character: it can be written in JSON, as an escape, but not stored."""
    for value in row:
        (value or "").encode()


def _fill(found: Any, node: Node, row: Row, extra: dict[str, None]) -> None:
    for key, value in object_of(found, node.path).items():
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


def _fill_list(found: Any, node: Node, row: Row, extra: dict[str, None]) -> None:
    """Each column below a list gets one text an item; lists of one group are equally long."""
    if not isinstance(found, list):
        raise UnexpectedShapeError(f"{node.path} is not a list")
    if node.column is not None:
        row[node.column] = list_text([_text(item, node.path) for item in found])
        return
    items = []
    for item in found:
        values: Row = [None] * len(row)
        _fill(item, node, values, extra)
        items.append(values)
    for column in node.columns():
        row[column] = list_text([values[column] for values in items])


def _text(value: Any, path: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    raise UnexpectedShapeError(f"{path} is not a value")


_ENCODER = json.JSONEncoder(ensure_ascii=False)
