"""Semantic types: how delivered text of a meaning becomes a typed, standardised value, and what can be wrong with it.

A type is a list of `Part` s, Spark SQL over the delivered text (``{raw}``) and earlier parts, and of `Rule` s, Spark SQL
that is true of a wrong row. ``{name}`` is the column, ``{stem}`` its name without ``_date``: ``male_birth_date`` derives
``male_birth_year``. Values: `schemas.semantic_types.values`; identifiers: `schemas.semantic_types.numbers`; places:
`schemas.semantic_types.places`.
"""

from __future__ import annotations

from schemas.semantic_types.model import Action, Part, Rule, SemanticType, fill
from schemas.semantic_types.numbers import NUMBERS
from schemas.semantic_types.places import PLACES
from schemas.semantic_types.values import VALUES

__all__ = ["DEFAULT_TYPES", "SEMANTIC_TYPES", "Action", "Part", "Rule", "SemanticType", "fill"]

SEMANTIC_TYPES: dict[str, SemanticType] = VALUES | NUMBERS | PLACES
"""Every semantic type a contract may name."""

DEFAULT_TYPES = {
    "string": "text",
    "date": "date",
    "timestamp": "timestamp",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "array": "text_list",
}
"""Semantic type of a column that names none, by its logical type."""
