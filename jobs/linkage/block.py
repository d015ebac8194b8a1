"""Find the pairs worth comparing: records that share a block key. A block above its rule's cap is left out, and reported.

The keys of all records are kept as an index (`index_keys`), in which a night finds the partners of its new and changed records:
see `jobs.linkage.reblock`.
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

BLOCK = ["block_key", "rule"]
"""The two columns that name a block; the key first, for sorting by it alone tells nearly all blocks apart."""

PAIR = ["record_id_l", "record_id_r"]
"""The two columns that name the records of a pair to people, the smaller ID first."""


def block_keys(standardised: DataFrame, model: Model) -> DataFrame:
    """The block keys of every record: ``rule`` (its number in the model), ``block_key``, ``record_hash``; distinct.

    A record that lacks one of a rule's columns has no key of that rule.
    """
    return _with_keys(standardised, _blocking_keys(model))


def index_keys(standardised: DataFrame, model: Model) -> DataFrame:
    """The block keys, and beside them a key of each value that an identity rule allows an entity once. Grain: `block_keys`.

    Identity rules are numbered on from the blocking rules. Their keys find the records that share such a value.
    """
    first = first_identity_rule(model)
    values = [_keys_sql(first + place, (rule.column,)) for place, rule in enumerate(model.rules.identity_rules)]
    return _with_keys(standardised, [*_blocking_keys(model), *values])


def first_identity_rule(model: Model) -> int:
    """The number that the first identity rule has in the key index; blocking rules have the numbers below it."""
    return len(model.rules.blocking)


def _blocking_keys(model: Model) -> list[str]:
    rules = model.settings.blocking_rules_to_generate_predictions
    return [_keys_sql(number, rule.columns, rule.arrays_to_explode or ()) for number, rule in enumerate(rules)]


def _keys_sql(number: int, columns: Sequence[str], arrays: Sequence[str] = ()) -> str:
    """The keys that a record has of one rule, as SQL: an array of 64-bit hashes and nulls, one each item of its ``arrays``."""
    values = [f"_{column}" if column in arrays else column for column in columns]
    known = " and ".join(f"{value} is not null" for value in values)
    key = f"case when {known} then xxhash64({number}, {', '.join(f'cast({value} as string)' for value in values)}) end"
    if not arrays:
        return f"array({key})"
    # Numbers alone leave a lambda, which Spark walks through item by item: all that is done with them is compiled.
    inner, *outer = arrays
    keys = f"transform({inner}, _{inner} -> {key})"
    for column in outer:
        keys = f"flatten(transform({column}, _{column} -> {keys}))"
    return f"array_distinct({keys})"


def _with_keys(standardised: DataFrame, keys: Sequence[str]) -> DataFrame:
    """One pass over the records for all rules, whose ``keys`` stand in the order of their numbers; a union would scan for each."""
    of_rules = standardised.selectExpr(RECORD_HASH, f"posexplode(array({', '.join(keys)})) as (rule, keys)")
    return of_rules.selectExpr("rule", "explode(keys) as block_key", RECORD_HASH).where("block_key is not null")


def blocking_keys(index: DataFrame, model: Model) -> DataFrame:
    """The keys of a key index by which records are compared: those of its blocking rules."""
    return index.where(f"rule < {first_identity_rule(model)}")


def large_blocks(keys: DataFrame, model: Model) -> DataFrame:
    """The blocks above their rule's cap: ``rule block_key``, their ``size``, the least hash of their records as ``example``."""
    from pyspark.sql import functions as f

    # Counted, not collected: a set for each block costs several times as much to make.
    sizes = keys.groupBy(*BLOCK).agg(f.count("*").alias("size"), f.min(RECORD_HASH).alias("example"))
    return sizes.where(f"size > {cap_sql(model)}")


def pairs_within_blocks(standardised: DataFrame, model: Model) -> DataFrame:
    """`candidate_pairs` of records whose keys are kept nowhere."""
    keys = block_keys(standardised, model).localCheckpoint()
    return candidate_pairs(keys, large_blocks(keys, model))


def candidate_pairs(keys: DataFrame, large: DataFrame) -> DataFrame:
    """Pairs of records that share a block, as `HASH_PAIR`, each once whatever the number of shared blocks.

    ``keys`` are read twice: they had better be a table or kept. ``large``: the blocks to leave out, few.
    """
    from pyspark.sql import functions as f

    left_hash, right_hash = HASH_PAIR
    kept = keys.join(f.broadcast(large.select(*BLOCK)), BLOCK, "left_anti")
    left, right = (kept.select(*BLOCK, f.col(RECORD_HASH).alias(name)) for name in HASH_PAIR)
    return left.join(right, BLOCK).where(f"{left_hash} < {right_hash}").select(*HASH_PAIR).distinct()


def capped_blocks(large: DataFrame, model: Model) -> DataFrame:
    """What was left out: ``rule_name``, ``blocks`` above the cap, ``records`` in them, an ``example``'s hash. One row a rule."""
    from pyspark.sql import functions as f

    names = " ".join(f"when {n} then {literal(rule.name)}" for n, rule in enumerate(model.rules.blocking))
    return large.groupBy(f.expr(f"case rule {names} end").alias("rule_name")).agg(
        f.count("*").alias("blocks"), f.sum("size").alias("records"), f.min("example").alias("example")
    )


def cap_sql(model: Model) -> str:
    """The most records that a block of ``rule`` may hold to be compared, as SQL."""
    return "case rule " + " ".join(f"when {n} then {rule.cap}" for n, rule in enumerate(model.rules.blocking)) + " end"
