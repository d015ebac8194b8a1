"""Rows that hold lists → their items, as if each had been delivered as a row. Pure; no item is dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.contract import Contract
from schemas.repeated_group import item_columns, position_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

VALIDITY = ("_valid_from", "_valid_to")


def items_of(rows: DataFrame, parent: Contract, contract: Contract) -> DataFrame:
    """The items of a repeated group in silver's rows of its parent. Grain: one item of one version of a row.

    Result: the text of every column of the group's contract, the place and the validity of the row, and a hash of the item.
    """
    position = position_of(contract)
    lists = {column.name: f"coalesce({column.physical_name}, array())" for column in item_columns(contract, parent)}
    given = {
        column.name: f"cast({column.physical_name} as string)"
        for column in contract.columns
        if column.name not in lists and column.name != position
    }
    named = rows.selectExpr(
        "_delivery_id", "_file", "_row_number", *VALIDITY, *(f"{sql} as {name}" for name, sql in (given | lists).items())
    )
    exploded = named.selectExpr("*", f"posexplode(arrays_zip({', '.join(lists)})) as (_place, _item)")
    values = {name: f"_item.{name}" for name in lists} | {name: name for name in given}
    items = exploded.selectExpr(
        "_delivery_id",
        "_file",
        "_row_number",
        *VALIDITY,
        f"cast(_place + 1 as string) as {position}",
        *(f"{sql} as {name}" for name, sql in values.items()),
    )
    content = ", ".join(column.name for column in contract.columns)
    return items.selectExpr(
        "*",
        "_valid_from as _business_date",
        "cast(element_at(split(_delivery_id, '/'), -1) as int) as _sequence",
        f"sha2(to_json(struct({content})), 256) as _record_hash",
        "cast(null as string) as _raw",
        "cast(null as string) as _op",
    )
