from __future__ import annotations

import pandas as pd

from jobs.linkage.audit import partition_differences


def _members(entities: dict[str, int]) -> pd.DataFrame:
    return pd.DataFrame(
        [("d", record, entity) for record, entity in entities.items()], columns=["dataset", "record_key", "component"]
    )


def _crosswalk(masters: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        [("d", record, master) for record, master in masters.items()], columns=["dataset", "record_key", "master_id"]
    )


def test_the_same_partition_has_no_differences_whatever_it_is_called() -> None:
    assert partition_differences(_members({"a": 9, "b": 9, "c": 0}), _crosswalk({"c": "m", "b": "n", "a": "n"})) == []
    assert partition_differences(_members({}), _crosswalk({})) == []


def test_a_master_that_is_two_entities_is_told_with_both() -> None:
    (found,) = partition_differences(_members({"a": 0, "b": 0, "c": 1}), _crosswalk(dict.fromkeys("abc", "m")))
    assert found == {"master_id": "m", "records": ["d|a", "d|b", "d|c"], "recomputed": [["d|a", "d|b"], ["d|c"]]}


def test_two_masters_that_are_one_entity_are_both_told() -> None:
    found = partition_differences(_members({"a": 0, "b": 0}), _crosswalk({"a": "m", "b": "n"}))
    assert [(told["master_id"], told["recomputed"]) for told in found] == [("m", [["d|a", "d|b"]]), ("n", [["d|a", "d|b"]])]


def test_a_record_without_a_master_and_one_that_is_gone_are_told() -> None:
    found = partition_differences(_members({"a": 0, "new": 1}), _crosswalk({"a": "m", "gone": "m"}))
    assert found == [
        {"master_id": "m", "records": ["d|a", "d|gone"], "recomputed": [["d|a"]]},
        {"master_id": None, "records": ["d|new"], "recomputed": [["d|new"]]},
    ]
