"""From the linkage state to master data: golden values, and whatever else the contracts of a master ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

from jobs.io import control
from jobs.io.delta import table_version
from jobs.io.run_context import RunContext
from jobs.io.spark import plans_for
from jobs.io.state import linkage_state, runs
from jobs.linkage.survive import survive, survivorship_rules
from jobs.steps.digest import digest_of
from jobs.steps.master_inputs import read_inputs
from jobs.steps.side_by_side import side_by_side
from jobs.transforms.inputs import DerivedInputs, MasterInputs
from schemas.contract import Contract, Survivorship
from schemas.errors import GovlakeError
from schemas.names import Layer

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

STEP = "master"

Transform = Callable[[Any], "DataFrame"]
"""Makes the rows of one table of what its group has: `MasterInputs`, or `DerivedInputs`."""


class MasterDataError(GovlakeError):
    """A table of master data cannot be made as its contract stands; the message names the table and what is missing."""


def build_master(spark: SparkSession, ctx: RunContext, master: str) -> None:
    """Make every gold table of ``master`` from its linkage state, through promote; nothing if that was done already.

    Tables with survived columns come first: the others may refer to them. Raises PromotionStoppedError if a gate stops one.
    """
    state = linkage_state(ctx.settings.root, master)
    if state is None or is_built(ctx, master):
        return
    tables = ctx.catalog.gold_of(master)
    with plans_for(spark, ctx.silver_rows(master)):
        inputs = read_inputs(spark, ctx, state, golden_rules(ctx, master))
        for are_golden in (True, False):
            chosen = [contract for contract in tables if bool(survivorship_rules(contract)) == are_golden]
            promote_tables(build_table, inputs, chosen, ctx)
    record_built(ctx, STEP, master, master_inputs_digest(ctx, master))


def promote_tables(
    build: Callable[[Any, Contract], DataFrame], inputs: MasterInputs | DerivedInputs, tables: Iterable[Contract], ctx: RunContext
) -> None:
    """Build and promote gold tables that do not depend on one another. Raises PromotionStoppedError if a gate stops one."""
    from jobs.steps.promote import promote

    def promote_one(contract: Contract) -> None:
        promote(build(inputs, contract), contract, contract.table(Layer.GOLD), ctx)

    side_by_side(partial(promote_one, contract) for contract in tables)


def is_built(ctx: RunContext, master: str) -> bool:
    """Whether the gold tables of ``master`` were made from its present linkage state, by the present contracts. No Spark."""
    return was_built(ctx, STEP, master, master_inputs_digest(ctx, master))


def record_built(ctx: RunContext, step: str, group: str, digest: str) -> None:
    """Say that the gold tables of a group were made of the inputs that ``digest`` names."""
    done = {"run_id": ctx.run_id, "business_date": ctx.business_date, "step": step, "dataset": group, "status": "succeeded"}
    control.record(ctx.settings.root, "runs", [done | {"detail": digest}])


def was_built(ctx: RunContext, step: str, group: str, digest: str) -> bool:
    """Whether the gold tables of a group were last made of the inputs that ``digest`` names. No Spark."""
    built = [run for run in runs(ctx.settings.root) if run.step == step and run.dataset == group and run.status == "succeeded"]
    last = max(built, key=lambda run: run.at, default=None)
    return last is not None and last.detail == digest


def master_inputs_digest(ctx: RunContext, master: str) -> str:
    """What the gold tables of ``master`` depend on, as one SHA-256: linkage state, history in silver, contracts. No Spark."""
    state = linkage_state(ctx.settings.root, master)
    silver = [contract.table(Layer.SILVER) for contract in ctx.catalog.sources_of(master)]
    inputs = {
        "linked": state.tables if state else {},
        "silver": {str(table): table_version(ctx.path(table)) for table in silver},
        "contracts": {str(c.dataset): c.model_dump_json(exclude={"path"}) for c in ctx.catalog.gold_of(master)},
    }
    return digest_of(inputs)


def golden_rules(ctx: RunContext, master: str) -> dict[str, Survivorship]:
    """How the golden values of ``master`` are chosen: the rules of its first table that has any."""
    return next((rules for contract in ctx.catalog.gold_of(master) if (rules := survivorship_rules(contract))), {})


def build_table(inputs: MasterInputs, contract: Contract) -> DataFrame:
    """The rows of one gold table, with exactly the columns of its contract. Raises MasterDataError if one is not filled."""
    rules = survivorship_rules(contract)
    golden = survive(inputs.members, rules) if rules else None
    transform = transform_of(contract)
    rows = transform(replace(inputs, golden=golden)) if transform else golden
    if rows is None:
        raise MasterDataError(
            f"{contract.dataset}: no column has survivorship and there is no transform. Give the contract one, or write "
            f"{transform_file(contract)} with a function transform(inputs)."
        )
    return filled(rows, contract)


def filled(rows: DataFrame, contract: Contract) -> DataFrame:
    """The columns of the contract. Raises MasterDataError if ``rows`` lack one."""
    missing = [column.name for column in contract.columns if column.name not in rows.columns]
    if missing:
        raise MasterDataError(
            f"{contract.dataset}: nothing fills {', '.join(missing)}. Add survivorship, or let the transform do it."
        )
    return rows.select(*(column.name for column in contract.columns))


def transform_of(contract: Contract) -> Transform | None:
    """The hand-written transform of a gold table; None if its contract says all."""
    name = _module_name(contract)
    if find_spec(name.rpartition(".")[0]) is None or find_spec(name) is None:
        return None
    return cast("Transform", import_module(name).transform)


def transform_file(contract: Contract) -> str:
    """Where the transform of a gold table is written."""
    return f"{_module_name(contract).replace('.', '/')}.py"


def _module_name(contract: Contract) -> str:
    return f"jobs.transforms.{contract.dataset.group}.{contract.dataset.table}"
