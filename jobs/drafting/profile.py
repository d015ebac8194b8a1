"""What a column's values look like: a type, a meaning, a code table. Guesses for a person to look at, never a judgement of rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from schemas.codes import REGIONS, code_table_names, load_code_table
from schemas.semantic_types import SEMANTIC_TYPES

SURE = 0.9
"""Share of the filled values that must look like a meaning: registers have errors in their rows."""
MOST_CODES = 80
"""Different values from which on a column is taken for something other than codes."""
LEAST_REPEATS = 3
"""How often a code must come on average: few rows of few values say nothing."""

ID_WEIGHTS: tuple[int, ...] = tuple(2 ** (17 - place) % 11 for place in range(17))
CREDIT_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CREDIT_CODE_WEIGHTS: tuple[int, ...] = tuple(3**place % 31 for place in range(17))


@dataclass(frozen=True)
class Guess:
    """What a column seems to be, and why. ``note`` is for the person who looks at the draft."""

    logical_type: str
    semantic_type: str
    code_table: str | None
    note: str


def guess(title: str, values: Sequence[str]) -> Guess:
    """What the column called ``title`` seems to be from some of its values (empty ones among them)."""
    filled = [text for text in (value.strip() for value in values) if text]
    if not filled:
        return Guess("string", "text", None, "empty in the sample")
    for semantic_type, logical_type, looks_like, why in _MEANINGS:
        share = sum(map(looks_like, filled)) / len(filled)
        if share >= SURE and (semantic_type not in _TITLED or _TITLED[semantic_type].search(title)):
            return Guess(logical_type, _known(semantic_type), None, f"{why} ({share:.0%} of {len(filled):,} values)")
    return _guess_code(filled) or Guess("string", "text", None, "free text")


def is_citizen_id(text: str) -> bool:
    """18 characters with a right check character (GB 11643, ISO 7064 MOD 11-2)."""
    if not re.fullmatch(r"[1-9][0-9]{16}[0-9Xx]", text):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, ID_WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == text[-1].upper()


def is_credit_code(text: str) -> bool:
    """18 characters with a right check character (GB 32100)."""
    places = [CREDIT_CODE_ALPHABET.find(character) for character in text]
    if len(places) != len(CREDIT_CODE_WEIGHTS) + 1 or min(places) < 0:
        return False
    total = sum(place * weight for place, weight in zip(places, CREDIT_CODE_WEIGHTS, strict=False))
    return (31 - total % 31) % 31 == places[-1]


def is_date(text: str) -> bool:
    """A day of these two centuries as ``yyyymmdd``, ``yyyy-mm-dd`` or ``yyyy/m/d``."""
    found = re.fullmatch(r"((?:18|19|20)[0-9]{2})(?:([0-9]{2})([0-9]{2})|[-/]([0-9]{1,2})[-/]([0-9]{1,2}))", text)
    if found is None:
        return False
    year, month, day = (int(part) for part in found.groups() if part)
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def is_timestamp(text: str) -> bool:
    """``yyyymmddhhmmss``, or a date and a time."""
    found = re.fullmatch(r"([0-9]{8})[0-9]{6}|([0-9]{4}-[0-9]{2}-[0-9]{2})[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}.*)?", text)
    return found is not None and is_date(found.group(1) or found.group(2))


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


def _is_region(text: str) -> bool:
    return text in load_code_table(REGIONS).codes


_TITLED = {
    "birth_date": re.compile(r"csrq|birth|出生", re.IGNORECASE),
    "person_name": re.compile(r"xm$|name|姓名|代表人|负责人", re.IGNORECASE),
    "amount": re.compile(r"je|amount|金额|资本|万元|元\)?$", re.IGNORECASE),
}
"""Meanings that values alone do not tell: the column's title must say so too."""

_MEANINGS: tuple[tuple[str, str, Callable[[str], bool], str], ...] = (
    ("citizen_id", "string", is_citizen_id, "citizen IDs with right check characters"),
    ("uscc", "string", is_credit_code, "unified social credit codes with right check characters"),
    ("phone", "string", _matches(r"1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8}"), "phone numbers"),
    ("region_code", "string", _is_region, "region codes of GB/T 2260"),
    ("birth_date", "date", is_date, "dates, and the title says birth"),
    ("date", "date", is_date, "dates"),
    ("timestamp", "timestamp", is_timestamp, "times"),
    ("person_name", "string", _matches(r"[\u3400-\u9fff\U00020000-\U0003ffff·•‧・.]{2,}"), "names, and the title says so"),
    ("amount", "number", _matches(r"-?[0-9][0-9,]*(\.[0-9]+)?"), "amounts, and the title says so"),
    ("address", "string", _matches(r".*[省市区县旗].*[路街道号村镇乡室].*"), "addresses"),
)
"""Semantic type, logical type, what a value must look like, and the words for it; the first that fits."""

_UNTIL_KNOWN = {"date": "date", "timestamp": "timestamp"}


def _known(semantic_type: str) -> str:
    """The type, if contracts may name it."""
    return semantic_type if semantic_type in SEMANTIC_TYPES else _UNTIL_KNOWN.get(semantic_type, "text")


def _guess_code(filled: Sequence[str]) -> Guess | None:
    """Codes: few different values that come again and again, all of which stand in a table; the smallest such table."""
    different = set(filled)
    if not 1 < len(different) <= MOST_CODES or len(filled) < LEAST_REPEATS * len(different):
        return None
    tables = [table for table in map(load_code_table, code_table_names()) if different <= table.codes.keys()]
    if not tables:
        return None
    tables.sort(key=lambda table: (len(table.codes), table.name))
    others = f"; or {', '.join(table.name for table in tables[1:])}" if tables[1:] else ""
    return Guess("string", "code", tables[0].name, f"its {len(different)} values stand in {tables[0].standard}{others}")
