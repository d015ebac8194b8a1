"""The engine against Splink, which reads the same model.json, and against cases that a person has judged."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from jobs.linkage.block import block_keys, blocks_of, candidate_pairs, capped_blocks
from jobs.linkage.compare import compare
from jobs.linkage.frequencies import count_frequencies, with_frequencies
from jobs.linkage.model import SETTINGS_FILE, Model, load_model
from jobs.linkage.score import score
from jobs.linkage.standardise import standardise
from jobs.settings import PROJECT
from tests.linkage_people import Town

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

POPULATION = PROJECT / "conf" / "linkage" / "population"
CASES = yaml.safe_load((Path(__file__).parents[2] / "data" / "hard_cases_person.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(POPULATION)


def _frame(spark: SparkSession, records: list[dict[str, Any]], model: Model) -> DataFrame:
    kinds = {"dataset": "string", "record_key": "string"} | model.rules.attributes
    schema = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
    return spark.createDataFrame([tuple(record.get(name) for name in kinds) for record in records], schema)


def _scored(standardised: DataFrame, frequencies: DataFrame, model: Model, prior_weight: float) -> DataFrame:
    counted = with_frequencies(standardised, frequencies, model)
    pairs = candidate_pairs(blocks_of(block_keys(counted, model)), model)
    return score(compare(pairs, counted, model), model, prior_weight)


@pytest.fixture(scope="module")
def town(spark: SparkSession, model: Model) -> Iterator[DataFrame]:
    records = standardise(_frame(spark, Town(5, 400, noise=4).records, model), model).persist()
    yield records
    records.unpersist()


def test_match_weights_equal_those_of_splink(spark: SparkSession, model: Model, town: DataFrame) -> None:
    from splink import Linker, SettingsCreator
    from splink.backends.spark import SparkAPI

    prior = model.settings.probability_two_random_records_match
    ours = _scored(town, count_frequencies(town, model), model, math.log2(prior / (1 - prior))).toPandas()
    settings = SettingsCreator.from_path_or_dict(json.loads((POPULATION / SETTINGS_FILE).read_text("utf-8")))
    api = SparkAPI(spark_session=spark, break_lineage_method="persist", num_partitions_on_repartition=2)
    linker = Linker(api.register(town), settings)
    theirs = linker.inference.predict().as_pandas_dataframe()
    both = ours.merge(theirs, on=["record_id_l", "record_id_r"], suffixes=("", "_splink"), how="outer")
    assert len(both) == len(ours) == len(theirs) > 500, "the same pairs share a block"
    assert (both["match_weight"] - both["match_weight_splink"]).abs().max() < 1e-9
    assert both["match_weight"].lt(0).any()
    assert both["match_weight"].gt(0).any()
    reached = {name: set(ours[f"gamma_{name}"]) for name in (c.output_column_name for c in model.comparisons)}
    assert sum(map(len, reached.values())) > 15, "the town is varied enough to reach many of the 37 levels"


def test_a_block_above_its_cap_is_left_out_and_reported(model: Model, town: DataFrame) -> None:
    small = model.rules.model_copy(update={"blocking": tuple(c.model_copy(update={"cap": 2}) for c in model.rules.blocking)})
    tight = Model(model.settings, small, model.characters, model.digest)
    blocks = blocks_of(block_keys(town, tight)).persist()
    capped = {row.rule_name: row for row in capped_blocks(blocks, tight).collect()}
    same_number = blocks.where("rule = 0")
    large = same_number.where("size > 2")
    assert capped["same number"].blocks == large.count() > 0
    assert capped["same number"].records == sum(row.size for row in large.select("size").collect())
    assert candidate_pairs(same_number, tight).count() == same_number.where("size = 2").count()
    assert capped_blocks(blocks, model).count() == 0
    blocks.unpersist()


@pytest.fixture(scope="module")
def verdicts(spark: SparkSession, model: Model, town: DataFrame) -> dict[int, float]:
    """The weight of each hard case, by its place; a pair that shares no block has none."""
    records = []
    for number, case in enumerate(CASES):
        for side in ("one", "other"):
            given = {"citizen_id_class": "valid" if case[side].get("citizen_id") else None} | case[side]
            records.append(given | {"dataset": f"case_{number:02d}", "record_key": side})
    cases = standardise(_frame(spark, records, model), model)
    scored = _scored(cases, count_frequencies(town, model), model, model.prior_weight(model.rules.trained.records))
    within = scored.where("substring_index(record_id_l, '|', 1) = substring_index(record_id_r, '|', 1)")
    return {int(row.record_id_l[5:7]): row.match_weight for row in within.collect()}


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case["why"] for case in CASES])
def test_hard_case(number: int, verdicts: dict[int, float], model: Model) -> None:
    weight = verdicts.get(number)
    is_link = weight is not None and weight >= model.rules.thresholds.link
    assert is_link == CASES[number]["link"], f"{CASES[number]['why']} Weight: {weight}"


def test_standardised_columns_are_match_keys_and_leave_the_record_alone(spark: SparkSession, model: Model) -> None:
    raw = {"dataset": "d", "record_key": "1|2", "person_name": "艾力·張 a", "registered_address": "中山路1号, #5", "sex_code": "9"}
    raw |= {"citizen_id": "420106198006153264", "citizen_id_class": "wrong_check_digit", "birth_year": 1980}
    (row,) = standardise(_frame(spark, [raw], model), model).collect()
    assert (row.record_id, row.name_key, row.addresses) == ("d|1|2", "艾力张A", ["中山路1号5"])
    assert (row.id_number, row.id_valid, row.sex, row.born_in, row.born_on) == ("420106198006153264", None, None, 1980, None)
    assert (row.person_name, row.registered_address) == ("艾力·張 a", "中山路1号, #5")


def test_names_that_sound_alike_share_a_key_and_what_cannot_be_read_is_a_pattern(spark: SparkSession, model: Model) -> None:
    names = ["单伟", "山玮", "王?", "张*", "李\ue863生", "欧阳军", None]
    raw = [{"dataset": "d", "record_key": str(n), "person_name": name} for n, name in enumerate(names)]
    rows = standardise(_frame(spark, raw, model), model).orderBy("record_key").collect()
    assert rows[0].sound_key == rows[1].sound_key != rows[5].sound_key, "单 is read shan as a surname"
    assert [row.name_key for row in rows] == ["单伟", "山玮", None, None, None, "欧阳军", None]
    assert [row.name_pattern for row in rows] == [None, None, "王_", "张%", "李_生", None, None]


def test_a_number_says_birth_and_sex_where_the_record_does_not(spark: SparkSession, model: Model) -> None:
    given = {"dataset": "d", "citizen_id": "420106198503073227", "citizen_id_class": "valid"}
    wrong = {"citizen_id_class": "wrong_check_digit"}
    own = {"birth_date": date(1985, 7, 3), "birth_year": 1985, "sex_code": "1"}
    raw = [{"record_key": "1"}, {"record_key": "2", **own}, {"record_key": "3", **wrong}]
    rows = standardise(_frame(spark, [given | more for more in raw], model), model).orderBy("record_key").collect()
    assert [row.born_on for row in rows] == [date(1985, 3, 7), date(1985, 7, 3), None], "never from a number that is wrong"
    assert [row.sex for row in rows] == ["2", "1", None]
    assert [(row.id_head, row.id_tail) for row in rows] == [("420106198", "03073227")] * 3


def test_the_day_of_the_lunar_month_is_right_to_a_day(spark: SparkSession, model: Model) -> None:
    new_years = [date(1949, 1, 29), date(1962, 2, 5), date(1990, 1, 27), date(2000, 2, 5), date(2024, 2, 10)]
    raw = [{"dataset": "d", "record_key": str(day), "birth_date": day} for day in new_years]
    found = [row.moon_day for row in standardise(_frame(spark, raw, model), model).collect()]
    assert set(found) <= {29, 30, 1, 2}, "the first day of the lunar year is the first of its month"


def test_frozen_frequencies_hold_and_unseen_values_are_rare(spark: SparkSession, model: Model, town: DataFrame) -> None:
    frequencies = count_frequencies(town, model)
    known = town.where("name_key is not null")
    common = known.groupBy("name_key").count().orderBy("count", "name_key", ascending=[False, True]).first()
    rows = [{"dataset": "d", "record_key": name or "-", "person_name": name} for name in (common.name_key, "从未见过", None)]
    counted = with_frequencies(standardise(_frame(spark, rows, model), model), frequencies, model)
    found = {row.person_name: row.tf_name_key for row in counted.collect()}
    total = known.count()
    assert found == {common.name_key: pytest.approx(common["count"] / total), "从未见过": pytest.approx(1 / total), None: None}
