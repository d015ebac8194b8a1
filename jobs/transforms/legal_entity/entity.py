"""legal_entity/entity: golden values, what the unified code says of the entity, and how sure the linkage is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.transforms.inputs import MasterInputs
from jobs.transforms.regions import with_current_region

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ORGANISATION_CODES = {
    "unified_code": "substring(unified_code, 9, 9)",
    "organisation_code": "organisation_code",
    "old_tax_number": "substring(old_tax_number, 7, 9)",
}
"""Where an organisation code is taken from, best first: the golden column and the SQL of the code in it."""


def transform(inputs: MasterInputs) -> DataFrame:
    """One row an entity."""
    from pyspark.sql import functions as f

    if inputs.golden is None:
        raise ValueError("the contract of legal_entity/entity must have survived columns")
    told = inputs.golden.withColumns(
        {
            "organisation_code": f.expr(f"coalesce({', '.join(ORGANISATION_CODES.values())})"),
            "organisation_code_source": f.expr(
                f"coalesce({', '.join(f'if({column} is null, null, {column}_source)' for column in ORGANISATION_CODES)})"
            ),
            "category_code": f.expr("left(unified_code, 2)"),
            "registered_region_code": f.expr("substring(unified_code, 3, 6)"),
        }
    )
    placed = with_current_region(told, "registered_region_code", "registered_region_now_code")
    return placed.join(inputs.evidence, "master_id", "inner")
