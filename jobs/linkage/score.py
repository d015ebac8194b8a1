"""Score compared pairs: the match weight of Fellegi and Sunter (1969), in bits, with Winkler's adjustment for term frequencies.

The weight of a pair is the prior's log odds, plus log2(m / u) of every level reached, plus, where a level is adjusted,
log2(u of the exact level / frequency of the value agreed on, the more common one of two).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jobs.linkage.block import HASH_PAIR, PAIR
from jobs.linkage.compare import both_sides, gammas_sql, level_sql, needed_columns
from jobs.linkage.frequencies import frequency_name
from jobs.linkage.model import Model, ModelError
from jobs.linkage.model_settings import Comparison, Level

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def score(pairs: DataFrame, counted: DataFrame, model: Model, prior_weight: float) -> DataFrame:
    """Candidate pairs, compared and scored, as `weigh` has them.

    ``counted``: the records, standardised and with their term frequencies.
    """
    return weigh(both_sides(pairs, counted, scored_columns(model)), model, prior_weight)


def scored_columns(model: Model) -> set[str]:
    """The columns of both records of a pair that its score is worked out from."""
    return needed_columns(model) | {"record_id", *map(frequency_name, model.frequency_columns)}


def weigh(sides: DataFrame, model: Model, prior_weight: float) -> DataFrame:
    """Pairs with the `scored_columns` of both records, scored. Grain: one row a pair, ``record_id_l < record_id_r``, with hashes.

    ``gamma_<comparison>`` is the level that a pair reaches, ``mw_<comparison>`` its weight (bits, term frequencies included),
    ``match_weight`` their sum with the prior. A level has to read the same with both records exchanged: which of them its
    ``_l`` stands for is decided by their hashes.
    """
    from pyspark.sql import functions as f

    weights = {f"mw_{comparison.output_column_name}": weight_sql(comparison) for comparison in model.comparisons}
    named = [f"{weight} as {name}" for name, weight in weights.items()]
    scored = sides.selectExpr(*_named_in_order(), *gammas_sql(model), *named)
    total = " + ".join([_double(prior_weight), *weights])
    return scored.withColumn("match_weight", f.expr(total))


def _named_in_order() -> list[str]:
    """The names of a pair, the smaller ID first, with the hash that it has, which need not be the smaller one."""
    (left, right), (left_hash, right_hash) = PAIR, HASH_PAIR
    sides = (left_hash, right_hash), (right_hash, left_hash)
    hashes = [f"if({left} < {right}, {one}, {other}) as {one}" for one, other in sides]
    return [f"least({left}, {right}) as {left}", f"greatest({left}, {right}) as {right}", *hashes]


def weight_sql(comparison: Comparison) -> str:
    """The weight of a comparison, as SQL over the columns and the term frequencies of both records.

    Not over its gamma: a limit on the weights goes down into the join, where each mention of a gamma would be worked out anew.
    """
    return level_sql(comparison, lambda _, level: _level_weight_sql(comparison, level))


def _level_weight_sql(comparison: Comparison, level: Level) -> str:
    weight = _double(level.match_weight)
    column = level.tf_adjustment_column
    if not column:
        return weight
    exact = _exact_level(comparison, column)
    left, right = (f"{frequency_name(column)}_{side}" for side in ("l", "r"))
    common = f"greatest({left}, {right}, {_double(level.tf_minimum_u_value)})"
    adjustment = f"{_double(level.tf_adjustment_weight)} * ({_double(math.log2(exact.u_probability or 1))} - log2({common}))"
    return f"({weight} + case when coalesce({left}, {right}) is not null then {adjustment} else {_double(0.0)} end)"


def _exact_level(comparison: Comparison, column: str) -> Level:
    for level in comparison.comparison_levels:
        if "".join(level.sql_condition.split()) in (f"{column}_l={column}_r", f"{column}_r={column}_l"):
            return level
    raise ModelError(
        f"comparison {comparison.output_column_name}: no level `{column}_l = {column}_r`, which an adjustment for the "
        f"term frequencies of {column} starts from. Add it, or drop tf_adjustment_column."
    )


def _double(value: float) -> str:
    return f"{value!r}D"


def edges_of(scored: DataFrame, model: Model) -> DataFrame:
    """The scored pairs worth keeping (from the review threshold up), as `jobs.linkage.tables.edges_contract` has them."""
    from pyspark.sql import functions as f

    limits = model.rules.thresholds
    kept = scored.where(f.col("match_weight") >= limits.review)
    is_link = (f.col("match_weight") >= limits.link).alias("is_link")
    evidence = [f"{prefix}_{c.output_column_name}" for c in model.comparisons for prefix in ("gamma", "mw")]
    digest = f.lit(model.digest).alias("model_digest")
    return kept.select(*PAIR, *HASH_PAIR, "match_weight", is_link, digest, *evidence)
