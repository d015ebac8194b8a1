"""Columns of equal length that can grow: people, households, and the rows of a register."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]


class Table:
    """Named numpy columns; a row is known by its place, which it keeps."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self.columns: dict[str, Column] = dict(columns)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def __setitem__(self, name: str, values: Column) -> None:
        self.columns[name] = values

    def append(self, columns: Mapping[str, Column]) -> NDArray[np.int64]:
        """Add rows, which must have the same columns; returns their places."""
        if set(columns) != set(self.columns):
            raise ValueError(f"columns differ: {sorted(set(columns) ^ set(self.columns))}")
        before = len(self)
        self.columns = {name: np.concatenate([old, columns[name]]) for name, old in self.columns.items()}
        return np.arange(before, len(self))
