"""Few rows that the driver holds, as Spark sees them.

Neither way hands Spark a list: a session in this process sends one through Python workers and back, again each time that the rows
are read, and be there none at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession


def frame_of(spark: SparkSession, rows: pa.Table) -> DataFrame:
    """The same rows, columns and types. There may be none, which a session behind a Spark Connect address refuses to be given."""
    from pyspark.sql.pandas.types import from_arrow_schema

    schema = from_arrow_schema(rows.schema)
    if not rows.num_rows:
        return empty_frame(spark, {field.name: field.dataType.simpleString() for field in schema.fields})
    return spark.createDataFrame(rows, schema=schema)


def empty_frame(spark: SparkSession, columns: Mapping[str, str]) -> DataFrame:
    """No rows of these columns, each with its type as SQL has it. Spark leaves what is known to be empty out of its plans."""
    named = ", ".join(f"cast(null as {kind}) as `{name}`" for name, kind in columns.items())
    return spark.sql(f"select {named} where false")
