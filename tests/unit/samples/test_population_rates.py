"""Errors of the newer registers come at the rates of the noise file. A harsh country is held against its people as they are."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.io.text import encode
from jobs.samples.citizen_ids import are_valid
from jobs.samples.registers import ACCOUNTS, ASSISTANCE, BIRTHS, DEATHS, ENROLMENTS, INSURANCES
from jobs.samples.registers.birth_certificate import UNNAMED
from jobs.samples.registers.kinds import KINDS
from jobs.samples.registers.named import NOBODY
from jobs.samples.settings import Noise
from jobs.samples.table import Table
from jobs.samples.world import World
from schemas.catalog import load_catalog
from tests.unit.samples.replay import FIRST
from tests.unit.samples.test_errors import assert_rate

Flags = NDArray[np.bool_]
Rate = Callable[[Noise], float]


def everyone(rows: Table) -> Flags:
    return np.ones(len(rows), dtype=bool)


@pytest.mark.parametrize(
    ("dataset", "number", "person", "rate"),
    [
        (BIRTHS, "b:Mother/b:IdNumber", "_mother", lambda noise: noise.citizen_id.absent_of_parents),
        (BIRTHS, "b:Father/b:IdNumber", "_father", lambda noise: noise.citizen_id.absent_of_parents),
        (DEATHS, "SFZH", "_person", lambda noise: noise.citizen_id.absent_on_death_certificate),
        (ENROLMENTS, "学生/身份证件号", "_student", lambda noise: noise.citizen_id.absent_in_enrolment),
        (ENROLMENTS, "监护人/身份证件号", "_guardian", lambda noise: noise.citizen_id.absent_in_enrolment),
    ],
)
def test_numbers_are_absent_where_they_often_are(world: World, dataset: str, number: str, person: str, rate: Rate) -> None:
    rows = world.registers[dataset].rows
    has_number = (rows[person] != NOBODY) & (world.population.people["number"][rows[person]] != "")
    assert_rate(rows[number] == "", has_number, rate(world.writer.noise))
    assert (rows[number][~has_number] == "").all()


@pytest.mark.parametrize(("dataset", "number"), [(INSURANCES, "sfzh"), (DEATHS, "SFZH"), (ENROLMENTS, "学生/身份证件号")])
def test_numbers_are_wrong_as_often_as_elsewhere(world: World, dataset: str, number: str) -> None:
    written = world.registers[dataset].rows[number]
    wrong = ~are_valid(np.array([text.upper() for text in written], dtype=object))
    noise = world.writer.noise.citizen_id
    assert_rate(wrong, written != "", noise.one_digit_wrong + noise.two_swapped)


def test_newborns_without_a_name(world: World) -> None:
    rows = world.registers[BIRTHS].rows
    assert_rate(rows["b:Newborn/b:Name"] == UNNAMED, everyone(rows), world.writer.noise.person_name.newborn_unnamed)


def test_utilities_mask_names(world: World) -> None:
    rows = world.registers[ACCOUNTS].rows
    is_person = rows["khlx"] == "1"
    is_masked = np.array(["*" in name for name in rows["yhmc"]])
    assert_rate(is_masked, is_person, world.writer.noise.person_name.masked_by_utility)
    assert not (is_masked & ~is_person).any()
    assert ((rows["_person"] == NOBODY) == (is_masked | ~is_person)).all()


def test_employers_by_their_old_code(world: World) -> None:
    rows = world.registers[INSURANCES].rows
    is_old = np.array([len(code) == 9 for code in rows["dwdm"]])
    has_old_code = world.firms.entities["organisation"][rows["_employer"]] != ""
    assert_rate(is_old, has_old_code, world.writer.noise.other.employer_by_old_code)
    assert not (is_old & ~has_old_code).any()
    assert {len(code) for code in rows["dwdm"]} == {9, 18}


@pytest.mark.parametrize(
    ("dataset", "phone", "person"), [(ENROLMENTS, "监护人/联系电话", "_guardian"), (INSURANCES, "lxdh", "_person")]
)
def test_phones_are_absent(world: World, dataset: str, phone: str, person: str) -> None:
    rows = world.registers[dataset].rows
    has_phone = (rows[person] != NOBODY) & (world.population.people["phone"][rows[person]] != "")
    assert_rate(rows[phone] == "", has_phone, world.writer.noise.contact.phone_absent)


@pytest.mark.parametrize(("dataset", "sex", "person"), [(BIRTHS, "b:Newborn/b:Sex", "_newborn"), (DEATHS, "XB", "_person")])
def test_sexes_are_seldom_wrong(world: World, dataset: str, sex: str, person: str) -> None:
    rows = world.registers[dataset].rows
    wrong = rows[sex] != world.population.people["sex"][rows[person]].astype(str).astype(object)
    assert wrong.mean() < 5 * world.writer.noise.other.sex_wrong / 100 + 0.001


def test_most_deaths_have_a_certificate_and_only_deaths(world: World) -> None:
    who = world.registers[DEATHS].rows["_person"]
    is_dead = world.population.people["is_dead"]
    assert is_dead[who].all()
    assert_rate(np.isin(np.arange(len(is_dead)), who), is_dead, 100 * world.writer.society.share_deaths_certified)


def test_lists_of_a_case_are_parallel_and_name_the_household(world: World) -> None:
    rows, people = world.registers[ASSISTANCE].rows, world.population.people
    seen = 0
    for place, members in enumerate(rows["_members"]):
        lists = [json.loads(rows[f"members[].{part}"][place] or "[]") for part in ("name", "id", "relation")]
        assert {len(items) for items in lists} == {len(members)}
        assert rows["_head"][place] not in members
        assert (people["household"][members] == rows["_household"][place]).all()
        seen += len(members)
    assert seen > len(rows)


def test_register_and_contract_have_the_same_columns(world: World) -> None:
    catalog = load_catalog()
    for dataset in KINDS:
        delivered = [name for name in world.registers[dataset].rows.columns if not name.startswith("_")]
        assert sorted(delivered) == sorted(column.physical_name for column in catalog.find(dataset).columns)


def test_values_fit_into_their_bytes_and_between_their_separators(world: World) -> None:
    catalog = load_catalog()
    rows = world.registers[DEATHS].rows
    for column in catalog.find(DEATHS).columns:
        assert max(len(encode(text, "gb18030")) for text in rows[column.physical_name]) <= (column.byte_width or 0)
    for name, texts in world.registers[ASSISTANCE].rows.columns.items():
        if not name.startswith("_"):
            assert not any(set("|^、") & set(text) for text in texts)


def test_children_at_school_are_of_school_age_and_their_guardians_grown_up(world: World) -> None:
    rows, ages = world.registers[ENROLMENTS].rows, world.population.ages(FIRST)
    assert set(ages[rows["_student"]]) <= set(range(6, 19))
    guardians = rows["_guardian"][rows["_guardian"] != NOBODY]
    assert len(guardians) > 0.95 * len(rows)
    assert (ages[guardians] >= 18).all()
    first_graders = ages[rows["_student"][rows["学籍信息/年级"] == "11"]]
    assert set(first_graders) <= {6, 7}
