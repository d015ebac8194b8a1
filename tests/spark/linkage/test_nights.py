"""Nights of random changes: linking what changed leaves every table as linking everything does, killed or not."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
import yaml
from deltalake import write_deltalake

import jobs.steps.promote as promoting
import jobs.steps.s4_link as linking
from jobs.io.delta import DELETION_VECTORS, table_properties
from jobs.linkage.model import RULES_FILE
from jobs.settings import PROJECT
from jobs.steps import publish
from jobs.steps.audit_identity import audit_identity
from schemas.catalog import Catalog
from tests.linkage_lake import FIRST_NIGHT, Key, Lake, Record, key_of
from tests.linkage_people import RESIDENCE, Town, citizen_id

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CAP = 5
"""So low that blocks outgrow it, and come back, in a town as small as this."""

WRITES = 7
"""A night that links what changed promotes records, edges, crosswalk, master, events and review, and then records its state."""


@dataclass
class Registers:
    """Records that change from night to night as registers do; the same seed gives the same nights."""

    seed: int
    people: int
    decisions: list[Record] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311 - repeatable nights, no secret
        town = Town(self.seed, self.people, noise=3.0)
        self.records = {key_of(record): record for record in town.records}
        self.strangers = iter(Town(self.seed + 1000, 500, noise=3.0).people)
        self.town, self.made = town, 0

    def change(self, night: date) -> None:
        """What happens in a day: one or two of each kind."""
        for kind in (self._add, self._delete, self._change, self._correct, self._mistype, self._merge, self._split, self._crowd):
            for _ in range(self.random.randint(1, 2)):
                kind()
        self._decide(night)

    def _any(self) -> Key:
        return self.random.choice(sorted(key for key in self.records if "#" not in key[1]))

    def _put(self, key: Key, **values: Any) -> None:
        self.records[key] = self.records[key] | values

    def _add(self) -> None:
        person = self.random.choice([next(self.strangers), self.random.choice(self.town.people)])
        self.made += 1
        added = self.town.record(person, RESIDENCE, f"N{self.made:04d}", region_code=person.region, phones=[person.phone])
        self.records[key_of(added)] = added

    def _delete(self) -> None:
        del self.records[self._any()]

    def _change(self) -> None:
        """A change that a register makes in what need not be compared, or in what is: a phone, an address, a name, none."""
        field_name = self.random.choice(["updated_on", "current_address", "phones", "person_name"])
        values = {"updated_on": date(2026, 3, self.random.randint(1, 28)), "current_address": f"新街{self.random.randint(1, 99)}号"}
        values |= {"phones": [f"13{self.random.randrange(10**9):09d}"], "person_name": self.random.choice(self.town.people).name}
        self._put(self._any(), **{field_name: values[field_name]})

    def _correct(self) -> None:
        wrong = sorted(key for key, record in self.records.items() if record["citizen_id_class"] == "wrong_check_digit")
        if wrong:
            key = self.random.choice(wrong)
            born = self.records[key]["birth_date"] or date(1980, 1, 1)
            self._put(key, citizen_id=citizen_id("420106", born, self.random.randint(1, 900)), citizen_id_class="valid")

    def _mistype(self) -> None:
        key = self._any()
        number = self.records[key]["citizen_id"]
        if number:
            self._put(key, citizen_id=number[:-1] + "?", citizen_id_class="wrong_check_digit")

    def _merge(self) -> None:
        """One record takes on who another is."""
        other = self.records[self._any()]
        same = ("citizen_id", "citizen_id_class", "person_name", "birth_date", "birth_year", "sex_code")
        self._put(self._any(), **{name: other[name] for name in same})

    def _split(self) -> None:
        """One record becomes a stranger's."""
        person = next(self.strangers)
        who = {"citizen_id": person.identity, "citizen_id_class": "valid", "person_name": person.name, "sex_code": person.sex}
        self._put(self._any(), **who, birth_date=person.born, birth_year=person.born.year)

    def _crowd(self) -> None:
        """Somebody's number is given to another: blocks grow, and two masters carry a number that only one should have."""
        self._put(self._any(), citizen_id=self.records[self._any()]["citizen_id"], citizen_id_class="valid")

    def _decide(self, night: date) -> None:
        one, other = self._any(), self._any()
        if one != other:
            verdict = self.random.choice(["same", "different"])
            sides = {"dataset": one[0], "record_key": one[1], "other_dataset": other[0], "other_record_key": other[1]}
            self.decisions.append(sides | {"decision": verdict, "decided_by": "w", "decided_on": night, "reason": "seen"})


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model of persons with caps that a small town reaches."""
    models = tmp_path_factory.mktemp("models")
    shutil.copytree(PROJECT / "conf" / "linkage" / "population", models / "population")
    path = models / "population" / RULES_FILE
    rules = yaml.safe_load(path.read_text("utf-8"))
    rules["blocking"] = [rule | {"cap": CAP} for rule in rules["blocking"]]
    path.write_text(yaml.safe_dump(rules, allow_unicode=True, sort_keys=False), "utf-8")
    return models


def test_two_nights(spark: SparkSession, catalog: Catalog, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In small: tables are written anew, as in a small lake (`tests/spark/test_publish.py` holds both ways to the same rows)."""
    _live_through(spark, catalog, models, tmp_path, monkeypatch, seed=1, nights=2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
def test_ten_nights(
    seed: int, spark: SparkSession, catalog: Catalog, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "REWRITTEN_BYTES", 0)  # as in a large lake
    lake = _live_through(spark, catalog, models, tmp_path, monkeypatch, seed=seed, nights=10)
    assert table_properties(lake.path("edges")).get(DELETION_VECTORS) == "true"


def _only_what_changed(*_: object) -> None:
    raise AssertionError("a night of few changes looks at and compares only what changed")


def _live_through(
    spark: SparkSession,
    catalog: Catalog,
    models: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    seed: int,
    nights: int,
) -> Lake:
    registers = Registers(seed, people=60)
    nightly, afresh = (Lake(spark, catalog, folder / name, folder / "keys", linkage={"models": models}) for name in ("one", "two"))
    nightly.night(FIRST_NIGHT, list(registers.records.values()))
    shutil.copytree(nightly.ctx.settings.root, afresh.ctx.settings.root)
    for number in range(1, nights):
        night = FIRST_NIGHT + timedelta(days=number)
        before = nightly.masters_on(night - timedelta(days=1))
        ended = {row["master_id"] for row in nightly.rows("master", "status <> 'active'")}
        registers.change(night)
        for lake in (nightly, afresh):
            _write_decisions(lake, registers.decisions)
        records = list(registers.records.values())
        _night_that_dies(nightly, night, records, registers.random.randrange(WRITES), monkeypatch)
        with monkeypatch.context() as patch:
            for name in ("link_all", "todays_records"):
                patch.setattr(linking, name, _only_what_changed)
            nightly.night(night, records)
        afresh.night(night, records, afresh=True)
        assert nightly.all_rows() == afresh.all_rows()
        _nobody_is_renumbered_in_silence(nightly, night, before, ended)
    found = audit_identity(spark, nightly.ctx, "population").as_json()
    masters = nightly.rows("crosswalk", "valid_to is null", "count(distinct master_id) as masters")[0]["masters"]
    assert found == {"same_partition": True, "records": len(registers.records), "masters": masters, "differences": []}
    return nightly


def _write_decisions(lake: Lake, decisions: list[Record]) -> None:
    write_deltalake(lake.path("steward_edges"), pa.Table.from_pylist(decisions), mode="overwrite")


def _night_that_dies(lake: Lake, night: date, records: list[Record], after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a night that is killed after so many writes."""
    left = iter(range(after))

    def or_die(write: Callable[..., Any]) -> Callable[..., Any]:
        def write_or_die(*arguments: Any, **options: Any) -> Any:
            if next(left, None) is None:
                raise KeyboardInterrupt
            return write(*arguments, **options)

        return write_or_die

    with monkeypatch.context() as patch:
        for module, name in ((promoting, "promote"), (linking, "record_state")):
            patch.setattr(module, name, or_die(getattr(module, name)))
        with pytest.raises(KeyboardInterrupt):
            lake.night(night, records)


def _nobody_is_renumbered_in_silence(lake: Lake, night: date, before: dict[Key, str], ended: set[str]) -> None:
    now = lake.masters_on(night)
    moved = {key_of(row) for row in lake.rows("events", f"event = 'moved' and business_date = date '{night}'")}
    assert {key for key in before.keys() & now.keys() if before[key] != now[key]} == moved
    assert not ended & set(now.values()), "an ID was used again"
