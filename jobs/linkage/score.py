"""Score compared pairs: the match weight of Fellegi and Sunter (1969), in bits, with Winkler's adjustment for term frequencies.

The weight of a pair is the prior's log odds, plus log2(m / u) of every level reached, plus, where a level is adjusted,
log2(u of the exact level / frequency of the value agreed on, the more common one of two).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jobs.linkage.block import HASH_PAIR, PAIR
from jobs.linkage.model import Model, ModelError
from jobs.linkage.model_settings import Comparison, Level

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def score(compared: DataFrame, model: Model, prior_weight: float) -> DataFrame:
    """Pairs with ``mw_<comparison>`` (bits, term frequencies included) and their sum with the prior, ``match_weight``."""
    from pyspark.sql import functions as f

    names = [comparison.output_column_name for comparison in model.comparisons]
    weights = [f.expr(weight_sql(comparison)).alias(f"mw_{comparison.output_column_name}") for comparison in model.comparisons]
    scored = compared.select(*PAIR, *HASH_PAIR, *(f"gamma_{name}" for name in names), *weights)
    total = " + ".join([_double(prior_weight), *(f"mw_{name}" for name in names)])
    return scored.withColumn("match_weight", f.expr(total))


def weight_sql(comparison: Comparison) -> str:
    """The weight of a comparison, as SQL over its gamma column and the term frequencies of both records."""
    gamma = f"gamma_{comparison.output_column_name}"
    whens = [f"when {number} then {_level_sql(comparison, level)}" for number, level in comparison.levels.items()]
    return f"case {gamma} {' '.join(whens)} end"


def _level_sql(comparison: Comparison, level: Level) -> str:
    weight = _double(level.match_weight)
    column = level.tf_adjustment_column
    if not column:
        return weight
    exact = _exact_level(comparison, column)
    left, right = f"tf_{column}_l", f"tf_{column}_r"
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
