"""From states on days to intervals: what was so from which day to which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def to_intervals(on_dates: DataFrame, key: str, columns: Sequence[str], is_present: str) -> DataFrame:
    """Join days that follow each other with equal values into intervals.

    ``on_dates``: one row a ``key`` and ``on_date`` on which something may have changed, with the values from that day on;
    ``is_present`` (SQL) says whether there are any. Grain: one interval of a key, ``valid_from`` to ``valid_to`` (half open, null
    = still so), with ``columns`` and ``changed_columns``: those that differ from the interval before, which ends where this
    begins; null for the first and after a gap.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    in_order = Window.partitionBy(key).orderBy("on_date")
    state = f.struct(f.expr(f"coalesce({is_present}, false)").alias("is_present"), *columns)
    before = f.lag("state").over(in_order)
    states = on_dates.select(key, "on_date", state.alias("state")).withColumn("before", before)
    changes = states.where("not (state <=> before)").withColumn("valid_to", f.lead("on_date").over(in_order))
    differing = ", ".join(f"if(state.{name} <=> before.{name}, null, '{name}')" for name in columns)
    return changes.where("state.is_present").select(
        key,
        f.col("on_date").alias("valid_from"),
        "valid_to",
        f.expr(f"if(before.is_present, array_compact(array({differing})), null)").alias("changed_columns"),
        *(f.col(f"state.{name}").alias(name) for name in columns),
    )
