"""Deliveries over several nights: twice, corrected, late, missing, lost; and nights that are cut off or run again."""

from datetime import date

import pytest

from jobs.io.control import read_events, record
from jobs.io.delta import read_table, table_version
from jobs.io.landing import complete_folders, read_delivery
from jobs.io.run_context import RunContext
from jobs.io.state import DeliveryState, delivery_states, published_deliveries
from jobs.steps.s1_land import land
from jobs.steps.s2_bronze import LandingChangedError, append_delivery, load_bronze
from schemas.names import DatasetName, Layer, control_table
from tests.landing_area import FIRST_DAY, HOUSEHOLDS, MARRIAGES, RESIDENCES, LandingArea, household, later

DATASETS = (HOUSEHOLDS, RESIDENCES, MARRIAGES)
NAME = DatasetName.parse(HOUSEHOLDS)


def statuses(area: LandingArea) -> dict[str, str]:
    return {state.delivery_id.removeprefix(f"{state.dataset}/"): state.status for state in delivery_states(area.ctx.settings.root)}


def publish(area: LandingArea, *delivery_ids: str, status: str = "published") -> None:
    """Record what the silver step records; its own tests show that it does."""
    states = {state.delivery_id: state for state in delivery_states(area.ctx.settings.root)}
    record(
        area.ctx.settings.root,
        "deliveries",
        [
            {
                "delivery_id": name,
                "dataset": states[name].dataset,
                "business_date": states[name].business_date,
                "sequence": states[name].sequence,
                "status": status,
                "rows_accepted": states[name].rows_bronze,
                "rows_quarantined": 0,
                "night_date": states[name].night_date,
                "run_id": states[name].run_id,
            }
            for name in delivery_ids
        ],
    )


def bronze_rows(area: LandingArea, dataset: str = HOUSEHOLDS) -> list[dict[str, object]]:
    path = area.ctx.path(DatasetName.parse(dataset).in_layer(Layer.BRONZE))
    return read_table(path).to_pylist()


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_same_files_sent_again_are_a_duplicate(area: LandingArea, dataset: str) -> None:
    first = area.deliver(dataset)
    area.deliver(dataset, FIRST_DAY, 2)
    area.night(dataset)
    assert statuses(area) == {"2026-03-02/1": "received", "2026-03-02/2": "duplicate"}
    publish(area, first)
    area.deliver(dataset, FIRST_DAY, 3)
    area.deliver(dataset, later(1), mode="delta", previous=FIRST_DAY)
    area.night(dataset, later(1))
    assert statuses(area)["2026-03-02/3"] == "duplicate"
    assert len(bronze_rows(area, dataset)) == 20


def test_the_same_files_again_after_a_stop_are_a_new_try(area: LandingArea) -> None:
    area.deliver(HOUSEHOLDS, manifest={"sequence": 9})
    area.deliver(HOUSEHOLDS, FIRST_DAY, 2)
    area.night(HOUSEHOLDS)
    assert statuses(area) == {"2026-03-02/1": "stopped", "2026-03-02/2": "received"}


def test_the_first_version_again_after_its_correction_is_no_duplicate(area: LandingArea) -> None:
    wrong, corrected = area.deliver(HOUSEHOLDS), area.deliver(HOUSEHOLDS, FIRST_DAY, 2, rows=11)
    area.night(HOUSEHOLDS)
    publish(area, wrong, corrected)
    publish(area, wrong, status="superseded")
    area.deliver(HOUSEHOLDS, FIRST_DAY, 3)
    area.night(HOUSEHOLDS, later(1))
    assert statuses(area) == {
        "2026-03-02/1": "superseded",
        "2026-03-02/2": "published",
        "2026-03-02/3": "received",
        "2026-03-03/0": "missing",
    }
    assert [state.sequence for state in published_deliveries(area.ctx.settings.root, HOUSEHOLDS)] == [2]


def test_equal_files_of_another_date_are_no_duplicate(area: LandingArea) -> None:
    area.deliver(HOUSEHOLDS)
    area.deliver(HOUSEHOLDS, later(1))
    area.night(HOUSEHOLDS, later(1))
    assert statuses(area) == {"2026-03-02/1": "received", "2026-03-03/1": "received"}


def test_a_night_takes_what_is_due_in_the_order_of_date_and_sequence(area: LandingArea) -> None:
    area.deliver(HOUSEHOLDS, later(1), 10, mode="delta", previous=FIRST_DAY)
    area.deliver(HOUSEHOLDS, later(1), 9, mode="delta", previous=FIRST_DAY, rows=2)
    area.deliver(HOUSEHOLDS, later(2), mode="delta", previous=later(1))
    area.deliver(HOUSEHOLDS)
    area.night(HOUSEHOLDS, later(1))
    received = [event["delivery_id"] for event in read_events(area.ctx.settings.root, "deliveries") if event["rows_bronze"] is None]
    assert [name.removeprefix(f"{HOUSEHOLDS}/") for name in received] == ["2026-03-02/1", "2026-03-03/9", "2026-03-03/10"]


@pytest.mark.parametrize(
    ("sent_at", "expected"),
    [
        ("2026-03-03T05:59:59+08:00", "received"),
        ("2026-03-02T21:59:59Z", "received"),
        ("2026-03-03T06:00:00+08:00", "missing"),
        ("2026-03-02T22:00:00Z", "missing"),
    ],
)
def test_a_night_closes_at_six_in_china_on_the_next_day(area: LandingArea, sent_at: str, expected: str) -> None:
    area.deliver(HOUSEHOLDS, sent_at=sent_at)
    area.night(HOUSEHOLDS)
    assert set(statuses(area).values()) == {expected}
    area.night(HOUSEHOLDS, later(1))
    assert statuses(area)["2026-03-02/1"] == "received"


def test_a_late_delivery_of_an_older_date_is_taken(area: LandingArea) -> None:
    area.deliver(HOUSEHOLDS)
    area.night(HOUSEHOLDS)
    area.night(HOUSEHOLDS, later(1))
    area.deliver(HOUSEHOLDS, later(2), mode="delta", previous=later(1))
    area.night(HOUSEHOLDS, later(2))
    area.deliver(HOUSEHOLDS, later(1), mode="delta", previous=FIRST_DAY, sent_at="2026-03-05T10:00:00+08:00", rows=3)
    area.night(HOUSEHOLDS, later(3))
    assert statuses(area) == {
        "2026-03-02/1": "received",
        "2026-03-03/0": "missing",
        "2026-03-03/1": "received",
        "2026-03-04/1": "received",
        "2026-03-05/0": "missing",
    }
    assert len(bronze_rows(area)) == 23


def test_a_delivery_that_is_due_and_not_there_is_missing_once(area: LandingArea) -> None:
    area.night(HOUSEHOLDS)
    area.night(HOUSEHOLDS, attempt=2)
    (state,) = delivery_states(area.ctx.settings.root)
    assert (state.status, state.sequence, state.rows_delivered, state.rows_accepted) == ("missing", 0, 0, 0)
    assert "due daily, but nothing complete was in public_security/household_register/2026-03-02/" in (state.reason or "")
    assert len(read_events(area.ctx.settings.root, "deliveries")) == 1


def test_a_dataset_that_is_not_due_daily_is_not_missing(area: LandingArea) -> None:
    area.catalog = type(area.catalog)((area.catalog.find(HOUSEHOLDS).model_copy(update={"frequency": "1m"}),))
    area.night(HOUSEHOLDS)
    assert delivery_states(area.ctx.settings.root) == []


def test_a_folder_without_manifest_is_not_yet_a_delivery(area: LandingArea) -> None:
    delivered = area.deliver(HOUSEHOLDS)
    manifest = area.ctx.settings.landing_root / delivered / "manifest.json"
    text = manifest.read_text(encoding="utf-8")
    manifest.unlink()
    area.night(HOUSEHOLDS)
    assert statuses(area) == {"2026-03-02/0": "missing"}
    manifest.write_text(text, encoding="utf-8")
    area.night(HOUSEHOLDS, later(1))
    assert statuses(area)["2026-03-02/1"] == "received"


def test_a_stopped_delivery_of_the_date_is_not_missing_as_well(area: LandingArea) -> None:
    area.deliver(HOUSEHOLDS, manifest={"sequence": 9})
    area.night(HOUSEHOLDS)
    assert statuses(area) == {"2026-03-02/1": "stopped"}


def incomplete(area: LandingArea) -> list[date | None]:
    return [state.incomplete_since for state in published_deliveries(area.ctx.settings.root, HOUSEHOLDS)]


def test_a_lost_delta_leaves_the_dataset_incomplete_until_the_next_full(area: LandingArea) -> None:
    delivered = [
        area.deliver(HOUSEHOLDS),
        area.deliver(HOUSEHOLDS, later(2), mode="delta", previous=later(1)),
        area.deliver(HOUSEHOLDS, later(3), mode="delta", previous=later(2)),
        area.deliver(HOUSEHOLDS, later(4)),
    ]
    area.night(HOUSEHOLDS, later(1))
    assert statuses(area)["2026-03-03/0"] == "missing"
    area.night(HOUSEHOLDS, later(4))
    publish(area, *delivered)
    assert incomplete(area) == [None, later(1), later(1), None]


def test_a_lost_delta_that_comes_late_or_corrected_makes_the_dataset_complete(area: LandingArea) -> None:
    delivered = [area.deliver(HOUSEHOLDS), area.deliver(HOUSEHOLDS, later(2), mode="delta", previous=later(1))]
    area.night(HOUSEHOLDS, later(2))
    publish(area, *delivered)
    assert incomplete(area) == [None, later(1)]
    late = area.deliver(HOUSEHOLDS, later(1), 2, mode="delta", previous=FIRST_DAY, sent_at="2026-03-05T10:00:00+08:00")
    area.night(HOUSEHOLDS, later(3))
    publish(area, late)
    assert incomplete(area) == [None, None, None]


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_night_again_changes_no_table(area: LandingArea, dataset: str) -> None:
    area.deliver(dataset)
    area.deliver(dataset, FIRST_DAY, 2, manifest={"sequence": 9})
    ctx = area.night(dataset)
    tables = [ctx.path(name) for name in (DatasetName.parse(dataset).in_layer(Layer.BRONZE), control_table("deliveries"))]
    before = [table_version(path) for path in tables]
    area.night(dataset, attempt=2)
    assert [table_version(path) for path in tables] == before


def test_a_run_killed_between_bronze_and_its_record_leaves_one_copy(area: LandingArea) -> None:
    delivered = area.deliver(HOUSEHOLDS)
    land(area.ctx, NAME)
    ((delivery_id, folder),) = complete_folders(area.ctx.settings.landing_root, NAME)
    assert append_delivery(area.ctx, area.catalog.find(HOUSEHOLDS), read_delivery(delivery_id, folder))
    assert state_of(area, delivered).rows_bronze == 0

    load_bronze(area.ctx, NAME)
    assert len(bronze_rows(area)) == state_of(area, delivered).rows_bronze == 10


def test_a_run_killed_before_it_recorded_what_landed_begins_again(area: LandingArea) -> None:
    delivered = area.deliver(HOUSEHOLDS)
    area.night(HOUSEHOLDS)
    again = RunContext(area.ctx.settings, area.catalog, FIRST_DAY, "night/2026-03-02/2")
    record(
        again.settings.root,
        "deliveries",
        [
            event | {"run_id": again.run_id}
            for event in read_events(again.settings.root, "deliveries")
            if event["rows_bronze"] is None
        ],
    )
    area.night(HOUSEHOLDS, attempt=3)
    assert (state_of(area, delivered).status, state_of(area, delivered).rows_bronze) == ("received", 10)
    assert len(bronze_rows(area)) == 10


def test_files_that_changed_after_they_were_verified_fail_and_leave_nothing(area: LandingArea) -> None:
    delivered = area.deliver(HOUSEHOLDS)
    land(area.ctx, NAME)
    file = area.ctx.settings.landing_root / delivered / "household_register.csv"
    file.write_bytes(b"\r\n".join(file.read_bytes().split(b"\r\n")[:-3]))
    with pytest.raises(LandingChangedError, match=r"had 10 rows when it was verified, now it has 8\. Put back what was sent"):
        load_bronze(area.ctx, NAME)
    assert bronze_rows(area) == []
    assert state_of(area, delivered).status == "received"


def test_a_delivery_that_is_gone_after_it_was_verified_fails(area: LandingArea) -> None:
    delivered = area.deliver(HOUSEHOLDS)
    land(area.ctx, NAME)
    (area.ctx.settings.landing_root / delivered / "manifest.json").unlink()
    with pytest.raises(LandingChangedError, match="is gone from"):
        load_bronze(area.ctx, NAME)


def test_bronze_says_where_each_row_came_from(area: LandingArea) -> None:
    area.deliver(HOUSEHOLDS, rows=[household(1), household(2, XM="李娜")])
    area.deliver(HOUSEHOLDS, later(1), mode="delta", previous=FIRST_DAY, rows=[household(1) | {"op": "D"}])
    area.night(HOUSEHOLDS, later(1))
    rows = sorted(bronze_rows(area), key=lambda row: (row["_delivery_id"], row["_row_number"]))
    assert [(row["_delivery_id"], row["_sequence"], row["_file"], row["_row_number"], row["_op"]) for row in rows] == [
        (f"{HOUSEHOLDS}/2026-03-02/1", 1, "household_register.csv", 1, None),
        (f"{HOUSEHOLDS}/2026-03-02/1", 1, "household_register.csv", 2, None),
        (f"{HOUSEHOLDS}/2026-03-03/1", 1, "household_register.csv", 1, "D"),
    ]
    assert [row["_business_date"] for row in rows] == [FIRST_DAY, FIRST_DAY, later(1)]
    assert rows[0]["_record_hash"] == rows[2]["_record_hash"] != rows[1]["_record_hash"]
    assert [row["person_name"] for row in rows] == ["王伟", "李娜", "王伟"]


def state_of(area: LandingArea, delivery_id: str) -> DeliveryState:
    return next(state for state in delivery_states(area.ctx.settings.root) if state.delivery_id == delivery_id)
