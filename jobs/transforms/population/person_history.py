"""population/person_history: what the golden record of each person was, and from when to when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.transforms.inputs import MasterInputs
from jobs.transforms.intervals import to_intervals
from jobs.transforms.population.person import IS_DECEASED

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

DAY = ["master_id", "on_date"]


def transform(inputs: MasterInputs) -> DataFrame:
    """One row an interval of business dates in which no golden value of a person changed.

    A value is chosen on every day as `population/person` chooses it, of the records that the master held on that day.
    """
    from pyspark.sql import functions as f

    deaths = inputs.snapshots.groupBy(*DAY).agg(f.expr(IS_DECEASED).alias("is_deceased"))
    states = inputs.golden_history.join(deaths, DAY, "inner")
    columns = [name for name in states.columns if name not in (*DAY, "record_count")]
    return to_intervals(states, "master_id", columns, "record_count > 0")
