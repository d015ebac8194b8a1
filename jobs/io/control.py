"""The control tables: append-only events, one row an event, folded into the present state by `jobs.io.state`.

Written by delta-rs, so that a night that has nothing to do needs no JVM. Times are UTC.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from jobs.io.delta import open_or_create, read_table, table_exists
from schemas.names import control_table

_TIME = pa.timestamp("us", tz="UTC")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SCHEMAS: dict[str, pa.Schema] = {
    "deliveries": pa.schema(
        [
            ("delivery_id", pa.string()),
            ("dataset", pa.string()),
            ("business_date", pa.date32()),
            ("sequence", pa.int32()),
            ("mode", pa.string()),
            ("previous", pa.string()),
            ("digest", pa.string()),
            ("status", pa.string()),
            ("rows_delivered", pa.int64()),
            ("rows_bronze", pa.int64()),
            ("rows_accepted", pa.int64()),
            ("rows_quarantined", pa.int64()),
            ("reason_code", pa.string()),
            ("reason", pa.string()),
            ("night_date", pa.date32()),
            ("run_id", pa.string()),
            ("at", _TIME),
        ]
    ),
    "runs": pa.schema(
        [
            ("run_id", pa.string()),
            ("business_date", pa.date32()),
            ("step", pa.string()),
            ("dataset", pa.string()),
            ("status", pa.string()),
            ("detail", pa.string()),
            ("exit_code", pa.int32()),
            ("at", _TIME),
        ]
    ),
    "gates": pa.schema(
        [
            ("run_id", pa.string()),
            ("business_date", pa.date32()),
            ("table", pa.string()),
            ("delivery_id", pa.string()),
            ("check_code", pa.string()),
            ("column_name", pa.string()),
            ("action", pa.string()),
            ("passed", pa.bool_()),
            ("rows_checked", pa.int64()),
            ("rows_failed", pa.int64()),
            ("decision", pa.string()),
            ("detail", pa.string()),
            ("at", _TIME),
        ]
    ),
    "releases": pa.schema(
        [
            ("release_id", pa.string()),
            ("business_date", pa.date32()),
            ("number", pa.int32()),
            ("tables", pa.string()),
            ("sources", pa.string()),
            ("exit_code", pa.int32()),
            ("run_id", pa.string()),
            ("at", _TIME),
        ]
    ),
    "linkage_states": pa.schema(
        [
            ("master", pa.string()),
            ("business_date", pa.date32()),
            ("tables", pa.string()),
            ("model_digest", pa.string()),
            ("input_digest", pa.string()),
            ("silver", pa.string()),
            ("run_id", pa.string()),
            ("at", _TIME),
        ]
    ),
    "audit": pa.schema(
        [
            ("who", pa.string()),
            ("action", pa.string()),
            ("subject", pa.string()),
            ("reason", pa.string()),
            ("at", _TIME),
        ]
    ),
}
"""Columns of each control table. JSON objects are ``tables`` (table → version), ``sources`` (dataset → status) and ``silver``
(dataset → digest)."""


def record(root: str, table: str, events: Sequence[Mapping[str, Any]]) -> None:
    """Append events, each with the columns of ``table`` it knows; ``at`` is set here. Grain: one row an event."""
    if not events:
        return
    schema = SCHEMAS[table]
    at = datetime.now(UTC)
    rows = [{name: _plain(event.get(name)) for name in schema.names} | {"at": at} for event in events]
    target = open_or_create(control_table(table).path(root), schema)
    # A table that an older govlake made may lack columns.
    write_deltalake(target, pa.Table.from_pylist(rows, schema=schema), mode="append", schema_mode="merge")


def read_events(root: str, table: str) -> list[dict[str, Any]]:
    """All events of a control table in the order they were recorded; empty if nothing has been recorded yet."""
    path = control_table(table).path(root)
    if not table_exists(path):
        return []
    events = read_table(path)
    # Counted from the epoch by hand: pyarrow imports pandas to make Python datetimes with a zone, a second lost at every start.
    moments = [_EPOCH + timedelta(microseconds=at) for at in events["at"].cast(pa.int64()).to_pylist()]
    rows = [event | {"at": at} for event, at in zip(events.drop_columns("at").to_pylist(), moments, strict=True)]
    return sorted(rows, key=lambda row: row["at"])


def _plain(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if isinstance(value, dict) else value
