"""Registers become records: the contracts' roles give the record keys that the truth has, and no others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

import pytest

from jobs.linkage.roles import records_of
from jobs.samples.country import load_noise
from jobs.samples.registers import ACCOUNTS, ASSISTANCE, BIRTHS, DEATHS, ENROLMENTS, INSURANCES
from jobs.samples.registers.kinds import KINDS
from jobs.samples.registers.named import LEGAL_ENTITY, POPULATION
from jobs.samples.settings import load_country
from jobs.samples.streams import Streams
from jobs.samples.truth import ENTITIES, PEOPLE, Master, truth_of
from jobs.samples.world import World, create_world
from jobs.transforms.repeated_group import items_of
from jobs.transforms.standardise import type_rows
from quality.gate import mark_rows
from quality.suite import checks_of
from schemas.catalog import Catalog, load_catalog
from schemas.contract import RecordRole
from tests.spark.typed_values import PLACE

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from schemas.contract import Contract

DAY = date(2026, 3, 2)
Frames: TypeAlias = "list[tuple[Contract, DataFrame]]"


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
    """Silver's rows with what the gate says of them, as if all had been delivered on the first day.

    A checkpoint, as records are read from silver's tables: a role's fields would repeat the whole typing of each number they name.
    """
    marked = mark_rows(type_rows(rows, contract), checks_of(contract))
    return marked.selectExpr("*", "_business_date as _valid_from", "cast(null as date) as _valid_to").localCheckpoint()


def records_named(frames: Frames, master: str) -> list[tuple[str, str]]:
    """Dataset and record key of each record of ``master`` in rows of a register and in the items of its repeated groups."""
    found = [records for contract, rows in frames for records in records_of(rows, contract, master)]
    return [tuple(row.values()) for records in found for row in records.select("dataset", "record_key").toArrow().to_pylist()]


def records_true(world: World, master: Master, dataset: str) -> list[tuple[str, str]]:
    """The same, as the truth has them."""
    rows = truth_of(world, master).select(["dataset", "record_key"]).to_pylist()
    return sorted(tuple(row.values()) for row in rows if row["dataset"] == dataset)


@pytest.fixture(scope="module")
def frames(spark: SparkSession, world: World, catalog: Catalog) -> Callable[[str], Frames]:
    """By dataset, its rows and the items of its repeated groups, each with their contract."""

    def typed_frames(dataset: str) -> Frames:
        contract = catalog.find(dataset)
        rows = typed(bronze_of(spark, world, contract), contract)
        children = catalog.children_of(contract.dataset)
        return [(contract, rows), *((child, typed(items_of(rows, contract, child), child)) for child in children)]

    return typed_frames


@pytest.mark.parametrize("dataset", [ASSISTANCE, BIRTHS, DEATHS, ENROLMENTS, INSURANCES, ACCOUNTS])
def test_rows_pass_the_gate_and_name_whom_the_truth_says(world: World, frames: Callable[[str], Frames], dataset: str) -> None:
    found = frames(dataset)
    for _, frame in found:
        rows = frame.select("_failed_codes", "_warnings").toArrow().to_pylist()
        assert {code for row in rows for code in row["_failed_codes"]} == set()
        assert not [code for row in rows for code in row["_warnings"] if code.startswith(("unknown", "phone", "region"))]
    expected = records_true(world, PEOPLE, dataset)
    assert sorted(records_named(found, POPULATION)) == expected
    assert len(expected) > 10


def test_a_record_tells_what_was_formerly_so_of_it_and_no_longer_is(spark: SparkSession, catalog: Catalog) -> None:
    role = RecordRole(master="p", when="name is not null", fields={"said": "name"}, formerly={"former": "place"})
    contract = catalog.find("public_security/residence_registration").model_copy(update={"record_roles": (role,)})
    versions = spark.createDataFrame(
        [
            *[("moved", "n", place, ended) for place, ended in (("b", DAY), ("a", DAY), ("c", None))],
            *[("came back", "n", place, ended) for place, ended in (("a", DAY), ("b", DAY), ("a", None))],
            *[("renamed", name, "a", ended) for name, ended in (("m", DAY), ("n", None))],
            *[("named nobody", name, place, ended) for name, place, ended in ((None, "a", DAY), ("n", "b", None))],
            *[("nowhere now", "n", place, ended) for place, ended in (("a", DAY), (None, None))],
            ("gone", "n", "a", DAY),
        ],
        "registration_number string, name string, place string, _valid_to date",
    )
    now, ended = versions.where("_valid_to is null"), versions.where("_valid_to is not null")
    (found,) = records_of(now, contract, "p", ended)
    assert found.columns == ["dataset", "record_key", "said", "former", "_valid_to"]
    assert {row["record_key"]: row["former"] for row in found.toArrow().to_pylist()} == {
        "moved": ["a", "b"],
        "came back": ["b"],
        "renamed": None,
        "named nobody": None,
        "nowhere now": ["a"],
    }
    (untold,) = records_of(now, contract, "p")
    assert "former" not in untold.columns


NAMING_ENTITIES = [dataset for dataset, kind in KINDS.items() if any(named.master == LEGAL_ENTITY for named in kind.named)]


@pytest.mark.parametrize("dataset", NAMING_ENTITIES)
def test_rows_name_the_legal_entities_that_the_truth_says(world: World, frames: Callable[[str], Frames], dataset: str) -> None:
    assert sorted(records_named(frames(dataset), LEGAL_ENTITY)) == records_true(world, ENTITIES, dataset) != []
