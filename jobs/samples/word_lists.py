"""The word lists that the synthetic country is written with: YAML documents in ``data/``, each read once a process."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

HOME = Path(__file__).parent / "data"


@cache
def load_list(name: str) -> Any:
    """The document ``data/<name>.yaml``."""
    return yaml.safe_load((HOME / f"{name}.yaml").read_text(encoding="utf-8"))
