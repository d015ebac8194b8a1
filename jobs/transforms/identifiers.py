"""Numbers that the records of masters carry, over time: who carries which, since when, and who else does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def numbers_carried(carried: DataFrame) -> DataFrame:
    """One row a number of a master, over all versions of the master's records, deleted ones included.

    ``carried``: one row a number in a version of a record, ``master_id identifier_kind identifier identifier_class dataset
    record_key _valid_from _valid_to``. ``last_seen_date`` is the last day of the last version that carried it: the day before
    ``_valid_to``, which is exclusive. A number delivered in several classes (15 digits here, 18 there) has the class of its newest
    version. ``is_shared``: several masters carry it now.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    numbers = carried.groupBy("master_id", "identifier_kind", "identifier").agg(
        f.expr("max_by(identifier_class, struct(_valid_from, dataset, record_key))").alias("identifier_class"),
        f.sort_array(f.collect_set("dataset")).alias("sources"),
        f.min("_valid_from").alias("first_seen_date"),
        f.max(f.date_sub("_valid_to", 1)).alias("last_closed_date"),
        f.bool_or(f.col("_valid_to").isNull()).alias("is_current"),
    )
    of_all = Window.partitionBy("identifier_kind", "identifier")
    return numbers.withColumns(
        {
            "last_seen_date": f.when(~f.col("is_current"), f.col("last_closed_date")),
            "is_shared": f.col("is_current") & (f.count_if("is_current").over(of_all) > 1),
        }
    )
