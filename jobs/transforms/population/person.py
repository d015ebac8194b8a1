"""population/person: golden values, the region in force, whether the person died, and how sure the linkage is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.transforms.inputs import MasterInputs
from jobs.transforms.regions import with_current_region

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

DEATH = "1"
"""Code of ``household_cancellation`` for a registration cancelled because its person died."""

DEATH_CERTIFICATES = "health/death_certificate"
"""Whoever it names has died, whatever the household register says."""

IS_DECEASED = f"bool_or(cancellation_code <=> '{DEATH}' or dataset <=> '{DEATH_CERTIFICATES}')"
"""Whether records are those of a dead person, as a Spark SQL aggregate."""


def transform(inputs: MasterInputs) -> DataFrame:
    """One row a person."""
    from pyspark.sql import functions as f

    if inputs.golden is None:
        raise ValueError("the contract of population/person must have survived columns")
    deaths = inputs.members.groupBy("master_id").agg(f.expr(IS_DECEASED).alias("is_deceased"))
    golden = with_current_region(inputs.golden, "registered_region_code", "registered_region_now_code")
    return golden.join(deaths, "master_id", "inner").join(inputs.evidence, "master_id", "inner")
