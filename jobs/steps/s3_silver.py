"""Silver: typed, standardised rows with their history, one delivery after the other in the order of business date and sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobs.io import control
from jobs.io.delta import row_count
from jobs.io.run_context import RunContext
from jobs.io.spark import plans_for
from jobs.io.state import DeliveryState, delivery_states
from jobs.steps.override import TOLERANCE, is_stopped_by_gate, overridden
from jobs.steps.silver_history import is_overtaken
from schemas.contract import Contract
from schemas.errors import GovlakeError
from schemas.names import DatasetName, Layer

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from jobs.steps.promote import Promotion


class ReconciliationError(GovlakeError):
    """Rows delivered, in bronze, and judged do not add up; the message says where they part."""


def has_pending(ctx: RunContext, dataset: DatasetName) -> bool:
    """Whether a delivery of the dataset waits for silver. Needs no Spark."""
    return bool(_pending(ctx, dataset))


def refine(spark: SparkSession, ctx: RunContext, dataset: DatasetName) -> None:
    """Take every waiting delivery from bronze to silver, and record what became of each. A stop concerns that delivery alone."""
    contract = ctx.catalog.by_dataset[dataset]
    for state in _pending(ctx, dataset):
        with plans_for(spark, state.rows_bronze + row_count(ctx.path(contract.table(Layer.SILVER)))):
            _refine_delivery(spark, ctx, contract, state)


def _pending(ctx: RunContext, dataset: DatasetName) -> list[DeliveryState]:
    """Deliveries that were received, or stopped by a gate that a person has overridden since."""
    taken = overridden(ctx.settings.root)
    waiting = [
        state
        for state in delivery_states(ctx.settings.root)
        if state.dataset == str(dataset)
        and (state.status == "received" or (is_stopped_by_gate(state) and state.delivery_id in taken))
    ]
    return sorted(waiting, key=lambda state: (state.business_date, state.sequence))


def _refine_delivery(spark: SparkSession, ctx: RunContext, contract: Contract, state: DeliveryState) -> None:
    from jobs.steps.promote import promote
    from jobs.steps.quarantine import supersede_rows
    from jobs.steps.repeated_groups import publish_items
    from jobs.transforms.standardise import type_rows

    bronze = spark.read.format("delta").load(ctx.path(contract.table(Layer.BRONZE)))
    # The partition column comes first: it alone decides which files are read.
    delivered = bronze.where((bronze["_business_date"] == state.business_date) & (bronze["_delivery_id"] == state.delivery_id))
    promotion = promote(type_rows(delivered, contract), contract, contract.table(Layer.SILVER), ctx, delivery=state.id)
    if promotion.rows_checked != state.rows_bronze:
        raise ReconciliationError(
            f"{state.delivery_id}: bronze took {state.rows_bronze:,} rows, silver sees {promotion.rows_checked:,}. "
            f"Compare {ctx.path(contract.table(Layer.BRONZE))} with the landing area; nothing was recorded as published."
        )
    events = _events(ctx, state, promotion)
    if promotion.decision == "published":
        publish_items(spark, ctx, contract)
        supersede_rows(spark, contract, ctx, [event["delivery_id"] for event in events if event["status"] == "superseded"])
    # Last, so that a night cut off before its items were made takes the delivery again.
    control.record(ctx.settings.root, "deliveries", events)


def _events(ctx: RunContext, state: DeliveryState, promotion: Promotion) -> list[dict[str, Any]]:
    """What became of the delivery, and of those of the same date that it corrects or that overtook it."""
    counted = vars(state) | {"run_id": ctx.run_id, "reason_code": None, "reason": None}
    if promotion.decision == "stopped":
        return [counted | {"status": "stopped", "reason_code": TOLERANCE, "reason": promotion.reason}]
    counted |= {"rows_accepted": promotion.rows_accepted, "rows_quarantined": promotion.rows_quarantined}
    same_date = [
        other
        for other in delivery_states(ctx.settings.root)
        if (other.dataset, other.business_date, other.status) == (state.dataset, state.business_date, "published")
    ]
    if is_overtaken(state, same_date):
        newest = max(other.sequence for other in same_date)
        return [counted | _superseded_by(f"sequence {newest}, which was published before it came")]
    return [
        *(vars(other) | {"run_id": ctx.run_id} | _superseded_by(state.delivery_id) for other in same_date if other.id != state.id),
        counted | {"status": "published"},
    ]


def _superseded_by(correction: str) -> dict[str, str]:
    return {"status": "superseded", "reason_code": "corrected", "reason": f"corrected by {correction}; none of its rows count."}
