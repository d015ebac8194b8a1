"""population/identifier: every number that the records of a person have carried, and whether another person carries it too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.transforms.inputs import MasterInputs

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def transform(inputs: MasterInputs) -> DataFrame:
    """One row a number of a person, over all versions of the person's records.

    ``last_seen_date`` is the last day of the last version that carried it: the day before ``_valid_to``, which is exclusive.
    A number delivered in several classes (15 digits here, 18 there) has the class of its newest version.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    carried = inputs.history.where("citizen_id is not null").withColumn(
        "identifier_kind", f.expr("case citizen_id_class when 'permit' then 'permit' else 'citizen_id' end")
    )
    numbers = carried.groupBy("master_id", "identifier_kind", f.col("citizen_id").alias("identifier")).agg(
        f.expr("max_by(citizen_id_class, struct(_valid_from, dataset, record_key))").alias("identifier_class"),
        f.sort_array(f.collect_set("dataset")).alias("sources"),
        f.min("_valid_from").alias("first_seen_date"),
        f.max(f.date_sub("_valid_to", 1)).alias("last_closed_date"),
        f.bool_or(f.col("_valid_to").isNull()).alias("is_current"),
    )
    everyone = Window.partitionBy("identifier_kind", "identifier")
    return numbers.withColumns(
        {
            "last_seen_date": f.when(~f.col("is_current"), f.col("last_closed_date")),
            "is_shared": f.count("*").over(everyone) > 1,
        }
    )
