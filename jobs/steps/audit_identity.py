"""The audit of a master's identities: recompute every entity from the present records, and compare with what nights have kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from jobs.io.delta import row_count
from jobs.io.run_context import RunContext
from jobs.io.spark import plans_for
from jobs.io.state import LinkageState, linkage_state
from jobs.linkage.audit import Difference, partition_differences
from jobs.linkage.block import HASH_PAIR, blocking_keys, candidate_pairs, large_blocks
from jobs.linkage.changes import with_hashes
from jobs.linkage.comparable import KEPT, as_compared, as_linked, comparable
from jobs.linkage.entities import Findings, group_records
from jobs.linkage.frequencies import counted_records
from jobs.linkage.identify import RECORD
from jobs.linkage.model import load_model
from jobs.steps.link_all import score_pairs
from jobs.steps.link_scope import decisions_of, local_records
from jobs.steps.linkage_night import LinkageNight, local
from jobs.steps.linkage_state import DECISIONS, state_version
from schemas.errors import UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class IdentityAudit:
    """What an audit found: how many records and masters there are, and the masters that recomputing does not confirm."""

    master: str
    records: int
    masters: int
    differences: tuple[Difference, ...]

    @property
    def same_partition(self) -> bool:
        """Whether every master is exactly one recomputed entity."""
        return not self.differences

    def as_json(self) -> dict[str, Any]:
        """``{"same_partition", "records", "masters", "differences"}``."""
        counts = {"records": self.records, "masters": self.masters}
        return {"same_partition": self.same_partition, **counts, "differences": list(self.differences)}


def state_to_audit(ctx: RunContext, master: str) -> LinkageState:
    """The last linkage state of ``master``. No Spark. Raises UsageError if it cannot be audited."""
    ctx.catalog.require_master(master)
    state = linkage_state(ctx.settings.root, master)
    if state is None:
        raise UsageError(f"{master} was never linked: there is nothing to audit before its first night (govlake night --date …).")
    if state.model_digest != load_model(ctx.settings.linkage.models / master).digest:
        raise UsageError(
            f"the linkage model of {master} was changed after the night of {state.business_date}: recomputed entities would differ "
            "because of it. Run the next night first; it links all records with the new model."
        )
    return state


def audit_identity(spark: SparkSession, ctx: RunContext, master: str) -> IdentityAudit:
    """Recompute the entities of ``master`` from its present records, by the frozen term frequencies, and compare. Changes nothing.

    Keys, blocks, pairs and weights are all made anew. Raises UsageError as `state_to_audit` does.
    """
    state = state_to_audit(ctx, master)
    model = load_model(ctx.settings.linkage.models / master)
    decisions = state_version(state, master, DECISIONS)
    night = LinkageNight(spark, replace(ctx, business_date=state.business_date), master, model, {}, decisions, state)
    with plans_for(spark, row_count(night.path("records"))):
        return _audit(night)


def _audit(night: LinkageNight) -> IdentityAudit:
    model = night.model
    frequencies = night.read_before("term_frequencies")
    made = comparable(with_hashes(night.read_before("records").drop(*KEPT), model), model)
    standardised = as_compared(as_linked(made, frequencies, model)).persist()
    keys = blocking_keys(standardised)
    pairs = candidate_pairs(keys, large_blocks(keys, model))
    edges = score_pairs(pairs, standardised, counted_records(frequencies), model)
    scored = local(edges.select(*HASH_PAIR, "match_weight", "is_link"))
    findings = Findings(local_records(standardised, model), scored, decisions_of(night))
    standardised.unpersist()
    members = group_records(findings, model).members
    crosswalk = local(night.read_before("crosswalk").where("valid_to is null").select(*RECORD, "master_id"))
    differences = partition_differences(members, crosswalk)
    return IdentityAudit(night.master, len(members), crosswalk["master_id"].nunique(), tuple(differences))
