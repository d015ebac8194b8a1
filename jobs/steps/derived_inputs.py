"""Read what the tables are made from that are derived of all masters: linkage states, silver's history, and gold made before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from jobs.io.delta import table_exists, table_version
from jobs.io.run_context import RunContext
from jobs.io.state import linkage_state
from jobs.linkage.timeline import RECORD, last_holders, successors
from jobs.steps.digest import digest_of
from jobs.steps.master_inputs import read_linked
from jobs.transforms.history import versions_up_to
from jobs.transforms.inputs import DerivedInputs, Linked
from schemas.contract import Contract
from schemas.names import Layer

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def read_derived_inputs(spark: SparkSession, ctx: RunContext, group: str) -> DerivedInputs:
    """What the tables of a derived group are made from; linked tables at the versions of their last states."""

    def read(contracts: Iterable[Contract], layer: Layer) -> dict[str, DataFrame]:
        paths = {str(contract.dataset): ctx.path(contract.table(layer)) for contract in contracts}
        return {dataset: spark.read.format("delta").load(path) for dataset, path in paths.items() if table_exists(path)}

    versions = read(ctx.catalog.refined, Layer.SILVER)
    linked = {master: _read_linked(spark, ctx, master) for master in ctx.catalog.masters}
    return DerivedInputs(
        business_date=ctx.business_date,
        sources=ctx.catalog.refined,
        linked={master: found for master, found in linked.items() if found is not None},
        silver={dataset: versions_up_to(rows, ctx.business_date) for dataset, rows in versions.items()},
        gold=read(made_before(ctx, group), Layer.GOLD),
    )


def derived_inputs_digest(ctx: RunContext, group: str) -> str:
    """What the tables of a derived group depend on, as one SHA-256: what `read_derived_inputs` reads, and contracts. No Spark."""
    root = ctx.settings.root
    states = {master: linkage_state(root, master) for master in ctx.catalog.masters}
    tables = [contract.table(Layer.SILVER) for contract in ctx.catalog.refined]
    tables += [contract.table(Layer.GOLD) for contract in made_before(ctx, group)]
    told = (*ctx.catalog.refined, *ctx.catalog.gold_of(group))
    inputs = {
        "business_date": ctx.business_date.isoformat(),
        "linked": {master: state.tables for master, state in states.items() if state},
        "tables": {str(table): table_version(ctx.path(table)) for table in tables},
        "contracts": {str(contract.dataset): contract.model_dump_json(exclude={"path"}) for contract in told},
    }
    return digest_of(inputs)


def made_before(ctx: RunContext, group: str) -> list[Contract]:
    """The gold tables that a derived group may read: those of all masters, and of the derived groups whose names come before."""
    before = {*ctx.catalog.masters, *(other for other in ctx.catalog.derived if other < group)}
    return [contract for contract in ctx.catalog.gold if contract.dataset.group in before]


def _read_linked(spark: SparkSession, ctx: RunContext, master: str) -> Linked | None:
    from pyspark.sql import functions as f

    state = linkage_state(ctx.settings.root, master)
    if state is None:
        return None
    crosswalk, masters = (read_linked(spark, ctx, state, name) for name in ("crosswalk", "master"))
    held = crosswalk.withColumnRenamed("master_id", "held_by").join(successors(masters), "held_by", "left")
    now = f.coalesce("master_id", "held_by").alias("master_id")
    # Every relation looks at the stays of several roles: without the checkpoint each look would be the join all over.
    stays = held.select(*RECORD, "held_by", now, "valid_from", "valid_to").localCheckpoint()
    edges = read_linked(spark, ctx, state, "edges").where("is_link")
    weights = [name for name in edges.columns if name.startswith("mw_")]
    return Linked(
        held=stays.where("valid_to is null").select(*RECORD, f.col("held_by").alias("master_id")),
        last_held=last_holders(stays).withColumnRenamed("held_by", "master_id"),
        stays=stays.drop("held_by"),
        links=edges.select("record_id_l", "record_id_r", "match_weight", *weights),
    )
