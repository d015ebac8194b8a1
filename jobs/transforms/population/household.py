"""population/household: registered households with a living registration, their heads and members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.transforms.inputs import MasterInputs

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

HEAD_CODES = ("02", "01")
"""Codes of GB/T 4761 for the head: 户主 (head), and 本人 (oneself) where a system writes that of the head."""

FIRST = "struct(if(head_rank = 0, 99, head_rank), age, record_key)"
"""The order of a household's registrations, as Spark SQL: the head's first, then the newest."""


def living_registrations(members: DataFrame) -> DataFrame:
    """Records of persons registered in a household and not cancelled.

    ``head_rank`` above 0 (1 is best) says: the head's. ``age`` is in days before 1970; a record without a date is older than any.
    """
    from pyspark.sql import functions as f

    return members.where("household_number is not null and cancellation_code is null").withColumns(
        {
            "head_rank": f.coalesce(f.array_position(f.array(*map(f.lit, HEAD_CODES)), f.col("head_relation_code")), f.lit(0)),
            "age": f.expr("-unix_date(coalesce(updated_on, date '0001-01-01'))"),
        }
    )


def transform(inputs: MasterInputs) -> DataFrame:
    """One row a household. Region and address are those of the head's registration, else of the newest one."""
    from pyspark.sql import functions as f

    return (
        living_registrations(inputs.members)
        .groupBy("household_number")
        .agg(
            f.expr(f"min_by(master_id, {FIRST}) filter (where head_rank > 0)").alias("head_id"),
            f.expr(f"min_by(region_code, {FIRST})").alias("region_code"),
            f.expr(f"min_by(registered_address, {FIRST})").alias("registered_address"),
            f.count_distinct("master_id").cast("int").alias("member_count"),
            f.sort_array(f.collect_set("master_id")).alias("member_ids"),
        )
    )
