"""What linkage keeps of a record from night to night: the keys that find its partners, and all that it is compared by.

Made once, when the record is new or changes: a night compares many times as many records as it has new ones, and to make the
columns of these again would cost more than to compare them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.linkage.block import keys_sql
from jobs.linkage.compare import needed_columns
from jobs.linkage.frequencies import frequency_name
from jobs.linkage.model import Model
from jobs.linkage.standardise import RECORD_HASH, standardise

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def comparable(records: DataFrame, model: Model) -> DataFrame:
    """Records as they are compared. Grain: one row a record.

    Columns: ``dataset record_key record_hash``, ``block_keys`` and ``value_keys`` as `jobs.linkage.block.index_keys` has them, and
    the match columns that comparisons and grouping look at. The frozen term frequencies are joined to it
    (`jobs.linkage.frequencies.with_frequencies`).
    """
    return standardise(records, model).selectExpr("dataset", "record_key", RECORD_HASH, *keys_sql(model), *_match_columns(model))


def comparable_types(spark: SparkSession, model: Model) -> dict[str, str]:
    """The columns that a model adds to the records as they are compared, term frequencies included, and their Spark types."""
    attributes = ", ".join(f"{name} {kind}" for name, kind in model.rules.attributes.items())
    none = spark.createDataFrame([], f"dataset string, record_key string, {attributes}")
    types = standardise(none, model).select(*_match_columns(model)).dtypes
    return dict(types) | {frequency_name(column): "double" for column in model.frequency_columns}


def _match_columns(model: Model) -> list[str]:
    return sorted(needed_columns(model).union(model.rules.grouped_by))
