"""What a night has come to, from the control tables."""

from __future__ import annotations

from datetime import date

import pytest

from jobs.io.control import record
from jobs.io.state import open_run_id
from jobs.one_step import run_step
from jobs.settings import Settings
from jobs.verdict import (
    FAILED,
    STOPPED,
    exit_code_of_night,
    is_closed,
    refuse_older_date,
    source_status,
    stop_reasons,
)
from schemas.catalog import Catalog
from schemas.errors import UsageError
from schemas.names import DatasetName

DAY, NEXT = date(2026, 3, 2), date(2026, 3, 3)
SOURCE = DatasetName("civil_affairs", "marriage_register")
RUN = f"night/{DAY}/1"


def deliver(settings: Settings, status: str, reason: str | None = None) -> None:
    delivery = {"delivery_id": f"{SOURCE}/{DAY}/1", "dataset": str(SOURCE), "business_date": DAY, "sequence": 1}
    record(settings.root, "deliveries", [delivery | {"status": status, "reason": reason, "night_date": DAY, "run_id": RUN}])


def note(settings: Settings, run_id: str, status: str) -> None:
    record(settings.root, "runs", [{"run_id": run_id, "business_date": DAY, "step": "night", "status": status}])


def release(settings: Settings, day: date, tables: dict[str, int]) -> None:
    made = {"release_id": f"{day}/1", "business_date": day, "number": 1, "tables": tables, "sources": {}, "exit_code": 0}
    record(settings.root, "releases", [made | {"run_id": RUN}])


def gate(settings: Settings, decision: str) -> None:
    record(
        settings.root, "gates", [{"run_id": RUN, "business_date": DAY, "table": "gold.population__person", "decision": decision}]
    )


def test_a_run_is_taken_up_under_its_own_name_until_it_comes_to_its_end(settings: Settings) -> None:
    assert open_run_id(settings.root, DAY) == RUN
    for status in ("started", "failed", "started"):
        note(settings, RUN, status)
        assert open_run_id(settings.root, DAY) == RUN
    note(settings, RUN, "succeeded")
    assert open_run_id(settings.root, DAY) == f"night/{DAY}/2"


@pytest.mark.parametrize(
    ("recorded", "status"), [("received", "failed"), ("published", "published"), ("stopped", "stopped"), ("missing", "missing")]
)
def test_a_delivery_that_was_received_and_no_more_means_a_failed_source(settings: Settings, recorded: str, status: str) -> None:
    assert source_status(settings.root, SOURCE, DAY) == "none"
    deliver(settings, recorded)
    assert source_status(settings.root, SOURCE, DAY) == status
    assert source_status(settings.root, SOURCE, NEXT) == "none"


def test_a_stop_is_told_with_its_reason(settings: Settings) -> None:
    deliver(settings, "stopped", "file cut short")
    assert stop_reasons(settings.root, SOURCE, DAY) == [f"{SOURCE}/{DAY}/1: file cut short"]
    assert stop_reasons(settings.root, SOURCE, NEXT) == []


def test_a_night_is_closed_only_when_its_extracts_are_written(settings: Settings, catalog: Catalog) -> None:
    assert not is_closed(settings, catalog, DAY)
    release(settings, DAY, {})
    assert is_closed(settings, catalog, DAY)
    release(settings, NEXT, {"gold.population__person": 0})
    assert not is_closed(settings, catalog, NEXT)
    assert exit_code_of_night(settings, catalog, NEXT) == FAILED


def test_a_night_without_release_was_stopped_by_a_gate_or_failed(settings: Settings, catalog: Catalog) -> None:
    assert exit_code_of_night(settings, catalog, DAY) == FAILED
    gate(settings, "stopped")
    assert exit_code_of_night(settings, catalog, DAY) == STOPPED
    gate(settings, "published")
    assert exit_code_of_night(settings, catalog, DAY) == FAILED


@pytest.mark.parametrize("step", ["link", "master", "derive"])
def test_master_data_is_not_made_again_for_a_date_that_later_releases_stand_on(
    settings: Settings, catalog: Catalog, step: str
) -> None:
    release(settings, DAY, {})
    release(settings, NEXT, {})
    with pytest.raises(UsageError, match=f"the night of {DAY} is over: {NEXT} is released already"):
        run_step(settings, catalog, step, "population", DAY)


def test_a_date_older_than_the_newest_release_is_refused_unless_it_has_one(settings: Settings) -> None:
    release(settings, NEXT, {})
    refuse_older_date(settings.root, NEXT)
    with pytest.raises(UsageError, match="into a new lake"):
        refuse_older_date(settings.root, DAY)
