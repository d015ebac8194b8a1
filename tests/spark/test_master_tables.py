from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from deltalake import DeltaTable

from jobs.io.run_context import RunContext
from jobs.io.state import linkage_state
from jobs.linkage.contested import contested_values
from jobs.portal.explanation import explain_master
from jobs.settings import Settings, load_settings
from jobs.steps.derived_inputs import read_derived_inputs
from jobs.steps.master_inputs import read_inputs
from jobs.steps.s5_master import MasterDataError, build_table, golden_rules
from schemas.catalog import Catalog
from schemas.names import DatasetName, TableName
from tests.small_register import (
    DAY,
    HOUSEHOLD,
    LI,
    LI_ID,
    LI_WRONG_ID,
    MARRIAGE,
    RESIDENCE,
    WANG,
    WANG_ID,
    write,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from jobs.transforms.inputs import MasterInputs


@pytest.fixture(scope="module")
def ctx(small_lake: Path, catalog: Catalog) -> RunContext:
    """A lake for all tests of this file; none changes it."""
    return RunContext(load_settings(home=str(small_lake)), catalog, DAY, f"night/{DAY}/1")


@pytest.fixture(scope="module")
def inputs(spark: SparkSession, ctx: RunContext) -> MasterInputs:
    state = linkage_state(ctx.settings.root, "population")
    assert state is not None
    return read_inputs(spark, ctx, state, golden_rules(ctx, "population"))


def _rows(inputs: MasterInputs, ctx: RunContext, table: str, *keys: str) -> dict[Any, dict[str, Any]]:
    built = build_table(inputs, ctx.catalog.by_dataset[DatasetName("population", table)])
    rows = [row.asDict() for row in built.collect()]
    return {tuple(row[key] for key in keys) if len(keys) > 1 else row[keys[0]]: row for row in rows}


def test_population_person(inputs: MasterInputs, ctx: RunContext) -> None:
    persons = _rows(inputs, ctx, "person", "master_id")
    assert set(persons) == {LI, WANG}
    li, wang = persons[LI], persons[WANG]
    assert (li["full_name"], li["full_name_source"], li["former_name"]) == ("李明", HOUSEHOLD, "李小明")
    assert (li["citizen_id"], li["nationality_code"], li["nationality_code_source"]) == (LI_ID, "156", MARRIAGE)
    assert (li["birth_date"], li["birth_year"], li["birth_year_source"]) == (date(1980, 2, 29), 1980, HOUSEHOLD)
    assert (li["household_number"], li["current_address"], li["phones"]) == ("H1", "洪山区珞喻路9号", ["13800000001"])
    assert (li["is_deceased"], wang["is_deceased"]) == (False, True)
    assert (li["record_count"], li["sources"]) == (4, sorted([HOUSEHOLD, MARRIAGE, RESIDENCE]))
    assert (li["link_weight_min"], li["link_weight_mean"]) == (6.0, 16.0)
    assert (wang["link_weight_min"], wang["link_weight_mean"]) == (28.0, 28.0)
    assert (wang["phones"], wang["phones_source"]) == (None, None)


def test_population_person_agrees_with_its_explanation(inputs: MasterInputs, ctx: RunContext) -> None:
    for master_id, person in _rows(inputs, ctx, "person", "master_id").items():
        for value in explain_master(ctx.settings, "population", master_id)["golden"]:
            found = (person[value["column"]], person[f"{value['column']}_source"])
            assert found == (value["value"], value["source"]), value["column"]


def test_population_identifier(inputs: MasterInputs, ctx: RunContext) -> None:
    numbers = _rows(inputs, ctx, "identifier", "master_id", "identifier")
    assert set(numbers) == {(LI, LI_ID), (LI, LI_WRONG_ID), (WANG, WANG_ID)}
    li = numbers[LI, LI_ID]
    assert (li["identifier_kind"], li["sources"]) == ("citizen_id", sorted([HOUSEHOLD, MARRIAGE]))
    assert (li["first_seen_date"], li["last_seen_date"], li["is_current"], li["is_shared"]) == (DAY, None, True, False)
    assert numbers[LI, LI_WRONG_ID]["identifier_class"] == "wrong_check_digit"


def test_population_value_tells_of_disagreement_alone_and_why_each_value_lost(inputs: MasterInputs, ctx: RunContext) -> None:
    values = _rows(inputs, ctx, "value", "master_id", "column_name", "value")
    assert {master for master, _, _ in values} == {LI}, "the records of 王芳 agree"
    told = {(column, value): (row["standing"], row["decided_by"]) for (_, column, value), row in values.items()}
    assert told["full_name", "李明"] == (1, "preference")
    assert told["full_name", "李鸣"] == (2, "preference")
    assert (told["registered_region_code", "420100"], told["birth_year", "1979"]) == ((2, "authority"), (2, "same_record"))
    golden = values[LI, "full_name", "李明"]
    assert (golden["record_key"], golden["record_count"], golden["updated_on"]) == ("1", 3, date(2024, 1, 1))
    assert golden["sources"] == sorted([HOUSEHOLD, MARRIAGE, RESIDENCE])
    explained = {value["column"]: value for value in explain_master(ctx.settings, "population", LI)["golden"]}
    for column, value in explained.items():
        found = {text for name, text in told if name == column}
        offered = {str(one["value"]) for one in (value, *value["alternatives"])}
        assert found == (offered if len(offered) > 1 else set()), column


def test_a_birth_year_is_that_of_the_birth_date_whichever_record_has_more_authority(inputs: MasterInputs, ctx: RunContext) -> None:
    from pyspark.sql import functions as f

    of_register = f"dataset = '{HOUSEHOLD}'"
    partial = {"birth_date": f"if({of_register}, null, birth_date)", "birth_year": f"if({of_register}, 1981, birth_year)"}
    members = inputs.members.withColumns({name: f.expr(sql) for name, sql in partial.items()})
    changed = replace(inputs, members=members, contested=contested_values(members, golden_rules(ctx, "population")))
    li = _rows(changed, ctx, "person", "master_id")[LI]
    assert (li["birth_date"].year, li["birth_date_source"]) == (li["birth_year"], li["birth_year_source"]) == (1980, MARRIAGE)
    values = _rows(changed, ctx, "value", "master_id", "column_name", "standing")
    years = [values[LI, "birth_year", standing] for standing in (1, 2, 3)]
    assert [(row["value"], row["decided_by"]) for row in years] == [(year, "same_record") for year in ("1980", "1981", "1979")]


def test_population_household(inputs: MasterInputs, ctx: RunContext) -> None:
    households = _rows(inputs, ctx, "household", "household_number")
    assert set(households) == {"H1"}, "H2 has no living registration"
    assert households["H1"] == {
        "household_number": "H1",
        "head_id": LI,
        "region_code": "420106",
        "registered_address": "武昌区中山路1号",
        "member_count": 1,
        "member_ids": [LI],
    }


def test_a_column_that_nothing_fills_is_refused(inputs: MasterInputs, ctx: RunContext) -> None:
    contract = ctx.catalog.by_dataset[DatasetName("population", "household")]
    extra = contract.columns[-1].model_copy(update={"name": "mood"})
    with pytest.raises(MasterDataError, match="population/household: nothing fills mood"):
        build_table(inputs, contract.model_copy(update={"columns": (*contract.columns, extra)}))


def test_gold_of_a_night_is_made_of_nothing_that_silver_took_in_since(
    spark: SparkSession, ctx: RunContext, inputs: MasterInputs, small_lake: Path, tmp_path: Path
) -> None:
    shutil.copytree(small_lake, tmp_path / "lake")
    again = replace(ctx, settings=load_settings(home=str(tmp_path / "lake")))
    _refine_the_night_after(again.settings)
    state = linkage_state(again.settings.root, "population")
    assert state is not None
    found = read_inputs(spark, again, state, golden_rules(again, "population"))
    for name in ("history", "snapshots", "golden_history"):
        assert _content(getattr(found, name)) == _content(getattr(inputs, name)), name
    assert _content(found.rows[HOUSEHOLD]) == _content(inputs.rows[HOUSEHOLD])
    derived, expected = (read_derived_inputs(spark, one, "credit").silver[HOUSEHOLD] for one in (again, ctx))
    assert _content(derived) == _content(expected)


def _refine_the_night_after(settings: Settings) -> None:
    """In silver's household register the first row has another number the day after, and the last one is gone."""
    table = "silver.public_security__household_register"
    before = DeltaTable(TableName.parse(table).path(settings.root)).to_pyarrow_table()
    first, *others, last = before.to_pylist()
    ended = {"_valid_to": DAY + timedelta(days=1)}
    rows = [first | ended, first | {"citizen_id": WANG_ID, "_valid_from": DAY + timedelta(days=1)}, *others, last | ended]
    write(settings, table, rows, before.schema)


def _content(rows: DataFrame) -> list[str]:
    return sorted(map(str, rows.toArrow().to_pylist()))


def test_the_history_has_no_attribute_made_of_other_rows(inputs: MasterInputs) -> None:
    assert "relative_numbers" in inputs.members.columns
    assert "relative_numbers" not in {*inputs.history.columns, *inputs.snapshots.columns}
