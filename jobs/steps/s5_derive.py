"""From all masters to what is known between them: gold tables whose group has no records of its own (ADR 14)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from jobs.io.run_context import RunContext
from jobs.io.spark import plans_for
from jobs.io.state import linkage_state
from jobs.steps.derived_inputs import derived_inputs_digest, read_derived_inputs
from jobs.steps.s5_master import MasterDataError, filled, promote_tables, record_built, transform_file, transform_of, was_built
from jobs.transforms.inputs import DerivedInputs
from schemas.contract import Contract
from schemas.names import Layer

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

STEP = "derive"


def derive(spark: SparkSession, ctx: RunContext, group: str) -> None:
    """Make every gold table of a derived ``group``, through promote; nothing if that was done already with these inputs.

    A table comes after those of its group that its columns name as their source (``transformSourceObjects``). Nothing is made
    before a first master was linked. Raises PromotionStoppedError if a gate stops one, MasterDataError if one cannot be made.
    """
    if not is_linked_at_all(ctx) or is_derived(ctx, group):
        return
    with plans_for(spark, sum(ctx.silver_rows(master) for master in ctx.catalog.masters)):
        inputs = read_derived_inputs(spark, ctx, group)
        for ready in in_order(ctx.catalog.gold_of(group)):
            promote_tables(build_derived, inputs, ready, ctx)
            made = {str(c.dataset): spark.read.format("delta").load(ctx.path(c.table(Layer.GOLD))) for c in ready}
            inputs = replace(inputs, gold={**inputs.gold, **made})
    record_built(ctx, STEP, group, derived_inputs_digest(ctx, group))


def is_derived(ctx: RunContext, group: str) -> bool:
    """Whether the gold tables of ``group`` were made of what there is now, by the present contracts. No Spark."""
    return was_built(ctx, STEP, group, derived_inputs_digest(ctx, group))


def is_linked_at_all(ctx: RunContext) -> bool:
    """Whether any master has a linkage state."""
    return any(linkage_state(ctx.settings.root, master) is not None for master in ctx.catalog.masters)


def in_order(tables: Iterable[Contract]) -> list[list[Contract]]:
    """The tables of one group, those that can be made at the same time together, after those that their columns come from.

    Raises MasterDataError if they go round in a circle.
    """
    waiting, made = list(tables), []
    while waiting:
        left = {str(contract.table(Layer.GOLD)) for contract in waiting}
        ready = [contract for contract in waiting if not _sources_of(contract) & left - {str(contract.table(Layer.GOLD))}]
        if not ready:
            raise MasterDataError(f"{', '.join(sorted(left))} name one another as sources. Take out one transformSourceObjects.")
        waiting = [contract for contract in waiting if contract not in ready]
        made.append(ready)
    return made


def _sources_of(contract: Contract) -> set[str]:
    return {table for column in contract.columns for table in column.source_tables}


def build_derived(inputs: DerivedInputs, contract: Contract) -> DataFrame:
    """The rows of one table, with exactly the columns of its contract. Raises MasterDataError if nothing makes them."""
    transform = transform_of(contract)
    if transform is None:
        raise MasterDataError(f"{contract.dataset}: there is no transform. Write {transform_file(contract)}: transform(inputs).")
    return filled(transform(inputs), contract)
