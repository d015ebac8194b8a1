"""What a night changes in the blocks: which pairs are to be compared, and which old pairs share a block no longer.

A pair is a candidate if and only if it shares a block within its cap tonight, as in a full run. So new and changed records
are compared with all that share a block with them, and old records with old ones only where a block came down to its cap;
where one outgrew it, its pairs lapse unless another block holds them.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from jobs.linkage.block import HASH_PAIR, blocking_keys, cap_sql
from jobs.linkage.model import Model
from jobs.linkage.standardise import RECORD_HASH

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def changed_blocks(index: DataFrame, came: DataFrame, left: DataFrame) -> DataFrame:
    """The blocks that records enter or leave. Grain: one row a block.

    ``index``, ``came`` and ``left`` are keys as `jobs.linkage.block.index_keys` has them: those of all records (of last night
    or of tonight), of the new and changed ones as they are, and of the changed and deleted ones as they were. Columns:
    ``block_key``, ``stayed`` and ``came`` (sorted record hashes), ``size`` tonight and ``size_before``.
    """
    from pyspark.sql import functions as f

    entering, leaving = (blocking_keys(keys) for keys in (came, left))
    both = entering.unionByName(leaving)
    found = blocking_keys(index).join(f.broadcast(both.select("block_key").distinct()), "block_key", "left_semi")
    stayed = found.join(f.broadcast(both.select(RECORD_HASH).distinct()), RECORD_HASH, "left_anti")
    parts = {"stayed": stayed, "came": entering, "left": leaving}
    named = [rows.select("block_key", RECORD_HASH, f.lit(part).alias("part")) for part, rows in parts.items()]
    members = reduce(lambda one, other: one.unionByName(other), named)
    of = {part: f.collect_set(f.when(f.col("part") == part, f.col(RECORD_HASH))) for part in parts}
    blocks = members.groupBy("block_key").agg(*(f.sort_array(records).alias(part) for part, records in of.items()))
    sizes = {"size": "size(stayed) + size(came)", "size_before": "size(stayed) + size(left)"}
    return blocks.selectExpr("block_key", "stayed", "came", *(f"{sql} as {name}" for name, sql in sizes.items()))


def pairs_to_compare(blocks: DataFrame, model: Model) -> DataFrame:
    """Pairs of the changed blocks that a night has to score, as `HASH_PAIR`, distinct."""
    cap = cap_sql(model)
    pair = _pair_sql("least(a, b)", "greatest(a, b)")
    across = f"flatten(transform(came, a -> transform(stayed, b -> {pair})))"
    opened = f"case when size_before > {cap} then {_pairs_sql('stayed')} else array() end"
    kept = blocks.where(f"size <= {cap}")
    pairs = kept.selectExpr(f"explode(concat({_pairs_sql('came')}, {across}, {opened})) as pair")
    return pairs.select("pair.*").distinct()


def _pairs_sql(records: str) -> str:
    """All pairs of a sorted array of record hashes, as SQL: an array of `HASH_PAIR`."""
    return f"""flatten(transform({records}, (a, i) ->
        transform(slice({records}, i + 2, greatest(size({records}) - i - 1, 0)), b ->
            {_pair_sql("a", "b")})))"""


def _pair_sql(low: str, high: str) -> str:
    """A pair of two record hashes, as SQL: a struct with the names of `HASH_PAIR`."""
    left, right = HASH_PAIR
    return f"named_struct('{left}', {low}, '{right}', {high})"


def large_changed_blocks(blocks: DataFrame, model: Model) -> DataFrame:
    """The changed blocks that are above their cap tonight, as `jobs.linkage.block.large_blocks` has them."""
    return blocks.where(f"size > {cap_sql(model)}").selectExpr("block_key", "size", "array_min(concat(stayed, came)) as example")


def outgrown_pairs(blocks: DataFrame, model: Model) -> DataFrame:
    """Pairs of unchanged records in the blocks that outgrew their cap tonight: candidates no longer, unless elsewhere."""
    cap = cap_sql(model)
    outgrown = blocks.where(f"size > {cap} and size_before <= {cap}")
    return outgrown.selectExpr(f"explode({_pairs_sql('stayed')}) as pair").select("pair.*").distinct()


def pairs_within_caps(pairs: DataFrame, index: DataFrame, model: Model) -> DataFrame:
    """Those of a few ``pairs`` that share a block within its cap; ``index`` holds tonight's keys of all records."""
    from pyspark.sql import functions as f

    left_hash, right_hash = HASH_PAIR
    blocking = blocking_keys(index)
    left = blocking.withColumnRenamed(RECORD_HASH, left_hash).join(f.broadcast(pairs), left_hash, "inner")
    right = blocking.withColumnRenamed(RECORD_HASH, right_hash)
    shared = right.join(f.broadcast(left), ["block_key", right_hash], "inner")
    sizes = blocking.join(f.broadcast(shared.select("block_key").distinct()), "block_key", "left_semi").groupBy("block_key").count()
    within = sizes.where(f"count <= {cap_sql(model)}")
    return shared.join(within, "block_key", "left_semi").select(*HASH_PAIR).distinct()
