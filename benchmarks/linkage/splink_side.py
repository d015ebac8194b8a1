"""Splink on the same records, with the same comparisons and blocking rules as our model, trained as its manual says."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from jobs.linkage.block import PAIR
from jobs.linkage.model import SETTINGS_FILE, Model

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from splink import Linker

RECALL = 0.9
"""Of the deterministic rules that Splink estimates its prior with; a guess, as a user has to make one."""

PARTITIONS = 24
"""What Splink divides by up to ten for its smaller tables, so that two cores have work in all but the smallest."""

Settings = dict[str, Any]
Opener = Callable[[Any, Settings], "Linker"]
"""Makes a linker of a frame of records and settings."""


@dataclass(frozen=True)
class Recipe:
    """How Splink is trained: rules that surely match, for its prior, and rules in whose blocks m is estimated in turn.

    ``random_pairs``: those that u is estimated on; Splink's own default.
    """

    deterministic: Sequence[str]
    blocks: Sequence[str]
    random_pairs: int = 1_000_000


def open_on_duckdb(standardised: pd.DataFrame, settings: Settings) -> Linker:
    """A linker on DuckDB with as many threads as there are cores."""
    from splink import Linker, SettingsCreator
    from splink.backends.duckdb import DuckDBAPI

    return Linker(DuckDBAPI().register(standardised), SettingsCreator.from_path_or_dict(settings))


def opener_on_spark(spark: SparkSession, folder: Path) -> Opener:
    """Makes linkers on Spark, which keep what they make on the way as Parquet files in ``folder``: Splink's own default.

    With its other way, ``persist``, plans grow until planning them fills the memory (1,000,000 records, 5 GiB).
    """
    from splink import Linker, SettingsCreator
    from splink.backends.spark import SparkAPI

    spark.sparkContext.setCheckpointDir(str(folder))

    def open_on_spark(standardised: DataFrame, settings: Settings) -> Linker:
        api = SparkAPI(spark_session=spark, break_lineage_method="parquet", num_partitions_on_repartition=PARTITIONS)
        return Linker(api.register(standardised), SettingsCreator.from_path_or_dict(settings))

    return open_on_spark


def untrained_settings(folder: Path, dialect: str) -> Settings:
    """The model's settings for Splink without probabilities, so that all come from its own training; SQL in its dialect.

    DuckDB's string distances count bytes, Spark's characters: Chinese texts reach other levels there.
    """
    import sqlglot

    settings: Settings = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
    settings["sql_dialect"] = dialect
    for rule in settings["blocking_rules_to_generate_predictions"]:
        rule["sql_dialect"] = dialect
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"]:
            level.pop("m_probability", None)
            level.pop("u_probability", None)
            if dialect != "spark" and level["sql_condition"] != "ELSE":
                (sql,) = sqlglot.transpile(level["sql_condition"], read="spark", write=dialect)
                level["sql_condition"] = sql.replace("JARO_WINKLER(", "jaro_winkler_similarity(").replace(
                    "ARRAYS_OVERLAP(", "list_has_any("
                )
    return settings


def train(linker: Linker, recipe: Recipe) -> Settings:
    """Prior by deterministic rules, u by random pairs, m by expectation maximisation; returns the trained settings."""
    training = linker.training
    training.estimate_probability_two_random_records_match(list(recipe.deterministic), recall=RECALL)
    training.estimate_u_using_random_sampling(max_pairs=recipe.random_pairs, seed=None)
    for block in recipe.blocks:
        training.estimate_parameters_using_expectation_maximisation(block)
    settings: Settings = linker.misc.save_model_to_json()
    return settings


def predict(linker: Linker, model: Model) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pairs from the review threshold up (record_id_l, record_id_r, match_weight), and each record's cluster_id."""
    limits = model.rules.thresholds
    found = linker.inference.predict(threshold_match_weight=limits.review)
    pairs = found.as_pandas_dataframe()[[*PAIR, "match_weight"]]
    grouped = linker.clustering.cluster_pairwise_predictions_at_threshold(found, threshold_match_weight=limits.link)
    return pairs, grouped.as_pandas_dataframe()[["record_id", "cluster_id"]]
