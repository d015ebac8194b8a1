"""legal_entity/shareholder: who holds the shares of each firm, by the register's lines of today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.transforms.inputs import MasterInputs

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SHAREHOLDERS = "market_regulation/shareholder"
FIRM, HOLDER = "#entity", "#shareholder"
"""Endings of the two records that a line names."""

NEVER = dict.fromkeys(("kind_code", "holder_id", "holder_name"), "cast(null as string)") | {
    "subscribed_10k": "cast(null as decimal(20,6))",
    "paid_in_10k": "cast(null as decimal(20,6))",
    "share_percent": "cast(null as double)",
    "subscribed_on": "cast(null as date)",
    "since_date": "cast(null as date)",
}
"""The columns of a register that has never delivered."""


def transform(inputs: MasterInputs) -> DataFrame:
    """One row a line of a firm's list of shareholders; none while the register has never delivered."""
    from pyspark.sql import functions as f

    named = inputs.members.where(f"dataset = '{SHAREHOLDERS}'").select(
        f.substring_index("record_key", "#", 1).alias("line"), f.regexp_extract("record_key", "#.*$", 0).alias("role"), "master_id"
    )
    firms = named.where(f.col("role") == FIRM).select("line", "master_id")
    holders = named.where(f.col("role") == HOLDER).select("line", f.col("master_id").alias("holder_id"))
    lines = inputs.rows.get(SHAREHOLDERS)
    if lines is None:
        return firms.where("false").selectExpr(
            "master_id", "line as record_key", *(f"{sql} as {name}" for name, sql in NEVER.items())
        )
    held = lines.withColumn("line", f.concat_ws("|", "unified_code", "line_number")).join(firms, "line", "inner")
    return held.join(holders, "line", "left").withColumns(
        {
            "record_key": f.concat("line", f.lit(HOLDER)),
            "holder_name": f.col("shareholder_name"),
            "since_date": f.col("_valid_from"),
        }
    )
