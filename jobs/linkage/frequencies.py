"""Term frequencies: how common each value is, so that sharing a rare one weighs more. Counted once, then kept frozen.

Frozen, because a night must score old pairs as the night before did: else every edge would change a little each night.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from jobs.linkage.model import Model

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

GROWTH = 1.25
"""Counted anew when there are this many times the records they were counted on, or as many times fewer."""


def frequency_name(column: str) -> str:
    """The column that says how common a record's value of ``column`` is: its share of the values that are not null."""
    return f"tf_{column}"


def count_frequencies(standardised: DataFrame, model: Model) -> DataFrame:
    """One row a value of each adjusted column: ``column_name value frequency``, frequency its share of the non-null values.

    One more row, with an empty ``column_name`` and ``value``, carries in ``record_count`` how many records were counted.
    """
    from pyspark.sql import functions as f

    parts = [_count(standardised, column) for column in model.frequency_columns]
    total = standardised.agg(f.count("*").alias("record_count"))
    total = total.selectExpr("'' as column_name", "'' as value", "cast(null as double) as frequency", "record_count")
    return reduce(lambda left, right: left.unionByName(right), parts, total)


def _count(standardised: DataFrame, column: str) -> DataFrame:
    from pyspark.sql import functions as f

    known = standardised.where(f"{column} is not null")
    counts = known.groupBy(f.col(column).cast("string").alias("value")).agg(f.count("*").alias("n"))
    total = known.agg(f.count("*").alias("total"))
    return counts.crossJoin(total).selectExpr(
        f"'{column}' as column_name", "value", "cast(n as double) / total as frequency", "cast(null as bigint) as record_count"
    )


def with_frequencies(standardised: DataFrame, frequencies: DataFrame, model: Model) -> DataFrame:
    """Records with ``tf_<column>`` for each adjusted column; a value that was not there when they were counted is the rarest."""
    from pyspark.sql import functions as f

    joined = standardised
    for column in model.frequency_columns:
        counted = frequencies.where(f.col("column_name") == column)
        name = frequency_name(column)
        table = counted.select(f.col("value").alias(f"_{column}"), f.col("frequency").alias(name))
        rarest = counted.agg(f.min("frequency").alias("_rarest"))
        joined = joined.join(table, f.col(column).cast("string") == f.col(f"_{column}"), "left").crossJoin(f.broadcast(rarest))
        tf = f.expr(f"case when {column} is not null then coalesce({name}, _rarest) end")
        joined = joined.withColumn(name, tf).drop(f"_{column}", "_rarest")
    return joined


def frequencies_of(standardised: DataFrame, frequencies: DataFrame, model: Model) -> DataFrame:
    """What `with_frequencies` needs of ``frequencies`` for a few records: those of their values, and each column's rarest."""
    from pyspark.sql import functions as f

    if not model.frequency_columns:
        return frequencies
    pairs = ", ".join(f"named_struct('column_name', '{name}', 'value', cast({name} as string))" for name in model.frequency_columns)
    values = standardised.selectExpr(f"inline(array({pairs}))").where("value is not null").distinct()
    found = frequencies.join(f.broadcast(values), ["column_name", "value"], "left_semi")
    # The rarest without its value, so that the values of all need not be read again.
    rarest = frequencies.where("column_name <> ''").groupBy("column_name").agg(f.min("frequency").alias("frequency"))
    return found.select("column_name", "value", "frequency").unionByName(rarest, allowMissingColumns=True)


def counted_records(frequencies: DataFrame) -> int | None:
    """How many records the frequencies were counted on; None if the row that says so is missing."""
    row = frequencies.where("column_name = ''").first()
    return int(row.record_count) if row else None


def must_recount(frozen: int | None, record_count: int) -> bool:
    """Whether the frequencies counted on ``frozen`` records no longer stand for ``record_count``."""
    return not frozen or record_count > frozen * GROWTH or record_count * GROWTH < frozen
