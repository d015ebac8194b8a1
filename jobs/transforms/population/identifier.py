"""population/identifier: every number that the records of a person have carried, and who else carries it (重号, 双户口)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.transforms.identifiers import numbers_carried
from jobs.transforms.inputs import MasterInputs

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

VALID = ("valid", "upgraded_15")
"""Classes of a citizen ID that can be a second registration's: a mistyped number is nobody's."""


def transform(inputs: MasterInputs) -> DataFrame:
    """One row a number of a person. 重号: several persons carry it now. 双户口: one person carries several valid citizen IDs.

    A number of which a part is masked is nobody's alone, and not here.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    carried = inputs.history.where("citizen_id is not null and not contains(citizen_id, '*')").withColumns(
        {
            "identifier_kind": f.expr("case citizen_id_class when 'permit' then 'permit' else 'citizen_id' end"),
            "identifier": f.col("citizen_id"),
            "identifier_class": f.col("citizen_id_class"),
        }
    )
    registered = f.col("is_current") & f.col("identifier_class").isin(*VALID)
    of_person = Window.partitionBy("master_id", "identifier_kind")
    is_double = registered & (f.count_if(registered).over(of_person) > 1)
    return numbers_carried(carried).withColumn("is_double", is_double)
