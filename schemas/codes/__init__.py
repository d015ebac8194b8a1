"""Code tables: small, dated, and citing their standard. A code that is not in its table is a warning, never a guess.

``<name>.yaml`` has the standard, its validity and the codes. ``region_gbt_2260`` is read from ``gbt_2260_history.csv``, which lists
every county-level and higher region since 1981 with the years it existed (CC0).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from schemas.codes.regions import region_names
from schemas.errors import UsageError
from schemas.odcs import parse_yaml

HOME = Path(__file__).parent
REGIONS = "region_gbt_2260"


@dataclass(frozen=True)
class CodeTable:
    """Codes of one standard: ``codes`` maps code to Chinese name. Dates are ISO 8601; ``valid_to`` None = in force."""

    name: str
    standard: str
    title: str
    source: str
    valid_from: str
    valid_to: str | None
    codes: dict[str, str]


def code_table_names() -> list[str]:
    """Names that a contract may refer to."""
    return sorted([path.stem for path in HOME.glob("*.yaml")] + [REGIONS])


@cache
def load_code_table(name: str) -> CodeTable:
    """The code table called ``name``. Raises UsageError if there is none."""
    if name == REGIONS:
        return _regions()
    path = HOME / f"{name}.yaml"
    if not path.is_file():
        raise UsageError(f"no code table {name!r} in {HOME}. Known: {', '.join(code_table_names())}.")
    content = parse_yaml(path.read_text(encoding="utf-8"))
    dates = {key: str(content[key]) if content[key] is not None else None for key in ("valid_from", "valid_to")}
    return CodeTable(name=name, **(content | dates))


def _regions() -> CodeTable:
    """Every region code that was ever in force since 1981, with its newest name."""
    return CodeTable(
        REGIONS, "GB/T 2260", "中华人民共和国行政区划代码", "gbt2260_history (CC0)", "1981-01-01", None, region_names()
    )
