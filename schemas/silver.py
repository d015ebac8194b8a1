"""What a source's silver table looks like: derived from its contract, the same for Spark, the catalogue and the tests."""

from __future__ import annotations

from schemas.contract import Column, Contract
from schemas.odcs import ContractError
from schemas.semantic_types import DEFAULT_TYPES, SEMANTIC_TYPES, Part, Rule, SemanticType, fill

TECHNICAL_COLUMNS: tuple[tuple[str, str], ...] = (
    ("_warnings", "array<string>"),
    ("_delivery_id", "string"),
    ("_file", "string"),
    ("_row_number", "bigint"),
    ("_record_hash", "string"),
    ("_valid_from", "date"),
    ("_valid_to", "date"),
)
"""What silver adds: codes of checks that warned, the bronze row it came from, and the business dates it held (half open)."""


def semantic_type_of(contract: Contract, column: Column) -> SemanticType:
    """The semantic type of a source's column. Raises ContractError if it names none and has no default."""
    name = column.semantic_type or DEFAULT_TYPES.get(column.logical_type)
    if name is None:
        raise ContractError(
            f"{contract.path}: column {column.name} is {column.logical_type} and names no semanticType. "
            f"Give it one of: {', '.join(SEMANTIC_TYPES)}."
        )
    return SEMANTIC_TYPES[name]


def parts_of(contract: Contract, *, are_keys: bool | None = None) -> list[Part]:
    """Every part of every column, filled in, in contract order; of keys alone, or of all others, if it is said which."""
    return [
        Part(fill(part.name, column.name), part.spark_type, fill(part.sql, column.name), part.level, part.is_kept)
        for column in contract.columns
        if are_keys in (None, column.is_key)
        for part in semantic_type_of(contract, column).parts
    ]


def rules_of(contract: Contract, column: Column) -> list[Rule]:
    """The rules of a column's semantic type, filled in."""
    return [
        Rule(rule.code, rule.action, fill(rule.bad, column.name), rule.reason) for rule in semantic_type_of(contract, column).rules
    ]


def silver_columns(contract: Contract) -> list[tuple[str, str]]:
    """Names and Spark types of the silver table's columns, in order."""
    kept = [(part.name, part.spark_type) for part in parts_of(contract) if part.is_kept]
    return [*kept, *TECHNICAL_COLUMNS]
