"""What a record says, in words: its own values by their names, and apart from them what it says of relatives."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from jobs.portal.evidence import Row

PLACE = ("dataset", "record_key", "held_since")
"""Where a record stands; it is said elsewhere."""

RELATIVE = "relative_"
"""Attributes that begin so say something of the record's relatives, not of its own entity."""

NUMBERS = f"{RELATIVE}numbers"
"""The attribute whose values tell who a relative is; a name may be another's too."""


def own_values(record: Row) -> list[tuple[str, str]]:
    """What a record says of its own entity: names of attributes and values, without what is empty."""
    return [(name, shown(value)) for name, value in _said(record) if not name.startswith(RELATIVE)]


def relatives_of(record: Row, other_side: Collection[str] = ()) -> list[tuple[str, str]]:
    """What a record says of relatives; numbers that the other side of a case says of itself are marked."""
    relatives = [(name, value) for name, value in _said(record) if name.startswith(RELATIVE)]
    return [(name.removeprefix(RELATIVE), shown_field(name, value, other_side)) for name, value in relatives]


def record_lines(record: Row, indent: int, other_side: Collection[str] = ()) -> list[str]:
    """A record as one or two lines: ``name=value; …``, and ``relatives: …`` if it names any."""
    parts = [("", own_values(record)), ("relatives: ", relatives_of(record, other_side))]
    return [" " * indent + title + joined(pairs) for title, pairs in parts if pairs]


def joined(pairs: list[tuple[str, str]]) -> str:
    """Names and values as text. Between pairs stands a semicolon, for a list has commas of its own."""
    return "; ".join(f"{name}={value}" for name, value in pairs)


def shown_field(name: str, value: Any, other_side: Collection[str] = ()) -> str:
    """The value of an attribute as `shown` has it; a relative's number that is in ``other_side`` says so."""
    if name != NUMBERS or not value:
        return shown(value)
    return shown([f"{number} (the other side)" if number in other_side else number for number in value])


def shown(value: Any) -> str:
    """A value as text; nothing for what is empty, the items of a list joined by a comma."""
    if value is None:
        return ""
    return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)


def _said(record: Row) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in record.items() if value not in (None, []) and name not in PLACE]
