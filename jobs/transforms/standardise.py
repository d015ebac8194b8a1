"""Bronze text → typed, standardised rows, as the contract's semantic types say. Pure; no row is dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quality.suite import COPY_NUMBER, KEY_VERSIONS
from schemas.contract import Contract
from schemas.semantic_types import Part
from schemas.silver import parts_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PLACE = ("_delivery_id", "_business_date", "_sequence", "_file", "_row_number", "_record_hash", "_raw", "_op")
"""Technical columns of bronze that go with a row."""


def type_rows(bronze: DataFrame, contract: Contract, also: tuple[str, ...] = ()) -> DataFrame:
    """Rows of one or more deliveries, typed. Grain: one delivered row.

    Result: the delivered texts as ``_raw_<column>``, the parts of every column (silver's columns), the row's place, the columns
    ``also``, and ``_copy_number`` and ``_key_versions``, counted within the row's delivery.
    """
    from pyspark.sql import functions as f

    rows = bronze.select(*PLACE, *also, *(f.col(column.name).alias(f"_raw_{column.name}") for column in contract.columns))
    # Keys first: rows are counted, which shuffles and sorts them, before the other columns make them wide.
    counted = count_copies(_with_parts(rows, parts_of(contract, are_keys=True)), contract.keys)
    typed = _with_parts(counted, parts_of(contract, are_keys=False))
    parts = parts_of(contract)
    kept = [part.name for part in parts if part.is_kept]
    raw = [f"_raw_{column.name}" for column in contract.columns]
    helpers = [part.name for part in parts if not part.is_kept]
    return typed.select(*kept, *raw, *helpers, *PLACE, *also, COPY_NUMBER, KEY_VERSIONS)


def _with_parts(rows: DataFrame, parts: list[Part]) -> DataFrame:
    """Rows with more columns: parts of a level build on those of the levels before."""
    from pyspark.sql import functions as f

    for level in sorted({part.level for part in parts}):
        rows = rows.select("*", *(f.expr(part.sql).cast(part.spark_type).alias(part.name) for part in parts if part.level == level))
    return rows


def count_copies(rows: DataFrame, keys: tuple[str, ...]) -> DataFrame:
    """Number the copies of identical rows, and count the different rows of each key, within a delivery."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    same_key = Window.partitionBy("_delivery_id", *keys)
    same_row = Window.partitionBy("_delivery_id", *keys, "_record_hash", "_op").orderBy("_file", "_row_number")
    is_keyed = f.expr(f"_raw is null and {' and '.join(f'{key} is not null' for key in keys)}")
    content = f.concat_ws("|", "_record_hash", "_op")
    return rows.withColumns(
        {
            COPY_NUMBER: f.when(is_keyed, f.row_number().over(same_row)).otherwise(1),
            KEY_VERSIONS: f.when(is_keyed, f.size(f.collect_set(content).over(same_key))).otherwise(1),
        }
    )
