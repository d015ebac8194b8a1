"""The engine against Splink, which reads the same model.json, and what the columns of the population model are."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import date
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as f

from jobs.linkage.block import (
    HASH_PAIR,
    RULE,
    blocking_keys,
    candidate_pairs,
    capped_blocks,
    index_keys,
    large_blocks,
    pairs_and_large_blocks,
)
from jobs.linkage.compare import both_sides, both_sides_of_few, bounded, needed_columns
from jobs.linkage.frequencies import count_frequencies, frequencies_of, with_frequencies
from jobs.linkage.model import SETTINGS_FILE, Model, load_model
from jobs.linkage.standardise import standardise
from jobs.settings import PROJECT
from tests.linkage_frames import record_frame, score_blocks, town_records

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MODELS = PROJECT / "conf" / "linkage"


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(MODELS / "population")


@pytest.fixture(scope="module")
def town(spark: SparkSession, model: Model) -> Iterator[DataFrame]:
    records = standardise(record_frame(spark, town_records("population"), model), model).persist()
    yield records
    records.unpersist()


@pytest.mark.parametrize("master", ["population", "legal_entity"])
def test_match_weights_equal_those_of_splink(spark: SparkSession, master: str) -> None:
    from splink import Linker, SettingsCreator
    from splink.backends.spark import SparkAPI

    model = load_model(MODELS / master)
    town = standardise(record_frame(spark, town_records(master), model), model).localCheckpoint()
    prior = model.settings.probability_two_random_records_match
    ours = score_blocks(town, count_frequencies(town, model), model, math.log2(prior / (1 - prior))).toPandas()
    settings = SettingsCreator.from_path_or_dict(json.loads((MODELS / master / SETTINGS_FILE).read_text("utf-8")))
    api = SparkAPI(spark_session=spark, break_lineage_method="persist", num_partitions_on_repartition=2)
    linker = Linker(api.register(town), settings)
    theirs = linker.inference.predict().as_pandas_dataframe()
    both = ours.merge(theirs, on=["record_id_l", "record_id_r"], suffixes=("", "_splink"), how="outer")
    assert len(both) == len(ours) == len(theirs) > 500, "the same pairs share a block"
    assert (both["match_weight"] - both["match_weight_splink"]).abs().max() < 1e-9
    assert both["match_weight"].lt(0).any()
    assert both["match_weight"].gt(0).any()
    reached = {name: set(ours[f"gamma_{name}"]) for name in (c.output_column_name for c in model.comparisons)}
    assert sum(map(len, reached.values())) > 15, "the town is varied enough to reach many of the model's levels"


def test_pairs_of_few_records_are_those_of_both_joins(model: Model, town: DataFrame) -> None:
    pairs, _ = pairs_and_large_blocks(town, model)
    columns = sorted(needed_columns(model))
    is_one = {side: f"pmod({side}, 3) = 0" for side in HASH_PAIR}
    left, right = is_one
    named = pairs.where(" or ".join(is_one.values())).withColumn("one", f.expr(f"if({is_one[left]}, {left}, {right})"))
    few = both_sides_of_few(named, town.where("pmod(record_hash, 3) = 0"), town, columns)
    every = both_sides(named.drop("one"), town, columns).select(*few.columns)
    assert few.orderBy(*HASH_PAIR).collect() == every.orderBy(*HASH_PAIR).collect() != []
    assert 0 < named.where(f"one = {right}").count() < named.count(), "the few stand on either side"


@pytest.mark.parametrize(
    "condition", ["damerau_levenshtein(a, b) <= 1", "damerau_levenshtein(a, b) = 1", "damerau_levenshtein(a, b) = 2"]
)
def test_the_quick_distance_tells_the_same_pairs(spark: SparkSession, condition: str) -> None:
    texts = ["", *("".join(letters) for length in range(1, 5) for letters in product("aab张", repeat=length)), None]
    frame = spark.createDataFrame([(text,) for text in dict.fromkeys(texts)], "a string")
    pairs = frame.crossJoin(frame.withColumnRenamed("a", "b")).selectExpr(f"{condition} as slow", f"{bounded(condition)} as quick")
    told = {(row.slow, bool(row.quick)) for row in pairs.distinct().collect()}
    assert told == {(True, True), (False, False)}


def test_a_block_above_its_cap_is_left_out_and_reported(model: Model, town: DataFrame) -> None:
    small = model.rules.model_copy(update={"blocking": tuple(c.model_copy(update={"cap": 2}) for c in model.rules.blocking)})
    tight = Model(model.settings, small, model.characters, model.digest)
    keys = blocking_keys(index_keys(town, tight)).persist()
    capped = {row.rule_name: row for row in capped_blocks(large_blocks(keys, tight), tight).collect()}
    same_number = keys.where(f"{RULE} = 0")
    sizes = [row["count"] for row in same_number.groupBy("block_key").count().collect()]
    assert capped["same number"].blocks == sum(size > 2 for size in sizes) > 0
    assert capped["same number"].records == sum(size for size in sizes if size > 2)
    assert candidate_pairs(same_number, large_blocks(same_number, tight)).count() == sizes.count(2) > 0
    assert large_blocks(keys, model).count() == 0
    keys.unpersist()


def test_a_record_has_all_its_keys_in_one_row(spark: SparkSession, model: Model) -> None:
    named = {"dataset": "d", "person_name": "单伟", "citizen_id": "420106198503073227", "citizen_id_class": "valid"}
    phones = {"phones": ["13800000001", "13800000002", "13800000001"]}
    raw = [{"record_key": "1"} | named | phones, {"record_key": "2"} | named, {"dataset": "d", "record_key": "3"}]
    records = standardise(record_frame(spark, raw, model), model)
    index = index_keys(records, model).join(records.select("record_hash", "record_key"), "record_hash")
    both, number, nothing = index.orderBy("record_key").collect()
    assert set(number.block_keys) < set(both.block_keys), "the phones add keys, and take none"
    assert len(set(both.block_keys)) == len(both.block_keys) > len(number.block_keys) + 1, "each phone once"
    assert both.value_keys == number.value_keys != []
    assert (nothing.block_keys, nothing.value_keys) == ([], [])
    rules = blocking_keys(index).selectExpr(f"{RULE} as rule").distinct().collect()
    assert {row.rule for row in rules} <= set(range(len(model.rules.blocking)))


def test_standardised_columns_are_match_keys_and_leave_the_record_alone(spark: SparkSession, model: Model) -> None:
    raw = {"dataset": "d", "record_key": "1|2", "person_name": "艾力·張 a", "registered_address": "中山路1号, #5", "sex_code": "9"}
    raw |= {"citizen_id": "420106198006153264", "citizen_id_class": "wrong_check_digit", "birth_year": 1980}
    (row,) = standardise(record_frame(spark, [raw], model), model).collect()
    assert (row.record_id, row.name_key, row.addresses) == ("d|1|2", "艾力张A", ["中山路1号5"])
    assert (row.id_number, row.id_valid, row.sex, row.born_in, row.born_on) == ("420106198006153264", None, None, 1980, None)
    assert (row.person_name, row.registered_address) == ("艾力·張 a", "中山路1号, #5")


def test_names_that_sound_alike_share_a_key_and_what_cannot_be_read_is_a_pattern(spark: SparkSession, model: Model) -> None:
    names = ["单伟", "山玮", "王?", "张*", "李\ue863生", "欧阳军", None]
    raw = [{"dataset": "d", "record_key": str(n), "person_name": name} for n, name in enumerate(names)]
    rows = standardise(record_frame(spark, raw, model), model).orderBy("record_key").collect()
    assert rows[0].sound_key == rows[1].sound_key != rows[5].sound_key, "单 is read shan as a surname"
    assert [row.name_key for row in rows] == ["单伟", "山玮", None, None, None, "欧阳军", None]
    assert [row.name_pattern for row in rows] == [None, None, "王_", "张%", "李_生", None, None]


def test_a_number_says_birth_and_sex_where_the_record_does_not(spark: SparkSession, model: Model) -> None:
    given = {"dataset": "d", "citizen_id": "420106198503073227", "citizen_id_class": "valid"}
    wrong = {"citizen_id_class": "wrong_check_digit"}
    own = {"birth_date": date(1985, 7, 3), "birth_year": 1985, "sex_code": "1"}
    raw = [{"record_key": "1"}, {"record_key": "2", **own}, {"record_key": "3", **wrong}]
    rows = standardise(record_frame(spark, [given | more for more in raw], model), model).orderBy("record_key").collect()
    assert [row.born_on for row in rows] == [date(1985, 3, 7), date(1985, 7, 3), None], "never from a number that is wrong"
    assert [row.sex for row in rows] == ["2", "1", None]
    assert [(row.id_head, row.id_tail) for row in rows] == [("420106198", "03073227")] * 3


def test_the_day_of_the_lunar_month_is_right_to_a_day(spark: SparkSession, model: Model) -> None:
    new_years = [date(1949, 1, 29), date(1962, 2, 5), date(1990, 1, 27), date(2000, 2, 5), date(2024, 2, 10)]
    raw = [{"dataset": "d", "record_key": str(day), "birth_date": day} for day in new_years]
    found = [row.moon_day for row in standardise(record_frame(spark, raw, model), model).collect()]
    assert set(found) <= {29, 30, 1, 2}, "the first day of the lunar year is the first of its month"


def test_frozen_frequencies_hold_and_unseen_values_are_rare(spark: SparkSession, model: Model, town: DataFrame) -> None:
    frequencies = count_frequencies(town, model)
    known = town.where("name_key is not null")
    common = known.groupBy("name_key").count().orderBy("count", "name_key", ascending=[False, True]).first()
    rows = [{"dataset": "d", "record_key": name or "-", "person_name": name} for name in (common.name_key, "从未见过", None)]
    few, total = standardise(record_frame(spark, rows, model), model), known.count()
    expected = {common.name_key: pytest.approx(common["count"] / total), "从未见过": pytest.approx(1 / total), None: None}
    for looked_up in (frequencies, frequencies_of(few, frequencies, model)):
        counted = with_frequencies(few, looked_up, model).collect()
        assert {row.person_name: row.tf_name_key for row in counted} == expected


def test_the_parts_of_a_firms_name(spark: SparkSession) -> None:
    model = load_model(MODELS / "legal_entity")
    names = {
        "济南市历下区鑫达商贸有限责任公司": ("鑫达商贸", "济南", "历下区", None),
        "济南鑫达商贸有限公司": ("鑫达商贸", "济南", None, None),
        "鑫达(济南)商贸有限公司": ("鑫达商贸", "济南", None, None),
        "济南市政工程有限公司": ("市政工程", "济南", None, None),
        "山东众成集团有限公司": ("众成集团", None, None, None),
        "济南鑫达商贸有限公司济南市历下区第一分公司": ("鑫达商贸济南市历下区第一分公司", "济南", None, "济南市历下区第一分公司"),
        "好邻居超市": ("好邻居超市", None, None, None),
    }
    raw = [{"dataset": "d", "record_key": str(n), "entity_name": name} for n, name in enumerate(names)]
    rows = standardise(record_frame(spark, raw, model), model).orderBy("record_key").collect()
    assert [(row.core, row.city, row.county, row.branch_part) for row in rows] == list(names.values())


def test_every_number_of_a_firm_leads_to_its_organisation_code(spark: SparkSession) -> None:
    model = load_model(MODELS / "legal_entity")
    code = "161578591"
    numbers: list[dict[str, Any]] = [
        {"unified_code": f"91370102{code}A", "unified_code_class": "valid"},
        {
            "unified_code": f"9137O102{code}A",
            "unified_code_class": "confusable_letter",
            "unified_code_repaired": f"91370102{code}A",
        },
        {"tax_number": f"370102{code}", "tax_number_class": "old_15"},
        {"tax_number": f"9137O102{code}A", "tax_number_class": "confusable_letter"},
        {"organisation_code": code, "organisation_code_class": "valid"},
        {"organisation_code": code, "organisation_code_class": "wrong_check_digit"},
        {"unified_code": f"91370102{code}B", "unified_code_class": "wrong_check_digit"},
    ]
    raw = [{"dataset": "d", "record_key": str(n)} | number for n, number in enumerate(numbers)]
    rows = standardise(record_frame(spark, raw, model), model).orderBy("record_key").collect()
    assert [row.organisation for row in rows] == [*[code] * 5, None, None]
    assert [row.wrong_number for row in rows] == [*[None] * 6, f"91370102{code}B"]
