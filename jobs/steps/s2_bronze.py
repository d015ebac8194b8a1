"""Bronze: every row of every delivery received, as text, once. Needs no Spark."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pyarrow as pa
from deltalake.exceptions import DeltaError

from jobs.io.control import record
from jobs.io.delta import STATISTICS, append_once
from jobs.io.landing import Delivery, DeliveryRefusedError, ManifestFile, complete_folders, read_delivery
from jobs.io.readers import read_rows
from jobs.io.readers.record_hash import record_hashes
from jobs.io.readers.rows import row_schema
from jobs.io.run_context import RunContext
from jobs.io.state import DeliveryState, delivery_states
from schemas.contract import Contract
from schemas.errors import GovlakeError
from schemas.names import DatasetName, Layer

PARTITION = "_business_date"
RESTORE = "Put back what was sent; a correction is a new sequence."


class LandingChangedError(GovlakeError):
    """A delivery that was verified is no longer what it was, or gone: the landing area must never be changed."""


def load_bronze(ctx: RunContext, dataset: DatasetName) -> None:
    """Append the rows of each delivery that landed verified and is not yet in bronze, in the order of date and sequence.

    A delivery is appended in one commit under its own name, so that a run that was cut off before it could record the
    append finds it done. Raises LandingChangedError.
    """
    contract = ctx.catalog.by_dataset[dataset]
    for state in _pending(ctx, dataset):
        append_delivery(ctx, contract, _find(ctx, state))
        if state.rows_delivered:
            record(ctx.settings.root, "deliveries", [_loaded(ctx, state)])


def append_delivery(ctx: RunContext, contract: Contract, delivery: Delivery) -> bool:
    """Append one delivery's rows to bronze in one commit; whether it wrote. Grain: one delivered row.

    Raises LandingChangedError, and commits nothing, if the files are no longer what `jobs.steps.s1_land` verified.
    """
    schema = bronze_schema(contract)
    changed: list[LandingChangedError] = []
    rows = pa.RecordBatchReader.from_batches(schema, _telling(_bronze_rows(delivery, contract, schema), changed))
    try:
        return append_once(
            ctx.path(contract.table(Layer.BRONZE)), rows, str(delivery.id), [PARTITION], {STATISTICS: "_delivery_id"}
        )
    except DeltaError as error:
        raise changed[0] if changed else error from error


def bronze_schema(contract: Contract) -> pa.Schema:
    """The contract's columns as text, what the row is, and where it came from."""
    rows = row_schema(contract)
    place = [
        pa.field("_delivery_id", pa.string()),
        pa.field(PARTITION, pa.date32()),
        pa.field("_sequence", pa.int32()),
        pa.field("_file", pa.string()),
        rows.field("_row_number"),
        pa.field("_record_hash", pa.string()),
        pa.field("_ingested_at", pa.timestamp("us", tz="UTC")),
        rows.field("_raw"),
    ]
    return pa.schema([*(field for field in rows if field.name not in ("_row_number", "_raw")), *place])


def _pending(ctx: RunContext, dataset: DatasetName) -> list[DeliveryState]:
    return [
        state
        for state in delivery_states(ctx.settings.root)
        if state.dataset == str(dataset) and state.status == "received" and not state.rows_bronze
    ]


def _find(ctx: RunContext, state: DeliveryState) -> Delivery:
    folders = dict(complete_folders(ctx.settings.landing_root, state.id.dataset))
    if state.id not in folders:
        raise LandingChangedError(f"{state.delivery_id} was verified, but is gone from {ctx.settings.landing_root}. {RESTORE}")
    delivery = read_delivery(state.id, folders[state.id])
    if delivery.manifest.digest != state.digest:
        raise LandingChangedError(f"{delivery.folder} was verified, then changed. {RESTORE}")
    return delivery


def _telling(rows: Iterator[pa.RecordBatch], changed: list[LandingChangedError]) -> Iterator[pa.RecordBatch]:
    """The rows; what goes wrong in them is also put in ``changed``, for the writer passes on no more than a text."""
    try:
        yield from rows
    except LandingChangedError as error:
        changed.append(error)
        raise


def _bronze_rows(delivery: Delivery, contract: Contract, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    names = [column.name for column in contract.columns]
    same_for_all = {
        "_delivery_id": str(delivery.id),
        PARTITION: delivery.id.business_date,
        "_sequence": delivery.id.sequence,
        "_ingested_at": datetime.now(UTC),
    }
    for file in delivery.manifest.files:
        for batch in _verified_rows(delivery, file, contract):
            columns = {name: batch[name] for name in batch.schema.names} | {"_record_hash": record_hashes(batch, names)}
            for name, value in (same_for_all | {"_file": file.name}).items():
                columns[name] = pa.repeat(pa.scalar(value, schema.field(name).type), len(batch))
            yield pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _verified_rows(delivery: Delivery, file: ManifestFile, contract: Contract) -> Iterator[pa.RecordBatch]:
    """A file's rows. Raises LandingChangedError if they are not as many as were verified, or have other columns."""
    path = delivery.path(file)
    rows = 0
    try:
        for batch in read_rows(path, contract, delivery.manifest.mode):
            rows += batch.num_rows
            yield batch
    except (DeliveryRefusedError, OSError) as error:
        raise LandingChangedError(f"{path} was verified, then changed ({error}). {RESTORE}") from error
    if rows != file.rows:
        raise LandingChangedError(f"{path} had {file.rows:,} rows when it was verified, now it has {rows:,}. {RESTORE}")


def _loaded(ctx: RunContext, state: DeliveryState) -> dict[str, object]:
    return {
        "delivery_id": state.delivery_id,
        "dataset": state.dataset,
        "business_date": state.business_date,
        "sequence": state.sequence,
        "status": "received",
        "rows_bronze": state.rows_delivered,
        "night_date": state.night_date,
        "run_id": ctx.run_id,
    }
