"""The country as a whole: same seed, same bytes; deltas say what changed; the truth fits; linkage is not easy."""

from __future__ import annotations

import itertools
import shutil
from collections import Counter, defaultdict
from datetime import date, datetime
from pathlib import Path

import pytest

from jobs.samples.country import generate, load_noise
from schemas.errors import UsageError
from tests.unit.samples.conftest import DAYS, Generated, generate_into
from tests.unit.samples.replay import (
    DATASETS,
    FIRST,
    HOUSEHOLDS,
    MARRIAGES,
    RESIDENCES,
    Replayed,
    folder_of,
    manifest_of,
    named_people,
    read_rows,
    replay,
)

Registers = dict[str, Replayed]


def all_bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a country of 1,000 people over three days."""
    folder = tmp_path_factory.mktemp("small")
    generate_into(folder)
    return folder


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    faults = [f"truncated:{HOUSEHOLDS}:2026-03-03:corrected"]
    one = generate_into(tmp_path / "one", faults=faults)
    two = generate_into(tmp_path / "two", faults=faults)
    assert all_bytes(one.landing) == all_bytes(two.landing)
    assert all_bytes(one.truth_folder) == all_bytes(two.truth_folder)


def test_another_seed_is_another_country(tmp_path: Path) -> None:
    one, two = (generate_into(tmp_path / str(seed), seed=seed, days=1) for seed in (1, 2))
    assert all_bytes(one.landing) != all_bytes(two.landing)


def test_more_days_do_not_change_the_first(small: Path, tmp_path: Path) -> None:
    short = generate_into(tmp_path, days=DAYS - 1)
    known = all_bytes(small / "landing")
    assert all(known[path] == data for path, data in all_bytes(short.landing).items())


def test_generating_again_into_the_same_landing_changes_nothing(small: Path, tmp_path: Path) -> None:
    shutil.copytree(small, tmp_path, dirs_exist_ok=True)
    assert all_bytes(generate_into(tmp_path).landing) == all_bytes(small / "landing")


def test_another_country_is_not_written_over_deliveries(tmp_path: Path) -> None:
    before = all_bytes(generate_into(tmp_path, people=200).landing)
    with pytest.raises(UsageError, match="already holds another delivery"):
        generate_into(tmp_path, people=200, seed=8)
    assert all_bytes(tmp_path / "landing") == before


def test_about_as_many_people_as_asked_for(country: Generated) -> None:
    assert abs(country.summary.people - 5000) < 50


@pytest.mark.parametrize(("people", "days", "seed"), [(9, 1, 1), (100, 0, 1), (100, 1, -1)])
def test_a_country_that_cannot_be_is_refused(tmp_path: Path, people: int, days: int, seed: int) -> None:
    with pytest.raises(UsageError):
        generate(people, days, seed, FIRST, load_noise("clean"), [], tmp_path / "l", tmp_path / "t", lambda _: None)


def test_a_tiny_country_has_deltas_without_rows(tmp_path: Path) -> None:
    tiny = generate_into(tmp_path, people=10, days=3)
    assert any(manifest_of(folder)["files"][0]["rows"] == 0 for folder in tiny.landing.glob("*/*/*/1"))


def test_first_day_full_then_deltas_that_follow_the_day_before(country: Generated) -> None:
    for dataset in DATASETS:
        manifests = [manifest_of(folder_of(country.landing, dataset, date(2026, 3, day))) for day in (2, 3, 4)]
        assert [m["mode"] for m in manifests] == ["full", "delta", "delta"]
        assert [m["previous"] for m in manifests] == [None, f"{dataset}/2026-03-02", f"{dataset}/2026-03-03"]


def test_deliveries_are_sent_before_the_night_closes(country: Generated) -> None:
    sent = datetime.fromisoformat(manifest_of(folder_of(country.landing, MARRIAGES, FIRST))["sent_at"])
    assert sent.isoformat() == "2026-03-03T01:30:00+08:00"


def test_the_household_register_comes_whole_on_the_first_of_a_month(tmp_path: Path) -> None:
    start = date(2026, 3, 31)
    made = generate_into(tmp_path, people=300, days=3, start=start)
    modes = {
        (dataset, day): manifest_of(folder_of(made.landing, dataset, day))["mode"]
        for dataset in DATASETS
        for day in (date(2026, 4, 1), date(2026, 4, 2))
    }
    assert modes[HOUSEHOLDS, date(2026, 4, 1)] == "full"
    assert Counter(modes.values()) == {"full": 1, "delta": 5}
    rows = read_rows(folder_of(made.landing, HOUSEHOLDS, date(2026, 4, 1)), HOUSEHOLDS)
    assert "op" not in rows[0]
    assert len(rows) >= 300


def test_an_update_changes_something(country: Generated) -> None:
    before = {row["RYBH"]: row for row in read_rows(folder_of(country.landing, HOUSEHOLDS, FIRST), HOUSEHOLDS)}
    delta = read_rows(folder_of(country.landing, HOUSEHOLDS, date(2026, 3, 3)), HOUSEHOLDS)
    updates = [row for row in delta if row["op"] == "U"]
    assert updates
    for row in updates:
        old = before[row["RYBH"]]
        assert any(row[name] != value for name, value in old.items() if name != "GXSJ")
        assert row["GXSJ"] > old["GXSJ"]


def test_three_days_show_each_event_several_times(country: Generated, registers: Registers) -> None:
    first = {row["RYBH"]: row for row in read_rows(folder_of(country.landing, HOUSEHOLDS, FIRST), HOUSEHOLDS)}
    now = registers[HOUSEHOLDS].rows
    changed = [(first[key], row) for key, row in now.items() if key in first and row != first[key]]
    kinds = registers[MARRIAGES].last_rows
    new = [row for key, row in kinds.items() if registers[MARRIAGES].first[key] > FIRST]
    events = {
        "births": sum(1 for key in now if key not in first),
        "deaths": sum(old["ZXBZ"] != row["ZXBZ"] == "1" for old, row in changed),
        "marriages": sum(row["YWLX"] == "1" for row in new),
        "divorces": sum(row["YWLX"] == "2" for row in new),
        "moves": sum(old["HKDZ"] != row["HKDZ"] and old["HH"] == row["HH"] for old, row in changed),
        "changed households": sum(old["HH"] != row["HH"] for old, row in changed),
        "renames": sum(old["XM"] != row["XM"] and old["CYM"] != row["CYM"] for old, row in changed),
        "15 to 18 digits": sum(len(old["GMSFHM"]) == 15 and len(row["GMSFHM"]) == 18 for old, row in changed),
        "digits put right": sum(len(old["GMSFHM"]) == 18 and old["GMSFHM"] != row["GMSFHM"] for old, row in changed),
    }
    assert {name: count for name, count in events.items() if count < 2} == {}
    assert min(registers[RESIDENCES].operations[operation] for operation in "IUD") >= 4


def test_a_death_keeps_the_row_and_marks_it(registers: Registers) -> None:
    assert registers[HOUSEHOLDS].operations["D"] == 0
    assert any(row["ZXBZ"] == "1" for row in registers[HOUSEHOLDS].rows.values())


def test_truth_has_a_row_for_each_delivered_record_and_no_other(country: Generated, registers: Registers) -> None:
    assert country.truth.num_rows == country.summary.records
    rows = [row for row in country.truth.to_pylist() if row["dataset"] in DATASETS]
    truth = {(row["dataset"], row["record_key"]): row for row in rows}
    assert len(truth) == len(rows)
    delivered = set()
    for dataset, register in registers.items():
        for key, row in register.last_rows.items():
            for record_key, _ in named_people(dataset, key, row):
                delivered.add((dataset, record_key))
                found = truth[dataset, record_key]
                assert found["first_business_date"] == register.first[key]
                assert found["last_business_date"] == register.last.get(key)
    assert delivered == set(truth)


def test_linkable_is_what_the_delivered_values_allow(country: Generated, registers: Registers) -> None:
    """A plain reading of the definition for IDs, names and dates that were delivered without errors of form."""
    rows = country.truth.to_pylist()
    truth = {(row["dataset"], row["record_key"]): row for row in rows}
    people = defaultdict(list)
    for dataset, register in registers.items():
        for key, row in register.rows.items():
            for record_key, person in named_people(dataset, key, row):
                found = truth[dataset, record_key]
                people[found["entity_id"]].append((person | {"birth": person["birth"].replace("-", "")}, found["linkable"]))
    records_of_entity = Counter(row["entity_id"] for row in rows)
    assert not any(row["linkable"] for row in rows if records_of_entity[row["entity_id"]] == 1)
    agreeing = 0
    for records in people.values():
        for (one, is_linkable), (two, is_too) in itertools.combinations(records, 2):
            if one["name"] == two["name"] and one["birth"] == two["birth"] and len(one["birth"]) == 8:
                assert is_linkable
                assert is_too
                agreeing += 1
    assert agreeing > 3000
    assert sum(not linkable for records in people.values() if len(records) > 1 for _, linkable in records) > 5


def test_typical_is_hard_for_a_plain_id_join_but_can_be_linked(country: Generated, registers: Registers) -> None:
    truth = {(row["dataset"], row["record_key"]): row["entity_id"] for row in country.truth.to_pylist()}
    ids = defaultdict(list)
    for dataset, register in registers.items():
        for key, row in register.rows.items():
            for record_key, person in named_people(dataset, key, row):
                ids[truth[dataset, record_key]].append(person["id"])
    pairs = [pair for numbers in ids.values() for pair in itertools.combinations(numbers, 2)]
    recall = sum(one == two != "" for one, two in pairs) / len(pairs)
    assert 0.8 < recall <= 0.9
    assert country.summary.linkable_share >= 0.97


def test_clean_has_no_errors(tmp_path: Path) -> None:
    clean = generate_into(tmp_path, people=500, noise="clean")
    truth = {(row["dataset"], row["record_key"]): row["entity_id"] for row in clean.truth.to_pylist()}
    numbers: dict[str, set[str]] = defaultdict(set)
    names: dict[str, set[str]] = defaultdict(set)
    for dataset in DATASETS:
        for key, row in replay(clean.landing, dataset, DAYS).rows.items():
            for record_key, person in named_people(dataset, key, row):
                numbers[truth[dataset, record_key]].add(person["id"])
                names[truth[dataset, record_key]].add(person["name"])
    assert {len(found) for found in numbers.values()} == {1}
    assert sum(len(found) > 1 for found in names.values()) < 10  # only who took another name in these days
    assert clean.summary.linkable_share > 0.995  # all but foreign mothers, who have no number, and who took another name
