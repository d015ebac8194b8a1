"""Find the pairs worth comparing: records that share a block key. A block above its rule's cap is left out, and reported."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from jobs.linkage.model import BlockingRule, Model
from schemas.sql_text import literal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def block_keys(standardised: DataFrame, model: Model) -> DataFrame:
    """The block keys of every record: ``rule`` (its number in the model), ``block_key``, ``record_id``; distinct.

    A record that lacks one of a rule's columns has no key of that rule.
    """
    rules = model.settings.blocking_rules_to_generate_predictions
    keys = [_keys_of(standardised, number, rule) for number, rule in enumerate(rules)]
    return reduce(lambda left, right: left.unionByName(right), keys)


def _keys_of(standardised: DataFrame, number: int, rule: BlockingRule) -> DataFrame:
    from pyspark.sql import functions as f

    records = standardised.select("record_id", *rule.columns)
    for column in rule.arrays_to_explode or ():
        records = records.withColumn(column, f.explode(f.array_distinct(column)))
    known = reduce(lambda left, right: left & right, (f.col(column).isNotNull() for column in rule.columns))
    key = f.xxhash64(f.lit(number), *(f.col(column).cast("string") for column in rule.columns))
    return records.where(known).select(f.lit(number).alias("rule"), key.alias("block_key"), "record_id")


def blocks_of(keys: DataFrame) -> DataFrame:
    """The blocks of more than one record: ``rule block_key record_ids`` (sorted, distinct) and their ``size``."""
    from pyspark.sql import functions as f

    blocks = keys.groupBy("rule", "block_key").agg(f.sort_array(f.collect_set("record_id")).alias("record_ids"))
    return blocks.withColumn("size", f.size("record_ids")).where("size > 1")


def candidate_pairs(blocks: DataFrame, model: Model) -> DataFrame:
    """Pairs of the blocks within their caps: ``record_id_l < record_id_r``, each once whatever the number of shared blocks."""
    kept = blocks.where(f"size <= {_cap_sql(model)}")
    pairs = kept.selectExpr("""explode(flatten(transform(record_ids, (a, i) ->
        transform(slice(record_ids, i + 2, size), b -> named_struct('record_id_l', a, 'record_id_r', b))))) as pair""")
    return pairs.select("pair.*").distinct()


def capped_blocks(blocks: DataFrame, model: Model) -> DataFrame:
    """What was left out: ``rule_name``, ``blocks`` above the cap, ``records`` in them, an ``example``. Grain: one row a rule."""
    from pyspark.sql import functions as f

    names = " ".join(f"when {n} then {literal(rule.name)}" for n, rule in enumerate(model.rules.blocking))
    large = blocks.where(f"size > {_cap_sql(model)}").withColumn("rule_name", f.expr(f"case rule {names} end"))
    return large.groupBy("rule_name").agg(
        f.count("*").alias("blocks"), f.sum("size").alias("records"), f.min(f.col("record_ids")[0]).alias("example")
    )


def _cap_sql(model: Model) -> str:
    return "case rule " + " ".join(f"when {n} then {rule.cap}" for n, rule in enumerate(model.rules.blocking)) + " end"
