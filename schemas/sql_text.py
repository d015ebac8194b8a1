"""Pieces of Spark SQL text."""

from __future__ import annotations


def literal(text: str) -> str:
    """A text as a string literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
