"""How well a clustering of records agrees with the truth: pairwise and B-cubed precision, recall and F1.

A clustering is an array of labels, one a record; records with equal labels are together. Everything is computed from the
contingency table of the two clusterings, never from pairs, of which there are too many.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[Any]
"""One label a record, of any type that sorts."""


@dataclass(frozen=True)
class Agreement:
    """Precision, recall and F1, each from 0 to 1. What there is none of is not got wrong: 0 of 0 counts as 1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 0 if both are."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def as_dict(self) -> dict[str, float]:
        """The three figures under their names."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1}


def pairwise(found: Labels, true: Labels) -> Agreement:
    """Of the pairs put together, the share that belongs together (precision); of those that belong, the share found (recall).

    After Menestrina, Whang, Garcia-Molina (2010), "Evaluating entity resolution results".
    """
    table = _contingency(found, true)
    both = _pairs(table.cell_sizes)
    return Agreement(share(both, _pairs(table.found_sizes)), share(both, _pairs(table.true_sizes)))


def bcubed(found: Labels, true: Labels) -> Agreement:
    """The same from each record's point of view, averaged over records, so that a large cluster does not drown the rest.

    After Bagga and Baldwin (1998); a record counts itself. Precision: the share of its cluster that is of its entity.
    """
    table = _contingency(found, true)
    cells = table.cell_sizes.astype(float)
    precision = (cells**2 / table.found_sizes[table.cell_found]).sum()
    recall = (cells**2 / table.true_sizes[table.cell_true]).sum()
    return Agreement(share(precision, len(found)), share(recall, len(found)))


def clusters(labels: Labels) -> int:
    """How many clusters there are."""
    return len(np.unique(labels))


def sizes(labels: Labels) -> NDArray[np.int64]:
    """For each record, how many records are in its cluster."""
    _, code, counts = np.unique(labels, return_inverse=True, return_counts=True)
    of_each: NDArray[np.int64] = counts[code]
    return of_each


@dataclass(frozen=True)
class _Contingency:
    """Sizes of the clusters of either side, and of every overlap of two that is not empty."""

    found_sizes: NDArray[np.int64]
    true_sizes: NDArray[np.int64]
    cell_sizes: NDArray[np.int64]
    cell_found: NDArray[np.int64]
    cell_true: NDArray[np.int64]


def _contingency(found: Labels, true: Labels) -> _Contingency:
    if len(found) != len(true):
        raise ValueError(f"two clusterings of the same records have equal length, not {len(found)} and {len(true)}")
    _, found_code, found_sizes = np.unique(found, return_inverse=True, return_counts=True)
    _, true_code, true_sizes = np.unique(true, return_inverse=True, return_counts=True)
    width = max(len(true_sizes), 1)
    cells, cell_sizes = np.unique(found_code.astype(np.int64) * width + true_code, return_counts=True)
    return _Contingency(found_sizes, true_sizes, cell_sizes, cells // width, cells % width)


def _pairs(cluster_sizes: NDArray[np.int64]) -> int:
    counts = cluster_sizes.astype(np.int64)
    return int((counts * (counts - 1) // 2).sum())


def share(part: float, whole: float) -> float:
    """A part of a whole; of nothing, all."""
    return float(part / whole) if whole else 1.0
