"""Regions of GB/T 2260 since 1981: which are in force, and what became of those that are not.

The file has one row a code and a span of years in which it meant one region. Its last column names the codes that a region went
to; a year in brackets says that only a part of it moved then.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "gbt_2260_history.csv"
_CODE, _NAME, _STATE, _TO = "代码", "名称", "状态", "新代码"
_IN_FORCE = "在用"


@cache
def region_names() -> dict[str, str]:
    """Every region code that was ever in force, with its newest name."""
    return {row[_CODE]: row[_NAME] for row in _history()}


@cache
def abolished_regions() -> tuple[str, ...]:
    """Region codes that were in force once and are no longer, as of the end of 2024."""
    return tuple(sorted(region_names().keys() - _regions_in_force()))


@cache
def region_successors() -> dict[str, str]:
    """Abolished code → the one code in force that its region belongs to now.

    A region that was split among several, or of which the file does not say what became of it, is not in it: nothing is guessed.
    """
    in_force = _regions_in_force()
    steps = {row[_CODE]: _whole_successors(row[_TO]) for row in _history() if row[_CODE] not in in_force}
    found = {code: _follow(code, steps) for code in steps}
    return {code: now for code, now in found.items() if now in in_force}


def _follow(code: str, steps: dict[str, list[str]]) -> str | None:
    """The end of the way that begins at a code; None if it forks, breaks off or comes round."""
    seen: set[str] = set()
    while code in steps:
        successors = steps[code]
        if len(successors) != 1 or code in seen:
            return None
        seen.add(code)
        [code] = successors
    return code


def _whole_successors(text: str) -> list[str]:
    """The codes to which a region went as a whole."""
    return [code for code in text.split(";") if code and "[" not in code]


def _regions_in_force() -> set[str]:
    return {row[_CODE] for row in _history() if row[_STATE] == _IN_FORCE}


@cache
def _history() -> tuple[dict[str, str], ...]:
    with _FILE.open(encoding="utf-8-sig", newline="") as file:
        return tuple(csv.DictReader(file))
