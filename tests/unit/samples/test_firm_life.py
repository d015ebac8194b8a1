"""What happens to firms and credit records in three days: several of each event, and registers that agree with one another."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.samples.country import load_noise
from jobs.samples.credit_truth import CREDIT_SCHEMA, credit_truth
from jobs.samples.life import live
from jobs.samples.registers import (
    ABNORMAL_OPERATIONS,
    CREDIT,
    DEBTORS,
    ENTERPRISE_CHANGES,
    ENTERPRISES,
    LEGAL_ENTITIES,
    LICENCES,
    PENALTIES,
    PUBLIC_INSTITUTIONS,
    RED_LIST,
    REPAIRS,
    SHAREHOLDERS,
    TAXPAYERS,
    VIOLATIONS,
)
from jobs.samples.settings import load_country
from jobs.samples.streams import Numbers, Streams
from jobs.samples.truth import ENTITIES, PEOPLE, truth_of
from jobs.samples.world import World, create_world
from schemas.catalog import load_catalog
from schemas.errors import UsageError
from tests.unit.samples.conftest import Generated, generate_into
from tests.unit.samples.replay import FIRST, folder_of, manifest_of

DAYS = [FIRST + timedelta(days=number) for number in range(3)]
Rows = dict[str, dict[str, str]]
COLUMNS = {"1": "qymc", "2": "dz", "3": "fddbr", "4": "zczb"}
"""The column of the register that each item of a change is about."""


@dataclass
class Lived:
    """A country that has lived three days: what each register wrote of each, and the enterprises as they stood."""

    world: World
    operations: dict[str, Counter[str]] = field(default_factory=dict)
    changes: dict[date, list[dict[str, str]]] = field(default_factory=dict)
    enterprises: dict[date, Rows] = field(default_factory=dict)


def rows_of(world: World, dataset: str, places: Numbers) -> list[dict[str, str]]:
    register = world.registers[dataset]
    return [{name: register.rows[name][place] for name in register.delivered} for place in places]


@pytest.fixture(scope="module")
def lived() -> Lived:
    settings = load_country()
    found = Lived(create_world(5000, FIRST, settings, load_noise("typical"), Streams(7), load_catalog()))
    for day in DAYS:
        if day != FIRST:
            live(found.world, settings.life, day)
            for dataset in (*LEGAL_ENTITIES, *CREDIT):
                operations = found.world.registers[dataset].operations
                found.operations.setdefault(dataset, Counter()).update(operations[operations != ""].tolist())
        found.changes[day] = rows_of(found.world, ENTERPRISE_CHANGES, found.world.registers[ENTERPRISE_CHANGES].changes())
        everything = rows_of(found.world, ENTERPRISES, np.arange(len(found.world.registers[ENTERPRISES])))
        found.enterprises[day] = {row["tyshxydm"]: row for row in everything}
    return found


def test_three_days_show_each_event_several_times(lived: Lived) -> None:
    before, after = lived.enterprises[FIRST], lived.enterprises[DAYS[-1]]
    items = Counter(row["bgsx"] for day in DAYS[1:] for row in lived.changes[day])
    events = {
        "founded": len(set(after) - set(before)),
        "dissolved": sum(before[code]["zt"] != after[code]["zt"] == "3" for code in before),
        "establishments": lived.operations[PUBLIC_INSTITUTIONS]["U"],
        "taxpayers gone": lived.operations[TAXPAYERS]["D"],
        "lines of shareholders gone": lived.operations[SHAREHOLDERS]["D"],
        "licences": lived.operations[LICENCES]["I"],
        "penalties": lived.operations[PENALTIES]["I"],
        "debtors listed": lived.operations[DEBTORS]["I"],
        "debtors withdrawn": lived.operations[DEBTORS]["U"],
        "listed as abnormal": lived.operations[ABNORMAL_OPERATIONS]["I"],
        "taken off": lived.operations[ABNORMAL_OPERATIONS]["U"],
        "commended": lived.operations[RED_LIST]["I"],
        "repairs applied for": lived.operations[REPAIRS]["I"],
        "repairs decided": lived.operations[REPAIRS]["U"],
    }
    assert {name: count for name, count in events.items() if count < 2} == {}
    assert {item: items[item] for item in "12345" if items[item] < 2} == {}


def test_changes_agree_with_the_register(lived: Lived) -> None:
    for yesterday, day in pairwise(DAYS):
        before, after = lived.enterprises[yesterday], lived.enterprises[day]
        told = {(row["tyshxydm"], COLUMNS[row["bgsx"]]): row for row in lived.changes[day] if row["bgsx"] in COLUMNS}
        changed = {
            (code, column) for code, row in before.items() for column in COLUMNS.values() if row[column] != after[code][column]
        }
        assert changed <= set(told)
        for (code, column), row in told.items():
            assert (row["bgq"], row["bgh"]) == (before[code][column], after[code][column])
            assert row["hzrq"] == after[code]["hzrq"] == day.isoformat()


def test_the_dissolved_have_no_taxpayer_and_no_shareholders(lived: Lived) -> None:
    gone = lived.world.firms.entities["is_gone"]
    for dataset in (TAXPAYERS, SHAREHOLDERS):
        register = lived.world.registers[dataset]
        assert not (register.is_alive & gone[register.rows["_firm"]] & (register.operations != "I")).any()


def test_a_repair_names_a_record_once(lived: Lived) -> None:
    rows = lived.world.registers[REPAIRS].rows
    known = {*lived.world.registers[PENALTIES].rows["CF_WSH"], *lived.world.registers[ABNORMAL_OPERATIONS].rows["jlbh"]}
    assert set(rows["xfjl.wsh"]) <= known
    assert len(set(rows["xfjl.wsh"])) == len(rows)
    assert ((rows["jg"] == "") == (rows["jdrq"] == "")).all()


def test_a_new_representative_begins_a_record_of_the_truth(lived: Lived) -> None:
    truth = truth_of(lived.world, PEOPLE).to_pylist()
    found: dict[str, list[dict[str, Any]]] = {}
    for row in truth:
        if row["dataset"] == ENTERPRISES:
            found.setdefault(row["record_key"], []).append(row)
    replaced = [rows for rows in found.values() if len(rows) > 1]
    assert len(replaced) >= 2
    for one, two in replaced:
        assert one["entity_id"] != two["entity_id"]
        assert one["last_business_date"] == two["first_business_date"] - timedelta(days=1)
        assert two["last_business_date"] is None


def test_the_truth_about_entities_has_every_row_that_names_one(lived: Lived) -> None:
    truth = truth_of(lived.world, ENTITIES)
    datasets = Counter(truth["dataset"].to_pylist())
    assert set(datasets) >= {*LEGAL_ENTITIES, *CREDIT}
    for dataset in (ENTERPRISES, ENTERPRISE_CHANGES, TAXPAYERS, VIOLATIONS, ABNORMAL_OPERATIONS):
        assert datasets[dataset] == len(lived.world.registers[dataset])
    assert all(entity.startswith("E") for entity in truth["entity_id"].to_pylist())


def test_the_truth_about_credit(lived: Lived) -> None:
    masters = [truth_of(lived.world, master) for master in (PEOPLE, ENTITIES)]
    truth = credit_truth(lived.world, masters)
    assert truth.schema == CREDIT_SCHEMA
    assert len(truth) == sum(len(lived.world.registers[dataset]) for dataset in CREDIT)
    known = {
        (row["dataset"], row["record_key"].partition("#")[0], row["entity_id"])
        for master in masters
        for row in master.to_pylist()
        if row["dataset"] in CREDIT
    }
    for row in truth.to_pylist():
        assert row["entity_id"].startswith("P") == (row["subject_master"] == "population")
        if row["is_masked"]:
            assert (row["dataset"], row["subject_master"], row["linkable"]) == (DEBTORS, "population", False)
        else:
            assert (row["dataset"], row["record_key"].partition("#")[0], row["entity_id"]) in known


def test_each_dataset_comes_as_its_contract_says(country: Generated) -> None:
    modes = {
        dataset: [
            manifest_of(folder)["mode"] if (folder := folder_of(country.landing, dataset, day)).is_dir() else None for day in DAYS
        ]
        for dataset in (*LEGAL_ENTITIES, *CREDIT)
    }
    deltas_only = {ENTERPRISE_CHANGES, LICENCES, PENALTIES, REPAIRS}
    for dataset, found in modes.items():
        if dataset in deltas_only:
            assert found == ["delta"] * 3
        elif dataset == RED_LIST:
            assert found == ["full"] * 3
        elif dataset == VIOLATIONS:
            assert found == ["full", None, None]
        else:
            assert found == ["full", "delta", "delta"]
    assert manifest_of(folder_of(country.landing, LICENCES, FIRST))["previous"] is None


def test_a_fault_of_a_delivery_that_is_not_due_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="of each month only"):
        generate_into(tmp_path, people=200, faults=[f"truncated:{VIOLATIONS}:2026-03-03"])


def test_three_truths_are_written(country: Generated) -> None:
    tables = {path.stem: pq.read_table(path) for path in country.truth_folder.glob("*.parquet")}
    assert set(tables) == {"population", "legal_entity", "credit"}
    assert tables["credit"].schema.field("is_masked").type == pa.bool_()
