"""The departments' tables on this box follow their change log, day by day, however often a day is applied."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.local.departments import apply_changes, open_departments
from jobs.settings import Settings
from tests.pull.conftest import Department, Nights
from tests.pull.insurance import DATASET, FIRST_DAY, later

Change = tuple[str, str, str, int]


def write_log(landing: Path, day: date, changes: list[Change]) -> None:
    """A day's change log: operation, person number, name, and the hour (UTC) of the day at which it was written."""
    path = landing / "_database" / DATASET / f"{day}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = [
        {"grsbh": number, "xm": name, "op": operation, "updated_at": datetime(day.year, day.month, day.day, hour, tzinfo=UTC)}
        for operation, number, name, hour in changes
    ]
    schema = pa.schema(
        [("grsbh", pa.string()), ("xm", pa.string()), ("op", pa.string()), ("updated_at", pa.timestamp("us", "UTC"))]
    )
    pq.write_table(pa.Table.from_pylist(rows, schema), path)


def test_days_are_applied_in_their_order_and_again_without_effect(department: Department, nights: Nights, server: Settings) -> None:
    settings = server.model_copy(update={"landing": nights.settings.landing_root})
    write_log(settings.landing_root, FIRST_DAY, [("I", "P1", "王伟", 1), ("I", "P2", "李娜", 1), ("I", "P3", "张,敏\t\\N", 1)])
    write_log(settings.landing_root, later(1), [("U", "P1", "王伟伟", 2), ("D", "P2", "李娜", 2), ("I", "P4", "刘洋", 2)])
    write_log(settings.landing_root, later(2), [("I", "P2", "李娜", 3)])

    assert apply_changes(settings, nights.catalog, FIRST_DAY, print) == 3
    nights.pull()
    assert nights.names() == {"P1": "王伟", "P2": "李娜", "P3": "张,敏\t\\N"}
    assert apply_changes(settings, nights.catalog, later(1), print) == 3
    assert apply_changes(settings, nights.catalog, later(1), print) == 0
    nights.pull(later(1))
    assert nights.names(later(1)) == {"P1": "王伟伟", "P2": "deleted", "P3": "张,敏\t\\N", "P4": "刘洋"}
    assert apply_changes(settings, nights.catalog, later(2), print) == 1
    nights.pull(later(2))
    assert nights.names(later(2))["P2"] == "李娜"


def test_the_server_is_opened_again_without_effect(department: Department, nights: Nights, server: Settings) -> None:
    department.put(1, "王伟", "2026-03-02T10:00:00")
    said: list[str] = []
    assert open_departments(server, nights.catalog, said.append)
    assert said == []
    nights.pull()
    assert nights.names() == {"P0001": "王伟"}
