"""Link a night's records into entities, and give each an ID that lasts. One master, from silver to its linkage state."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from jobs.io.delta import table_version
from jobs.io.lock import hold
from jobs.io.run_context import RunContext
from jobs.io.spark import plans_for
from jobs.linkage.entities import Entities, group_records
from jobs.linkage.identify import Identity, id_drawer, identify
from jobs.linkage.model import load_model
from jobs.linkage.reasons import with_reasons
from jobs.linkage.review import review_cases
from jobs.security.keys import lake_key
from jobs.steps.link_all import link_all
from jobs.steps.link_changes import find_changes, link_changes
from jobs.steps.link_scope import Scope, masters_named
from jobs.steps.linkage_night import HELD_ROWS, LinkageNight
from jobs.steps.linkage_state import DECISIONS, base_state, is_linked, record_state, restore_state
from jobs.steps.side_by_side import AT_ONCE, side_by_side
from jobs.steps.todays_records import Touched, silver_digests, todays_records, touched_records
from schemas.names import Layer, linked_table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

PATIENCE_SECONDS = 1800.0
"""How long to wait for another process that links the same master: a task that outlived its scheduler, whose retry this is."""


def link(spark: SparkSession, ctx: RunContext, master: str, *, afresh: bool = False) -> None:
    """Link the records of ``master`` that silver holds on the business date; nothing if that was done with these inputs.

    Only new, changed and deleted records are compared, unless there is no state to start from, the model is new, the values have
    to be counted again, there are few records, or all is wanted ``afresh``; the tables end the same. Writes the tables of
    ``linked.<master>__…`` and, last, the state that names their versions. Raises ModelError, PromotionStoppedError if a gate
    stops a table, and LockHeldError if another process has been linking ``master`` for `PATIENCE_SECONDS`: two at once would both
    append to its tables.
    """
    with hold(ctx.settings.root, f"link-{master}", f"linking {master}", PATIENCE_SECONDS):
        _link(spark, ctx, master, afresh=afresh)


def _link(spark: SparkSession, ctx: RunContext, master: str, *, afresh: bool) -> None:
    model = load_model(ctx.settings.linkage.models / master)
    # Before the versions: a delivery that comes between the two is not in what the state says that it knows, and is looked for.
    known = silver_digests(ctx, master, ctx.business_date)
    decisions = table_version(ctx.path(linked_table(master, DECISIONS)))
    night = LinkageNight(spark, ctx, master, model, _silver_versions(ctx, master), decisions, base_state(ctx, master))
    if is_linked(ctx, master, night.input_digest):
        return
    with plans_for(spark, ctx.silver_rows(master)):
        restore_state(spark, ctx, master, night.base)
        link_records(night, partial(todays_records, night), partial(touched_records, night), afresh=afresh)
    record_state(night, known)


def link_records(
    night: LinkageNight,
    today: Callable[[], DataFrame],
    touched: Callable[[], Touched | None] = lambda: None,
    *,
    afresh: bool = False,
) -> None:
    """Bring the linked tables from the night before to tonight's records: dataset, record_key and the model's attributes.

    ``today`` gives all of them, and is not asked where ``touched`` gives those that may have changed, unless all have to be linked.
    """
    changes = None if afresh else find_changes(night, today, touched)
    scope = link_all(night, today()) if changes is None else link_changes(night, changes)
    entities = group_records(scope.findings, night.model)
    identity = _identify(night, scope, entities)
    write_review = partial(_write_review, night, scope, entities, identity)
    at_once = AT_ONCE if len(entities.members) <= HELD_ROWS else 1
    side_by_side([*_identity_writes(night, scope, entities, identity), write_review], at_once)


def _silver_versions(ctx: RunContext, master: str) -> dict[str, int]:
    tables = {contract.table(Layer.SILVER) for contract in ctx.catalog.sources_of(master)}
    versions = {str(table): table_version(ctx.path(table)) for table in tables}
    return {table: version for table, version in sorted(versions.items()) if version is not None}


def _identify(night: LinkageNight, scope: Scope, entities: Entities) -> Identity:
    """Assign IDs. An ID that was drawn but belongs to a master outside the scope is drawn again."""
    draw = id_drawer(lake_key(night.ctx.settings), night.model.rules.id_prefix)
    masters = scope.masters
    while True:
        identity = identify(entities.members, scope.crosswalk, masters, night.ctx.business_date, draw)
        drawn = set() if scope.is_whole else set(identity.members["master_id"]) - set(masters["master_id"])
        taken = masters_named(night, sorted(drawn))
        if taken.empty:
            return identity
        masters = pd.concat([masters, taken], ignore_index=True)


def _identity_writes(night: LinkageNight, scope: Scope, entities: Entities, identity: Identity) -> list[Callable[[], object]]:
    events = with_reasons(identity, entities.held, scope.findings, partial(night.read_among, "edges", ("*",)), night.model)
    events = events.assign(business_date=night.ctx.business_date, run_id=night.ctx.run_id)
    stays, masters = identity.crosswalk, identity.masters
    ended = {"crosswalk": stays[stays["valid_to"].notna()], "master": masters[masters["ended_on"].notna()]}
    tables = {"crosswalk": stays, "master": masters, "events": events}
    return [partial(_write_local, night, name, rows, ended.get(name)) for name, rows in tables.items()]


def _write_local(night: LinkageNight, name: str, rows: pd.DataFrame, ended: pd.DataFrame | None) -> None:
    """Write rows that the driver holds. They go to Spark here, not before: it keeps a copy of them as long as it is asked for."""
    with night.local_rows(name, rows) as found:
        night.write(name, found, None if ended is None else night.local_keys(name, ended))


def _write_review(night: LinkageNight, scope: Scope, entities: Entities, identity: Identity) -> None:
    masters = identity.members["master_id"].to_numpy(object)
    cases = review_cases(scope.findings, entities.held, masters, night.model, scope.open_cases, night.ctx.business_date)
    with night.local_rows("review", cases) as rows:
        if scope.is_whole:
            night.write_whole("review", rows)
        else:
            night.write("review", rows, night.local_keys("review", scope.open_cases), are_new=False)
