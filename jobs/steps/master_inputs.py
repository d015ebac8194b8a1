"""Read what the gold tables of a master are made from: its linkage state, and the history of its sources in silver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from jobs.io.delta import table_exists
from jobs.io.run_context import RunContext
from jobs.io.state import LinkageState
from jobs.linkage.comparable import KEPT
from jobs.linkage.contested import contested_values
from jobs.linkage.roles import attributes_beyond_rows, records_of, union_of
from jobs.linkage.survive import weigh_evidence
from jobs.linkage.timeline import attributed_versions, golden_history, held_versions, snapshots
from jobs.transforms.history import rows_on, versions_up_to
from jobs.transforms.inputs import MasterInputs
from schemas.contract import Contract, Survivorship
from schemas.names import Layer, linked_table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def read_inputs(spark: SparkSession, ctx: RunContext, state: LinkageState, rules: Mapping[str, Survivorship]) -> MasterInputs:
    """What the tables of a master are made from, its linked tables at the versions of ``state``.

    ``rules``: how the golden values of the master are chosen, for what is told of them over time.
    """
    crosswalk = read_linked(spark, ctx, state, "crosswalk")
    now = crosswalk.where("valid_to is null").select("dataset", "record_key", "master_id")
    members = read_linked(spark, ctx, state, "records").drop(*KEPT).join(now, ["dataset", "record_key"], "inner").localCheckpoint()
    silver = _read_silver(spark, ctx, state)
    versions = _versions(silver, members.drop("master_id"), ctx, state.master).localCheckpoint()
    on_dates = snapshots(held_versions(versions, crosswalk)).localCheckpoint()
    return MasterInputs(
        members=members,
        history=attributed_versions(versions, crosswalk, read_linked(spark, ctx, state, "master")),
        snapshots=on_dates,
        golden_history=golden_history(on_dates, rules),
        contested=contested_values(members, rules),
        evidence=weigh_evidence(members, read_linked(spark, ctx, state, "edges").where("is_link")),
        rows={source: rows_on(rows, state.business_date) for source, rows in silver.items()},
    )


def read_linked(spark: SparkSession, ctx: RunContext, state: LinkageState, name: str) -> DataFrame:
    """A linked table of a master, at the version of ``state``."""
    table = linked_table(state.master, name)
    return spark.read.format("delta").option("versionAsOf", state.tables[str(table)]).load(ctx.path(table))


def _read_silver(spark: SparkSession, ctx: RunContext, state: LinkageState) -> dict[str, DataFrame]:
    """By dataset, the history up to the date of ``state`` of each source that names entities of its master and has delivered."""
    contracts: tuple[Contract, ...] = ctx.catalog.sources_of(state.master)
    paths = {str(contract.dataset): ctx.path(contract.table(Layer.SILVER)) for contract in contracts}
    versions = {dataset: spark.read.format("delta").load(path) for dataset, path in paths.items() if table_exists(path)}
    return {dataset: versions_up_to(rows, state.business_date) for dataset, rows in versions.items()}


def _versions(silver: Mapping[str, DataFrame], records: DataFrame, ctx: RunContext, master: str) -> DataFrame:
    """Every version of every record in silver, with the columns and types of ``records`` and ``_valid_from _valid_to``.

    Without attributes that a source makes of other rows too: a version does not say which versions of those were so at its time.
    """
    from pyspark.sql import functions as f

    named = [found for source, rows in silver.items() for found in records_of(rows, ctx.catalog.find(source), master)]
    times = {name: f.lit(None).cast("date") for name in ("_valid_from", "_valid_to")}
    versions = union_of([records.where("false").withColumns(times), *named])
    beyond = {name for source in silver for name in attributes_beyond_rows(ctx.catalog.find(source), master)}
    told = [f.col(field.name).cast(field.dataType) for field in records.schema.fields if field.name not in beyond]
    return versions.select(*told, *times)
