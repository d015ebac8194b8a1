"""Release a night: name the table versions that belong together, what each source did, and how the night closed. No Spark."""

from __future__ import annotations

from datetime import date

from jobs.io import control
from jobs.io.delta import table_exists, table_version
from jobs.io.run_context import RunContext
from jobs.io.state import DeliveryState, GateResult, Release, delivery_states, gates, linkage_state, release_of, releases
from jobs.steps.s5_derive import is_derived, is_linked_at_all
from jobs.steps.s5_master import is_built
from schemas.errors import GovlakeError, UsageError
from schemas.names import Layer, TableName, release_id

CLOSED, CLOSED_WITH_STOP = 0, 3
"""Exit codes of a night that released: all well; a delivery or a gate stopped."""


class ReleaseError(GovlakeError):
    """The tables are not such that a release could name them; the message says which step has to run first."""


def release(ctx: RunContext) -> Release:
    """Record the release of the night and return it; of a date released already, the release there is.

    A release names the Delta version of every linked, gold and silver table: the silver ones so that what was known that
    night can be asked again. Raises UsageError for a date older than the newest release, ReleaseError if master data lags
    behind the linkage, or what is derived of it behind master data.
    """
    root = ctx.settings.root
    done = release_of(root, ctx.business_date)
    if done is not None:
        return done
    require_newest(root, ctx.business_date)
    states = [state for state in delivery_states(root) if state.night_date == ctx.business_date]
    made = Release(
        release_id=release_id(ctx.business_date, 1),
        business_date=ctx.business_date,
        number=1,
        tables=_table_versions(ctx),
        sources=status_of_sources(states, ctx.business_date),
        exit_code=exit_code_of(states, [gate for gate in gates(root) if gate.business_date == ctx.business_date]),
        run_id=ctx.run_id,
    )
    control.record(root, "releases", [vars(made)])
    return made


def status_of_sources(states: list[DeliveryState], business_date: date) -> dict[str, str]:
    """What each source did in a night: the status of its delivery of that date, else of the last it took, by dataset.

    A delivery sent twice counts as what its first copy became; one that a correction superseded was published. A source
    that was not due and sent nothing is not named.
    """
    status: dict[str, str] = {}
    for state in sorted(
        states, key=lambda s: (s.status != "duplicate", s.business_date == business_date, s.business_date, s.sequence)
    ):
        status[state.dataset] = "published" if state.status == "superseded" else state.status
    return dict(sorted(status.items()))


def exit_code_of(states: list[DeliveryState], results: list[GateResult]) -> int:
    """3 if a delivery of the night, or the last word of any of its gates, is a stop; else 0."""
    last_word = {(result.table, result.delivery_id): result.decision for result in results}
    stopped = any(state.status == "stopped" for state in states) or "stopped" in last_word.values()
    return CLOSED_WITH_STOP if stopped else CLOSED


def _table_versions(ctx: RunContext) -> dict[str, int]:
    """Versions of the linked tables as their last linkage state has them, and of all gold and silver tables there are."""
    versions: dict[str, int] = {}
    for master in ctx.catalog.masters:
        state = linkage_state(ctx.settings.root, master)
        if state is None:
            continue
        if not is_built(ctx, master):
            raise ReleaseError(
                f"{ctx.business_date}: the master data of {master} was not built from its linkage state of {state.business_date}. "
                f"Run `govlake run master --dataset {master} --date {ctx.business_date}` first."
            )
        versions |= {table: version for table, version in state.tables.items() if version is not None}
    _require_derived(ctx)
    for table in _tables_of(ctx):
        version = table_version(ctx.path(table)) if table_exists(ctx.path(table)) else None
        if version is not None:
            versions[str(table)] = version
    return dict(sorted(versions.items()))


def _require_derived(ctx: RunContext) -> None:
    lagging = [group for group in ctx.catalog.derived if not is_derived(ctx, group)] if is_linked_at_all(ctx) else []
    if lagging:
        raise ReleaseError(
            f"{ctx.business_date}: {', '.join(lagging)} was not derived from the master data as it is now. "
            f"Run `govlake run derive --dataset {lagging[0]} --date {ctx.business_date}` first."
        )


def _tables_of(ctx: RunContext) -> list[TableName]:
    silver = [contract.table(Layer.SILVER) for contract in ctx.catalog.refined]
    return silver + [contract.table(Layer.GOLD) for contract in ctx.catalog.gold]


def require_newest(root: str, business_date: date) -> None:
    """Raise UsageError for a date older than the newest release: what was released after it stands on what it left."""
    newest = max((made.business_date for made in releases(root)), default=None)
    if newest is not None and business_date < newest:
        raise UsageError(
            f"the night of {business_date} is over: {newest} is released already. Late deliveries are taken by the next night. "
            "To replay the past, run every night in order into a new lake (GOVLAKE_HOME)."
        )
