"""The word lists that the synthetic country is written with: YAML documents in ``data/``, each read once a process."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from schemas.odcs import parse_yaml

HOME = Path(__file__).parent / "data"


@cache
def load_list(name: str) -> Any:
    """The document ``data/<name>.yaml``."""
    return parse_yaml((HOME / f"{name}.yaml").read_text(encoding="utf-8"))
