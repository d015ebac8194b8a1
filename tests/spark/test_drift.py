"""A column that the contract did not know, from its first delivery to silver."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jobs.io.run_context import RunContext
from jobs.settings import load_settings
from jobs.steps.s3_silver import refine
from schemas.catalog import Catalog
from schemas.contract import Column
from schemas.names import DatasetName
from tests.landing_area import FIRST_DAY, HOUSEHOLDS, Contents, LandingArea, household, later
from tests.night.lakes import sql, table_folders

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DATASET = DatasetName.parse(HOUSEHOLDS)
TABLE = f"{DATASET.group}__{DATASET.table}"
REMARK = Column(name="remark", physical_name="BZ", business_name="备注", logical_type="string", classification="一般")


def with_policy(catalog: Catalog, policy: str, *columns: Column) -> Catalog:
    """The catalogue, in which the household register has another ``schemaDrift`` and more columns."""
    contract = catalog.find(HOUSEHOLDS)
    changed = contract.model_copy(update={"schema_drift": policy, "columns": (*contract.columns, *columns), "tolerance": 0.5})
    return Catalog(tuple(changed if other is contract else other for other in catalog.contracts))


def add_remark(contents: Contents) -> None:
    contents.columns.append("BZ")


def test_an_evolved_column_reaches_silver_once_it_is_accepted(spark: SparkSession, catalog: Catalog, tmp_path: Path) -> None:
    settings = load_settings(home=str(tmp_path / "lake"))
    evolving = with_policy(catalog, "evolve")
    area = LandingArea(RunContext(settings, evolving, FIRST_DAY, f"night/{FIRST_DAY}/1"), evolving)
    area.deliver(HOUSEHOLDS, rows=[household(1, BZ="first"), household(2, BZ="first")], before=[add_remark])
    refine(spark, area.night(HOUSEHOLDS), DATASET)

    accepted = with_policy(catalog, "evolve", REMARK)
    area = LandingArea(RunContext(settings, accepted, later(1), f"night/{later(1)}/1"), accepted)
    area.deliver(HOUSEHOLDS, later(1), rows=[household(2, BZ="second")], mode="delta", previous=FIRST_DAY)
    refine(spark, area.night(HOUSEHOLDS, later(1)), DATASET)

    versions = "select police_person_number, remark, _valid_from::varchar, _valid_to::varchar from t order by 1, 3"
    assert sql(table_folders(tmp_path / "lake")[f"silver.{TABLE}"], versions) == [
        ("R00000001", None, "2026-03-02", None),
        ("R00000002", None, "2026-03-02", "2026-03-03"),
        ("R00000002", "second", "2026-03-03", None),
    ]


def test_rows_that_fill_an_unknown_column_are_set_aside_and_keep_their_last_good_version(
    spark: SparkSession, catalog: Catalog, tmp_path: Path
) -> None:
    settings = load_settings(home=str(tmp_path / "lake"))
    careful = with_policy(catalog, "quarantine")
    area = LandingArea(RunContext(settings, careful, FIRST_DAY, f"night/{FIRST_DAY}/1"), careful)
    area.deliver(HOUSEHOLDS, rows=3)
    refine(spark, area.night(HOUSEHOLDS), DATASET)
    changed = [household(1, XM="甲", BZ=""), household(2, XM="乙", BZ="what is this?"), household(3)]
    area.deliver(HOUSEHOLDS, later(1), rows=changed, before=[add_remark])
    refine(spark, area.night(HOUSEHOLDS, later(1)), DATASET)

    folders = table_folders(tmp_path / "lake")
    current = "select police_person_number, person_name from t where _valid_to is null order by 1"
    assert sql(folders[f"silver.{TABLE}"], current) == [("R00000001", "甲"), ("R00000002", "王伟"), ("R00000003", "王伟")]
    [(codes, raw)] = sql(folders[f"quarantine.{TABLE}"], "select check_codes, raw_row from t")
    assert codes == ["row_unsplit"]
    assert '"BZ": "what is this?"' in raw
