"""Silver of repeated groups: the items that a dataset's rows hold, with the history of those rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.io.delta import table_exists
from jobs.io.run_context import RunContext
from jobs.steps.promote import promote
from jobs.transforms.repeated_group import VALIDITY, items_of
from jobs.transforms.standardise import type_rows
from schemas.contract import Contract
from schemas.names import Layer

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def publish_items(spark: SparkSession, ctx: RunContext, parent: Contract) -> None:
    """Make the tables of all repeated groups of ``parent`` anew from its silver table as it now is.

    A gate that stops one leaves yesterday's table of it in place, and is recorded; the parent is published all the same.
    """
    path = ctx.path(parent.table(Layer.SILVER))
    for contract in ctx.catalog.children_of(parent.dataset) if table_exists(path) else ():
        items = items_of(spark.read.format("delta").load(path), parent, contract)
        promote(type_rows(items, contract, also=VALIDITY), contract, contract.table(Layer.SILVER), ctx)
