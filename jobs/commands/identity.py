"""``govlake audit-identity``: whether the identities that nights have kept are those that recomputing everything gives."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.commands.output import AsJson, show_json
from jobs.settings import current_settings

if TYPE_CHECKING:
    from jobs.steps.audit_identity import IdentityAudit

SHOWN = 10
"""Differences that are printed for a person; --json has all."""


def audit_identity(
    master: Annotated[str, typer.Option(help="The register.")] = "population",
    as_json: AsJson = False,
) -> None:
    """Recompute every entity of a register and compare with its masters; exit 1 if they differ. Changes nothing.

    Example: govlake audit-identity --master population
    """
    from jobs.io.run_context import RunContext
    from jobs.io.spark import spark_session
    from jobs.steps.audit_identity import audit_identity as audit
    from jobs.steps.audit_identity import state_to_audit
    from schemas.catalog import load_catalog

    settings = current_settings()
    ctx = RunContext(settings, load_catalog(), date.min, "audit")
    state_to_audit(ctx, master)  # before the JVM starts
    with spark_session(settings) as spark:
        found = audit(spark, ctx, master)
    if as_json:
        show_json(found.as_json())
    else:
        typer.echo(_in_words(found))
    if not found.same_partition:
        raise typer.Exit(1)


def _in_words(audit: IdentityAudit) -> str:
    head = f"{audit.master}: {audit.records:,} records of {audit.masters:,} masters, all recomputed: "
    if audit.same_partition:
        return f"{head}the entities are the same."
    lines = [f"{head}{len(audit.differences):,} masters are not one entity."]
    for difference in audit.differences[:SHOWN]:
        lines.append(f"  {difference['master_id'] or 'without a master'} holds {', '.join(difference['records'])}; recomputed:")
        lines += [f"    {', '.join(entity)}" for entity in difference["recomputed"]]
    more = len(audit.differences) - SHOWN
    return "\n".join(lines + ([f"  and {more:,} more (--json lists all)"] if more > 0 else []))
