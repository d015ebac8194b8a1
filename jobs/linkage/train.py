"""Estimate a model's probabilities without knowing who is who: expectation maximisation on agreement patterns.

After Fellegi and Sunter (1969) and Winkler (1988). Because the patterns are those of *all* pairs, in blocks and out of them, the
estimates are not bent by blocking, and every parameter is estimated at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from jobs.linkage.model import Model
from jobs.linkage.model_settings import NULL_LEVEL, Comparison
from jobs.linkage.patterns import Patterns, count_patterns, equality_levels, is_found_by_blocking
from jobs.linkage.standardise import standardise

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

FLOOR = 1e-9
"""No level is impossible: a probability below this is set to it."""

SMOOTHING = 0.5
"""Pairs added to every level, so that one that was not seen keeps a small probability. For the u of a level that neither blocking
nor term counts find completely it is so many *random* pairs, each of which stands for many: rarer than that they cannot tell."""

START_AT_BEST = 0.95
"""Of the matches, the share at the best level of a comparison from which an untrained model starts."""

MOST_ROUNDS, CLOSE_ENOUGH = 500, 1e-7

Weights = npt.NDArray[np.float64]
Probabilities = dict[int, float]


@dataclass(frozen=True)
class Estimates:
    """``prior``: the share of all pairs that match. ``m`` and ``u``: for each comparison, by level, the share of matches and of
    other pairs that reach it. ``rounds`` of estimation; ``record_count`` records they were made on."""

    prior: float
    m: tuple[Probabilities, ...]
    u: tuple[Probabilities, ...]
    rounds: int
    record_count: int


def train(records: DataFrame, model: Model) -> Estimates:
    """Estimate the model's probabilities on its ``records`` (dataset, record_key, attributes). Raises ModelError if there are
    too few."""
    standardised = standardise(records, model).persist()
    patterns = count_patterns(standardised, model)
    standardised.unpersist()
    return estimate(patterns, model)


def estimate(patterns: Patterns, model: Model) -> Estimates:
    """The prior, m and u that make the patterns most likely, from the model's own values on, or from a usual start.

    Pairs that share no block are held to be strangers: where one random pair stands for many, a match among them cannot be told.
    """
    sides = [_Side(comparison, patterns, model, k) for k, comparison in enumerate(model.comparisons)]
    m, u = [side.first_m() for side in sides], [side.u_of(np.zeros(len(patterns))) for side in sides]
    prior, rounds, change = model.settings.probability_two_random_records_match, 0, math.inf
    while change > CLOSE_ENOUGH and rounds < MOST_ROUNDS:
        bits = [side.weights(m[k], u[k]) for k, side in enumerate(sides)]
        odds = math.log(prior / (1 - prior)) + np.sum(bits, axis=0)
        matches = np.where(patterns.is_blocked, patterns.pairs / (1 + np.exp(-np.clip(odds, -500, 500))), 0.0)
        prior = max(float(matches.sum() / patterns.pairs.sum()), FLOOR)
        new_m = [side.m_of(matches) for side in sides]
        change = max(abs(new[n] - old[n]) for new, old in zip(new_m, m, strict=True) for n in new)
        m, u, rounds = new_m, [side.u_of(matches) for side in sides], rounds + 1
    return Estimates(prior, tuple(m), tuple(u), rounds, patterns.record_count)


class _Side:
    """One comparison of the model against the patterns: which of them reach which level."""

    def __init__(self, comparison: Comparison, patterns: Patterns, model: Model, place: int) -> None:
        self._levels = {number: level for number, level in comparison.levels.items() if number != NULL_LEVEL}
        self._gammas = patterns.gammas[:, place]
        self._patterns = patterns
        self._unblocked = self._pairs_without_block(comparison, model)

    def _pairs_without_block(self, comparison: Comparison, model: Model) -> Probabilities:
        """By level, the pairs that share no block: by the random pairs, or better where the values' own counts tell."""
        blocked = self._patterns.is_blocked
        counts = self._sums(np.where(blocked, 0.0, self._patterns.pairs))
        smooth = dict.fromkeys(counts, SMOOTHING * self._patterns.stands_for)
        for number, column in equality_levels(comparison).items():
            in_blocks = self._sums(np.where(blocked, self._patterns.pairs, 0.0))[number]
            is_found = is_found_by_blocking(column, model)
            counts[number] = 0.0 if is_found else max(self._patterns.equal_pairs[column] - in_blocks, 0.0)
            smooth[number] = SMOOTHING
        return {number: counts[number] + smooth[number] for number in counts}

    def weights(self, m: Probabilities, u: Probabilities) -> Weights:
        """Natural logarithm of m / u for each pattern; 0 where there is nothing to compare."""
        found = np.zeros(len(self._gammas))
        for number in self._levels:
            found[self._gammas == number] = math.log(m[number] / u[number])
        return found

    def m_of(self, matches: Weights) -> Probabilities:
        """Shares of the matches, given how many of each pattern's pairs match."""
        shares = _shares({number: count + SMOOTHING for number, count in self._sums(matches).items()})
        fixed = {n: level.m_probability for n, level in self._levels.items() if level.fix_m_probability and level.m_probability}
        return shares | fixed

    def u_of(self, matches: Weights) -> Probabilities:
        """Shares of the other pairs."""
        strangers = self._sums(np.where(self._patterns.is_blocked, self._patterns.pairs - matches, 0.0))
        shares = _shares({number: strangers[number] + self._unblocked[number] for number in strangers})
        fixed = {n: level.u_probability for n, level in self._levels.items() if level.fix_u_probability and level.u_probability}
        return shares | fixed

    def first_m(self) -> Probabilities:
        """The model's own m, or that of two records that mostly agree."""
        rest = (1 - START_AT_BEST) / max(len(self._levels) - 1, 1)
        usual = {number: START_AT_BEST if number == max(self._levels) else rest for number in self._levels}
        return _shares({number: level.m_probability or usual[number] for number, level in self._levels.items()})

    def _sums(self, pairs: Weights) -> Probabilities:
        return {number: float(pairs[self._gammas == number].sum()) for number in self._levels}


def _shares(counts: Probabilities) -> Probabilities:
    total = sum(counts.values())
    return {number: max(count / total, FLOOR) for number, count in counts.items()}
