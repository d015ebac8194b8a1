"""Citizen IDs in Spark SQL against published samples, and against an ISO 7064 implementation that is not ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_2

from schemas.identifiers import birth_date_in, sex_in
from tests.spark.typed_values import typed

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "identifier_vectors.json").read_text(encoding="utf-8"))
SAMPLES = [*VECTORS["ric18"], *VECTORS["residence_permit_HMT"], *VECTORS["foreign_pr_2023"]]

bodies = st.from_regex(r"[1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])[0-9]{3}", fullmatch=True)


def classify(spark: SparkSession, numbers: list[str]) -> list[dict[str, Any]]:
    """What Spark makes of each number, in their order."""
    rows = [(n, row["value"], row["value_class"]) for n, row in enumerate(typed(spark, "citizen_id", [*numbers]))]
    read = spark.createDataFrame(rows, "n int, standard string, class string").selectExpr(
        "*", f"cast({birth_date_in('standard')} as string) as birth", f"{sex_in('standard')} as sex"
    )
    return [row.asDict() for row in read.orderBy("n").collect()]


def expected_class(sample: dict[str, Any]) -> str:
    for error, name in (("format", "malformed"), ("checksum", "wrong_check_digit"), ("birth", "wrong_birth")):
        if error in sample["errors"]:
            return name
    return "valid" if sample["kind"] == "citizen" else "permit"


def test_published_samples_are_told_apart(spark: SparkSession) -> None:
    found = classify(spark, [sample["input"] for sample in SAMPLES])
    assert len(SAMPLES) >= 25
    for sample, row in zip(SAMPLES, found, strict=True):
        assert row["class"] == expected_class(sample), sample
        if sample["valid"]:
            assert row["standard"] == sample["number"]
            assert row["birth"] == sample["birth"]
            assert row["sex"] == sample["sex"]


def test_fifteen_digits_become_eighteen(spark: SparkSession) -> None:
    vectors = VECTORS["ric15_to_18"]
    found = classify(spark, [vector["input"] for vector in vectors])
    assert [row["standard"] for row in found] == [vector["output"] for vector in vectors]
    assert {row["class"] for row in found} == {"upgraded_15"}


def test_what_clerks_write_where_there_is_no_number(spark: SparkSession) -> None:
    found = classify(spark, ["", "  ", "无", "0" * 18, "1" * 15, "不详"])
    assert [row["standard"] for row in found] == [None] * 6
    assert [row["class"] for row in found] == [None, None, *["placeholder"] * 4]


@settings(max_examples=3, deadline=None)
@given(st.lists(bodies, min_size=1, max_size=300))
def test_the_check_digit_is_that_of_iso_7064(spark: SparkSession, drawn: list[str]) -> None:
    right = [body + mod_11_2.calc_check_digit(body) for body in drawn]
    wrong = [number[:-1] + ("0" if number[-1] != "0" else "1") for number in right]
    assert {row["class"] for row in classify(spark, right)} <= {"valid", "permit"}
    assert {row["class"] for row in classify(spark, wrong)} == {"wrong_check_digit"}


MASKED = {
    "4201**********123X": ("4201**********123X", "masked", "4201", "123X"),
    "４２０１×××××××××××１２３x": ("4201***********123X", "malformed", None, None),
    "420106********0015": ("420106********0015", "masked", "420106", "0015"),
    "420106******001": ("420106******001", "masked", "420106", "001"),
    "***************12*": ("***************12*", "masked", None, None),
    "******************": ("******************", "malformed", None, None),
    "11010519491231002X": ("11010519491231002X", "valid", None, None),
    "无": (None, "placeholder", None, None),
}


def test_of_a_masked_number_only_what_shows_is_read(spark: SparkSession) -> None:
    rows = typed(spark, "masked_citizen_id", [*MASKED])
    assert [tuple(row[f"value{end}"] for end in ("", "_class", "_head", "_tail")) for row in rows] == [*MASKED.values()]
