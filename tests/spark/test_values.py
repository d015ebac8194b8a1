"""Delivered texts of numbers, amounts, phones, lists and regions, and what silver makes of them."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jobs.transforms.regions import with_current_region
from tests.spark.typed_values import column, typed

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PHONES = json.loads((Path(__file__).parents[1] / "data" / "identifier_vectors.json").read_text(encoding="utf-8"))["phone"]
UNTYPABLE = object()
"""Stands for a value that costs its row the place in silver."""

INTEGERS = {
    "12": 12,
    "１，２３４": 1234,
    "1,234,567": 1234567,
    "-5": -5,
    "12.0": 12,
    " ": None,
    "12.5": UNTYPABLE,
    "1,23": UNTYPABLE,
}
NUMBERS = {
    "3.5": 3.5,
    "１２．５": 12.5,
    "1,234.5": 1234.5,
    "￥1,000": 1000.0,
    "1.2E+5": 120000.0,
    "": None,
    "a": UNTYPABLE,
    "1.2.3": UNTYPABLE,
}
BOOLEANS = {"是": True, "1": True, "true": True, "Ｙ": True, "否": False, "0": False, "无": False, "": None, "2": UNTYPABLE}
AMOUNTS = {
    "1,000.50": "1000.5",
    "￥1,000元": "1000",
    "人民币3万元": "30000",
    "1.5亿": "150000000",
    "100元整": "100",
    "": None,
    "一千": UNTYPABLE,
    "12美元": UNTYPABLE,
}
AMOUNTS_10K = {"500": "500", "500万元": "500", "50,000元": "5", "1.2亿元": "12000"}


@pytest.mark.parametrize(
    ("semantic_type", "logical_type", "expected"),
    [(None, "integer", INTEGERS), (None, "number", NUMBERS), (None, "boolean", BOOLEANS)],
    ids=["integer", "number", "boolean"],
)
def test_logical_types(spark: SparkSession, semantic_type: None, logical_type: str, expected: dict[str, Any]) -> None:
    rows = typed(spark, semantic_type, list(expected), logical_type)
    for (text, value), row in zip(expected.items(), rows, strict=True):
        assert row["value"] == (None if value is UNTYPABLE else value), text
        assert row["_failed_codes"] == (["untypable:value"] if value is UNTYPABLE else []), text


@pytest.mark.parametrize(("semantic_type", "expected"), [("amount", AMOUNTS), ("amount_10k", AMOUNTS_10K)])
def test_amounts_heed_the_unit_that_is_written(spark: SparkSession, semantic_type: str, expected: dict[str, Any]) -> None:
    rows = typed(spark, semantic_type, list(expected), "number")
    for (text, value), row in zip(expected.items(), rows, strict=True):
        assert row["value"] == (Decimal(value) if isinstance(value, str) else None), text
        assert row["_failed_codes"] == (["untypable:value"] if value is UNTYPABLE else []), text
    assert column(typed(spark, semantic_type, ["-1"], "number"), "_warnings") == [["amount_negative:value"]]


BIRTHS = {
    "19900102": (date(1990, 1, 2), 1990, []),
    "1990年1月2日": (date(1990, 1, 2), 1990, []),
    "１９９０年０１月０２号": (date(1990, 1, 2), 1990, []),
    "1990-05": (None, 1990, ["birth_partial:value"]),
    "199005": (None, 1990, ["birth_partial:value"]),
    "1990年5月": (None, 1990, ["birth_partial:value"]),
    "1990年": (None, 1990, ["birth_partial:value"]),
    "1990": (None, 1990, ["birth_partial:value"]),
    "199013": (None, 1990, ["birth_impossible:value"]),
    "1990年2月30日": (None, 1990, ["birth_impossible:value"]),
}


def test_births_are_read_as_far_as_they_are_sure(spark: SparkSession) -> None:
    rows = typed(spark, "birth_date", list(BIRTHS))
    found = {text: (row["value"], row["value_year"], row["_warnings"]) for text, row in zip(BIRTHS, rows, strict=True)}
    assert found == BIRTHS


def test_dates_in_chinese_are_read(spark: SparkSession) -> None:
    rows = typed(spark, "date", ["1990年1月2日", "1990年1月"], "date")
    assert [(row["value"], row["_failed_codes"]) for row in rows] == [(date(1990, 1, 2), []), (None, ["untypable:value"])]


def test_texts_are_trimmed_and_made_half_width(spark: SparkSession) -> None:
    texts = {"abc": "abc", " a b ": "a b", "a\n": "a", "\ta\u0001b": "ab", "Ａ１\u3000号": "A1 号", "㈱": "㈱", " ": None}
    assert column(typed(spark, "text", [*texts])) == [*texts.values()]
    assert column(typed(spark, "organisation_code", ["71526726X\n", "７１５２６７２６-x"])) == ["71526726X", "71526726X"]


def test_one_phone(spark: SparkSession) -> None:
    rows = typed(spark, "phone", [sample["input"] for sample in PHONES])
    for sample, row in zip(PHONES, rows, strict=True):
        assert row["_warnings"] == ([] if sample["valid"] else ["phone_malformed:value"]), sample
        if sample["valid"]:
            assert row["value"] == sample["e164"].removeprefix("+86").zfill(len(row["value"])), sample
    assert column(typed(spark, "phone", ["", "无", "008613800138000"])) == [None, None, "13800138000"]


def test_lists_keep_their_empty_places(spark: SparkSession) -> None:
    rows = typed(spark, None, ['["甲", null, " 乙"]', "[]", None, "甲、乙"], "array")
    assert column(rows) == [["甲", None, " 乙"], [], None, None]
    assert column(rows, "_failed_codes") == [[], [], [], ["untypable:value"]]
    assert column(typed(spark, "phones", ['["010-62781234", null, "无"]'], "array")) == [["01062781234"]]


def test_regions_that_were_and_are_no_longer(spark: SparkSession) -> None:
    rows = typed(spark, "region_code", ["110105", "110103", "999999"])
    assert column(rows, "_warnings") == [[], ["region_abolished:value"], ["code_unknown:value"]]


def test_regions_and_what_they_belong_to_now(spark: SparkSession) -> None:
    codes = {"371202": "370116", "110105": "110105", "370981": None, "999999": "999999"}
    rows = spark.createDataFrame([(code,) for code in [*codes, None]], "region_code string")
    assert dict(map(tuple, with_current_region(rows, "region_code", "now_code").collect())) == {**codes, None: None}
