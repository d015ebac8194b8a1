"""What a night changes in the blocks: which pairs are to be compared, and which old pairs share a block no longer.

A pair is a candidate if and only if it shares a block within its cap tonight, as in a full run. So new and changed records
are compared with all that share a block with them, and old records with old ones only where a block came down to its cap;
where one outgrew it, its pairs lapse unless another block holds them.

All is asked in SQL that Spark and DuckDB read alike, of tables named in braces (`jobs.steps.changed_blocks` says who is asked).
Keys are rows of `jobs.linkage.block.blocking_keys`: ``entering`` those of the new and changed records as they are, ``leaving``
those of the changed and deleted ones as they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.linkage.block import HASH_PAIR, blocking_keys, cap_sql
from jobs.linkage.model import Model
from jobs.linkage.standardise import RECORD_HASH

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


STAYED, CAME, LEFT = "stayed", "came", "left"
"""What a record does in a changed block (``part``): it was in it and is; it is, new or changed; it was, since changed or gone."""

MEMBERS = f"""
select /*+ broadcast(changed) */ block_key, {RECORD_HASH}
from {{keys}} semi join (select block_key from {{entering}} union select block_key from {{leaving}}) changed using (block_key)
"""  # noqa: S608 - of our own names and the model's numbers, as are all in this file
"""Who of all records, by their ``keys`` of last night or of tonight, is in the blocks that records enter or leave."""

# Counted beside each row, not collected into a row a block: sets of records are made by sorting all rows more than once.
CHANGED_BLOCKS = f"""
select *,
    count_if(part <> '{LEFT}') over (partition by block_key) as size,
    count_if(part <> '{CAME}') over (partition by block_key) as size_before
from (
    select /*+ broadcast(changed) */ block_key, {RECORD_HASH}, '{STAYED}' as part
    from {{members}}
    anti join (select {RECORD_HASH} from {{entering}} union select {RECORD_HASH} from {{leaving}}) changed using ({RECORD_HASH})
    union all select block_key, {RECORD_HASH}, '{CAME}' from {{entering}}
    union all select block_key, {RECORD_HASH}, '{LEFT}' from {{leaving}}
) parts
"""  # noqa: S608
"""The blocks that records enter or leave, with all that are in them (`MEMBERS`). Grain: one row a block, record and part.

Columns: ``block_key``, ``record_hash``, ``part`` (see `STAYED`), and of the block its ``size`` tonight and ``size_before``.
"""


def pairs_to_compare_sql(model: Model) -> str:
    """Pairs of the ``blocks`` (`CHANGED_BLOCKS`) that a night has to score: `HASH_PAIR`, distinct.

    ``one``: the hash of the record that came; where neither did (``is_reopened``), of the smaller.
    """
    cap = cap_sql(model)
    # Who came meets all; of those who stayed, who is in a block that came down to its cap meets the others who stayed.
    return f"""
        with one as (
            select block_key, {RECORD_HASH} as low, part from {{blocks}}
            where size <= {cap} and part <> '{LEFT}' and (part = '{CAME}' or size_before > {cap})
        ), other as (
            select block_key, {RECORD_HASH} as high, part as other_part from {{blocks}} where size <= {cap} and part <> '{LEFT}'
        )
        select distinct {_IN_ORDER}, low as one, part = '{STAYED}' as is_reopened
        from one join other using (block_key)
        where part = '{CAME}' and other_part = '{STAYED}' or part = other_part and low < high
    """  # noqa: S608


def outgrown_pairs_sql(model: Model) -> str:
    """Pairs of unchanged records in the ``blocks`` that outgrew their cap tonight: candidates no longer, unless elsewhere."""
    outgrown = f"from {{blocks}} where size > {cap_sql(model)} and size_before <= {cap_sql(model)} and part = '{STAYED}'"
    return f"""
        select distinct {_IN_ORDER}
        from (select block_key, {RECORD_HASH} as low {outgrown}) one
        join (select block_key, {RECORD_HASH} as high {outgrown}) other using (block_key)
        where low < high
    """  # noqa: S608


def large_changed_blocks_sql(model: Model) -> str:
    """Those of the ``blocks`` that are above their cap tonight, as `jobs.linkage.block.large_blocks` has them."""
    return f"""
        select block_key, max(size) as size, min({RECORD_HASH}) as example
        from {{blocks}} where size > {cap_sql(model)} and part <> '{LEFT}'
        group by block_key
    """  # noqa: S608


_IN_ORDER = f"least(low, high) as {HASH_PAIR[0]}, greatest(low, high) as {HASH_PAIR[1]}"
"""The pair ``low high`` as `HASH_PAIR`, as SQL to select."""


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
