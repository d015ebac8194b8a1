"""The population's registers become records: the contracts' roles give the record keys that the truth has, and no others."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from jobs.linkage.roles import records_of
from jobs.samples.country import load_noise
from jobs.samples.registers import ACCOUNTS, ASSISTANCE, BIRTHS, DEATHS, ENROLMENTS, INSURANCES
from jobs.samples.registers.named import POPULATION
from jobs.samples.settings import load_country
from jobs.samples.streams import Streams
from jobs.samples.truth import PEOPLE, truth_of
from jobs.samples.world import World, create_world
from jobs.transforms.repeated_group import items_of
from jobs.transforms.standardise import type_rows
from quality.gate import mark_rows
from quality.suite import checks_of
from schemas.catalog import Catalog, load_catalog
from tests.spark.typed_values import PLACE

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from schemas.contract import Contract

DAY = date(2026, 3, 2)


@pytest.fixture(scope="module")
def world() -> World:
    """The first day of a small country with typical errors."""
    return create_world(1500, DAY, load_country(), load_noise("typical"), Streams(5), load_catalog())


def bronze_of(spark: SparkSession, world: World, contract: Contract) -> DataFrame:
    """All rows of a register as bronze has them."""
    register = world.registers[str(contract.dataset)]
    columns = [[text or None for text in register.rows[column.physical_name]] for column in contract.columns]
    names = ", ".join(f"{column.name} string" for column in contract.columns)
    rows = [(number, *row) for number, row in enumerate(zip(*columns, strict=True), 1)]
    return spark.createDataFrame(rows, f"n int, {names}").selectExpr("*", *(f"{sql} as {name}" for name, sql in PLACE.items()))


def typed(rows: DataFrame, contract: Contract) -> DataFrame:
    """Silver's rows with what the gate says of them, as if all had been delivered on the first day."""
    marked = mark_rows(type_rows(rows, contract), checks_of(contract))
    return marked.selectExpr("*", "_business_date as _valid_from", "cast(null as date) as _valid_to")


@pytest.mark.parametrize("dataset", [ASSISTANCE, BIRTHS, DEATHS, ENROLMENTS, INSURANCES, ACCOUNTS])
def test_rows_pass_the_gate_and_name_whom_the_truth_says(spark: SparkSession, world: World, catalog: Catalog, dataset: str) -> None:
    contract = catalog.find(dataset)
    frames = [(contract, typed(bronze_of(spark, world, contract), contract))]
    frames += [(child, typed(items_of(frames[0][1], contract, child), child)) for child in catalog.children_of(contract.dataset)]
    found = []
    for of, frame in frames:
        rows = frame.select("_failed_codes", "_warnings").toArrow().to_pylist()
        assert {code for row in rows for code in row["_failed_codes"]} == set()
        assert not [code for row in rows for code in row["_warnings"] if code.startswith(("unknown", "phone", "region"))]
        for records in records_of(frame, of, POPULATION):
            found += records.select("dataset", "record_key").toArrow().to_pylist()
    truth = truth_of(world, PEOPLE).select(["dataset", "record_key"]).to_pylist()
    expected = sorted(row["record_key"] for row in truth if row["dataset"] == dataset)
    assert sorted(row["record_key"] for row in found) == expected
    assert {row["dataset"] for row in found} == {dataset}
    assert len(expected) > 10
