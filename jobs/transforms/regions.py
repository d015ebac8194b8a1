"""Region codes of any year → the codes in force. Pure; a broadcast join, no user-defined function."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from jobs.io.frames import frame_of
from schemas.codes.regions import abolished_regions, region_successors

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def with_current_region(rows: DataFrame, column: str, name: str) -> DataFrame:
    """``rows`` with ``name``: the code in force that the region of ``column`` belongs to. Grain: as given.

    A code that is in force, or not known at all, stays as it is; that of a region which was split among several is null.
    """
    from pyspark.sql import functions as f

    abolished, successors = list(abolished_regions()), region_successors()
    now_code = pa.array([successors.get(code) for code in abolished], pa.string())
    became = frame_of(rows.sparkSession, pa.table({"_abolished": abolished, "_successor": now_code}))
    now = f.when(f.col("_abolished").isNull(), f.col(column)).otherwise(f.col("_successor"))
    joined = rows.join(f.broadcast(became), on=f.col(column) == f.col("_abolished"), how="left")
    return joined.withColumn(name, now).drop("_abolished", "_successor")
