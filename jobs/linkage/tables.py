"""The contracts of the linkage tables whose columns depend on the model.

These are records (its attributes) and edges (its comparisons).
"""

from __future__ import annotations

from jobs.linkage.model import Model, ModelError
from schemas.contract import Column, Contract, LogicalType

LOGICAL_TYPES: dict[str, LogicalType] = {
    "string": "string",
    "date": "date",
    "timestamp": "timestamp",
    "int": "integer",
    "bigint": "integer",
    "double": "number",
    "decimal(20,6)": "number",
    "boolean": "boolean",
    "array<string>": "array",
}
"""Spark types that attributes may have, and what a contract calls them."""


def records_contract(base: Contract, model: Model) -> Contract:
    """Contract linked/records with the model's attributes added. Raises ModelError on a type no contract knows."""
    added = [(name, _logical(name, kind), "重要·敏感个人") for name, kind in model.rules.attributes.items()]
    return _with_columns(base, added)


def edges_contract(base: Contract, model: Model) -> Contract:
    """Contract linked/edges with a level (``gamma_``) and a weight (``mw_``) of every comparison added."""
    added: list[tuple[str, LogicalType, str]] = []
    for comparison in model.comparisons:
        added += [(f"gamma_{comparison.output_column_name}", "integer", "一般")]
        added += [(f"mw_{comparison.output_column_name}", "number", "一般")]
    return _with_columns(base, added)


def _with_columns(base: Contract, added: list[tuple[str, LogicalType, str]]) -> Contract:
    columns = [
        Column(name=name, physical_name=name, business_name=name, logical_type=kind, classification=classification)
        for name, kind, classification in added
    ]
    return base.model_copy(update={"columns": (*base.columns, *columns)})


def _logical(name: str, kind: str) -> LogicalType:
    if kind not in LOGICAL_TYPES:
        raise ModelError(f"column {name}: no contract has a type {kind!r}. Known: {', '.join(LOGICAL_TYPES)}.")
    return LOGICAL_TYPES[kind]
