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


STAYED, CAME, LEFT = "stayed", "came", "left"
"""What a record does in a changed block (``part``): it was in it and is; it is, new or changed; it was, since changed or gone."""


def changed_keys(came: DataFrame, left: DataFrame) -> DataFrame:
    """The blocks that records enter or leave: ``block_key``, distinct.

    Both are keys as `jobs.linkage.block.index_keys` has them: of the new and changed records as they are, and of the changed and
    deleted ones as they were.
    """
    return blocking_keys(came).unionByName(blocking_keys(left)).select("block_key").distinct()


def members_of(blocks: DataFrame, keyed: DataFrame) -> DataFrame:
    """Those of all records, by their keys, that are in some ``blocks`` (``block_key``, distinct): ``block_key record_hash``."""
    from pyspark.sql import functions as f

    return blocking_keys(keyed).join(f.broadcast(blocks), "block_key", "left_semi")


def changed_blocks(members: DataFrame, came: DataFrame, left: DataFrame) -> DataFrame:
    """The blocks that records enter or leave, with all that are in them. Grain: one row a block, record and part.

    ``members``: who is in these blocks (`members_of` the `changed_keys`), last night or tonight. ``came`` and ``left``: as
    `changed_keys` has them. Columns: ``block_key``, ``record_hash``, ``part`` (see `STAYED`), and of the block its ``size`` tonight
    and ``size_before``.
    """
    from pyspark.sql import functions as f

    entering, leaving = (blocking_keys(keys) for keys in (came, left))
    both = entering.unionByName(leaving)
    stayed = members.join(f.broadcast(both.select(RECORD_HASH).distinct()), RECORD_HASH, "left_anti")
    parts = {STAYED: stayed, CAME: entering, LEFT: leaving}
    named = [rows.select("block_key", RECORD_HASH, f.lit(part).alias("part")) for part, rows in parts.items()]
    members = reduce(lambda one, other: one.unionByName(other), named)
    # Counted beside each row, not collected into a row a block: sets of records are made by sorting all rows more than once.
    sizes = {"size": LEFT, "size_before": CAME}
    counts = (f"count_if(part <> '{part}') over (partition by block_key) as {name}" for name, part in sizes.items())
    return members.selectExpr("*", *counts)


def pairs_to_compare(blocks: DataFrame, model: Model) -> DataFrame:
    """Pairs of the changed blocks that a night has to score: `HASH_PAIR`, distinct.

    ``one``: the hash of the record that came; where neither did (``is_reopened``), of the smaller.
    """
    cap = cap_sql(model)
    within = blocks.where(f"size <= {cap} and part <> '{LEFT}'")
    # Who came meets all; of those who stayed, who is in a block that came down to its cap meets the others who stayed.
    one = within.where(f"part = '{CAME}' or size_before > {cap}")
    met = _met(one, within, f"part = '{CAME}' and other_part = '{STAYED}' or part = other_part and low < high")
    return met.selectExpr(*_in_order(), "low as one", f"part = '{STAYED}' as is_reopened").distinct()


def outgrown_pairs(blocks: DataFrame, model: Model) -> DataFrame:
    """Pairs of unchanged records in the blocks that outgrew their cap tonight: candidates no longer, unless elsewhere."""
    cap = cap_sql(model)
    outgrown = blocks.where(f"size > {cap} and size_before <= {cap} and part = '{STAYED}'")
    return _met(outgrown, outgrown, "low < high").selectExpr(*_in_order()).distinct()


def _met(one: DataFrame, other: DataFrame, condition: str) -> DataFrame:
    """Records that share a block and meet a condition on ``low part high other_part``, once for each block."""
    from pyspark.sql import functions as f

    ones = one.select("block_key", f.col(RECORD_HASH).alias("low"), "part")
    others = other.select("block_key", f.col(RECORD_HASH).alias("high"), f.col("part").alias("other_part"))
    return ones.join(others, "block_key").where(condition)


def _in_order() -> list[str]:
    """The pair ``low high`` as `HASH_PAIR`, as SQL to select."""
    left, right = HASH_PAIR
    return [f"least(low, high) as {left}", f"greatest(low, high) as {right}"]


def large_changed_blocks(blocks: DataFrame, model: Model) -> DataFrame:
    """The changed blocks that are above their cap tonight, as `jobs.linkage.block.large_blocks` has them."""
    from pyspark.sql import functions as f

    large = blocks.where(f"size > {cap_sql(model)} and part <> '{LEFT}'")
    return large.groupBy("block_key").agg(f.max("size").alias("size"), f.min(RECORD_HASH).alias("example"))


def pairs_within_caps(pairs: DataFrame, keyed: DataFrame, model: Model) -> DataFrame:
    """Those of a few ``pairs`` that share a block within its cap; ``keyed`` holds tonight's keys of all records."""
    from pyspark.sql import functions as f

    left_hash, right_hash = HASH_PAIR
    blocking = blocking_keys(keyed)
    left = blocking.withColumnRenamed(RECORD_HASH, left_hash).join(f.broadcast(pairs), left_hash, "inner")
    right = blocking.withColumnRenamed(RECORD_HASH, right_hash)
    shared = right.join(f.broadcast(left), ["block_key", right_hash], "inner")
    sizes = blocking.join(f.broadcast(shared.select("block_key").distinct()), "block_key", "left_semi").groupBy("block_key").count()
    within = sizes.where(f"count <= {cap_sql(model)}")
    return shared.join(within, "block_key", "left_semi").select(*HASH_PAIR).distinct()
