"""Splink on the same records, with the same comparisons and blocking rules as our model, trained as its manual says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from jobs.linkage.entities import PAIR
from jobs.linkage.model import SETTINGS_FILE, Model

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from splink import Linker

RANDOM_PAIRS = 1_000_000
RECALL = 0.9
"""Of the deterministic rules that Splink estimates its prior with; a guess, as a user has to make one."""

DUCKDB_NAMES = {
    "jaro_winkler(": "jaro_winkler_similarity(",
    "arrays_overlap(": "list_has_any(",
    "datediff(born_on_l, born_on_r)": "datediff('day', born_on_r, born_on_l)",
    "contains(": "contains(",
}
"""What is called otherwise in DuckDB. Its distances count bytes, Spark's characters: Chinese texts get other levels in it."""


def duckdb_linker(standardised: pd.DataFrame, folder: Path, threads: int) -> Linker:
    """A linker on DuckDB."""
    import duckdb
    from splink import Linker, SettingsCreator
    from splink.backends.duckdb import DuckDBAPI

    text = (folder / SETTINGS_FILE).read_text(encoding="utf-8").replace('"sql_dialect": "spark"', '"sql_dialect": "duckdb"')
    for name, other in DUCKDB_NAMES.items():
        text = text.replace(name, other)
    connection = duckdb.connect()
    connection.execute(f"set threads = {threads}")
    return Linker(DuckDBAPI(connection).register(standardised), SettingsCreator.from_path_or_dict(_untrained(json.loads(text))))


def spark_linker(spark: SparkSession, standardised: DataFrame, folder: Path) -> Linker:
    """A linker on Spark."""
    from splink import Linker, SettingsCreator
    from splink.backends.spark import SparkAPI

    api = SparkAPI(spark_session=spark, break_lineage_method="persist", num_partitions_on_repartition=4)
    settings = _untrained(json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8")))
    return Linker(api.register(standardised), SettingsCreator.from_path_or_dict(settings))


def train(linker: Linker, deterministic: Sequence[str], blocks: Sequence[str]) -> None:
    """Prior by deterministic rules, u by random pairs, m by one expectation maximisation in each of the ``blocks``."""
    training = linker.training
    training.estimate_probability_two_random_records_match(list(deterministic), recall=RECALL)
    training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=1)
    for block in blocks:
        training.estimate_parameters_using_expectation_maximisation(block)


def predict(linker: Linker, model: Model) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pairs from the review threshold up (record_id_l, record_id_r, match_weight), and each record's cluster_id."""
    limits = model.rules.thresholds
    found = linker.inference.predict(threshold_match_weight=limits.review)
    pairs = found.as_pandas_dataframe()[[*PAIR, "match_weight"]]
    grouped = linker.clustering.cluster_pairwise_predictions_at_threshold(found, threshold_match_weight=limits.link)
    return pairs, grouped.as_pandas_dataframe()[["record_id", "cluster_id"]]


def _untrained(settings: dict[str, Any]) -> dict[str, Any]:
    """Without probabilities, so that all come from Splink's own training."""
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"]:
            level.pop("m_probability", None)
            level.pop("u_probability", None)
    return settings
