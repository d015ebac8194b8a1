"""The one way into silver, linked, gold and share: stage, check with the contract's suite, quarantine or stop, publish, record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from jobs.io import control
from jobs.io.delta import table_version
from jobs.io.run_context import RunContext
from jobs.steps.override import overridden, table_subject
from jobs.steps.publish import add_rows, append_rows, merge_rows, replace_merged, replace_rows, retry_conflicts
from jobs.steps.quarantine import quarantine_rows, replace_quarantine
from jobs.steps.silver_history import publish_history
from quality.gate import CheckResult, Verdict, judge, mark_rows
from quality.suite import FAILED_CODES, IDENTICAL_COPY, KEY_VERSIONS, checks_of
from schemas.contract import Contract
from schemas.errors import GovlakeError
from schemas.names import DeliveryId, Layer, TableName
from schemas.silver import silver_columns

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

Decision = Literal["published", "stopped"]

Merge = Callable[["DataFrame", str, tuple[str, ...]], None]
"""Brings rows into the table at a path, which has these keys."""


class PromotionStoppedError(GovlakeError):
    """A gate on linked, gold or share stopped a promotion: yesterday's table stays. The message names table and checks."""


@dataclass(frozen=True)
class Promotion:
    """How a promotion ended. ``version`` is the table's Delta version after it; ``reason`` says why it stopped."""

    table: TableName
    decision: Decision
    rows_checked: int
    rows_accepted: int
    rows_quarantined: int
    version: int | None
    reason: str | None


def promote(
    rows: DataFrame,
    contract: Contract,
    table: TableName,
    ctx: RunContext,
    *,
    delivery: DeliveryId | None = None,
    retracted: DataFrame | None = None,
    are_new: bool = False,
    are_all: bool = False,
) -> Promotion:
    """Promote ``rows`` into ``table`` in the contract's write mode; running it again with the same rows changes nothing.

    In silver the rows are typed (`jobs.transforms.standardise.type_rows`): those of one ``delivery`` or, of a repeated group, all
    there are; elsewhere they have exactly the contract's columns. ``retracted`` holds keys of rows that a merge takes out, unless
    ``rows`` has them. ``are_new`` says that no row has a key that the table has, but those retracted: it is not looked through for
    them, and only who knows how the table stands can say so; ``retracted`` may then name rows by any columns
    (`jobs.steps.publish.add_rows`). ``are_all`` says that the rows are all that a table shall hold which is else merged into.
    Raises PromotionStoppedError outside silver, where a stop ends the night; in silver the returned decision says so and the night
    goes on.
    """
    checks = checks_of(contract)
    marked = mark_rows(_stage(rows, contract, table), checks)
    if table.layer is Layer.SILVER:
        # A checkpoint, not a cache: every later plan begins at its rows instead of the whole way that led to them.
        marked = marked.localCheckpoint()
    verdict = judge(marked, checks, str(table), lambda name: ctx.path(TableName.parse(name)))
    reason = _reason_to_stop(verdict, contract)
    decision = "promoted" if reason is None else "overridden" if _is_overridden(ctx, table, delivery) else "stopped"
    _record(ctx, table, delivery, verdict, decision)
    if decision == "stopped":
        if table.layer is not Layer.SILVER:
            raise PromotionStoppedError(f"{table}: {reason} Nothing was published; see `govlake gates --failed`.")
        return Promotion(table, "stopped", verdict.rows_checked, 0, 0, table_version(ctx.path(table)), reason)
    bring_in = add_rows if are_new else partial(merge_rows, at_most=verdict.rows_checked)
    merge: Merge = replace_merged if are_all else partial(bring_in, retracted=retracted)
    return retry_conflicts(lambda: _publish(verdict, contract, table, ctx, delivery, merge))


def _stage(rows: DataFrame, contract: Contract, table: TableName) -> DataFrame:
    """What the checks look at. Outside silver: materialised, for it is read once for each check, and its keys counted."""
    if table.layer is Layer.SILVER:
        return rows
    staged = rows.select(*(column.name for column in contract.columns)).localCheckpoint()
    return staged.withColumn(KEY_VERSIONS, _count_of_key(staged, contract.keys)) if contract.keys else staged


def _count_of_key(staged: DataFrame, keys: tuple[str, ...]) -> Column:
    """How many rows have a row's key. A window over the wide rows, which sorts them, only if hashes of keys repeat."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    has_repeated = staged.groupBy(f.xxhash64(*keys)).count().where("count > 1").head(1)
    return f.count("*").over(Window.partitionBy(*keys)) if has_repeated else f.lit(1)


def _reason_to_stop(verdict: Verdict, contract: Contract) -> str | None:
    """Why nothing may be published, in words; None if it may."""
    stops = verdict.failed("stop")
    if stops:
        return " ".join(f"{_named(result)}." for result in stops)
    if verdict.rows_wrong <= contract.tolerance * verdict.rows_checked:
        return None
    named = "; ".join(_named(result) for result in verdict.failed("quarantine") if result.check.code != IDENTICAL_COPY)
    return (
        f"{verdict.rows_wrong:,} of {verdict.rows_checked:,} rows fail, more than the {contract.tolerance:.0%} the contract "
        f"tolerates: {named}. Ask the sender for a correction, or raise `tolerance` in {contract.path.name}."
    )


def _is_overridden(ctx: RunContext, table: TableName, delivery: DeliveryId | None) -> bool:
    subject = str(delivery) if delivery else table_subject(str(table), ctx.business_date)
    return subject in overridden(ctx.settings.root)


def _named(result: CheckResult) -> str:
    where = f" in {result.check.column}" if result.check.column else ""
    return f"{result.check.code}{where}: {result.rows_failed:,} rows ({result.check.reason})"


def _publish(
    verdict: Verdict,
    contract: Contract,
    table: TableName,
    ctx: RunContext,
    delivery: DeliveryId | None,
    merge: Merge,
) -> Promotion:
    failed = verdict.rows.where(f"size({FAILED_CODES}) > 0")
    quarantined = verdict.rows_failed
    if contract.repeated_group:
        replace_quarantine(failed, contract, ctx)
    elif quarantined and delivery is not None:
        quarantine_rows(failed, contract, ctx, delivery)
    accepted = verdict.rows.where(f"size({FAILED_CODES}) = 0")
    path = ctx.path(table)
    columns = _columns_of(contract, table)
    if contract.write_mode == "history" and delivery is not None:
        publish_history(verdict, contract, ctx, delivery)
    elif contract.write_mode == "merge":
        merge(accepted.select(*columns), path, contract.keys)
    elif contract.write_mode == "append":
        append_rows(accepted.select(*columns), path, "run_id", ctx.run_id)
    else:
        replace_rows(accepted.select(*columns), path)
    checked = verdict.rows_checked
    return Promotion(table, "published", checked, checked - quarantined, quarantined, table_version(path), None)


def _columns_of(contract: Contract, table: TableName) -> list[str]:
    if table.layer is Layer.SILVER:
        return [name for name, _ in silver_columns(contract)]
    return [column.name for column in contract.columns]


def _record(ctx: RunContext, table: TableName, delivery: DeliveryId | None, verdict: Verdict, decision: str) -> None:
    """One gate event a check."""
    common: dict[str, Any] = {
        "run_id": ctx.run_id,
        "business_date": ctx.business_date,
        "table": str(table),
        "delivery_id": str(delivery) if delivery else None,
        "rows_checked": verdict.rows_checked,
        "decision": decision,
    }
    events: Sequence[dict[str, Any]] = [
        common
        | {
            "check_code": result.check.code,
            "column_name": result.check.column,
            "action": result.check.action,
            "passed": result.passed,
            "rows_failed": result.rows_failed,
            "detail": None if result.passed else result.check.reason,
        }
        for result in verdict.results
    ]
    control.record(ctx.settings.root, "gates", events)
