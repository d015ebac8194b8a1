"""Count the agreement patterns of all pairs of records: which level each comparison reaches, and how many pairs reach them.

A million pairs show a few hundred patterns, so that everything after the count is arithmetic on the driver. Pairs that share a
block are counted exactly, or, of large inputs, in a sample of whole blocks drawn by the hash of their key: a pair that
shares M blocks is in a sample of the share p with the chance 1 - (1 - p)^M, and counts for so many as that is small (Horvitz
and Thompson 1952). Pairs that share none are strangers but for a few, and are counted in a sample of random pairs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from jobs.linkage.block import HASH_PAIR, blocking_keys, candidate_pairs, cap_sql, index_keys, large_blocks
from jobs.linkage.compare import both_sides, gammas_sql, needed_columns
from jobs.linkage.model import Model, ModelError
from jobs.linkage.model_settings import BlockingRule, Comparison
from jobs.linkage.standardise import RECORD_HASH

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

BLOCKED_PAIRS = 2_000_000
"""Above about so many pairs in blocks they are counted in a sample of the blocks."""

RANDOM_PAIRS = 400_000
RANDOM_RECORDS = 50_000
"""Random pairs are drawn among so many records at most, so that no join is larger than it need be."""

RANDOM_PARTS = 8
"""Random pairs are compared in so many parts, each a task."""

_EQUAL = re.compile(r"^\s*(\w+)_[lr]\s*=\s*(\w+)_[lr]\s*$")


@dataclass(frozen=True)
class Patterns:
    """The patterns of all pairs of ``record_count`` records.

    ``gammas``: one row a pattern, a level a comparison (-1: nothing to compare). ``pairs``: how many pairs show it.
    ``is_blocked``: whether these share a block. ``stands_for``: how many pairs without one a random pair stands for.
    ``equal_pairs``: by column, how many pairs have equal values of it, for the columns of `equality_levels`.
    """

    gammas: npt.NDArray[np.int64]
    pairs: npt.NDArray[np.float64]
    is_blocked: npt.NDArray[np.bool_]
    record_count: int
    stands_for: float
    equal_pairs: dict[str, float]

    def __len__(self) -> int:
        return len(self.pairs)


def count_patterns(standardised: DataFrame, model: Model, most_pairs: int = BLOCKED_PAIRS) -> Patterns:
    """Count the patterns of `standardise`d records (cached by whoever calls). Raises ModelError if there is nothing to count."""
    record_count = standardised.count()
    keys = blocking_keys(index_keys(standardised, model)).persist()
    share = _share_of_blocks(keys, model, most_pairs)
    sampled = keys.where(f"pmod(block_key, {round(1 / share)}) = 0")
    blocked = _count(candidate_pairs(sampled, large_blocks(sampled, model)), standardised, model)
    keys.unpersist()
    blocked["pairs"] /= 1 - (1 - share) ** blocked["shared_blocks"]
    strangers = _count(_random_pairs(standardised, record_count), standardised, model)
    strangers = strangers[strangers["shared_blocks"] == 0]
    if blocked.empty or strangers.empty:
        raise ModelError(f"{record_count} records are too few to train on: no pair shares a block, or no pair shares none.")
    unblocked = record_count * (record_count - 1) / 2 - blocked["pairs"].sum()
    stands_for = max(unblocked, 0.0) / strangers["pairs"].sum()
    strangers["pairs"] *= stands_for
    counted = pd.concat([blocked.assign(is_blocked=True), strangers.assign(is_blocked=False)], ignore_index=True)
    return Patterns(
        counted[_gamma_names(model)].to_numpy(np.int64),
        counted["pairs"].to_numpy(np.float64),
        counted["is_blocked"].to_numpy(bool),
        record_count,
        stands_for,
        _count_equal_pairs(standardised, model),
    )


def equality_levels(comparison: Comparison) -> dict[int, str]:
    """The first level of a comparison, by number, with its column, if it is ``<column>_l = <column>_r``.

    How many pairs reach it follows from how often each value occurs.
    """
    number, level = next((number, level) for number, level in comparison.levels.items() if not level.is_null_level)
    found = _EQUAL.match(level.sql_condition)
    return {number: found.group(1)} if found and found.group(1) == found.group(2) else {}


def is_found_by_blocking(column: str, model: Model) -> bool:
    """Whether all pairs with equal values of ``column`` share a block."""
    rules = model.settings.blocking_rules_to_generate_predictions
    return any(rule.columns == (column,) and not rule.arrays_to_explode for rule in rules)


def _share_of_blocks(keys: DataFrame, model: Model, most_pairs: int) -> float:
    """One over a whole number: the share of blocks with about ``most_pairs`` pairs, 1 if all have no more."""
    from pyspark.sql import functions as f

    sizes = keys.groupBy("block_key").agg(f.count("*").alias("size")).where(f"size <= {cap_sql(model)}")
    (row,) = sizes.agg(f.sum(f.expr("size * (size - 1) / 2")).alias("pairs")).collect()
    return 1 / max(1, round((row.pairs or 0) / most_pairs))


def _count(pairs: DataFrame, standardised: DataFrame, model: Model) -> pd.DataFrame:
    """Pairs by pattern and by the number of blocks they share: the gammas, ``shared_blocks``, ``pairs`` (float)."""
    from pyspark.sql import functions as f

    rules = model.settings.blocking_rules_to_generate_predictions
    columns = needed_columns(model) | {column for rule in rules for column in rule.columns}
    shared = " + ".join(_shared_sql(rule) for rule in rules)
    levels = both_sides(pairs, standardised, columns).selectExpr(f"{shared} as shared_blocks", *gammas_sql(model))
    counts = levels.groupBy("shared_blocks", *_gamma_names(model)).agg(f.count("*").cast("double").alias("pairs"))
    return counts.toArrow().to_pandas()


def _shared_sql(rule: BlockingRule) -> str:
    """How many blocks of the rule a pair shares, as SQL over both records' columns."""
    arrays = rule.arrays_to_explode or ()
    agree = " and ".join(f"{column}_l = {column}_r" for column in rule.columns if column not in arrays) or "true"
    common = " * ".join(f"array_size(array_intersect({column}_l, {column}_r))" for column in arrays) or "1"
    return f"coalesce(if({agree}, {common}, 0), 0)"


def _random_pairs(standardised: DataFrame, record_count: int) -> DataFrame:
    """About `RANDOM_PAIRS` distinct pairs, drawn by hash: the same records give the same pairs."""
    from pyspark.sql import functions as f

    drawn = min(record_count, RANDOM_RECORDS)
    partners = min(max(drawn - 1, 1), -(-RANDOM_PAIRS // drawn))
    records = standardised.select(RECORD_HASH).orderBy(RECORD_HASH).limit(drawn)
    numbered = records.withColumn("n", f.expr(f"row_number() over (order by {RECORD_HASH})"))
    left = numbered.select(f.col(RECORD_HASH).alias("a"), "n", f.explode(f.sequence(f.lit(1), f.lit(partners))).alias("k"))
    left = left.select("a", (f.pmod(f.xxhash64("n", "k"), f.lit(drawn)) + 1).alias("n"))
    pairs = left.join(numbered.select(f.col(RECORD_HASH).alias("b"), "n"), "n").where("a <> b")
    distinct = pairs.select(f.least("a", "b"), f.greatest("a", "b")).toDF(*HASH_PAIR).distinct()
    # Few bytes but much to compute: left to itself, Spark puts them into one part.
    return distinct.repartition(RANDOM_PARTS)


def _count_equal_pairs(standardised: DataFrame, model: Model) -> dict[str, float]:
    from pyspark.sql import functions as f

    columns = sorted({column for c in model.comparisons for column in equality_levels(c).values()})
    counts = [
        standardised.where(f"{column} is not null").groupBy(column).count().selectExpr(f"'{column}' as name", "count as n")
        for column in columns
    ]
    if not counts:
        return {}
    together = reduce(lambda left, right: left.unionByName(right), counts)
    pairs = together.groupBy("name").agg(f.sum(f.expr("n * (n - 1D) / 2")).alias("pairs"))
    return dict.fromkeys(columns, 0.0) | {row.name: float(row.pairs) for row in pairs.collect()}


def _gamma_names(model: Model) -> list[str]:
    return [f"gamma_{comparison.output_column_name}" for comparison in model.comparisons]
