"""Compare pairs: each comparison of the model becomes one column that says which level of agreement a pair reaches."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from jobs.linkage.block import HASH_PAIR, PAIR
from jobs.linkage.model import Model
from jobs.linkage.model_settings import Comparison, compared_columns
from jobs.linkage.standardise import RECORD_HASH

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


_TRANSPOSING = re.compile(r"damerau_levenshtein\((?P<values>[^()]+)\)\s*(?:<=|=)\s*(?P<most>\d+)")


def gamma_sql(comparison: Comparison) -> str:
    """The level that a pair reaches, as SQL over ``<column>_l`` and ``<column>_r``."""
    whens = [
        f"else {number}" if level.is_else else f"when {bounded(level.sql_condition)} then {number}"
        for number, level in comparison.levels.items()
    ]
    return f"case {' '.join(whens)} end"


def bounded(condition: str) -> str:
    """A level's condition, true of the same pairs, that asks for the slow distance only where a quick one allows it.

    A transposition is two edits to Levenshtein, so ``damerau_levenshtein`` of at most n means a Levenshtein distance of at most
    2n; Spark's own stops counting at a bound, and most pairs of a block are far beyond it.
    """
    return _TRANSPOSING.sub(
        lambda found: f"(levenshtein({found['values']}, {2 * int(found['most'])}) >= 0 and {found[0]})", condition
    )


def compare(pairs: DataFrame, standardised: DataFrame, model: Model) -> DataFrame:
    """Candidate pairs with ``gamma_<comparison>`` columns and both records' term frequencies. Grain: one row a pair.

    ``record_id_l < record_id_r``, each with its hash. A level has to read the same with both records exchanged: which of them its
    ``_l`` stands for is decided by their hashes.
    """
    needed = needed_columns(model) | {"record_id", *(f"tf_{column}" for column in model.frequency_columns)}
    return _gammas(both_sides(pairs, standardised, needed), model)


def both_sides(pairs: DataFrame, standardised: DataFrame, columns: Iterable[str]) -> DataFrame:
    """Candidate pairs with the ``columns`` of both records, as ``<column>_l`` and ``<column>_r``. Grain: one row a pair."""
    from pyspark.sql import functions as f

    joined = pairs
    for side in ("l", "r"):
        own = [f.col(name).alias(f"{name}_{side}") for name in sorted(columns)]
        joined = joined.join(standardised.select(f.col(RECORD_HASH).alias(f"{RECORD_HASH}_{side}"), *own), f"{RECORD_HASH}_{side}")
    return joined


def needed_columns(model: Model) -> set[str]:
    """The columns that the levels of the model compare."""
    return {name for c in model.comparisons for level in c.comparison_levels for name in compared_columns(level)}


def _gammas(pairs: DataFrame, model: Model) -> DataFrame:
    frequencies = [f"tf_{column}_{side}" for column in model.frequency_columns for side in ("l", "r")]
    gammas = [f"{gamma_sql(c)} as gamma_{c.output_column_name}" for c in model.comparisons]
    (left, right), (left_hash, right_hash) = PAIR, HASH_PAIR
    named = [f"least({left}, {right}) as {left}", f"greatest({left}, {right}) as {right}"]
    # The smaller ID goes with the hash that it has, which need not be the smaller one.
    sides = (left_hash, right_hash), (right_hash, left_hash)
    named += [f"if({left} < {right}, {one}, {other}) as {one}" for one, other in sides]
    return pairs.selectExpr(*named, *frequencies, *gammas)
