"""From rows to records: a row of a source names one or more entities, and each of them is a linkage record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING

from schemas.contract import Contract, RecordRole
from schemas.record_keys import dataset_of, record_key

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

BEYOND_ITS_ROW = re.compile(r"\bover\s*\(|\bover\s+\w|\bselect\b", re.IGNORECASE)
"""What Spark SQL needs to look at more than one row: a window, of its own or by name, or a query."""


def records_of(rows: DataFrame, contract: Contract, master: str, ended: DataFrame | None = None) -> Iterator[DataFrame]:
    """The records of ``master`` in rows of a source, a frame for each role: ``dataset record_key`` and the role's attributes.

    ``ended``: versions of its rows that are no longer so, for what a record was ``formerly``; without them that is left out.
    Technical columns of the rows (``_valid_from``, ``_valid_to``, …) come along.
    """
    for role in contract.roles_of(master):
        if ended is None or not role.formerly:
            yield _named(rows, contract, role, role.fields)
        else:
            records = _named(rows, contract, role, role.fields | role.formerly)
            yield _looking_back(records, _named(ended, contract, role, role.formerly), tuple(role.formerly))


def _named(rows: DataFrame, contract: Contract, role: RecordRole, fields: Mapping[str, str]) -> DataFrame:
    """The records of a role in rows, with the attributes of ``fields`` and the rows' technical columns."""
    from pyspark.sql import functions as f

    naming = rows.where(role.when) if role.when else rows
    return naming.select(
        f.lit(dataset_of(contract)).alias("dataset"),
        f.expr(record_key(contract, role)).alias("record_key"),
        *(f.expr(expression).alias(name) for name, expression in fields.items()),
        *(name for name in rows.columns if name.startswith("_")),
    )


def _looking_back(records: DataFrame, ended: DataFrame, attributes: Sequence[str]) -> DataFrame:
    """Records whose ``attributes``, which hold what is so now, hold what else was so: a sorted list, null if there is nothing.

    ``ended``: the records as they no longer are, one row a version, with the same attributes.
    """
    from pyspark.sql import functions as f

    past = [f.sort_array(f.collect_set(name)).alias(f"_past_{name}") for name in attributes]
    both = records.join(ended.groupBy("record_key").agg(*past), "record_key", "left")
    former = {name: f.expr(f"nullif(array_except(_past_{name}, array({name})), array())") for name in attributes}
    return both.withColumns(former).select(*records.columns)


def attributes_beyond_rows(contract: Contract, master: str) -> set[str]:
    """The attributes of the records of ``master`` that a source makes of more than the row that names the record."""
    roles = contract.roles_of(master)
    of_others = {name for role in roles for name, expression in role.fields.items() if BEYOND_ITS_ROW.search(expression)}
    return of_others.union(*(role.formerly for role in roles))


def union_of(records: list[DataFrame]) -> DataFrame:
    """One frame of all; an attribute that some lack is null there."""
    return reduce(lambda all_so_far, more: all_so_far.unionByName(more, allowMissingColumns=True), records)
