"""Records of tests as frames of Spark, and all their pairs scored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobs.linkage.block import pairs_and_large_blocks
from jobs.linkage.frequencies import with_frequencies
from jobs.linkage.score import score
from tests.linkage_firms import market_records
from tests.linkage_people import Town

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from jobs.linkage.model import Model


def town_records(master: str) -> list[dict[str, Any]]:
    """Records of a small town's people or firms."""
    return Town(5, 400, noise=4).records if master == "population" else market_records(5, 400)


def record_frame(spark: SparkSession, records: list[dict[str, Any]], model: Model) -> DataFrame:
    """Records with the model's attributes; what a record lacks is null."""
    kinds = {"dataset": "string", "record_key": "string"} | model.rules.attributes
    schema = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
    return spark.createDataFrame([tuple(record.get(name) for name in kinds) for record in records], schema)


def score_blocks(standardised: DataFrame, frequencies: DataFrame, model: Model, prior_weight: float) -> DataFrame:
    """All pairs that share a block."""
    counted = with_frequencies(standardised, frequencies, model)
    pairs, _ = pairs_and_large_blocks(counted, model)
    return score(pairs, counted, model, prior_weight)
