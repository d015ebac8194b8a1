"""What linkage keeps of a record beside what its silo says: the keys that find its partners, and all that it is compared by.

Made once, when the record is new or changes: a night compares many times as many records as it has new ones, and to make the
columns of these again would cost more than to compare them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.linkage.block import KEYS, keys_sql
from jobs.linkage.compare import needed_columns
from jobs.linkage.frequencies import frequency_name, with_frequencies
from jobs.linkage.model import Model
from jobs.linkage.standardise import HASHES, RECORD_HASH, standardise

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

COMPARED = "compared"
"""The column of linked records, an object, that holds all that they are compared by."""

KEPT = (*HASHES, *KEYS, COMPARED)
"""The columns of linked records that are neither their key nor an attribute: for linkage alone, and for nobody's eyes."""


def comparable(records: DataFrame, model: Model) -> DataFrame:
    """Records with what they are compared by, beside their own columns. Grain: one row a record.

    Added are ``record_hash``, ``block_keys`` and ``value_keys`` as `jobs.linkage.block.index_keys` has them, and the match columns
    that comparisons and grouping look at.
    """
    own = [name for name in records.columns if name != RECORD_HASH]
    made = [name for name in _match_columns(model) if name not in own]
    return standardise(records, model).selectExpr(*own, RECORD_HASH, *keys_sql(model), *made)


def as_linked(comparables: DataFrame, frequencies: DataFrame, model: Model) -> DataFrame:
    """`comparable` records that have both hashes, with their term ``frequencies``, as contract linked/records has them."""
    counted = with_frequencies(comparables, frequencies, model)
    compared = f"struct({', '.join(compared_columns_of(model))}) as {COMPARED}"
    return counted.selectExpr("dataset", "record_key", *HASHES, *KEYS, *model.rules.attributes, compared)


def as_compared(linked: DataFrame) -> DataFrame:
    """Linked records without their attributes, by columns again: all that finds, compares and groups them. One row a record."""
    return linked.select("dataset", "record_key", RECORD_HASH, *KEYS, f"{COMPARED}.*")


def compared_columns_of(model: Model) -> list[str]:
    """The columns in `COMPARED`: match columns, and the term frequencies of some."""
    return [*_match_columns(model), *map(frequency_name, model.frequency_columns)]


def _match_columns(model: Model) -> list[str]:
    return sorted(needed_columns(model).union(model.rules.grouped_by))
