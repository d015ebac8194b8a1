"""The linkage state: the tables of a master that belong together, and where a night starts from.

They share no commit, so a row of ``control.linkage_states`` names the versions that do. A night starts from the last row of
an *earlier* date and restores what is newer: a night that was killed, or is run again, starts where it started before.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from jobs.io import control
from jobs.io.delta import table_exists, table_version
from jobs.io.run_context import RunContext
from jobs.io.state import LinkageState, linkage_states
from jobs.steps.side_by_side import side_by_side
from schemas.names import linked_table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from jobs.steps.linkage_night import LinkageNight

TABLES = ("records", "term_frequencies", "edges", "crosswalk", "master", "events", "review")
"""What a night writes, and restores first."""

DECISIONS = "steward_edges"
"""Not among them: what stewards decided outlives every run."""


def is_linked(ctx: RunContext, master: str, input_digest: str) -> bool:
    """Whether the last state of ``master`` is that of this night with these very inputs."""
    states = linkage_states(ctx.settings.root, master)
    return bool(states) and (states[-1].business_date, states[-1].input_digest) == (ctx.business_date, input_digest)


def base_state(ctx: RunContext, master: str) -> LinkageState | None:
    """The state that this night starts from: the last of an earlier date; None before the first."""
    earlier = [state for state in linkage_states(ctx.settings.root, master) if state.business_date < ctx.business_date]
    return earlier[-1] if earlier else None


def state_version(state: LinkageState | None, master: str, name: str) -> int | None:
    """The version of a linked table in ``state``; None if there is no state, or it had no such table."""
    return state.tables.get(str(linked_table(master, name))) if state else None


def restore_state(spark: SparkSession, ctx: RunContext, master: str, base: LinkageState | None) -> None:
    """Bring the tables of ``master`` back to ``base``; empty them if there is none."""
    paths = {ctx.path(linked_table(master, name)): state_version(base, master, name) for name in TABLES}
    ahead = {path: version for path, version in paths.items() if table_exists(path) and table_version(path) != version}
    side_by_side(partial(_restore, spark, path, version) for path, version in ahead.items())


def _restore(spark: SparkSession, path: str, version: int | None) -> None:
    if version is None:
        spark.sql(f"delete from delta.`{path}`")  # noqa: S608 - a path of names.py; SQL has no parameter for one
    else:
        spark.sql(f"restore table delta.`{path}` to version as of {version}")


def record_state(night: LinkageNight, silver: Mapping[str, str] | None = None) -> None:
    """Say that the tables as they are now belong together; what stewards had decided is named too, as the night read it.

    ``silver``: what the records were made of (`jobs.steps.todays_records.silver_digests`); nothing if that is not known.
    """
    ctx, master = night.ctx, night.master
    versions = {linked_table(master, name): table_version(ctx.path(linked_table(master, name))) for name in TABLES}
    versions |= {} if night.decisions is None else {linked_table(master, DECISIONS): night.decisions}
    tables = {str(table): version for table, version in versions.items()}
    state = {"master": master, "business_date": ctx.business_date, "tables": tables, "run_id": ctx.run_id}
    digests = {"model_digest": night.model.digest, "input_digest": night.input_digest, "silver": dict(silver or {})}
    control.record(ctx.settings.root, "linkage_states", [state | digests])
