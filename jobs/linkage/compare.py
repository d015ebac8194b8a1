"""Compare pairs: each comparison of the model says which level of agreement a pair of records reaches."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from jobs.linkage.block import HASH_PAIR
from jobs.linkage.model import Model
from jobs.linkage.model_settings import Comparison, Level, compared_columns
from jobs.linkage.standardise import RECORD_HASH

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

SIDES = ("l", "r")
"""What the columns of either record of a pair end in, in the order of `HASH_PAIR`."""

_DAMERAU = re.compile(r"damerau_levenshtein\((?P<left>[^(),]+),\s*(?P<right>[^(),]+)\)\s*(?P<relation><=|=)\s*(?P<most>\d+)")


def gamma_sql(comparison: Comparison) -> str:
    """The number of the level that a pair reaches, as SQL over ``<column>_l`` and ``<column>_r``."""
    return level_sql(comparison, lambda number, _: str(number))


def gammas_sql(model: Model) -> list[str]:
    """``gamma_<comparison>`` of every comparison, as SQL to select."""
    return [f"{gamma_sql(comparison)} as gamma_{comparison.output_column_name}" for comparison in model.comparisons]


def level_sql(comparison: Comparison, value: Callable[[int, Level], str]) -> str:
    """The ``value`` (SQL, of the level and its number) of the level that a pair reaches, as SQL."""
    whens = [
        f"else {value(number, level)}" if level.is_else else f"when {bounded(level.sql_condition)} then {value(number, level)}"
        for number, level in comparison.levels.items()
    ]
    return f"case {' '.join(whens)} end"


def bounded(condition: str) -> str:
    """A level's condition, true of the same pairs, that leaves the slow distance to a quick one as far as that can tell.

    A transposition is two edits to Levenshtein, so ``damerau_levenshtein`` of at most n means a Levenshtein distance of at most
    2n; Spark's own stops counting at a bound, and most pairs of a block are far beyond it. Of two edits, a transposition alone
    leaves the length and the characters as they are. Null, not false, where a text is null.
    """
    return _DAMERAU.sub(_bounded, condition)


def _bounded(found: re.Match[str]) -> str:
    left, right, most = found["left"], found["right"], int(found["most"])
    edits = f"levenshtein({left}, {right}, {2 * most})"
    if most != 1:
        return f"({edits} >= 0 and {found[0]})"
    one = f"{edits} = 1" if found["relation"] == "=" else f"{edits} between 0 and 1"
    may_be_transposed = f"length({left}) = length({right}) and translate({left}, {right}, '') = ''"
    return f"({one} or {edits} = 2 and {may_be_transposed} and {found[0]})"


def both_sides(pairs: DataFrame, standardised: DataFrame, columns: Iterable[str]) -> DataFrame:
    """Candidate pairs with the ``columns`` of both records, as ``<column>_l`` and ``<column>_r``. Grain: one row a pair."""
    joined = pairs
    for side, record_hash in zip(SIDES, HASH_PAIR, strict=True):
        joined = joined.join(standardised.select(*_as_side(side, [RECORD_HASH, *sorted(columns)])), record_hash)
    return joined


def both_sides_of_few(pairs: DataFrame, ones: DataFrame, standardised: DataFrame, columns: Iterable[str]) -> DataFrame:
    """The same of pairs that each have a record, named by its hash in ``one``, among few ``ones``.

    All other records are looked through once, and what they say goes with their pairs to the few. Records are not shuffled for
    it if ``pairs`` are hinted to be broadcast, nor pairs if ``ones`` are.
    """
    from pyspark.sql import functions as f

    left, right = HASH_PAIR
    names = sorted(columns)
    sought = pairs.withColumn("_other", f.expr(f"if(one = {left}, {right}, {left})"))
    others = standardised.select(RECORD_HASH, *names).join(sought, f.col(RECORD_HASH) == f.col("_other"))
    # A checkpoint: either half of the pairs begins at it, and each would look through all records again.
    found = others.select("one", *HASH_PAIR, *names).localCheckpoint()
    halves = []
    for side, other_side, record_hash in zip(SIDES, reversed(SIDES), HASH_PAIR, strict=True):
        half = found.where(f"one = {record_hash}").select(*HASH_PAIR, *_as_side(other_side, names))
        halves.append(half.join(ones.select(*_as_side(side, [RECORD_HASH, *names])), record_hash))
    return halves[0].unionByName(halves[1])


def _as_side(side: str, columns: Iterable[str]) -> list[Column]:
    """The columns of a record as those of one side of a pair."""
    from pyspark.sql import functions as f

    return [f.col(name).alias(f"{name}_{side}") for name in columns]


def needed_columns(model: Model) -> set[str]:
    """The columns that the levels of the model compare."""
    return {name for c in model.comparisons for level in c.comparison_levels for name in compared_columns(level)}
