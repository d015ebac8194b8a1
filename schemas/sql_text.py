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
