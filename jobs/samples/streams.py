"""Chance, by name: every part of the country draws from a stream of its own, so that a change to one part leaves the others."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Texts = NDArray[np.object_]
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Dates = NDArray[np.datetime64]


@dataclass(frozen=True)
class Streams:
    """The random streams of one seed; the same name gives the same draws on any machine."""

    seed: int

    def named(self, *names: object) -> np.random.Generator:
        """The stream of this name, from its beginning."""
        words = [zlib.crc32(str(name).encode()) for name in names]
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([self.seed, *words])))


@dataclass(frozen=True)
class Choice:
    """Texts with their weights, chosen by a uniform draw, so that one draw may decide for several people alike."""

    values: Texts
    cumulated: NDArray[np.float64]

    @classmethod
    def parse(cls, text: str) -> Choice:
        """Read ``value weight value weight …``; a weight may be left out behind the last value."""
        words = text.split()
        values, weights = words[::2], [float(weight) for weight in words[1::2]]
        weights += [1.0] * (len(values) - len(weights))
        return cls(texts(values), np.cumsum(weights) / sum(weights))

    def of(self, draws: NDArray[np.float64]) -> Texts:
        """The value for each draw from [0, 1)."""
        return self.values[np.minimum(np.searchsorted(self.cumulated, draws, side="right"), len(self.values) - 1)]


def texts(values: Any) -> Texts:
    """A column of texts, one Python string a row."""
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def lists(rows: Sequence[Sequence[str]]) -> Texts:
    """A column of lists as registers hold them: JSON text, null for an empty item; empty text for a list without items."""
    return texts([json.dumps([item or None for item in row], ensure_ascii=False) if row else "" for row in rows])


def chosen(random: np.random.Generator, count: int, share: float) -> Flags:
    """For each of ``count``, whether it belongs to the share (a probability)."""
    return random.random(count) < share


def years_of(dates: Dates) -> Numbers:
    """The calendar year of each date."""
    return dates.astype("datetime64[Y]").astype(np.int64) + 1970
