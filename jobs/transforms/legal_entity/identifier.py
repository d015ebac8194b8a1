"""legal_entity/identifier: every number that the records of an entity have carried, and the codes within them (多证合一)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.transforms.identifiers import numbers_carried
from jobs.transforms.inputs import MasterInputs

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

NUMBERS = {
    "unified_code": ("unified_code", "unified_code_class"),
    "organisation_code": ("organisation_code", "organisation_code_class"),
    "registration_number": ("registration_number", "registration_number_class"),
    "tax_number": ("if(tax_number_class = 'valid', null, tax_number)", "tax_number_class"),
    "unknown": ("if(other_number_kind = 'unknown', other_number, null)", "other_number_kind"),
}
"""Kinds of numbers, each with the SQL of the number and of its class. A valid tax number of 18 characters is the unified code."""

WITHIN = (
    "case when unified_code_class = 'valid' then substring(unified_code, 9, 9) "
    "when tax_number_class = 'old_15' then substring(tax_number, 7, 9) end"
)
"""The organisation code within another number."""


def transform(inputs: MasterInputs) -> DataFrame:
    """One row a number of an entity."""
    kinds = NUMBERS | {"organisation_code within": (WITHIN, "'valid'")}
    numbers = ", ".join(
        f"named_struct('identifier_kind', '{kind.split()[0]}', 'identifier', {number}, 'identifier_class', {kind_of})"
        for kind, (number, kind_of) in kinds.items()
    )
    place = ("master_id", "dataset", "record_key", "_valid_from", "_valid_to")
    carried = inputs.history.selectExpr(*place, f"inline(array({numbers}))")
    return numbers_carried(carried.where("identifier is not null and identifier_class is not null"))
