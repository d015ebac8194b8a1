"""Legal entities as they are founded, and as the registers have them on the first day."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest

from jobs.samples.firm_names import other_forms
from jobs.samples.firms import BRANCH, COMPANY, HOUSEHOLD
from jobs.samples.registers import CREDIT, ENTERPRISES, LEGAL_ENTITIES, LICENCES, PENALTIES, SHAREHOLDERS
from jobs.samples.registers.kinds import KINDS
from jobs.samples.registers.named import NOBODY, POPULATION
from jobs.samples.streams import texts
from jobs.samples.world import World
from schemas.catalog import load_catalog
from schemas.codes import load_code_table
from schemas.record_keys import role_suffix

DATASETS = (*LEGAL_ENTITIES, *CREDIT)


def test_one_entity_to_five_people(world: World) -> None:
    assert len(world.firms) == pytest.approx(len(world.population.people) / 5, rel=0.02)


def test_kinds_come_at_their_shares(world: World) -> None:
    kinds, economy = world.firms.entities["kind"], world.firms.economy
    assert (kinds == HOUSEHOLD).mean() == pytest.approx(economy.share_household_business, abs=0.03)
    assert (kinds == BRANCH).mean() == pytest.approx(economy.share_branch, abs=0.015)


def test_branches_belong_to_companies_and_bear_their_name(world: World) -> None:
    entities = world.firms.entities
    branches = np.flatnonzero(entities["kind"] == BRANCH)
    assert set(entities["kind"][entities["parent"][branches]]) == {COMPANY}
    assert (entities["parent"][entities["kind"] != BRANCH] == NOBODY).all()
    begins = [entities["name"][place].split("有限公司")[0] for place in branches]
    assert sum(
        begin in entities["name"][entities["parent"][place]] for begin, place in zip(begins, branches, strict=True)
    ) > 0.8 * len(branches)


def test_representatives_are_grown_people_with_a_number(world: World) -> None:
    entities, people = world.firms.entities, world.population.people
    who = entities["representative"][entities["representative"] != NOBODY]
    assert (people["number"][who] != "").all()
    assert not people["is_dead"][who].any()
    ages = (np.datetime64("2026-03-02") - people["birth"][who]).astype(int) // 365
    assert ages.min() >= 19
    assert ages.max() <= 75
    owners = Counter(entities["representative"][entities["kind"] == HOUSEHOLD].tolist())
    assert set(owners.values()) == {1}


def test_some_represent_many_shells_at_one_address(world: World) -> None:
    entities = world.firms.entities
    companies = entities["kind"] == COMPANY
    shared = Counter(zip(entities["representative"][companies].tolist(), entities["address"][companies], strict=True))
    assert sum(count == 6 for count in shared.values()) > 5


def test_names_are_reused_only_after_a_firm_is_dissolved(world: World) -> None:
    entities = world.firms.entities
    is_named = (entities["kind"] != HOUSEHOLD) & (entities["kind"] != BRANCH)
    alive = Counter(entities["name"][is_named & ~entities["is_gone"]])
    assert set(alive.values()) == {1}
    gone = set(entities["name"][is_named & entities["is_gone"]])
    assert sum(name in gone for name in alive) > 5


@pytest.mark.parametrize("dataset", DATASETS)
def test_columns_are_those_of_the_contract_and_keys_are_unique(world: World, dataset: str) -> None:
    contract, register = load_catalog().find(dataset), world.registers[dataset]
    written = [name for name in register.rows.columns if not name.startswith("_")]
    assert sorted(written) == sorted(column.physical_name for column in contract.columns)
    keys = [column.physical_name for column in contract.columns if column.is_key]
    values = list(zip(*(register.rows[key] for key in keys), strict=True))
    assert len(values) > 10
    assert len(set(values)) == len(values)
    for column in contract.columns:
        assert not column.is_required or (register.rows[column.physical_name] != "").all()


@pytest.mark.parametrize("dataset", DATASETS)
def test_codes_are_in_their_tables(world: World, dataset: str) -> None:
    rows = world.registers[dataset].rows
    for column in load_catalog().find(dataset).columns:
        if column.code_table is not None:
            assert set(rows[column.physical_name]) - {""} <= set(load_code_table(column.code_table).codes), column.name


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_truth_names_the_people_that_the_contract_names(dataset: str) -> None:
    contract = load_catalog().find(dataset)
    declared = {role_suffix(contract, role).strip("'") for role in contract.record_roles if role.master == POPULATION}
    named = {f"#{named.role}" if named.role else "" for named in KINDS[dataset].named if named.master == POPULATION}
    assert named == declared


def test_the_register_of_enterprises_has_all_firms(world: World) -> None:
    rows, entities = world.registers[ENTERPRISES].rows, world.firms.entities
    assert len(rows) == np.isin(entities["kind"].astype(str), [COMPANY, BRANCH, HOUSEHOLD]).sum()
    assert (rows["tyshxydm"] == entities["unified"][rows["_firm"]]).all()
    assert (rows["qymc"] == entities["name"][rows["_firm"]]).all()
    assert set(rows["zt"]) == {"1", "2", "3"}


def test_shares_of_a_company_add_up(world: World) -> None:
    rows = world.registers[SHAREHOLDERS].rows
    totals: defaultdict[int, float] = defaultdict(float)
    for firm, share in zip(rows["_firm"].tolist(), rows["czbl"], strict=True):
        totals[firm] += float(share)
    assert set(totals.values()) == {100.0}
    is_person = rows["gdlx"] == "1"
    assert ((rows["zjhm"] != "") == is_person).all()
    assert ((rows["gdxydm"] != "") == ~is_person).all()
    assert 0.05 < (~is_person).mean() < 0.2


@pytest.mark.parametrize(("dataset", "prefix"), [(LICENCES, "XK"), (PENALTIES, "CF")])
def test_every_counterparty_has_some_number(world: World, dataset: str, prefix: str) -> None:
    rows = world.registers[dataset].rows
    numbers = sum(
        (rows[f"{prefix}_{name}"] != "").astype(int) for name in ("XDR_SHXYM", "XDR_GSZC", "XDR_ZZJG", "XDR_SWDJ", "XDR_ZJHM")
    )
    assert (numbers == 1).all()
    is_person = rows["_person"] != NOBODY
    assert ((rows[f"{prefix}_XDR_ZJHM"] != "") == is_person).all()
    assert ((rows[f"{prefix}_XDR_LB"] == "1") == is_person).all()
    assert (rows["_firm"][is_person] == NOBODY).all()


@pytest.mark.parametrize(
    ("name", "prefix", "others"),
    [
        ("济南鑫源商贸有限公司", "济南", {"济南鑫源商贸有限责任公司", "鑫源商贸有限公司"}),
        ("济南鑫源商贸有限责任公司", "济南", {"济南鑫源商贸有限公司", "鑫源商贸有限责任公司"}),
        ("济南市历下区鑫源超市", "济南市历下区", {"济南鑫源超市", "鑫源超市"}),
        ("鑫源（济南）股份有限公司", "", {"鑫源(济南)股份有限公司", "鑫源济南股份有限公司", "济南市鑫源（济南）股份有限公司"}),
    ],
)
def test_other_forms_of_a_name(name: str, prefix: str, others: set[str]) -> None:
    random, count = np.random.default_rng(1), 200
    found = other_forms(random, texts([name] * count), texts([prefix] * count), texts(["济南"] * count))
    assert set(found) == others
