"""Publish a delivery into its dataset's history: merged if it is the newest, else the whole history is built anew from bronze."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from jobs.io.delta import table_exists
from jobs.io.frames import frame_of
from jobs.io.run_context import RunContext
from jobs.io.state import DeliveryState, delivery_states
from jobs.steps.publish import merge_changes, replace_rows
from jobs.transforms.history import build_history, changes_of
from jobs.transforms.standardise import type_rows
from quality.gate import Verdict, mark_rows
from quality.suite import FAILED_CODES, UNREADABLE_KEY, checks_of
from schemas.contract import Contract
from schemas.names import DeliveryId, Layer
from schemas.silver import silver_columns

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def publish_history(verdict: Verdict, contract: Contract, ctx: RunContext, delivery: DeliveryId) -> None:
    """Bring the silver table up to a judged delivery.

    A delivery of a date that a higher sequence was published for changes nothing: it came after its own correction.
    """
    states = [state for state in delivery_states(ctx.settings.root) if state.dataset == str(contract.dataset)]
    [this] = [state for state in states if state.id == delivery]
    others = [state for state in states if state.status == "published" and state.id != delivery]
    if is_overtaken(this, others):
        return
    path, judged = ctx.path(contract.table(Layer.SILVER)), verdict.rows
    if any(other.business_date >= this.business_date for other in others) or _lacks_columns(judged, contract, path):
        before = [state for state in others if state.business_date != delivery.business_date]
        replace_rows(_rebuild(judged, contract, ctx, [*before, this]), path, sought_by=_version_key(contract))
    else:
        _merge(judged, contract, path, this, is_full=this.mode == "full" and not _has_unknown_keys(verdict, contract))


def is_overtaken(state: DeliveryState, published: list[DeliveryState]) -> bool:
    """Whether a higher sequence of the delivery's date is published already."""
    return any(other.business_date == state.business_date and other.sequence > state.sequence for other in published)


def _lacks_columns(judged: DataFrame, contract: Contract, path: str) -> bool:
    """Whether the contract has got columns since the table was written: its history is then built anew with them."""
    if not table_exists(path):
        return False
    present = judged.sparkSession.read.format("delta").load(path).columns
    return not {name for name, _ in silver_columns(contract)}.issubset(present)


def _has_unknown_keys(verdict: Verdict, contract: Contract) -> bool:
    """Whether some row's key cannot be read. Rows are looked at only if a check says that one may be so."""
    doubtful = any(result.rows_failed for result in verdict.results if result.check.code in UNREADABLE_KEY)
    return doubtful and bool(_unknown_keys(verdict.rows, contract).head(1))


def _merge(judged: DataFrame, contract: Contract, path: str, state: DeliveryState, *, is_full: bool) -> None:
    """Close and open versions; a full whose keys are not all readable closes none, for the absent one may be among them."""
    accepted, delivered_keys = _accepted(judged), _known_keys(judged, contract)
    exists = table_exists(path)
    current = judged.sparkSession.read.format("delta").load(path).where("_valid_to is null") if exists else _nothing(judged)
    if exists and not is_full:
        # Only these can change; read once, for every scan of a Delta table is a few Spark jobs.
        current = current.join(delivered_keys, list(contract.keys), "left_semi").localCheckpoint()
    changes = changes_of(current, accepted, delivered_keys, contract, state.business_date, is_full=is_full)
    merge_changes(changes, path, _version_key(contract))


def _rebuild(judged: DataFrame, contract: Contract, ctx: RunContext, states: list[DeliveryState]) -> DataFrame:
    """The history from all deliveries that count, of which the judged one is the last of ``states``."""
    spark = judged.sparkSession
    bronze = spark.read.format("delta").load(ctx.path(contract.table(Layer.BRONZE)))
    earlier = bronze.where(bronze["_delivery_id"].isin([state.delivery_id for state in states[:-1]]))
    marked = mark_rows(type_rows(earlier, contract), checks_of(contract))
    rows = marked.unionByName(judged, allowMissingColumns=True).localCheckpoint()
    dates = pa.array([state.business_date for state in states if state.mode == "full"], pa.date32())
    unreadable = _unknown_keys(rows, contract).select("_business_date")
    fulls = frame_of(spark, pa.table({"_business_date": dates})).join(unreadable, "_business_date", "left_anti")
    return build_history(_accepted(rows), _known_keys(rows, contract, "_business_date"), fulls, contract)


def _version_key(contract: Contract) -> tuple[str, ...]:
    return (*contract.keys, "_valid_from")


def _accepted(judged: DataFrame) -> DataFrame:
    return judged.where(f"size({FAILED_CODES}) = 0")


def _known_keys(judged: DataFrame, contract: Contract, *more: str) -> DataFrame:
    keyed = " and ".join(f"{key} is not null" for key in contract.keys)
    return judged.where(keyed).select(*contract.keys, *more)


def _unknown_keys(judged: DataFrame, contract: Contract) -> DataFrame:
    return judged.where(" or ".join(f"{key} is null" for key in contract.keys))


def _nothing(judged: DataFrame) -> DataFrame:
    from pyspark.sql import functions as f

    null_date = f.lit(None).cast("date")
    return judged.withColumns({"_valid_from": null_date, "_valid_to": null_date}).limit(0)
