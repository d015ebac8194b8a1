from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.linkage.identify import CrosswalkError, Identity, id_drawer, identify

DAY = date(2026, 3, 2)
DRAW = id_drawer(b"k" * 32, "t")


class Register:
    """The crosswalk, masters and events of nights gone by, kept as the linkage state keeps them."""

    def __init__(self) -> None:
        self.crosswalk = pd.DataFrame({name: [] for name in ("dataset", "record_key", "master_id", "valid_from", "valid_to")})
        self.masters = pd.DataFrame(
            {name: [] for name in ("master_id", "status", "merged_into", "first_business_date", "ended_on")}
        )
        self.events = pd.DataFrame({name: [] for name in ("event", "master_id", "other_id", "dataset", "record_key")})
        self.day = DAY

    def night(self, entities: Mapping[str, int]) -> Identity:
        """``entities``: record → any number that its entity's other records share."""
        smallest = {label: min(r for r in entities if entities[r] == label) for label in entities.values()}
        order = {record: place for place, record in enumerate(sorted(entities))}
        rows = [("d", record, order[smallest[label]]) for record, label in sorted(entities.items())]
        members = pd.DataFrame(rows, columns=["dataset", "record_key", "component"])
        still = self.crosswalk[self.crosswalk["valid_to"].isna()]
        found = identify(members, still, self.masters, self.day, DRAW)
        self.crosswalk = _upsert(self.crosswalk, found.crosswalk, ["dataset", "record_key", "valid_from"])
        self.masters = _upsert(self.masters, found.masters, ["master_id"])
        self.events = pd.concat([self.events, found.events.assign(day=self.day)], ignore_index=True)
        self.day += timedelta(days=1)
        return found

    def now(self) -> dict[str, str]:
        still = self.crosswalk[self.crosswalk["valid_to"].isna()]
        assert not still.duplicated("record_key").any()
        return dict(zip(still["record_key"], still["master_id"], strict=True))


def _empty(*columns: str) -> pd.DataFrame:
    return pd.DataFrame({name: [] for name in columns})


def _upsert(table: pd.DataFrame, rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    both = pd.concat([table.astype(object), rows.astype(object)], ignore_index=True)
    return both.drop_duplicates(keys, keep="last", ignore_index=True)


def _told(found: Identity) -> list[tuple[str, str, str | None, str | None]]:
    return list(found.events[["event", "master_id", "other_id", "record_key"]].itertuples(index=False, name=None))


def test_a_merge_keeps_the_id_of_the_larger_part_and_leaves_a_tombstone() -> None:
    register = Register()
    register.night({"a": 1, "b": 1, "c": 2})
    before = register.now()
    found = register.night({"a": 1, "b": 1, "c": 1})
    assert set(register.now().values()) == {before["a"]}
    assert _told(found) == [("merged", before["c"], before["a"], None), ("moved", before["a"], before["c"], "c")]
    gone = register.masters.set_index("master_id").loc[before["c"]]
    assert (gone["status"], gone["merged_into"], gone["ended_on"]) == ("merged", before["a"], DAY + timedelta(days=1))


def test_equal_parts_go_to_the_older_master_then_the_smaller_id() -> None:
    register = Register()
    register.night({"z": 1})
    register.night({"z": 1, "a": 2, "b": 3})
    before = register.now()
    register.night({"z": 1, "a": 1, "b": 3})
    assert register.now()["a"] == before["z"]
    register.night({"z": 1, "a": 1, "b": 3, "c": 4})
    same_age = Register()
    same_age.night({"a": 1, "b": 2})
    ids = same_age.now()
    same_age.night({"a": 1, "b": 1})
    assert set(same_age.now().values()) == {min(ids.values())}


def test_a_record_that_moves_to_another_person_takes_no_id_along() -> None:
    for one, other in (("a", "b"), ("b", "a")):
        register = Register()
        register.night({one: 1, other: 2, "moving": 2})
        before = register.now()
        found = register.night({one: 1, "moving": 1, other: 2})
        assert (register.now()[one], register.now()[other]) == (before[one], before[other])
        assert _told(found) == [("moved", before[one], before[other], "moving")]


def test_a_split_leaves_the_id_with_the_larger_part_and_says_what_moved() -> None:
    register = Register()
    register.night({"a": 1, "b": 1, "c": 1})
    old = register.now()["a"]
    found = register.night({"a": 1, "b": 2, "c": 2})
    new = register.now()["a"]
    assert (register.now()["b"], register.now()["c"]) == (old, old)
    assert _told(found) == [("moved", new, old, "a"), ("split", new, old, "a")]


def test_a_deleted_record_closes_its_stay_and_the_last_one_retires_the_master() -> None:
    register = Register()
    register.night({"a": 1, "b": 1})
    master = register.now()["a"]
    assert _told(register.night({"a": 1})) == []
    found = register.night({})
    assert _told(found) == [("retired", master, None, None)]
    assert register.now() == {}
    stays = register.crosswalk[["record_key", "valid_from", "valid_to"]].sort_values("record_key")
    assert list(stays.itertuples(index=False, name=None)) == [
        ("a", DAY, DAY + timedelta(days=2)),
        ("b", DAY, DAY + timedelta(days=1)),
    ]
    register.night({"a": 1})
    assert register.now()["a"] != master, "an ID that is gone does not come back"


def test_half_of_a_master_that_another_swallows_gets_a_new_id() -> None:
    register = Register()
    register.night({"a": 1, "b": 1, "c": 1, "x": 2, "y": 2, "z": 2, "w": 2})
    one, two = register.now()["a"], register.now()["x"]
    found = register.night({"a": 1, "b": 2, "c": 2, "x": 2, "y": 2, "z": 2, "w": 2})
    assert register.now()["b"] == two
    assert register.now()["a"] not in (one, two), "most of the master went elsewhere, and so did its ID"
    assert ("merged", one, two, None) in _told(found)
    assert ("split", register.now()["a"], one, "a") in _told(found)


def test_ids_hold_nothing_of_the_record_and_depend_on_the_key() -> None:
    assert DRAW("d|42|2026-03-02|0") == DRAW("d|42|2026-03-02|0")
    assert DRAW("d|42|2026-03-02|0") != id_drawer(b"x" * 32, "t")("d|42|2026-03-02|0")
    assert len(DRAW("d|42|2026-03-02|0")) == len("t-") + 16


def test_an_id_that_was_drawn_before_is_drawn_again() -> None:
    def narrow(text: str) -> str:
        return "t-" + hashlib.sha256(text.encode()).hexdigest()[:1]

    members = pd.DataFrame({"dataset": "d", "record_key": [str(n) for n in range(12)], "component": range(12)})
    empty = Register()
    found = identify(members, empty.crosswalk, empty.masters, DAY, narrow)
    assert found.members["master_id"].nunique() == 12


RECORDS = "abcdefghij"
night = st.dictionaries(st.sampled_from(RECORDS), st.integers(0, 4), max_size=10)


@settings(max_examples=15, deadline=None)
@given(st.lists(night, min_size=2, max_size=5))
def test_any_nights(nights: list[dict[str, int]]) -> None:
    _live_through(nights)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.lists(night, min_size=2, max_size=9))
def test_any_nights_at_length(nights: list[dict[str, int]]) -> None:
    _live_through(nights)


def _live_through(nights: list[dict[str, int]]) -> None:
    register, replay = Register(), Register()
    for entities in nights:
        before, ended = register.now(), set(register.masters.loc[register.masters["status"] != "active", "master_id"])
        found = register.night(entities)
        replay.night(entities)
        now = register.now()
        _every_record_is_in_the_master_of_its_entity(entities, now)
        _only_active_masters_hold_records(register, now)
        assert not set(now.values()) & ended, "an ID was used again"
        _whoever_kept_its_records_kept_its_id(before, now)
        _every_change_is_told(before, now, found)
    pd.testing.assert_frame_equal(register.crosswalk, replay.crosswalk)
    pd.testing.assert_frame_equal(register.masters, replay.masters)
    pd.testing.assert_frame_equal(register.events, replay.events)


def _every_record_is_in_the_master_of_its_entity(entities: dict[str, int], now: dict[str, str]) -> None:
    assert set(now) == set(entities)
    assert len({(entities[r], now[r]) for r in now}) == len(set(entities.values())) == len(set(now.values()))


def _only_active_masters_hold_records(register: Register, now: dict[str, str]) -> None:
    active = set(register.masters.loc[register.masters["status"] == "active", "master_id"])
    assert set(now.values()) == active
    assert not register.masters.duplicated("master_id").any()


def _whoever_kept_its_records_kept_its_id(before: dict[str, str], now: dict[str, str]) -> None:
    def sets(state: dict[str, str]) -> dict[str, frozenset[str]]:
        return {master: frozenset(r for r in state if state[r] == master) for master in set(state.values())}

    old = {records: master for master, records in sets(before).items()}
    for master, records in sets(now).items():
        assert old.get(records, master) == master


def _every_change_is_told(before: dict[str, str], now: dict[str, str], found: Identity) -> None:
    told = _told(found)
    moved = {record for event, _, _, record in told if event == "moved"}
    assert moved == {r for r in before if r in now and before[r] != now[r]}
    started = {master for event, master, _, _ in told if event in ("created", "split")}
    assert started == set(now.values()) - set(before.values())
    over = {master for event, master, _, _ in told if event in ("merged", "retired")}
    assert over == set(before.values()) - set(now.values())
    assert max(Counter(told).values(), default=1) == 1


def test_records_may_not_be_listed_twice() -> None:
    members = pd.DataFrame({"dataset": "d", "record_key": ["a", "a"], "component": [0, 0]})
    empty = Register()
    with pytest.raises(ValueError, match="a record stands twice"):
        identify(members, empty.crosswalk, empty.masters, DAY, DRAW)


def test_a_record_of_two_masters_is_refused() -> None:
    register = Register()
    register.night({"a": 0, "b": 0})
    twice = pd.concat([register.crosswalk, register.crosswalk.iloc[:1].assign(master_id="t-OTHER")], ignore_index=True)
    members = pd.DataFrame({"dataset": "d", "record_key": ["a", "b"], "component": [0, 0]})
    with pytest.raises(CrosswalkError, match=r"the record d\|a has two open rows .* and run again"):
        identify(members, twice, register.masters, DAY, DRAW)
