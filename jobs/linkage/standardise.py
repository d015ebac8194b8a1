"""Make the match columns of linkage records: pure SQL of the model over the records' attributes. Never shown to anyone."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING

from jobs.linkage.model import Model
from schemas.sql_text import literal, literals

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

RECORD_ID = "concat(dataset, '|', record_key)"
"""One text that names a record, as SQL over its two key columns."""

RECORD_HASH = "record_hash"
"""The 64-bit hash of a record ID, which stands for the record where pairs are made: a long costs less to sort and to send than a
text. Of ten million records two share one with a chance of three in a million; grouping them then stops and names both."""

CONTENT_HASH = "content_hash"
"""The 64-bit hash of a record's attributes: a night that finds another one compares the record anew."""

HASHES = (RECORD_HASH, CONTENT_HASH)
"""The two hashes of a linkage record."""


def with_record_id(rows: DataFrame) -> DataFrame:
    """Rows, named by dataset and record key, with ``record_id``."""
    from pyspark.sql import functions as f

    return rows.withColumn("record_id", f.expr(RECORD_ID))


def standardise(records: DataFrame, model: Model) -> DataFrame:
    """Records with ``record_id``, `RECORD_HASH` and the model's match columns beside their attributes. Grain: one row a record.

    A column may use those above it. ``$<table>`` in its SQL stands for the two arguments of ``translate`` that the
    character table of that name gives, or for the regular expression that the word table gives.
    """
    tables = {name: literals(characters) for name, characters in model.characters.items()}
    tables |= {name: literal(words) for name, words in model.words.items()}
    # One select, in which a column may name those before it: one by one, every column would have all that are there analysed again.
    columns = {"record_id": RECORD_ID, RECORD_HASH: "xxhash64(record_id)"}
    columns |= {name: Template(sql).safe_substitute(tables) for name, sql in model.rules.columns.items()}
    return records.drop(RECORD_HASH).selectExpr("*", *(f"{sql} as {name}" for name, sql in columns.items()))
