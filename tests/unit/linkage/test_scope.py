"""What is worked out in the neighbourhood of changes alone is what working out everything gives: random nights, without Spark."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.linkage.block import HASH_PAIR
from jobs.linkage.entities import Findings, group_records
from jobs.linkage.identify import Identity, id_drawer, identify
from jobs.linkage.model import Model, load_model
from jobs.linkage.neighbourhood import Hashes, reach
from jobs.linkage.review import review_cases
from jobs.settings import PROJECT

DAY = date(2026, 3, 2)
DRAW = id_drawer(b"k" * 32, "t")
RECORDS = [f"{number:02d}" for number in range(24)]
MASKED = "*"
NUMBERS = [None, None, MASKED, *"ABCDEF"]
CASE = ["case_id", "kind", "record_key", "other_record_key", "master_id", "other_id", "match_weight", "opened_on"]
Pair = tuple[str, str]
RECORD_KEYS = ["dataset", "record_key"]
CROSSWALK = [*RECORD_KEYS, "master_id", "valid_from"]


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(PROJECT / "conf" / "linkage" / "population")


@dataclass
class Registers:
    """Records with the number that they carry, weights of kept pairs, and what stewards decided."""

    random: random.Random
    numbers: dict[str, str | None] = field(default_factory=dict)
    weights: dict[Pair, float] = field(default_factory=dict)
    decisions: list[tuple[str, str, str]] = field(default_factory=list)

    def night(self) -> tuple[set[str], set[str | None]]:
        """Change some; returns the records that changed or whose pairs did, and the numbers that changed records carried."""
        draw = self.random
        touched = set(draw.sample(RECORDS, draw.randint(0, 4)))
        carried = {self.numbers.get(record) for record in touched}
        lost = {pair for pair in self.weights if touched & set(pair) or draw.random() < 0.05}
        self.weights = {pair: weight for pair, weight in self.weights.items() if pair not in lost}
        for record in touched:
            self.numbers.pop(record, None)
            if draw.random() < 0.8:
                self.numbers[record] = draw.choice(NUMBERS)
        added = [self._pair(record) for record in sorted(touched & set(self.numbers)) for _ in range(draw.randint(0, 3))]
        added += [self._pair(draw.choice(sorted(self.numbers))) for _ in range(draw.randint(0, 1)) if self.numbers]
        for pair in added:
            if pair[0] != pair[1] and pair not in self.weights:
                self.weights[pair] = draw.uniform(0, 12)
        if draw.random() < 0.3:
            one, other = sorted(draw.sample(RECORDS, 2))
            self.decisions.append((one, other, draw.choice(["same", "different"])))
        return touched | {end for pair in [*lost, *added] for end in pair}, carried - {None, MASKED}

    def _pair(self, record: str) -> Pair:
        one, other = sorted((record, self.random.choice(sorted(self.numbers))))
        return one, other

    def findings(self, model: Model, among: set[str]) -> Findings:
        rows = [
            ("d", key, int(key), None if number == MASKED else number, number if number == MASKED else None)
            for key, number in sorted(self.numbers.items())
            if key in among
        ]
        columns = ["dataset", "record_key", "record_hash", "id_valid", "masked_number"]
        records = pd.DataFrame(rows, columns=columns, dtype=object)
        limit = model.rules.thresholds.link
        kept = [(int(a), int(b), weight, weight >= limit) for (a, b), weight in sorted(self.weights.items()) if a in among]
        pairs = pd.DataFrame(kept, columns=[*HASH_PAIR, "match_weight", "is_link"])
        decided = [(int(a), int(b), verdict) for a, b, verdict in self.decisions]
        return Findings(records, pairs, pd.DataFrame(decided, columns=[*HASH_PAIR, "decision"], dtype=object))

    def around(self, seeds: set[str], carried: set[str | None]) -> set[str]:
        """The neighbourhood of the seeds; a changed record is tied to the numbers that it carried before."""
        hashes = {record: number for number, record in enumerate(RECORDS)}
        ties = [*self.weights, *((a, b) for a, b, _ in self.decisions)]
        decided = {record for a, b, _ in self.decisions for record in (a, b)}
        values = [(hashes[record], ord(number)) for record, number in self.numbers.items() if number and number != MASKED]
        before = [(hashes[record], ord(number)) for record in sorted(seeds)[:1] for number in carried if number]
        found = reach(
            _array(hashes[record] for record in seeds | decided),
            [(_array(hashes[a] for a, _ in ties), _array(hashes[b] for _, b in ties))],
            [(_array(a for a, _ in values + before), _array(b for _, b in values + before))],
        )
        return {RECORDS[place] for place in found.tolist()}


def _array(numbers: Iterable[int]) -> Hashes:
    return np.array(list(numbers), np.int64)


@dataclass
class State:
    """What the night before left: open crosswalk rows, all masters, open cases."""

    crosswalk: pd.DataFrame
    masters: pd.DataFrame
    cases: pd.DataFrame


def _worked_out(findings: Findings, state: State, model: Model, night: date) -> tuple[Identity, pd.DataFrame]:
    entities = group_records(findings, model)
    found = identify(entities.members, state.crosswalk, state.masters, night, DRAW)
    masters = found.members["master_id"].to_numpy(object)
    return found, review_cases(findings, entities.held, masters, model, state.cases[["case_id", "opened_on"]], night)


def _restricted(state: State, among: set[str]) -> State:
    crosswalk = state.crosswalk[state.crosswalk["record_key"].isin(among)]
    names = state.cases["record_key"].isin(among) | state.cases["other_record_key"].isin(among)
    return State(crosswalk, state.masters[state.masters["master_id"].isin(set(crosswalk["master_id"]))], state.cases[names])


def _after(state: State, found: Identity, cases: pd.DataFrame) -> State:
    keys = {"crosswalk": [*RECORD_KEYS, "valid_from"], "masters": ["master_id"]}
    merged = {
        name: pd.concat([getattr(state, name).astype(object), getattr(found, name).astype(object)]).drop_duplicates(
            key, keep="last"
        )
        for name, key in keys.items()
    }
    crosswalk = merged["crosswalk"]
    return State(crosswalk[crosswalk["valid_to"].isna()], merged["masters"], cases)


def _live_through(seed: int, nights: int, model: Model) -> None:
    registers = Registers(random.Random(seed))  # noqa: S311 - repeatable nights, no secret
    empty = partial(pd.DataFrame, dtype=object)
    state = State(empty(columns=[*CROSSWALK, "valid_to"]), empty(columns=["master_id", "first_business_date"]), empty(columns=CASE))
    for number in range(nights):
        night = DAY + timedelta(days=number)
        seeds, carried = registers.night()
        everything, all_cases = _worked_out(registers.findings(model, set(RECORDS)), state, model, night)
        around = registers.around(seeds, carried)
        part = _restricted(state, around)
        some, cases = _worked_out(registers.findings(model, around), part, model, night)
        for name in ("crosswalk", "masters", "events"):
            pd.testing.assert_frame_equal(getattr(some, name), getattr(everything, name), check_dtype=False)
        kept = state.cases[~state.cases["case_id"].isin(set(part.cases["case_id"]))]
        left = pd.concat([kept[CASE].astype(object), cases[CASE].astype(object)]).sort_values("case_id", ignore_index=True)
        pd.testing.assert_frame_equal(left, all_cases[CASE].astype(object), check_dtype=False)
        state = _after(state, everything, all_cases)


@settings(max_examples=3)
@given(st.integers(0, 10**6))
def test_a_night_worked_out_around_its_changes_is_the_night_worked_out_whole(model: Model, seed: int) -> None:
    _live_through(seed, 5, model)


@pytest.mark.slow
@settings(max_examples=200)
@given(st.integers(0, 10**6))
def test_many_nights_worked_out_around_their_changes(model: Model, seed: int) -> None:
    _live_through(seed, 12, model)
