"""credit/subject: how many listings of each kind stand against, or for, a subject today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.transforms.inputs import DerivedInputs

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

COUNTED = ("licence", "penalty", "dishonest_debtor", "tax_violation", "abnormal_operation", "red_list")
"""Kinds of listings (code table ``credit_record_kind``), each counted in a column of its own."""


def transform(inputs: DerivedInputs) -> DataFrame:
    """One row a subject that any record is about; one of which nothing stands has zeros."""
    from pyspark.sql import functions as f

    is_current = "status_code = 'current'"
    records = inputs.gold["credit/record"].where("master_id is not null")
    return records.groupBy("subject_master", "master_id").agg(
        *(f.expr(f"cast(count_if({is_current} and kind_code = '{kind}') as int)").alias(f"{kind}_count") for kind in COUNTED),
        f.count("*").cast("int").alias("record_count"),
        f.expr(f"max(listed_on) filter (where {is_current})").alias("last_listed_on"),
        f.expr(f"min(ends_on) filter (where {is_current})").alias("next_ends_on"),
    )
