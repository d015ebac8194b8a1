"""What changes in departments' databases: tables that are pulled, not sent, have a log of each day's changes.

``<landing>/_database/<dataset>/<date>.parquet``: the columns as the table has them, all text (null: absent), but the watermark,
a UTC timestamp; and ``op``: I (the whole table on the first day), U or D. Keys are unique within a day.
"""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.samples.deliveries import write_whole
from jobs.samples.register import Register
from jobs.samples.streams import Texts
from schemas.contract import Contract
from schemas.errors import UsageError

FOLDER = "_database"
OPERATION = "op"
TIMESTAMP = pa.timestamp("us", tz="UTC")


def log_file(landing: Path, dataset: str, day: date) -> Path:
    """Where the changes of a day stand."""
    return landing / FOLDER / dataset / f"{day.isoformat()}.parquet"


def write_log(register: Register, contract: Contract, landing: Path, day: date) -> int:
    """Write the rows that changed on ``day``; returns how many. Raises UsageError if another log is already there."""
    if contract.pull is None:
        raise UsageError(f"{contract.dataset} is sent, not pulled: its contract has no pull.")
    places = register.changes()
    columns = {
        name: _times(register.rows[name][places]) if name == contract.pull.watermark else _or_null(register.rows[name][places])
        for name in register.delivered
    }
    columns[OPERATION] = pa.array(register.operations[places].tolist(), pa.string())
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, compression="zstd", version="2.6", store_schema=False)
    path, data = log_file(landing, register.dataset, day), out.getvalue()
    if path.is_file() and path.read_bytes() != data:
        raise UsageError(f"{path} already holds another day. Generate the same country, or give another --landing.")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data)
    return len(places)


def _or_null(values: Texts) -> pa.Array:
    return pa.array([value or None for value in values], pa.string())


def _times(values: Texts) -> pa.Array:
    """Texts of ISO 8601 with the zone +08:00 as instants."""
    local = np.array([value.removesuffix("+08:00") for value in values], dtype="datetime64[us]")
    return pa.array(local - np.timedelta64(8, "h"), pa.timestamp("us")).cast(TIMESTAMP)
