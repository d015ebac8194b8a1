"""Stewards decide about pairs of records. A decision is a row of ``linked.<master>__steward_edges``, which outlives every run."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa

from jobs.io import control
from jobs.io.delta import read_table, table_exists
from jobs.io.frames import frame_of
from jobs.io.run_context import RunContext
from jobs.linkage.decisions import VERDICTS, Decision, contradicted, standing
from jobs.steps.linkage_state import DECISIONS
from schemas.errors import UsageError
from schemas.names import DatasetName, Layer, linked_table
from schemas.odcs import suggest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DECIDE = "decide_case"
"""The action of a decision in ``control.audit``; its subject is ``<master>/<case, or two record IDs>: <verdict>``."""


def decisions_of(root: str, master: str) -> list[Decision]:
    """All decisions about records of ``master``, oldest first. No Spark."""
    path = linked_table(master, DECISIONS).path(root)
    if not table_exists(path):
        return []
    rows = sorted(read_table(path).to_pylist(), key=lambda row: row["decided_on"])
    return [
        Decision(
            left=f"{row['dataset']}|{row['record_key']}",
            right=f"{row['other_dataset']}|{row['other_record_key']}",
            verdict=row["decision"],
            decided_by=row["decided_by"],
            decided_on=row["decided_on"],
            reason=row["reason"],
        )
        for row in rows
    ]


def make_decision(pair: tuple[str, str], verdict: str, who: str, why: str, counts_from: date) -> Decision:
    """A decision on two records, the smaller first. Raises UsageError if the verdict is unknown, or who or why is empty."""
    if verdict not in VERDICTS:
        raise UsageError(f"no verdict {verdict!r}. {suggest(verdict, list(VERDICTS))}")
    for option, text in (("--by", who), ("--why", why)):
        if not text.strip():
            raise UsageError(f"{option} is empty: a decision outlives every run, so it must say who took it and why.")
    left, right = sorted(pair)
    return Decision(left, right, verdict, who.strip(), counts_from, why.strip())


def require_no_contradiction(root: str, master: str, decision: Decision, *, overturns: bool) -> None:
    """Raise UsageError if ``decision`` contradicts others, and say which; with ``overturns`` only the pair's own may be.

    Nor may it say again what was said, unless it ``overturns``: the first who did, and why, would be forgotten.
    """
    decided = decisions_of(root, master)
    again = [other for other in standing(decided) if (other.pair, other.verdict) == (decision.pair, decision.verdict)]
    if again and not overturns:
        raise UsageError(f"decided already: {again[0].words}. To put your name and reason in its place, add --overturn.")
    against = contradicted(decision, decided)
    if overturns:
        against = [other for other in against if other.pair != decision.pair]
    if not against:
        return
    is_own = all(other.pair == decision.pair for other in against)
    first = "Overturn one of these first (govlake review decide-records … --overturn), or leave it open."
    hint = "To replace it, add --overturn." if is_own else first
    listed = "".join(f"\n  {other.words}" for other in against)
    raise UsageError(f"{decision.verdict} would contradict what was decided:{listed}\n{hint}")


def record_decision(spark: SparkSession, ctx: RunContext, master: str, subject: str, decision: Decision) -> None:
    """Promote a decision, and put it in the audit; ``subject``: a case, or two records. Raises PromotionStoppedError."""
    from jobs.steps.promote import promote

    contract = ctx.catalog.by_dataset[DatasetName(Layer.LINKED, DECISIONS)]
    (dataset, _, key), (other_dataset, _, other_key) = decision.left.partition("|"), decision.right.partition("|")
    row = (dataset, key, other_dataset, other_key, decision.verdict, decision.decided_by, decision.decided_on, decision.reason)
    columns = {column.name: [value] for column, value in zip(contract.columns, row, strict=True)}
    promote(frame_of(spark, pa.table(columns)), contract, linked_table(master, DECISIONS), ctx)
    told = f"{master}/{subject}: {decision.verdict}"
    event = {"who": decision.decided_by, "action": DECIDE, "subject": told, "reason": decision.reason}
    control.record(ctx.settings.root, "audit", [event])
