"""Two nights of a town with planted merges, splits and corrected numbers; the second replayed, and killed half-way."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import write_deltalake

import jobs.steps.s4_link as step
from jobs.io.delta import read_table
from jobs.io.state import linkage_state
from jobs.linkage.model import load_model
from jobs.linkage.reblock import large_changed_blocks_sql, outgrown_pairs_sql, pairs_to_compare_sql
from jobs.steps import changed_blocks, link_changes, linkage_night
from jobs.steps.s4_link import link
from schemas.catalog import Catalog
from schemas.names import linked_table
from tests.linkage_lake import Key, Lake, key_of
from tests.linkage_people import HOUSEHOLD, RESIDENCE, Person, Town, citizen_id

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

FIRST, SECOND = date(2026, 3, 2), date(2026, 3, 3)
MERGES, SPLITS, CORRECTIONS, REMOVALS = 20, 20, 50, 5
DECIDED = (RESIDENCE, "decided1"), (RESIDENCE, "decided2"), (RESIDENCE, "decided3")
"""Two records of one person and one of a namesake: a steward takes the second from the first, and gives it the third."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """The records of both nights, and the records that were planted: what becomes of each is known."""

    first: list[Row]
    second: list[Row]
    merged: dict[Key, Key]
    split: list[Key]
    corrected: list[Key]
    moved: dict[Key, Key]
    """Of merged and moved records: a record of the person that they turn out to be of."""
    left_behind: dict[Key, Key]
    """Of records with the address of a person who moves house, and a name: the person's household registration."""


def _plan() -> Plan:
    """Everybody's other records are without noise, so that whatever happens is planted."""
    town = Town(3, 330, noise=0.0)
    people = iter(town.people)
    strangers = iter(Town(4, MERGES + SPLITS, noise=0.0).people)
    plan = Plan(list(town.records), [], {}, [], [], {}, {})
    registered = {key_of(row): row for row in town.records}
    second: dict[Key, Row] = {}
    for number in range(MERGES):
        key, person, other = f"merge{number}", next(people), next(strangers)
        _plant(plan.first, second, key, _residence(other, key), _residence(person, key))
        plan.merged[RESIDENCE, key] = _home(person)
    for number in range(SPLITS):
        key, person, other = f"split{number}", next(people), next(strangers)
        _plant(plan.first, second, key, _residence(person, key), _residence(other, key))
        plan.split.append((RESIDENCE, key))
    for number in range(CORRECTIONS // 2):
        key, person = f"correct{number}", next(people)
        wrong = {"citizen_id": _mistyped(person.identity), "citizen_id_class": "wrong_check_digit"}
        _plant(plan.first, second, key, _residence(person, key) | wrong, _residence(person, key))
        plan.corrected.append((RESIDENCE, key))
    for number in range(CORRECTIONS // 2):
        key, person, other = f"move{number}", next(people), next(people)
        _plant(plan.first, second, key, _residence(other, key), _residence(person, key))
        plan.moved[RESIDENCE, key] = _home(person)
    for number in range(REMOVALS):
        key, person = f"account{number}", next(people)
        told = {"dataset": RESIDENCE, "record_key": key, "person_name": person.name, "current_address": person.address}
        plan.first.append(told)
        second[_home(person)] = registered[_home(person)] | {"registered_address": f"迁入路{number}号"}
        plan.left_behind[RESIDENCE, key] = _home(person)
    plan.first.extend(_of_stewards())
    plan.second.extend(second.get(key_of(row), row) for row in plan.first)
    return plan


def _of_stewards() -> list[Row]:
    person, namesake = Town(8, 12, noise=0.0).people[:2]
    namesake = replace(namesake, identity=citizen_id("420106", namesake.born, 77))
    return [_residence(who, key) for who, (_, key) in zip((person, person, namesake), DECIDED, strict=True)]


def _write_decisions(lake: Lake) -> None:
    one, other, namesake = DECIDED
    sides = ("dataset", "record_key", "other_dataset", "other_record_key")
    who = {"decided_by": "w", "decided_on": FIRST, "reason": "seen"}
    told = [((*other, *one), "different"), ((*one, *namesake), "same")]
    rows = [dict(zip(sides, pair, strict=True)) | who | {"decision": verdict} for pair, verdict in told]
    write_deltalake(lake.path("steward_edges"), pa.Table.from_pylist(rows))


def _plant(first: list[Row], second: dict[Key, Row], key: str, before: Row, after: Row) -> None:
    first.append(before)
    second[RESIDENCE, key] = after


def _home(person: Person) -> Key:
    return HOUSEHOLD, f"R{person.number:08d}"


def _residence(person: Person, key: str) -> Row:
    return {
        "dataset": RESIDENCE,
        "record_key": key,
        "citizen_id": person.identity,
        "citizen_id_class": "valid",
        "person_name": person.name,
        "sex_code": person.sex,
        "birth_date": person.born,
        "birth_year": person.born.year,
        "region_code": person.region,
        "phones": [],
    }


def _mistyped(number: str) -> str:
    return f"{number[:15]}{(int(number[15]) + 3) % 10}{number[16:]}"


def _joining(pair: tuple[Key, Key], before: dict[Key, str], after: dict[Key, str]) -> Key:
    """Of two records that were found to be one person's, the one that changed hands: with as many records, the older ID stays."""
    key, home = pair
    return key if before[key] != after[key] else home


@pytest.fixture(scope="module")
def plan() -> Plan:
    return _plan()


@pytest.fixture(scope="module")
def make(spark: SparkSession, catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Lake]:
    """Lakes that share their keys."""
    home = tmp_path_factory.mktemp("linkage")
    return lambda name: Lake(spark, catalog, home / name / "lake", home / "keys")


@pytest.fixture(scope="module")
def lake(make: Callable[[str], Lake], plan: Plan) -> Lake:
    """Two nights, whose rows reach Spark as many would: through a table."""
    lake = make("one")
    _write_decisions(lake)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linkage_night, "HELD_ROWS", 0)
        lake.night(FIRST, plan.first)
        shutil.copytree(lake.ctx.settings.root, lake.after_first)
        lake.night(SECOND, plan.second)
    return lake


def test_every_planted_merge_has_its_event(lake: Lake, plan: Plan) -> None:
    before, after = lake.masters_on(FIRST), lake.masters_on(SECOND)
    told = {(row["master_id"], row["other_id"]): row for row in lake.rows("events", "event = 'merged'")}
    planted = {frozenset((before[key], before[home])) for key, home in plan.merged.items()}
    assert {frozenset(pair) for pair in told} == planted, "no more and no fewer"
    assert len(told) >= MERGES
    assert all(after[key] == after[home] for key, home in plan.merged.items())
    assert all("are linked: weight" in row["reason"] for row in told.values())
    tombstones = {row["master_id"]: (row["merged_into"], row["ended_on"]) for row in lake.rows("master", "status = 'merged'")}
    assert tombstones == {loser: (winner, SECOND) for loser, winner in told}


def test_every_planted_split_has_its_event(lake: Lake, plan: Plan) -> None:
    before, after = lake.masters_on(FIRST), lake.masters_on(SECOND)
    told = {(row["master_id"], row["other_id"], row["record_key"]) for row in lake.rows("events", "event = 'split'")}
    assert told == {(after[key], before[key], key[1]) for key in plan.split}
    assert len(told) >= SPLITS


def test_every_corrected_number_leaves_the_person_or_moves_the_record_with_its_event(lake: Lake, plan: Plan) -> None:
    before, after = lake.masters_on(FIRST), lake.masters_on(SECOND)
    assert len(plan.corrected) + len(plan.moved) >= CORRECTIONS
    assert all(before[key] == after[key] for key in plan.corrected)
    told = {(row["dataset"], row["record_key"]): row for row in lake.rows("events", "event = 'moved'")}
    for key, home in plan.moved.items():
        assert (told[key]["master_id"], told[key]["other_id"]) == (after[home], before[key])
        assert before[key] != after[key] == before[home]
    assert set(told) == {*plan.moved, *plan.split, *(_joining(pair, before, after) for pair in plan.merged.items())}


def test_a_record_with_the_address_that_a_person_moved_from_stays_the_persons(lake: Lake, plan: Plan) -> None:
    before, after = lake.masters_on(FIRST), lake.masters_on(SECOND)
    assert len(plan.left_behind) == REMOVALS
    assert all(before[key] == before[home] == after[home] == after[key] for key, home in plan.left_behind.items())


def test_nobody_else_changes(lake: Lake, plan: Plan) -> None:
    before, after = lake.masters_on(FIRST), lake.masters_on(SECOND)
    planted = {*plan.split, *plan.moved, *(_joining(pair, before, after) for pair in plan.merged.items())}
    assert [key for key in before if key not in planted and before[key] != after[key]] == []
    active = {row["master_id"] for row in lake.rows("master", "status = 'active'")}
    assert set(after.values()) == active
    assert {row["event"] for row in lake.rows("events", f"business_date = date '{FIRST}'")} == {"created"}


def test_the_same_inputs_again_do_nothing(lake: Lake, plan: Plan) -> None:
    before = lake.versions()
    link(lake.spark, replace(lake.ctx, business_date=SECOND, run_id="night/2026-03-03/2"), "population")
    assert lake.versions() == before
    state = linkage_state(lake.ctx.settings.root, "population")
    assert state is not None
    with_decisions = before | {"steward_edges": 0}
    assert state.tables == {str(linked_table("population", name)): version for name, version in with_decisions.items()}


@pytest.mark.slow
def test_a_night_killed_at_its_last_write_ends_as_if_it_had_not_been(
    lake: Lake, make: Callable[[str], Lake], plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make("two")
    shutil.copytree(lake.after_first, other.ctx.settings.root)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(step, "record_state", killed)
        with pytest.raises(KeyboardInterrupt):
            other.night(SECOND, plan.first[: len(plan.first) // 2])
    other.night(SECOND, plan.second, attempt=2)
    assert other.all_rows() == lake.all_rows(), "the same deliveries and keys give the same tables, IDs included"


def _without_what_is_compared(records: pa.Table) -> pa.Table:
    return records.drop_columns(["block_keys", "value_keys", "compared"])


def _compared_by_less(records: pa.Table) -> pa.Table:
    columns = [name for name in records.schema.field("compared").type.names if name != "name_key"]
    fields = {name: pc.struct_field(records["compared"].combine_chunks(), name) for name in columns}
    return records.drop_columns(["compared"]).append_column("compared", pa.StructArray.from_arrays(fields.values(), fields))


@pytest.mark.parametrize("as_by_an_older_govlake", [_without_what_is_compared, _compared_by_less])
def test_records_that_were_compared_by_other_columns_are_linked_anew(
    lake: Lake, make: Callable[[str], Lake], as_by_an_older_govlake: Callable[[pa.Table], pa.Table], monkeypatch: pytest.MonkeyPatch
) -> None:
    older = make(as_by_an_older_govlake.__name__)
    shutil.copytree(lake.after_first, older.ctx.settings.root)
    records = as_by_an_older_govlake(read_table(older.path("records")))
    write_deltalake(older.path("records"), records, mode="overwrite", schema_mode="overwrite")
    state = linkage_state(older.ctx.settings.root, "population")
    assert state is not None
    base = replace(state, tables={**state.tables, str(linked_table("population", "records")): older.versions()["records"]})
    model = load_model(older.ctx.settings.linkage.models / "population")
    monkeypatch.setattr(link_changes, "FEW_RECORDS", 0)

    def looked_at() -> DataFrame:
        raise AssertionError("what changed is not looked for")

    night = linkage_night.LinkageNight(lake.spark, replace(older.ctx, business_date=SECOND), "population", model, {}, None, base)
    assert link_changes.find_changes(night, looked_at) is None


def test_the_driver_and_spark_answer_alike_on_changed_blocks(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_model(lake.ctx.settings.linkage.models / "population")
    model = replace(
        model,
        rules=model.rules.model_copy(
            update={"blocking": tuple(rule.model_copy(update={"cap": 3}) for rule in model.rules.blocking)}
        ),
    )
    night = linkage_night.LinkageNight(lake.spark, lake.ctx, "population", model, {}, None, None)
    came, left = (night.table("records").where(f"pmod(record_hash, 10) {which}") for which in ("< 2", "in (1, 2, 3)"))
    questions = [pairs_to_compare_sql(model), outgrown_pairs_sql(model), large_changed_blocks_sql(model), "select * from {blocks}"]
    answers = []
    for most in (0, 1):
        monkeypatch.setattr(changed_blocks, "LOOKED_UP_RECORDS", most)
        with changed_blocks.changed_blocks(night, came, left, records=1) as ask:
            answers.append([sorted(map(tuple, ask(question).collect())) for question in questions])
    assert answers[0] == answers[1]
    assert all(answers[0])


def test_stewards_outrank_the_numbers(lake: Lake) -> None:
    one, other, namesake = DECIDED
    for day in (FIRST, SECOND):
        found = lake.masters_on(day)
        assert found[one] == found[namesake] != found[other], "against the numbers of all three"
    in_review = {key_of(row) for row in lake.rows("review")} & set(DECIDED)
    assert not in_review, "what a steward decided needs no second look"
