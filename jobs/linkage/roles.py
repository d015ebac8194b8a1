"""From rows to records: a row of a source names one or more entities, and each of them is a linkage record."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import TYPE_CHECKING

from schemas.contract import Contract, RecordRole

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

KEY_SEPARATOR, ROLE_SEPARATOR = "|", "#"


def record_key(contract: Contract, role: RecordRole) -> str:
    """The record key as Spark SQL text: the row's keys joined by ``|``, then ``#role`` if its rows name several entities."""
    keys = ", ".join(f"cast({key} as string)" for key in row_keys(contract))
    return f"concat_ws('{KEY_SEPARATOR}', {keys}) || {role_suffix(contract, role)}"


def dataset_of(contract: Contract) -> str:
    """The dataset that the records of a contract's rows are of: an item of a repeated group belongs to the row that holds it."""
    return contract.repeated_group.of if contract.repeated_group else str(contract.dataset)


def row_keys(contract: Contract) -> tuple[str, ...]:
    """The key columns of the delivered row: of an item of a repeated group, without its place in the group."""
    position = contract.repeated_group.position_column if contract.repeated_group else None
    return tuple(key for key in contract.keys if key != position)


def role_suffix(contract: Contract, role: RecordRole) -> str:
    """What follows the keys in a record key, as SQL text that Spark and DuckDB read alike.

    ``#role`` if a delivered row names more than one entity over all masters; ``#role-N`` of the N-th item of a repeated group.
    """
    if contract.repeated_group:
        return f"'{ROLE_SEPARATOR}{role.role}-' || cast({contract.repeated_group.position_column} as string)"
    return f"'{ROLE_SEPARATOR}{role.role}'" if len(contract.record_roles) + len(contract.item_roles) > 1 else "''"


def records_of(rows: DataFrame, contract: Contract, master: str) -> Iterator[DataFrame]:
    """The records of ``master`` in rows of a source, a frame for each role: ``dataset record_key`` and the role's attributes.

    Technical columns of the rows (``_valid_from``, ``_valid_to``, …) come along.
    """
    from pyspark.sql import functions as f

    technical = [name for name in rows.columns if name.startswith("_")]
    for role in contract.record_roles:
        if role.master == master:
            named = rows.where(role.when) if role.when else rows
            attributes: list[Column] = [f.expr(expression).alias(name) for name, expression in role.fields.items()]
            yield named.select(
                f.lit(dataset_of(contract)).alias("dataset"),
                f.expr(record_key(contract, role)).alias("record_key"),
                *attributes,
                *technical,
            )


def union_of(records: list[DataFrame]) -> DataFrame:
    """One frame of all; an attribute that some lack is null there."""
    return reduce(lambda all_so_far, more: all_so_far.unionByName(more, allowMissingColumns=True), records)
