"""Estimate the m and u probabilities of a linkage model without knowing who is who, and write them into its model.json.

All pairs of a sample are counted by their *agreement pattern* (the levels they reach): pairs that share a block exactly,
the others by a random sample of pairs, scaled up. Expectation maximisation on the patterns then runs on the driver: a
million pairs are a few hundred patterns. Because it sees all pairs, the estimates are not bent by blocking.

    .venv/bin/python benchmarks/train_population_model.py --records RECORDS.parquet [--model conf/linkage/population] [--write]

RECORDS has ``dataset record_key`` and the model's attributes, as ``linked.<master>__records`` has them.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jobs.io.spark import open_session
from jobs.linkage.block import block_keys, blocks_of, candidate_pairs
from jobs.linkage.compare import compare
from jobs.linkage.frequencies import count_frequencies, with_frequencies
from jobs.linkage.model import NULL_LEVEL, SETTINGS_FILE, Level, Model, load_model
from jobs.linkage.standardise import standardise
from jobs.settings import PROJECT, load_settings

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SAMPLED_PARTNERS = 30
"""Random partners of each record in the sample of pairs that share no block."""

FLOOR = 1e-9
"""No level is impossible: a probability below this is set to it."""

SMOOTHING = 0.5
"""Pairs added to every level, so that one that was not seen keeps a small probability. For the u of a level that blocking does
not find completely it is so many *sampled* pairs, each of which stands for hundreds: rarer than that the sample cannot tell."""


def main() -> None:
    arguments = _arguments()
    model = load_model(arguments.model)
    spark = open_session(load_settings())
    records = spark.read.parquet(str(arguments.records))
    patterns, record_count = count_patterns(records, model)
    prior, m, u = estimate(patterns, model)
    _print(model, prior, m, u, patterns)
    if arguments.write:
        _write(arguments.model / SETTINGS_FILE, model, prior, m, u)
        print(f"written; set trained.records to {record_count} in model.govlake.yaml")


def count_patterns(records: DataFrame, model: Model) -> tuple[pd.DataFrame, int]:
    """Agreement patterns of all pairs and how many pairs show each (``pairs``, a float: partly scaled up); the record count."""
    from pyspark.sql import functions as f

    plain = standardise(records, model)
    standardised = with_frequencies(plain, count_frequencies(plain, model), model).persist()
    record_count = standardised.count()
    gammas = [f"gamma_{c.output_column_name}" for c in model.comparisons]
    candidates = candidate_pairs(blocks_of(block_keys(standardised, model)), model).persist()
    counted = compare(candidates, standardised, model).groupBy(*gammas).agg(f.count("*").alias("pairs")).toPandas()
    partners = f.explode(f.sequence(f.lit(1), f.lit(SAMPLED_PARTNERS)))
    numbered = standardised.select("record_id").withColumn("n", f.expr("row_number() over (order by record_id)"))
    partner = f.pmod(f.xxhash64("n", "k"), f.lit(record_count)) + 1
    left = numbered.select(f.col("record_id").alias("a"), partners.alias("k"), partner.alias("n"))
    pairs = left.join(numbered.select(f.col("record_id").alias("b"), "n"), "n").where("a <> b")
    pairs = pairs.selectExpr("least(a, b) as record_id_l", "greatest(a, b) as record_id_r").distinct()
    others = pairs.join(candidates, ["record_id_l", "record_id_r"], "left_anti")
    sampled = compare(others, standardised, model).groupBy(*gammas).agg(f.count("*").alias("pairs")).toPandas()
    unblocked = record_count * (record_count - 1) / 2 - counted["pairs"].sum()
    sampled["sampled"] = sampled["pairs"]
    sampled["pairs"] = sampled["pairs"] * (unblocked / sampled["pairs"].sum())
    # Matches that share no block cannot be told from the sample, where one pair stands for thousands: it is held to be strangers.
    return pd.concat([counted.assign(is_blocked=True), sampled.assign(is_blocked=False)], ignore_index=True), record_count


def estimate(patterns: pd.DataFrame, model: Model) -> tuple[float, list[dict[int, float]], list[dict[int, float]]]:
    """Prior, m and u (by comparison, by level) that make the patterns most likely; starts from the model's own values."""
    levels = [[n for n in c.levels if n != NULL_LEVEL] for c in model.comparisons]
    gammas = patterns[[f"gamma_{c.output_column_name}" for c in model.comparisons]].to_numpy()
    pairs, is_blocked = patterns["pairs"].to_numpy(float), patterns["is_blocked"].to_numpy(bool)
    m = [{n: float(c.levels[n].m_probability or 0) for n in ns} for c, ns in zip(model.comparisons, levels, strict=True)]
    u = [{n: float(c.levels[n].u_probability or 0) for n in ns} for c, ns in zip(model.comparisons, levels, strict=True)]
    prior = model.settings.probability_two_random_records_match
    stands_for = pairs[~is_blocked].sum() / patterns["sampled"].sum()
    unseen = [
        {n: SMOOTHING * (1 if _is_exact(c.levels[n], model) else stands_for) for n in c.levels if n != NULL_LEVEL}
        for c in model.comparisons
    ]
    for _ in range(500):
        odds = np.full(len(pairs), math.log(prior / (1 - prior)))
        for k in range(len(levels)):
            odds += [math.log(m[k][g] / u[k][g]) if g != NULL_LEVEL else 0.0 for g in gammas[:, k]]
        matches = np.where(is_blocked, 1 / (1 + np.exp(-np.clip(odds, -500, 500))), 0.0) * pairs
        new_prior = matches.sum() / pairs.sum()
        new_m = [_shares(gammas[:, k], matches, dict.fromkeys(ns, SMOOTHING)) for k, ns in enumerate(levels)]
        new_u = [_shares(gammas[:, k], pairs - matches, unseen[k]) for k in range(len(levels))]
        change = max(abs(new_m[k][n] - m[k][n]) for k, ns in enumerate(levels) for n in ns)
        prior, m, u = new_prior, new_m, new_u
        if change < 1e-7:
            break
    return prior, m, u


def _is_exact(level: Level, model: Model) -> bool:
    """Whether every pair of the level shares a block: it compares the very column that a blocking rule does."""
    rules = model.settings.blocking_rules_to_generate_predictions
    return any(level.sql_condition == f"{rule.columns[0]}_l = {rule.columns[0]}_r" for rule in rules if len(rule.columns) == 1)


def _shares(gammas: np.ndarray, pairs: np.ndarray, unseen: dict[int, float]) -> dict[int, float]:
    counts = {n: pairs[gammas == n].sum() + extra for n, extra in unseen.items()}
    total = sum(counts.values())
    return {n: max(count / total, FLOOR) for n, count in counts.items()}


def _print(model: Model, prior: float, m: list[dict[int, float]], u: list[dict[int, float]], patterns: pd.DataFrame) -> None:
    blocked = patterns[patterns["is_blocked"]]["pairs"].sum()
    print(f"{len(patterns)} patterns, {patterns['pairs'].sum():.3g} pairs, {blocked:.0f} in blocks")
    print(f"prior {prior:.3g} ({math.log2(prior):.2f} bits)")
    for k, comparison in enumerate(model.comparisons):
        for number, level in comparison.levels.items():
            if number != NULL_LEVEL:
                a, b = m[k][number], u[k][number]
                weight = f"m {a:.3g} u {b:.3g} weight {math.log2(a / b):+6.2f}"
                print(f"{comparison.output_column_name:8} {number} {weight} {level.label_for_charts}")


def _write(path: Path, model: Model, prior: float, m: list[dict[int, float]], u: list[dict[int, float]]) -> None:
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings["probability_two_random_records_match"] = float(f"{prior:.4g}")
    for k, comparison in enumerate(model.comparisons):
        for place, number in enumerate(comparison.levels):
            if number != NULL_LEVEL:
                level = settings["comparisons"][k]["comparison_levels"][place]
                level["m_probability"], level["u_probability"] = float(f"{m[k][number]:.4g}"), float(f"{u[k][number]:.4g}")
    path.write_text(json.dumps(settings, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=PROJECT / "conf" / "linkage" / "population")
    parser.add_argument("--write", action="store_true", help="write the estimates into model.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
