"""Text as delivered and text as compared: full-width forms, control characters, separators of names. Spark SQL text.

Spark has no NFKC; what registers deliver needs of it the full-width block only (U+FF01–FF5E and the ideographic space), which
`translate` maps by a table. Compatibility characters that NFKC would expand (㈱, Ⅳ) are left as they are.
"""

from __future__ import annotations

from schemas.sql_text import literal

FULL_WIDTH = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "\u3000"
HALF_WIDTH = "".join(chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)) + " "

NAME_DOTS = "•‧・．.﹒·∙⋅"
"""Separators that registers write between the parts of a minority name."""

STANDARD_DOT = "\u00b7"
"""The separator the state prescribes (GB18030 A1A4; 民委发〔2016〕33号)."""


def half_width(column: str) -> str:
    """Text with full-width letters, digits, punctuation and spaces made half-width, and control characters dropped.

    Printable ASCII, which most values are, is left alone: the test for it costs a fraction of what the translation does.
    """
    translated = f"translate({column}, {literal(FULL_WIDTH)}, {literal(HALF_WIDTH)})"
    return f"case when {column} rlike '^[ -~]*\\\\z' then {column} else regexp_replace({translated}, '\\\\p{{Cntrl}}', '') end"


def clean_text(column: str) -> str:
    """Half-width, trimmed; null if nothing is left."""
    return f"nullif(trim({half_width(column)}), '')"


def standard_name(column: str) -> str:
    """A person's name: half-width, trimmed, with every separator of its parts as U+00B7; null if nothing is left."""
    dots = literal(f"[{NAME_DOTS}]")
    return f"nullif(trim(regexp_replace({half_width(column)}, {dots}, '{STANDARD_DOT}')), '')"


def compact_number(column: str) -> str:
    """A number as compared: half-width, upper case, without spaces, dots and dashes; null if nothing is left."""
    compact = f"nullif(upper(regexp_replace({half_width(column)}, '[\\\\s·–—-]', '')), '')"
    return f"case when {column} rlike '^[0-9A-Z]+\\\\z' then {column} else {compact} end"
