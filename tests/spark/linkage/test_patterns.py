"""Agreement patterns against a plain count of all pairs, and what a sample of blocks makes of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pyspark.sql import functions as f

from jobs.linkage.compare import gamma_sql
from jobs.linkage.model import Model, load_model
from jobs.linkage.patterns import Patterns, count_patterns
from jobs.linkage.standardise import standardise

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MODEL = Path(__file__).parents[2] / "data" / "schools" / "model"


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(MODEL, for_training=True)


@pytest.fixture(scope="module")
def records(spark: SparkSession, model: Model) -> DataFrame:
    """400 records with few codes, names and streets, so that many pairs share several blocks."""
    rows = [
        (
            "d",
            f"{n:03d}",
            f"第{n % 40}小学",
            f"{'甲乙丙'[n % 3]}路{n % 7}号",
            f"{n % 90:04d}",
            f"{n % 70:04d}" if n % 5 else None,
            None,
        )
        for n in range(400)
    ]
    kinds = ", ".join(f"{name} {kind}" for name, kind in model.rules.attributes.items())
    return standardise(spark.createDataFrame(rows, f"dataset string, record_key string, {kinds}"), model).persist()


def _expected(records: DataFrame, model: Model) -> Counter[tuple[int, ...]]:
    """Pairs in blocks by their levels, out of all pairs there are. Streets have more records than the cap: they make no pairs."""
    left, right = (records.select([f.col(name).alias(f"{name}_{side}") for name in records.columns]) for side in "lr")
    pairs = left.join(right, f.expr("record_id_l < record_id_r")).where(
        "school_code_l = school_code_r or title_l = title_r or phone_l = phone_r"
    )
    names = [comparison.output_column_name for comparison in model.comparisons]
    levels = pairs.selectExpr(*(f"{gamma_sql(c)} as {c.output_column_name}" for c in model.comparisons))
    return Counter({tuple(row[:-1]): row["count"] for row in levels.groupBy(*names).count().collect()})


def _blocked(patterns: Patterns) -> Counter[tuple[int, ...]]:
    found: Counter[tuple[int, ...]] = Counter()
    for gammas, pairs, is_blocked in zip(patterns.gammas.tolist(), patterns.pairs.tolist(), patterns.is_blocked, strict=True):
        if is_blocked:
            found[tuple(gammas)] += pairs
    return found


def test_pairs_in_blocks_are_counted_exactly_and_all_pairs_add_up(records: DataFrame, model: Model) -> None:
    patterns = count_patterns(records, model)
    expected = _expected(records, model)
    assert _blocked(patterns) == expected
    assert patterns.record_count == 400
    assert patterns.pairs.sum() == pytest.approx(400 * 399 / 2)
    assert patterns.equal_pairs["title"] == sum(pairs for levels, pairs in expected.items() if levels[0] == 2)


def test_a_sample_of_blocks_stands_for_all(records: DataFrame, model: Model) -> None:
    total = sum(_expected(records, model).values())
    sampled = _blocked(count_patterns(records, model, most_pairs=total // 4))
    assert sum(sampled.values()) == pytest.approx(total, rel=0.35)
    assert sum(sampled.values()) != total
