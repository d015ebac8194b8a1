"""What the contract of a repeated group must hold, checked against the contract whose rows hold the group."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.contract import Column, Contract
from schemas.delivery_format import RepeatedGroup
from schemas.names import DatasetName
from schemas.odcs import ContractError, fail, suggest

LIST_TYPES = (None, "text_list")
"""Semantic types of a list that keeps the place of every item."""


def check_repeated_group(contracts: Mapping[DatasetName, Contract], contract: Contract, group: RepeatedGroup) -> None:
    """Check a group's contract: the dataset that holds it is delivered, the columns are of it, the keys are its and the position.

    Raises ContractError.
    """
    parent = next((c for dataset, c in contracts.items() if str(dataset) == group.of), None)
    if parent is None or parent.delivery_format is None:
        known = [str(c.dataset) for c in contracts.values() if c.delivery_format]
        raise fail(
            contract.path, ["schema", 0], f"repeatedGroup: no delivered dataset {group.of!r}. {suggest(group.of, known)}", group.of
        )
    if contract.delivery_format or contract.pull or contract.delivery_modes:
        raise ContractError(
            f"{contract.path}: the items of a repeated group are not delivered: they stand in {group.of}. "
            "Take out deliveryFormat, deliveryModes and pull."
        )
    for number, column in enumerate(contract.columns):
        if column.name != group.position_column:
            _check_column(contract, parent, number, column)
    keys = [contract.column(key).physical_name for key in contract.keys if key != group.position_column]
    if keys != list(parent.keys) or group.position_column not in contract.keys:
        raise ContractError(
            f"{contract.path}: the key must be that of {group.of} ({', '.join(parent.keys)}, in this order) "
            f"and {group.position_column}: set primaryKey on these columns and no others."
        )


def position_of(contract: Contract) -> str:
    """The column that says which item of its group a row is. Raises ContractError if the contract is of no repeated group."""
    if contract.repeated_group is None:
        raise ContractError(f"{contract.path}: no repeatedGroup, so its rows are not items of another dataset's.")
    return contract.repeated_group.position_column


def item_columns(contract: Contract, parent: Contract) -> tuple[Column, ...]:
    """The columns of a group of which each item has a value of its own."""
    lists = {column.name for column in parent.columns if column.logical_type == "array"}
    return tuple(column for column in contract.columns if column.physical_name in lists)


def _check_column(contract: Contract, parent: Contract, number: int, column: Column) -> None:
    at: list[str | int] = ["schema", 0, "properties", number]
    names = [c.name for c in parent.columns]
    if column.physical_name not in names:
        hint = suggest(column.physical_name, names)
        raise fail(contract.path, at, f"{parent.dataset} has no column {column.physical_name!r}. {hint}", column.physical_name)
    source = parent.column(column.physical_name)
    if source.logical_type == "array" and source.semantic_type not in LIST_TYPES:
        raise fail(
            contract.path,
            at,
            f"{source.name} of {parent.dataset} is {source.semantic_type}, which may drop items. Make it a text_list there.",
            column.physical_name,
        )
