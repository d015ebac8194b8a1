"""Pieces of Spark SQL text."""

from __future__ import annotations

from collections.abc import Iterable


def literal(text: str) -> str:
    """A text as a string literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def literals(values: Iterable[str]) -> str:
    """Texts as a list of string literals, as it stands in the brackets of ``in (…)``."""
    return ", ".join(literal(value) for value in values)


def dashed(text: str, start: int = 1) -> str:
    """Eight digits from the character ``start`` on as ``yyyy-mm-dd``: a cast reads that in a fraction of what a format takes."""
    return f"concat_ws('-', substring({text}, {start}, 4), substring({text}, {start + 4}, 2), substring({text}, {start + 6}, 2))"
