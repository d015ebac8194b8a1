"""The contracts of the linkage tables whose columns depend on the model.

These are records (its attributes), standardised (its match columns) and edges (its comparisons).
"""

from __future__ import annotations

from collections.abc import Mapping

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
"""Spark types that attributes and match columns may have, and what a contract calls them."""


def records_contract(base: Contract, model: Model) -> Contract:
    """Contract linked/records with the model's attributes added. Raises ModelError on a type no contract knows."""
    return _with_columns(base, _personal(model.rules.attributes))


def standardised_contract(base: Contract, types: Mapping[str, str]) -> Contract:
    """Contract linked/standardised with the model's match columns added, of Spark ``types``. Raises ModelError on another."""
    return _with_columns(base, _personal(types))


def edges_contract(base: Contract, model: Model) -> Contract:
    """Contract linked/edges with a level (``gamma_``) and a weight (``mw_``) of every comparison added."""
    added: list[tuple[str, LogicalType, str]] = []
    for comparison in model.comparisons:
        added += [(f"gamma_{comparison.output_column_name}", "integer", "一般")]
        added += [(f"mw_{comparison.output_column_name}", "number", "一般")]
    return _with_columns(base, added)


def _personal(types: Mapping[str, str]) -> list[tuple[str, LogicalType, str]]:
    return [(name, _logical(name, kind), "重要·敏感个人") for name, kind in types.items()]


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
