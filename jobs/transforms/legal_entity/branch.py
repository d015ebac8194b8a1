"""legal_entity/branch: branches and the firms that they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.transforms.inputs import MasterInputs

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ENTERPRISES = "market_regulation/enterprise"
"""The register that says of which firm a branch is."""


def transform(inputs: MasterInputs) -> DataFrame:
    """One row a branch. Of two registrations that linkage took for one branch the newest counts."""
    from pyspark.sql import functions as f

    registered = inputs.members.where(f"dataset = '{ENTERPRISES}'")
    newest = "struct(coalesce(updated_on, date '0001-01-01'), record_key)"
    branches = (
        registered.where("parent_unified_code is not null")
        .groupBy("master_id")
        .agg(
            *(
                f.expr(f"max_by({value}, {newest})").alias(name)
                for name, value in {
                    "parent_unified_code": "parent_unified_code",
                    "branch_name": "entity_name",
                    "founded_on": "founded_on",
                    "status_code": "status_code",
                    "evidence": "concat(dataset, '|', record_key)",
                }.items()
            )
        )
    )
    firms = registered.where("unified_code_class = 'valid'").groupBy(f.col("unified_code").alias("parent_unified_code"))
    return branches.join(firms.agg(f.min("master_id").alias("parent_id")), "parent_unified_code", "left")
