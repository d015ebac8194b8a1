"""population/person: golden values, whether the person died, and how sure the linkage is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.transforms.inputs import MasterInputs

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

DEATH = "1"
"""Code of ``household_cancellation`` for a registration cancelled because its person died."""

DEATH_CERTIFICATES = "health/death_certificate"
"""Whoever it names has died, whatever the household register says."""


def transform(inputs: MasterInputs) -> DataFrame:
    """One row a person. A birth year is taken from the golden birth date where there is one, so that the two agree."""
    from pyspark.sql import functions as f

    if inputs.golden is None:
        raise ValueError("the contract of population/person must have survived columns")
    is_death = f.col("cancellation_code").eqNullSafe(DEATH) | (f.col("dataset") == DEATH_CERTIFICATES)
    deaths = inputs.members.groupBy("master_id").agg(f.bool_or(is_death).alias("is_deceased"))
    persons = inputs.golden.join(deaths, "master_id", "inner").join(inputs.evidence, "master_id", "inner")
    return persons.withColumns(
        {
            "birth_year": f.coalesce(f.year("birth_date"), f.col("birth_year")),
            "birth_year_source": f.coalesce(f.col("birth_date_source"), f.col("birth_year_source")),
        }
    )
