"""The items of a repeated group: their table, their history, their quarantine, and the records they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jobs.io.run_context import RunContext
from jobs.linkage.roles import records_of
from jobs.settings import load_settings
from jobs.steps.s3_silver import refine
from jobs.transforms.repeated_group import items_of
from schemas.catalog import Catalog, load_catalog
from schemas.names import DatasetName, Layer
from tests.landing_area import FIRST_DAY, LandingArea, Row, later
from tests.night.lakes import sql, table_folders

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CASE, MEMBER = DatasetName("welfare", "case"), DatasetName("welfare", "case_member")
ID = "11010519491231002X"


@pytest.fixture(scope="module")
def cases() -> Catalog:
    return load_catalog(Path(__file__).parents[1] / "data" / "repeated_group")


def case(number: int, *members: tuple[str, str, str], **more: str) -> Row:
    named = [{"name": name, "id": number, "since": since} for name, number, since in members]
    return {"case": f"C{number}", "head": "王伟", "members": named} | more


def test_items_have_the_history_of_the_rows_that_hold_them(spark: SparkSession, cases: Catalog, tmp_path: Path) -> None:
    settings = load_settings(home=str(tmp_path / "lake"), landing=tmp_path / "landing")
    landing = LandingArea(RunContext(settings, cases, FIRST_DAY, "night/2026-03-02/1"), cases)
    both = (("李•娜", ID, "2026-01-01"), ("王芳", "110105194912310021", "2026-01-01"))
    landing.deliver(str(CASE), rows=[case(1, *both), case(2), case(3, ("张三", ID, "yesterday"))])
    refine(spark, landing.night(str(CASE)), CASE)
    changed = [case(1, both[0]) | {"op": "U"}, {"op": "D"} | case(3)]
    landing.deliver(str(CASE), later(1), rows=changed, mode="delta", previous=FIRST_DAY)

    def items(query: str) -> list[tuple[Any, ...]]:
        return sql(table_folders(Path(settings.root))[f"silver.{MEMBER.group}__{MEMBER.table}"], query)

    assert items("select case_number, member_number, member_name, citizen_id, _warnings from t order by all") == [
        ("C1", 1, "李·娜", ID, []),
        ("C1", 2, "王芳", "110105194912310021", ["citizen_id_wrong_check_digit:citizen_id"]),
    ]
    aside = table_folders(Path(settings.root))[f"quarantine.{MEMBER.group}__{MEMBER.table}"]
    assert sql(aside, "select check_codes, raw_row, _row_number from t") == [
        (
            ["untypable:since"],
            f'{{"case_number":"C3","member_number":"1","member_name":"张三","citizen_id":"{ID}","since":"yesterday"}}',
            3,
        )
    ]
    refine(spark, landing.night(str(CASE), later(1)), CASE)
    assert items("select member_number, _valid_from, _valid_to from t order by all") == [
        (1, FIRST_DAY, later(1)),
        (1, later(1), None),
        (2, FIRST_DAY, later(1)),
    ]
    assert items("select count(distinct _record_hash) from t where member_number = 1") == [(1,)]

    named = [
        row
        for contract in cases.sources_of("population")
        for records in records_of(
            spark.read.format("delta").load(contract.table(Layer.SILVER).path(settings.root)), contract, "population"
        )
        for row in records.where("_valid_to is null").select("dataset", "record_key", "person_name").collect()
    ]
    assert sorted(map(tuple, named)) == [
        (str(CASE), "C1#head", "王伟"),
        (str(CASE), "C1#member-1", "李·娜"),
        (str(CASE), "C2#head", "王伟"),
    ]


def test_no_item_is_dropped_where_a_value_is_absent(spark: SparkSession, cases: Catalog) -> None:
    columns = "case_number string, member_names array<string>, member_ids array<string>, member_dates array<string>"
    place = "_delivery_id string, _file string, _row_number bigint, _valid_from date, _valid_to date"
    technical = ("welfare/case/2026-03-02/1", "f", 1, FIRST_DAY, None)
    rows = [
        ("C1", ["甲", None], [None, ID], None, *technical),
        ("C2", [None], [None], [None], *technical),
        ("C3", [], None, [], *technical),
    ]
    silver = spark.createDataFrame(rows, f"{columns}, {place}")
    items = items_of(silver, cases.by_dataset[CASE], cases.by_dataset[MEMBER])
    found = items.selectExpr("case_number", "member_number", "member_name", "citizen_id", "since", "_sequence")
    assert sorted(map(tuple, found.collect())) == [
        ("C1", "1", "甲", None, None, 1),
        ("C1", "2", None, ID, None, 1),
        ("C2", "1", None, None, None, 1),
    ]
