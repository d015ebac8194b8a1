"""population/identifier: every number that the records of a person have carried, and who else carries it (重号, 双户口)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.transforms.inputs import MasterInputs

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

VALID = ("valid", "upgraded_15")
"""Classes of a citizen ID that can be a second registration's: a mistyped number is nobody's."""


def transform(inputs: MasterInputs) -> DataFrame:
    """One row a number of a person, over all versions of the person's records, deleted ones included.

    ``last_seen_date`` is the last day of the last version that carried it: the day before ``_valid_to``, which is exclusive.
    A number delivered in several classes (15 digits here, 18 there) has the class of its newest version. 重号: several persons
    carry one number now. 双户口: one person carries several valid citizen IDs now.
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
    registered = f.col("is_current") & f.col("identifier_class").isin(*VALID)
    of_all, of_person = Window.partitionBy("identifier_kind", "identifier"), Window.partitionBy("master_id", "identifier_kind")
    return numbers.withColumns(
        {
            "last_seen_date": f.when(~f.col("is_current"), f.col("last_closed_date")),
            "is_shared": f.col("is_current") & (f.count_if("is_current").over(of_all) > 1),
            "is_double": registered & (f.count_if(registered).over(of_person) > 1),
        }
    )
