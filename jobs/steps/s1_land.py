"""Land: take the deliveries that are due, verify each, and record what came of it. Needs no Spark.

Reads files only; what is pulled from a database is put among them first (`jobs.steps.s0_pull`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from jobs.drafting.proposals import propose
from jobs.io.control import record
from jobs.io.landing import AGAIN, Delivery, DeliveryRefusedError, complete_folders, cut_off, read_delivery, verify_files
from jobs.io.readers import read_rows
from jobs.io.readers.encoding import check_encoding
from jobs.io.run_context import RunContext
from jobs.io.state import DeliveryState, delivery_states
from jobs.steps.s0_pull import pull
from schemas.contract import Contract
from schemas.names import DatasetName, DeliveryId

DAILY = "1d"
"""``slaProperties.frequency`` of a dataset that owes a delivery for every business date."""

_log = logging.getLogger(__name__)


def land(ctx: RunContext, dataset: DatasetName) -> None:
    """Take every complete delivery of the dataset not yet taken that belongs to this night or an earlier one.

    Records one event a delivery: received, duplicate or stopped (with reason); and missing, once, if the dataset owes
    a delivery for the business date and has none. Running it again records nothing new.
    """
    contract = ctx.catalog.by_dataset[dataset]
    not_pulled = pull(ctx, contract)
    known = [state for state in delivery_states(ctx.settings.root) if state.dataset == str(dataset)]
    events: list[dict[str, Any]] = []
    for delivery_id, folder in _due_folders(ctx, dataset, known):
        event = _take(ctx, contract, delivery_id, folder, [*map(_contents, known), *events])
        if event is not None:
            _log.info("%s %s %s", delivery_id, event["status"], event.get("reason") or "")
            events.append(event)
    if _is_missing(ctx, contract, known, events):
        events.append(_missing(ctx, dataset, not_pulled))
    record(ctx.settings.root, "deliveries", events)


def verify(delivery: Delivery, contract: Contract) -> None:
    """Everything that can be told without judging rows: files, digests, mode, encoding, columns, row counts.

    Raises DeliveryRefusedError with the first thing that is wrong.
    """
    verify_files(delivery)
    _verify_mode(delivery, contract)
    for file in delivery.manifest.files:
        path = delivery.path(file)
        if contract.delivery_format is not None:
            check_encoding(path, contract.delivery_format, contract.tolerance)
        rows = sum(batch.num_rows for batch in read_rows(path, contract, delivery.manifest.mode))
        if rows != file.rows:
            raise DeliveryRefusedError(
                "row_count_mismatch", f"{file.name}: {rows:,} rows, the manifest says {file.rows:,}. {AGAIN}"
            )
    if delivery.manifest.mode == "full" and not delivery.manifest.rows:
        raise DeliveryRefusedError("empty_file", f"{delivery.id}: a full without any row would delete everything. {AGAIN}")


def _due_folders(ctx: RunContext, dataset: DatasetName, known: Sequence[DeliveryState]) -> list[tuple[DeliveryId, Path]]:
    taken = {state.delivery_id for state in known}
    return [
        (delivery_id, folder)
        for delivery_id, folder in complete_folders(ctx.settings.landing_root, dataset)
        if str(delivery_id) not in taken and delivery_id.business_date <= ctx.business_date
    ]


def _take(
    ctx: RunContext, contract: Contract, delivery_id: DeliveryId, folder: Path, earlier: Iterable[dict[str, Any]]
) -> dict[str, Any] | None:
    """The event of one delivery; None if it was sent after the night's cut-off and belongs to the next."""
    event = _event(ctx, delivery_id)
    try:
        delivery = read_delivery(delivery_id, folder)
        if delivery.manifest.sent_at >= cut_off(ctx.business_date):
            return None
        event |= _facts(delivery)
        verify(delivery, contract)
        propose(ctx.settings.root, contract, delivery)
    except DeliveryRefusedError as refused:
        return event | {"status": "stopped", "reason_code": refused.code, "reason": refused.reason}
    same = next((other for other in earlier if _is_same(other, event)), None)
    if same is not None:
        return event | {
            "status": "duplicate",
            "reason_code": "duplicate",
            "reason": f"the same files as {same['delivery_id']}, which was taken; nothing to do.",
        }
    return event | {"status": "received"}


def _event(ctx: RunContext, delivery_id: DeliveryId) -> dict[str, Any]:
    return {
        "delivery_id": str(delivery_id),
        "dataset": str(delivery_id.dataset),
        "business_date": delivery_id.business_date,
        "sequence": delivery_id.sequence,
        "night_date": ctx.business_date,
        "run_id": ctx.run_id,
    }


def _facts(delivery: Delivery) -> dict[str, Any]:
    manifest = delivery.manifest
    return {
        "mode": manifest.mode,
        "previous": manifest.previous,
        "digest": manifest.digest,
        "rows_delivered": manifest.rows,
    }


def _contents(state: DeliveryState) -> dict[str, Any]:
    return {
        "delivery_id": state.delivery_id,
        "business_date": state.business_date,
        "digest": state.digest,
        "status": state.status,
    }


def _is_same(other: dict[str, Any], event: dict[str, Any]) -> bool:
    """Whether another delivery of the date, published or about to be, has the same contents."""
    return (
        other["status"] in ("received", "published")
        and other["business_date"] == event["business_date"]
        and other["digest"] == event["digest"]
    )


def _verify_mode(delivery: Delivery, contract: Contract) -> None:
    mode = delivery.manifest.mode
    if contract.delivery_modes and mode not in contract.delivery_modes:
        allowed = " or ".join(contract.delivery_modes)
        raise DeliveryRefusedError("mode_not_allowed", f"{delivery.id} is a {mode}; its contract allows {allowed}. {AGAIN}")


def _is_missing(ctx: RunContext, contract: Contract, known: Sequence[DeliveryState], events: Sequence[dict[str, Any]]) -> bool:
    dates = {state.business_date for state in known} | {event["business_date"] for event in events}
    return contract.frequency == DAILY and ctx.business_date not in dates


def _missing(ctx: RunContext, dataset: DatasetName, not_pulled: str | None) -> dict[str, Any]:
    day = ctx.business_date.isoformat()
    if not_pulled:
        reason = f"{not_pulled}. The next night pulls what this one could not."
    else:
        reason = (
            f"due daily, but nothing complete was in {dataset}/{day}/ of the landing area by 06:00 of the next day. "
            "Ask the department; a delivery that arrives now is taken by the next night."
        )
    return _event(ctx, DeliveryId(dataset, ctx.business_date, 0)) | {
        "status": "missing",
        "reason_code": "missing",
        "reason": reason,
    }
