"""From rows to records: a row of a source names one or more entities, and each of them is a linkage record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import reduce
from typing import TYPE_CHECKING

from schemas.contract import Contract
from schemas.record_keys import dataset_of, record_key

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

BEYOND_ITS_ROW = re.compile(r"\bover\s*\(|\bover\s+\w|\bselect\b", re.IGNORECASE)
"""What Spark SQL needs to look at more than one row: a window, of its own or by name, or a query."""


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


def attributes_beyond_rows(contract: Contract, master: str) -> set[str]:
    """The attributes of the records of ``master`` that a source makes of more than the row that names the record."""
    fields = [field for role in contract.record_roles if role.master == master for field in role.fields.items()]
    return {name for name, expression in fields if BEYOND_ITS_ROW.search(expression)}


def union_of(records: list[DataFrame]) -> DataFrame:
    """One frame of all; an attribute that some lack is null there."""
    return reduce(lambda all_so_far, more: all_so_far.unionByName(more, allowMissingColumns=True), records)
