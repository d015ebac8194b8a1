"""What silver makes of delivered texts of one semantic type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobs.transforms.standardise import type_rows
from quality.gate import mark_rows
from quality.suite import checks_of
from schemas.catalog import load_catalog
from schemas.contract import Column, Contract

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PLACE = {
    "_delivery_id": "'office/made_up/2026-03-02/1'",
    "_business_date": "date '2026-03-02'",
    "_sequence": "1",
    "_file": "'f'",
    "_row_number": "n",
    "_record_hash": "cast(n as string)",
    "_raw": "cast(null as string)",
    "_op": "cast(null as string)",
}


def contract_of(semantic_type: str | None, logical_type: str = "string") -> Contract:
    """A source's contract with a key and one column, ``value``."""
    key = Column(name="n", physical_name="n", business_name="n", logical_type="string", is_key=True)
    value = Column.model_validate(
        {"name": "value", "physical_name": "v", "business_name": "v", "logical_type": logical_type, "semantic_type": semantic_type}
    )
    return load_catalog().sources[0].model_copy(update={"columns": (key, value)})


def typed(
    spark: SparkSession, semantic_type: str | None, values: list[str | None], logical_type: str = "string"
) -> list[dict[str, Any]]:
    """Silver's columns of each text, in order; and ``_failed_codes`` and ``_warnings``."""
    contract = contract_of(semantic_type, logical_type)
    bronze = spark.createDataFrame(list(enumerate(values)), "n int, value string").selectExpr(
        "*", *(f"{sql} as {name}" for name, sql in PLACE.items())
    )
    marked = mark_rows(type_rows(bronze, contract), checks_of(contract))
    rows = marked.orderBy("_row_number").toArrow().to_pylist()
    return [{name: value for name, value in row.items() if name.startswith(("value", "_failed", "_warn"))} for row in rows]


def column(rows: list[dict[str, Any]], name: str = "value") -> list[Any]:
    """One column of typed rows."""
    return [row[name] for row in rows]
