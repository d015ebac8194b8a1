"""From the linkage state to master data: golden values, and whatever else the contracts of a master ask for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from jobs.io import control
from jobs.io.delta import table_exists, table_version
from jobs.io.run_context import RunContext
from jobs.io.state import LinkageState, linkage_state, runs
from jobs.linkage.roles import records_of, union_of
from jobs.linkage.survive import survive, survivorship_rules, weigh_evidence
from jobs.transforms.inputs import MasterInputs
from schemas.contract import Contract
from schemas.errors import GovlakeError
from schemas.names import Layer, linked_table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

STEP = "master"

Transform = Callable[[MasterInputs], "DataFrame"]


class MasterDataError(GovlakeError):
    """A table of master data cannot be made as its contract stands; the message names the table and what is missing."""


def build_master(spark: SparkSession, ctx: RunContext, master: str) -> None:
    """Make every gold table of ``master`` from its linkage state, through promote; nothing if that was done already.

    Tables with survived columns come first: the others may refer to them. Raises PromotionStoppedError if a gate stops one.
    """
    from jobs.steps.promote import promote

    state = linkage_state(ctx.settings.root, master)
    if state is None or is_built(ctx, master):
        return
    inputs = read_inputs(spark, ctx, state)
    for contract in _tables_of(ctx, master):
        # The gate reads the rows once for each check that fails, and plans anew each time: the long plan is cut off here.
        rows = build_table(inputs, contract).localCheckpoint()
        promote(rows, contract, contract.table(Layer.GOLD), ctx)
    done = {"run_id": ctx.run_id, "business_date": ctx.business_date, "step": STEP, "dataset": master, "status": "succeeded"}
    control.record(ctx.settings.root, "runs", [done | {"detail": master_inputs_digest(ctx, master)}])


def is_built(ctx: RunContext, master: str) -> bool:
    """Whether the gold tables of ``master`` were made from its present linkage state, by the present contracts. No Spark."""
    built = [run for run in runs(ctx.settings.root) if run.step == STEP and run.dataset == master and run.status == "succeeded"]
    last = max(built, key=lambda run: run.at, default=None)
    return last is not None and last.detail == master_inputs_digest(ctx, master)


def master_inputs_digest(ctx: RunContext, master: str) -> str:
    """What the gold tables of ``master`` depend on, as one SHA-256: linkage state, history in silver, contracts. No Spark."""
    state = linkage_state(ctx.settings.root, master)
    silver = [contract.table(Layer.SILVER) for contract in ctx.catalog.sources_of(master)]
    inputs = {
        "linked": state.tables if state else {},
        "silver": {str(table): table_version(ctx.path(table)) for table in silver},
        "contracts": {str(c.dataset): c.model_dump_json(exclude={"path"}) for c in _tables_of(ctx, master)},
    }
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def _tables_of(ctx: RunContext, master: str) -> list[Contract]:
    tables = [contract for contract in ctx.catalog.gold if contract.dataset.group == master]
    return sorted(tables, key=lambda contract: (not survivorship_rules(contract), contract.dataset))


def read_inputs(spark: SparkSession, ctx: RunContext, state: LinkageState) -> MasterInputs:
    """What the tables of a master are made from, its linked tables at the versions of ``state``."""
    crosswalk = _read_linked(spark, ctx, state, "crosswalk").where("valid_to is null").select("dataset", "record_key", "master_id")
    records = _read_linked(spark, ctx, state, "records")
    links = _read_linked(spark, ctx, state, "edges").where("is_link")
    members = records.join(crosswalk, ["dataset", "record_key"], "inner").localCheckpoint()
    history = union_of(
        [
            named
            for contract in ctx.catalog.sources_of(state.master)
            if table_exists(ctx.path(contract.table(Layer.SILVER)))
            for named in records_of(spark.read.format("delta").load(ctx.path(contract.table(Layer.SILVER))), contract, state.master)
        ]
    )
    return MasterInputs(
        members=members,
        history=history.join(crosswalk, ["dataset", "record_key"], "inner"),
        evidence=weigh_evidence(members, links),
    )


def _read_linked(spark: SparkSession, ctx: RunContext, state: LinkageState, name: str) -> DataFrame:
    table = linked_table(state.master, name)
    return spark.read.format("delta").option("versionAsOf", state.tables[str(table)]).load(ctx.path(table))


def build_table(inputs: MasterInputs, contract: Contract) -> DataFrame:
    """The rows of one gold table, with exactly the columns of its contract. Raises MasterDataError if one is not filled."""
    rules = survivorship_rules(contract)
    golden = survive(inputs.members, rules) if rules else None
    transform = _transform_of(contract)
    rows = transform(replace(inputs, golden=golden)) if transform else golden
    if rows is None:
        raise MasterDataError(
            f"{contract.dataset}: no column has survivorship and there is no transform. Give the contract one, or write "
            f"{_module_name(contract).replace('.', '/')}.py with a function transform(inputs)."
        )
    missing = [column.name for column in contract.columns if column.name not in rows.columns]
    if missing:
        raise MasterDataError(
            f"{contract.dataset}: nothing fills {', '.join(missing)}. Add survivorship, or let the transform do it."
        )
    return rows.select(*(column.name for column in contract.columns))


def _transform_of(contract: Contract) -> Transform | None:
    name = _module_name(contract)
    if find_spec(name.rpartition(".")[0]) is None or find_spec(name) is None:
        return None
    return cast("Transform", import_module(name).transform)


def _module_name(contract: Contract) -> str:
    return f"jobs.transforms.{contract.dataset.group}.{contract.dataset.table}"
