"""Pull: read what a department's table has had written since the last pull, and put it into the landing area as a delivery.

From there on it is a delivery like any other, and a night that is run again needs no database. A pull is of one moment,
05:59 (China) of the day after its business date: rows written from then on, or while it ran, are left to the next. It reaches
back behind the newest watermark of the pulls before by the contract's overlap, for rows that were written late or under a slow
clock; what is pulled twice is the same row to silver. Where to go on stands in the manifests of what was landed.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.io.database import Row, SourceUnavailableError, Window, open_snapshot, stream_rows, table_columns
from jobs.io.landing import (
    MANIFEST,
    DeliveryRefusedError,
    Manifest,
    complete_folders,
    describe_file,
    pull_time,
    read_delivery,
)
from jobs.io.run_context import RunContext
from jobs.io.state import delivery_states
from jobs.settings import DatabaseSettings
from schemas.contract import Contract
from schemas.delivery_format import DeliveryFormat, Pull
from schemas.names import DatasetName

STAGING = "_pull"
"""Folder of the landing area in which a pull is written before it is put in its place."""
LEFTOVER_SECONDS = 24 * 3600
"""After this time what a killed pull has left in ``STAGING`` is removed."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """One pull: what of (``source``, ``layout``: of the contract), from where, for which date, and by which folders."""

    contract: Contract
    source: Pull
    layout: DeliveryFormat
    database: DatabaseSettings
    business_date: date
    staging: Path
    place: Path

    @property
    def file(self) -> Path:
        """The data file, while it is written."""
        return self.staging / f"{self.contract.dataset.table}.parquet"


@dataclass(frozen=True)
class Pulled:
    """What a pull has written: rows, and the newest watermark among them (None if there was none)."""

    rows: int
    watermark: datetime | None


def pull(ctx: RunContext, contract: Contract) -> str | None:
    """Land the delivery of the night from the contract's table, unless one of its date has landed.

    Returns None, or why it could not be: the source is then missing, and the night goes on.
    """
    layout, place = contract.delivery_format, _free_place(ctx, contract.dataset)
    if contract.pull is None or layout is None or place is None:
        return None
    database = ctx.settings.databases.get(contract.pull.database)
    if database is None:
        name = contract.pull.database
        return (
            f"there is no setting databases.{name}, which says where its table is. Give it in the profile's file of conf/, or as "
            f"GOVLAKE_DATABASES__{name.upper()}__HOST, …__DATABASE and …__USER"
        )
    staging = _new_staging(ctx.settings.landing_root, contract.dataset)
    try:
        _land(Task(contract, contract.pull, layout, database, ctx.business_date, staging, place), _last_pull(ctx, contract))
    except SourceUnavailableError as error:
        return str(error)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return None


def _land(task: Task, before: Manifest | None) -> None:
    """Write the data file, then the manifest, and put both in place. Raises SourceUnavailableError."""
    dataset = task.contract.dataset
    pulled_at = datetime.now(UTC)
    is_delta = before is not None and "delta" in task.contract.delivery_modes
    pulled = _write_rows(task, before if is_delta else None)
    manifest = Manifest(
        dataset=str(dataset),
        business_date=task.business_date,
        sequence=int(task.place.name),
        mode="delta" if is_delta else "full",
        previous=f"{dataset}/{before.business_date}" if before and is_delta else None,
        files=(describe_file(task.file, pulled.rows),),
        sender=task.contract.owner or dataset.group,
        sent_at=pull_time(task.business_date),
        pulled_at=pulled_at,
        watermark=_newest(pulled.watermark, before.watermark if before else None),
    )
    (task.staging / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    _put_in_place(task.staging, task.place)
    _log.info("%s: pulled %d rows as a %s", dataset, pulled.rows, manifest.mode)


def _write_rows(task: Task, before: Manifest | None) -> Pulled:
    """One moment of the table as Parquet: every column it has, the deletion mark turned into the operation of a delta.

    ``before``: the pull that a delta goes on from; None for a full. Raises SourceUnavailableError.
    """
    source = task.source
    since = before.watermark - timedelta(minutes=source.overlap_minutes) if before and before.watermark else None
    window = Window(since, pull_time(task.business_date), with_deleted=before is not None)
    keys = [column.physical_name for column in task.contract.columns if column.is_key]
    with open_snapshot(source.database, task.database) as connection:
        columns = [name for name in table_columns(connection, source) if name != source.deletion_mark]
        schema = _schema(columns, source.watermark, task.layout.operation_field if before else None)
        return _write_parquet(task.file, schema, source, stream_rows(connection, source, columns, keys, window))


def _write_parquet(path: Path, schema: pa.Schema, source: Pull, batches: Iterator[list[Row]]) -> Pulled:
    rows, newest = 0, None
    place = schema.get_field_index(source.watermark)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in batches:
            *values, deleted = zip(*batch, strict=True)
            operations = [["D" if is_deleted else "U" for is_deleted in deleted]] if len(schema) > len(values) else []
            arrays = [pa.array(column, field.type) for column, field in zip([*values, *operations], schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            rows += len(batch)
            newest = _newest(newest, *values[place])
    return Pulled(rows, newest)


def _schema(columns: list[str], watermark: str, operation: str | None) -> pa.Schema:
    fields = [pa.field(name, pa.timestamp("us", tz="UTC") if name == watermark else pa.string()) for name in columns]
    return pa.schema([*fields, pa.field(operation, pa.string())] if operation else fields)


def _newest(*times: datetime | None) -> datetime | None:
    return max((moment for moment in times if moment is not None), default=None)


def _last_pull(ctx: RunContext, contract: Contract) -> Manifest | None:
    """The manifest of the newest pull of an earlier date, but for those that were stopped: what they had is pulled again."""
    stopped = {state.delivery_id for state in delivery_states(ctx.settings.root) if state.status == "stopped"}
    for delivery_id, folder in reversed(complete_folders(ctx.settings.landing_root, contract.dataset)):
        if delivery_id.business_date >= ctx.business_date or str(delivery_id) in stopped:
            continue
        try:
            manifest = read_delivery(delivery_id, folder).manifest
        except DeliveryRefusedError as refused:
            _log.warning("%s; it is no ground for the next pull.", refused.reason)
            continue
        if manifest.watermark is not None:
            return manifest
    return None


def _free_place(ctx: RunContext, dataset: DatasetName) -> Path | None:
    """The folder of the night's delivery to be; None if one has landed."""
    home = ctx.settings.landing_root / str(dataset) / ctx.business_date.isoformat()
    taken = [path for path in home.glob("*/") if path.name.isdecimal()]
    if any((path / MANIFEST).is_file() for path in taken):
        return None
    return home / str(max((int(path.name) for path in taken), default=0) + 1)


def _put_in_place(staging: Path, place: Path) -> None:
    """Give the whole folder its place at once. Another process may have been quicker: then its pull is the one that counts."""
    place.parent.mkdir(parents=True, exist_ok=True)
    staging.chmod(0o755)
    try:
        staging.rename(place)
    except OSError:
        if not (place / MANIFEST).is_file():
            raise


def _new_staging(landing: Path, dataset: DatasetName) -> Path:
    """A folder of this process alone; what killed pulls have left there long ago is removed."""
    home = landing / STAGING / str(dataset)
    home.mkdir(parents=True, exist_ok=True)
    for leftover in home.iterdir():
        if time.time() - leftover.stat().st_mtime > LEFTOVER_SECONDS:
            shutil.rmtree(leftover, ignore_errors=True)
    return Path(tempfile.mkdtemp(dir=home))
