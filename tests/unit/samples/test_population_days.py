"""The newer registers over some days: each event is heard by who would hear it, and the truth knows whom each record is about."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from jobs.samples.country import load_noise
from jobs.samples.databases import log_file, write_log
from jobs.samples.deliveries import take
from jobs.samples.formats.content import Content
from jobs.samples.life import live
from jobs.samples.registers import ACCOUNTS, ASSISTANCE, BIRTHS, DEATHS, ENROLMENTS, HOUSEHOLDS, INSURANCES, REAL_ESTATE
from jobs.samples.registers.kinds import KINDS
from jobs.samples.settings import load_country
from jobs.samples.streams import Streams
from jobs.samples.truth import PEOPLE, records_of, truth_of
from jobs.samples.world import World, create_world
from schemas.catalog import load_catalog
from schemas.errors import UsageError
from tests.unit.samples.conftest import generate_into
from tests.unit.samples.replay import FIRST

DAYS = [FIRST + timedelta(days=number) for number in range(3)]
NEW = (BIRTHS, DEATHS, ENROLMENTS, ASSISTANCE, INSURANCES, ACCOUNTS)


@dataclass
class Lived:
    """A country that has lived some days, and what each register delivered of each."""

    world: World
    contents: dict[tuple[str, date], Content] = field(default_factory=dict)

    def operations(self, dataset: str) -> Counter[str]:
        return Counter(operation for day in DAYS[1:] for operation in self.contents[dataset, day].operations or ())


def live_through(people: int, seed: int) -> Lived:
    settings, catalog = load_country(), load_catalog()
    lived = Lived(create_world(people, FIRST, settings, load_noise("typical"), Streams(seed), catalog))
    for day in DAYS:
        if day != FIRST:
            live(lived.world, settings.life, day)
        for dataset, register in lived.world.registers.items():
            lived.contents[dataset, day] = take(register, catalog.find(dataset), register.changes(), is_full=day == FIRST)
    return lived


@pytest.fixture(scope="module")
def lived() -> Lived:
    return live_through(8000, 21)


def test_same_seed_same_rows(lived: Lived) -> None:
    again = live_through(8000, 21)
    for place, content in lived.contents.items():
        assert again.contents[place].operations == content.operations
        for name, texts in content.columns.items():
            assert again.contents[place].columns[name].tolist() == texts.tolist(), (place, name)


def test_each_register_hears_of_something(lived: Lived) -> None:
    expected = {BIRTHS: "IU", DEATHS: "I", ENROLMENTS: "IUD", ASSISTANCE: "IU", INSURANCES: "IU", ACCOUNTS: "IU"}
    for dataset, operations in expected.items():
        assert set(lived.operations(dataset)) == set(operations), dataset
        assert min(lived.operations(dataset).values()) >= 2, dataset


def test_each_birth_of_these_days_is_certified(lived: Lived) -> None:
    world, rows = lived.world, lived.world.registers[BIRTHS].rows
    people = world.population.people
    new_people = np.arange(np.flatnonzero(world.households.first > np.datetime64(FIRST))[0], len(world.households))
    newborns = world.households.rows["_person"][new_people]
    assert len(newborns) > 5
    assert np.isin(newborns, rows["_newborn"]).all()
    assert (people["mother"][rows["_newborn"]] == rows["_mother"]).all()
    assert (people["father"][rows["_newborn"]] == rows["_father"]).all()


def test_health_knows_of_deaths_that_the_police_do_not(lived: Lived) -> None:
    world = lived.world
    who = world.registers[DEATHS].rows["_person"]
    cancelled = world.households.rows["_person"][world.households.rows["ZXBZ"] == "1"]
    assert len(np.setdiff1d(who, cancelled)) > 0
    assert len(np.setdiff1d(cancelled, who)) > 0
    died = np.flatnonzero(world.population.people["died"] > np.datetime64(FIRST))
    assert 0.7 < np.isin(died, who).mean() <= 1


def test_what_is_over_for_the_dead(lived: Lived) -> None:
    world = lived.world
    is_dead = world.population.people["is_dead"]
    insured, cases, students = (world.registers[dataset] for dataset in (INSURANCES, ASSISTANCE, ENROLMENTS))
    assert not is_dead[insured.rows["_person"][insured.rows["zzrq"] == ""]].any()
    assert not is_dead[cases.rows["_head"][cases.rows["to_date"] == ""]].any()
    assert not is_dead[students.rows["_student"][students.is_alive]].any()


def test_another_employer_has_another_number_and_name(lived: Lived) -> None:
    before, after = lived.contents[INSURANCES, FIRST], lived.world.registers[INSURANCES].rows
    changed = np.flatnonzero(after["_job"][: before.rows] > 0)
    assert len(changed) > 3
    for place in changed:
        assert before.columns["dwmc"][place] != after["dwmc"][place]
        assert before.columns["updated_at"][place] < after["updated_at"][place]


def test_truth_names_every_person_of_a_row_once(lived: Lived) -> None:
    truth = truth_of(lived.world, PEOPLE)
    truth = truth.filter(pc.field("dataset") != REAL_ESTATE)  # a unit that is sold names others under the same key
    keys = list(zip(truth["dataset"].to_pylist(), truth["record_key"].to_pylist(), strict=True))
    twice = {key for key, count in Counter(keys).items() if count > 1}
    assert not {dataset for dataset, _ in twice} & set(NEW)
    roles = {dataset: {key.partition("#")[2].partition("-")[0] for of, key in keys if of == dataset} for dataset in NEW}
    assert roles == {
        BIRTHS: {"newborn", "mother", "father"},
        DEATHS: {""},
        ENROLMENTS: {"student", "guardian"},
        ASSISTANCE: {"head", "member"},
        INSURANCES: {"insured"},
        ACCOUNTS: {"holder"},
    }
    cases = lived.world.registers[ASSISTANCE].rows
    entities = dict(zip(keys, truth["entity_id"].to_pylist(), strict=True))
    for case, members in zip(cases["case_no"], cases["_members"], strict=True):
        found = [entities[ASSISTANCE, f"{case}#member-{number}"] for number in range(1, len(members) + 1)]
        assert found == [f"P{member:09d}" for member in members]


def test_masked_names_and_firms_are_nobodys_records(lived: Lived) -> None:
    truth = truth_of(lived.world, PEOPLE)
    accounts = lived.world.registers[ACCOUNTS].rows
    named = {
        f"{key}#holder"
        for key, name, kind in zip(accounts["yhbh"], accounts["yhmc"], accounts["khlx"], strict=True)
        if kind == "1" and "*" not in name
    }
    of_accounts = pa.compute.equal(truth["dataset"], ACCOUNTS)
    assert set(truth.filter(of_accounts)["record_key"].to_pylist()) == named


def test_typical_stays_hard_for_a_plain_id_join(lived: Lived) -> None:
    numbers: dict[str, list[str | None]] = {}
    records = records_of(lived.world, PEOPLE)
    for entity, of_record in zip(records["entity_id"].to_pylist(), records["numbers"].to_pylist(), strict=True):
        numbers.setdefault(entity, []).append(of_record[0] if of_record else None)
    pairs = equal = 0
    for of_one in numbers.values():
        pairs += len(of_one) * (len(of_one) - 1) // 2
        equal += sum(count * (count - 1) // 2 for number, count in Counter(of_one).items() if number)
    assert 0.6 < equal / pairs <= 0.9


def test_the_log_of_a_database(tmp_path: Path) -> None:
    lived = live_through(3000, 4)
    catalog = load_catalog()
    register, contract = lived.world.registers[INSURANCES], catalog.find(INSURANCES)
    count = write_log(register, contract, tmp_path, DAYS[2])
    table = pq.read_table(log_file(tmp_path, INSURANCES, DAYS[2]))
    assert table.num_rows == count == len(register.changes())
    assert table.column_names == [*register.delivered, "op"]
    assert table.schema.field("updated_at").type == pa.timestamp("us", tz="UTC")
    assert {str(field.type) for field in table.schema if field.name != "updated_at"} == {"string"}
    assert "" not in table["sfzh"].to_pylist()
    midnight = datetime.combine(DAYS[2], datetime.min.time(), UTC) - timedelta(hours=8)
    before = [row for row in table.to_pylist() if row["updated_at"] < midnight]
    assert [(row["op"], row["updated_at"]) for row in before] == [("I", midnight - timedelta(minutes=10))]
    assert max(table["updated_at"].to_pylist()) < midnight + timedelta(days=1)
    write_log(register, contract, tmp_path, DAYS[2])
    register.close_day()
    with pytest.raises(UsageError, match="already holds another day"):
        write_log(register, contract, tmp_path, DAYS[2])
    with pytest.raises(UsageError, match="is sent, not pulled"):
        write_log(lived.world.registers[HOUSEHOLDS], catalog.find(HOUSEHOLDS), tmp_path, DAYS[2])


def test_pulled_tables_are_logged_and_not_delivered(tmp_path: Path) -> None:
    made = generate_into(tmp_path, people=300, days=2)
    for dataset in (INSURANCES, ACCOUNTS):
        assert not (made.landing / dataset).exists()
        first, second = (pq.read_table(log_file(made.landing, dataset, day)) for day in DAYS[:2])
        assert set(first["op"].to_pylist()) == {"I"}
        key = KINDS[dataset].named[0].key
        assert len(set(first[key].to_pylist())) == first.num_rows
        assert set(second["op"].to_pylist()) <= {"I", "U"}


def test_a_fault_of_a_pulled_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is pulled from a database, not sent"):
        generate_into(tmp_path, people=300, days=1, faults=[f"truncated:{ACCOUNTS}:2026-03-02"])
