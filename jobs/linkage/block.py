"""Find the pairs worth comparing: records that share a block key. A block above its rule's cap is left out, and reported.

The keys of all records are kept with them (`jobs.linkage.comparable`): there a night finds the partners of its new and changed
records (`jobs.linkage.reblock`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from jobs.linkage.model import Model
from jobs.linkage.standardise import RECORD_HASH
from schemas.sql_text import literal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


HASH_PAIR = ["record_hash_l", "record_hash_r"]
"""The two columns that name the records of a pair to linkage; in a candidate pair the smaller hash first."""

PAIR = ["record_id_l", "record_id_r"]
"""The two columns that name the records of a pair to people, the smaller ID first."""

HASH_BITS = 56
"""A key is the number of its rule and, in so many bits below it, a hash of the values that the rule compares."""

RULE = f"(block_key >> {HASH_BITS})"
"""The number of a block key's rule in the model, as SQL."""

NO_KEY = -1
"""Stands where a record lacks a value: no key is negative, for rules are few (`jobs.linkage.model_settings.MAX_RULES`)."""


VALUE_KEYS = "value_keys"
KEYS = ("block_keys", VALUE_KEYS)
"""The two columns that hold the keys of a record, in arrays."""


def index_keys(standardised: DataFrame, model: Model) -> DataFrame:
    """All keys of every record. Grain: one row a record, ``record_hash block_keys value_keys``; the keys of either are distinct.

    ``value_keys`` are those of the values that an identity rule allows an entity once; they find the records that share one.
    A record that lacks one of a rule's columns has no key of that rule.
    """
    return standardised.selectExpr(RECORD_HASH, *keys_sql(model))


def keys_sql(model: Model) -> list[str]:
    """``block_keys`` and ``value_keys``, as SQL to select over the model's match columns."""
    rules = model.settings.blocking_rules_to_generate_predictions
    blocks = [_keys_sql(number, rule.columns, rule.arrays_to_explode or ()) for number, rule in enumerate(rules)]
    values = [_keys_sql(number, (rule.column,)) for number, rule in enumerate(model.rules.identity_rules)]
    return [f"{_known_keys_sql(keys)} as {name}" for name, keys in zip(KEYS, (blocks, values), strict=True)]


def blocking_keys(keyed: DataFrame) -> DataFrame:
    """The keys in ``block_keys``, by which records are compared. Grain: one row a key of a record, ``block_key record_hash``."""
    return keyed.selectExpr("explode(block_keys) as block_key", RECORD_HASH)


def _keys_sql(number: int, columns: Sequence[str], arrays: Sequence[str] = ()) -> str:
    """The keys that a record has of one rule, as SQL: an array of 64-bit keys and `NO_KEY`, one each item of its ``arrays``."""
    values = [f"_{column}" if column in arrays else column for column in columns]
    known = " and ".join(f"{value} is not null" for value in values)
    hashed = f"xxhash64({', '.join(f'cast({value} as string)' for value in values)}) & {2**HASH_BITS - 1}"
    key = f"case when {known} then {number << HASH_BITS}L | ({hashed}) else {NO_KEY}L end"
    if not arrays:
        return f"array({key})"
    # Numbers alone leave a lambda, which Spark walks through item by item: all that is done with them is compiled.
    inner, *outer = arrays
    keys = f"transform({inner}, _{inner} -> {key})"
    for column in outer:
        keys = f"flatten(transform({column}, _{column} -> {keys}))"
    return f"coalesce({keys}, array())"


def _known_keys_sql(keys: Sequence[str]) -> str:
    """The distinct keys in several arrays as one array, as SQL."""
    none = "cast(array() as array<bigint>)"
    return f"array_remove(array_distinct(concat({', '.join([none, *keys])})), {NO_KEY}L)"


def large_blocks(keys: DataFrame, model: Model) -> DataFrame:
    """The blocks above their rule's cap: ``block_key``, their ``size``, the least hash of their records as ``example``."""
    from pyspark.sql import functions as f

    # Counted, not collected: a set for each block costs several times as much to make.
    sizes = keys.groupBy("block_key").agg(f.count("*").alias("size"), f.min(RECORD_HASH).alias("example"))
    return sizes.where(f"size > {cap_sql(model)}")


def pairs_and_large_blocks(standardised: DataFrame, model: Model) -> tuple[DataFrame, DataFrame]:
    """`candidate_pairs` of records whose keys are kept nowhere, and the `large_blocks` that they leave out."""
    keys = blocking_keys(index_keys(standardised, model)).localCheckpoint()
    large = large_blocks(keys, model).localCheckpoint()
    return candidate_pairs(keys, large), large


def candidate_pairs(keys: DataFrame, large: DataFrame) -> DataFrame:
    """Pairs of records that share a block, as `HASH_PAIR`, each once whatever the number of shared blocks.

    ``keys`` are read twice: they had better be a table or kept. ``large``: the blocks to leave out, few.
    """
    from pyspark.sql import functions as f

    left_hash, right_hash = HASH_PAIR
    kept = keys.join(f.broadcast(large.select("block_key")), "block_key", "left_anti")
    left, right = (kept.select("block_key", f.col(RECORD_HASH).alias(name)) for name in HASH_PAIR)
    return left.join(right, "block_key").where(f"{left_hash} < {right_hash}").select(*HASH_PAIR).distinct()


def capped_blocks(large: DataFrame, model: Model) -> DataFrame:
    """What was left out: ``rule_name``, ``blocks`` above the cap, ``records`` in them, an ``example``'s hash. One row a rule."""
    from pyspark.sql import functions as f

    names = " ".join(f"when {n} then {literal(rule.name)}" for n, rule in enumerate(model.rules.blocking))
    return large.groupBy(f.expr(f"case {RULE} {names} end").alias("rule_name")).agg(
        f.count("*").alias("blocks"), f.sum("size").alias("records"), f.min("example").alias("example")
    )


def cap_sql(model: Model) -> str:
    """The most records that a block may hold to be compared, by its ``block_key``, as SQL."""
    return f"case {RULE} " + " ".join(f"when {n} then {rule.cap}" for n, rule in enumerate(model.rules.blocking)) + " end"
