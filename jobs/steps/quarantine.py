"""Quarantine: the rows of a delivery that did not pass, each with its place, the checks it failed and the row as delivered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from jobs.io.delta import table_exists
from jobs.io.run_context import RunContext
from jobs.steps.publish import append_rows, replace_rows
from quality.suite import FAILED_CODES, checks_of
from schemas.contract import Contract
from schemas.names import DeliveryId, Layer
from schemas.sql_text import literals

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

OPEN, SUPERSEDED = "open", "superseded"
"""States of a quarantined row: it waits for a correction; its delivery was corrected as a whole."""


def quarantine_rows(failed: DataFrame, contract: Contract, ctx: RunContext, delivery: DeliveryId) -> None:
    """Append the failed rows of one delivery to the dataset's quarantine, once. Grain: one delivered row.

    ``state`` is ``open``: the row waits for a correction by its sender, which arrives as another delivery (`supersede_rows`).
    """
    path = ctx.path(contract.table(Layer.QUARANTINE))
    append_rows(_as_quarantined(failed, contract), path, "_delivery_id", str(delivery))


def supersede_rows(spark: SparkSession, contract: Contract, ctx: RunContext, deliveries: Sequence[str]) -> None:
    """Give the quarantined rows of ``deliveries`` the state ``superseded``: another delivery of their date counts in their place.

    Running it again changes nothing; without such rows there is no commit.
    """
    from pyspark.sql import functions as f

    path = ctx.path(contract.table(Layer.QUARANTINE))
    if not deliveries or not table_exists(path):
        return
    theirs = f.col("_delivery_id").isin(*deliveries)
    if spark.read.format("delta").load(path).where(theirs & (f.col("state") == OPEN)).head(1):
        spark.sql(
            f"update delta.`{path}` set state = '{SUPERSEDED}' where _delivery_id in ({literals(deliveries)})"  # noqa: S608 - IDs follow a grammar
        ).collect()


def replace_quarantine(failed: DataFrame, contract: Contract, ctx: RunContext) -> None:
    """Make the failed items of a repeated group the whole quarantine of it: they are made anew from all rows that hold them."""
    path = ctx.path(contract.table(Layer.QUARANTINE))
    if table_exists(path) or failed.head(1):
        replace_rows(_as_quarantined(failed, contract), path)


def _as_quarantined(failed: DataFrame, contract: Contract) -> DataFrame:
    from pyspark.sql import functions as f

    delivered = f.to_json(f.struct(*(f.col(f"_raw_{column.name}").alias(column.name) for column in contract.columns)))
    reasons = {c.label: c.reason for c in checks_of(contract)}
    words = f.create_map(*(f.lit(word) for pair in reasons.items() for word in pair))
    return failed.select(
        "_delivery_id",
        "_business_date",
        "_file",
        "_row_number",
        f.col(FAILED_CODES).alias("check_codes"),
        f.transform(FAILED_CODES, lambda code: words[code]).alias("reasons"),
        f.coalesce("_raw", delivered).alias("raw_row"),
        f.lit(OPEN).alias("state"),
    )
