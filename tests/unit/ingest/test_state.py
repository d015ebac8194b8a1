"""Folding events: order, late repeats, and what the other control tables say."""

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from jobs.io.control import SCHEMAS, record
from jobs.io.state import (
    current_release,
    delivery_states,
    fold_deliveries,
    gates,
    linkage_state,
    linkage_states,
    open_run_id,
    published_deliveries,
    release_of,
    releases,
    runs,
)
from schemas.names import control_table

DAY, NEXT = date(2026, 3, 2), date(2026, 3, 3)


def event(status: str, **facts: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(("mode", "previous", "digest", "rows_delivered", "rows_bronze", "rows_accepted", "rows_quarantined"))
    place = {"delivery_id": f"a/b/{DAY}/1", "dataset": "a/b", "business_date": DAY, "sequence": 1, "night_date": DAY, "run_id": "r"}
    return nothing | place | {"status": status, "reason_code": None, "reason": None} | facts


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["received"], "received"),
        (["received", "published"], "published"),
        (["received", "stopped"], "stopped"),
        (["received", "published", "received"], "published"),
        (["received", "stopped", "received"], "stopped"),
        (["received", "stopped", "published"], "published"),
        (["received", "published", "superseded"], "superseded"),
        (["duplicate"], "duplicate"),
    ],
)
def test_the_last_decision_holds_and_received_undoes_nothing(statuses: list[str], expected: str) -> None:
    (state,) = fold_deliveries(
        [event(status, reason="why" if status not in ("received", "published") else None) for status in statuses]
    )
    assert state.status == expected
    assert state.reason == (None if expected in ("received", "published") else "why")


def test_counts_are_the_last_ones_told_and_none_is_accepted_from_a_stopped_delivery() -> None:
    taken = [event("received", rows_delivered=10), event("received", rows_bronze=10)]
    counted = event("published", rows_accepted=9, rows_quarantined=1)
    (published,) = fold_deliveries([*taken, counted])
    assert (published.rows_delivered, published.rows_bronze, published.rows_accepted, published.rows_quarantined) == (10, 10, 9, 1)
    (superseded,) = fold_deliveries([*taken, counted, event("superseded", reason="corrected")])
    assert superseded.rows_accepted == 9
    (stopped,) = fold_deliveries([*taken, event("stopped", rows_accepted=9, reason="why")])
    assert (stopped.rows_delivered, stopped.rows_accepted) == (10, 0)


def test_a_night_that_only_repeats_keeps_the_night_that_took_it() -> None:
    (state,) = fold_deliveries([event("received"), event("published", night_date=NEXT, run_id="r2")])
    assert (state.night_date, state.run_id) == (DAY, "r2")


def test_nothing_recorded_is_nothing(tmp_path: Any) -> None:
    root = str(tmp_path)
    assert (delivery_states(root), releases(root), runs(root), gates(root)) == ([], [], [], [])
    assert (current_release(root), linkage_state(root, "population")) == (None, None)
    assert open_run_id(root, DAY) == "night/2026-03-02/1"
    assert list(tmp_path.iterdir()) == []


def test_the_current_release_is_of_the_newest_business_date(tmp_path: Any) -> None:
    root = str(tmp_path)
    for day, number in ((NEXT, 1), (DAY, 1), (NEXT, 2), (DAY, 2)):
        made = {"release_id": f"{day}/{number}", "business_date": day, "number": number, "tables": {"gold.a__b": number}}
        record(root, "releases", [made | {"sources": {"a/b": "published"}, "exit_code": 0, "run_id": "r"}])
    assert [release.release_id for release in releases(root)] == ["2026-03-02/1", "2026-03-02/2", "2026-03-03/1", "2026-03-03/2"]
    newest, of_day = current_release(root), release_of(root, DAY)
    assert newest is not None
    assert of_day is not None
    assert (newest.release_id, newest.tables, newest.sources) == ("2026-03-03/2", {"gold.a__b": 2}, {"a/b": "published"})
    assert of_day.release_id == "2026-03-02/2"
    assert release_of(root, date(2026, 3, 9)) is None


def test_the_linkage_state_is_the_last_of_its_master(tmp_path: Any) -> None:
    root = str(tmp_path)
    for master, version in (("population", 1), ("population", 2), ("credit", 3)):
        state = {"master": master, "business_date": DAY, "tables": {"t": version}, "run_id": "r"}
        record(root, "linkage_states", [state])
    found = linkage_state(root, "population")
    assert found is not None
    assert found.tables == {"t": 2}


def test_a_lake_of_an_older_govlake_goes_on(tmp_path: Any) -> None:
    root = str(tmp_path)
    older = pa.schema([one for one in SCHEMAS["linkage_states"] if one.name != "silver"])
    state = {"master": "population", "business_date": DAY, "tables": "{}", "run_id": "r", "at": datetime(2026, 3, 2, tzinfo=UTC)}
    write_deltalake(control_table("linkage_states").path(root), pa.Table.from_pylist([state], schema=older))
    found = linkage_state(root, "population")
    assert found is not None
    assert found.silver == {}
    record(root, "linkage_states", [{"master": "population", "business_date": NEXT, "tables": {}, "silver": {"a/b": "x"}}])
    assert [one.silver for one in linkage_states(root, "population")] == [{}, {"a/b": "x"}]


def test_runs_show_the_last_status_of_each_step(tmp_path: Any) -> None:
    root = str(tmp_path)
    for run, step, status in (
        ("1", "land", "started"),
        ("1", "bronze", "started"),
        ("1", "land", "done"),
        ("10", "land", "started"),
    ):
        record(root, "runs", [{"run_id": f"night/2026-03-02/{run}", "business_date": DAY, "step": step, "status": status}])
    assert [(state.run_id[-2:], state.step, state.status) for state in runs(root)] == [
        ("/1", "land", "done"),
        ("/1", "bronze", "started"),
        ("10", "land", "started"),
    ]


def test_gates_come_as_they_were_recorded(tmp_path: Any) -> None:
    root = str(tmp_path)
    for code in ("b", "a"):
        record(root, "gates", [{"run_id": "r", "business_date": DAY, "table": "silver.a__b", "check_code": code, "passed": True}])
    assert [gate.check_code for gate in gates(root)] == ["b", "a"]


def test_published_deliveries_are_those_of_the_dataset(tmp_path: Any) -> None:
    root = str(tmp_path)
    record(root, "deliveries", [event("published"), event("published", delivery_id=f"a/c/{DAY}/1", dataset="a/c")])
    assert [state.delivery_id for state in published_deliveries(root, "a/b")] == ["a/b/2026-03-02/1"]
