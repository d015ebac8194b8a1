"""Make the match columns of linkage records: pure SQL of the model over the records' attributes. Never shown to anyone."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING

from jobs.linkage.model import Model

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

RECORD_ID = "concat(dataset, '|', record_key)"
"""One text that names a record, as SQL over its two key columns."""


def standardise(records: DataFrame, model: Model) -> DataFrame:
    """Records with ``record_id`` and the model's match columns beside their attributes. Grain: one row a record.

    A column may use those above it. ``$<table>`` in its SQL stands for the two arguments of ``translate`` that the
    character table of that name gives.
    """
    from pyspark.sql import functions as f

    tables = {name: f"{_literal(sources)}, {_literal(targets)}" for name, (sources, targets) in model.characters.items()}
    standardised = records.withColumn("record_id", f.expr(RECORD_ID))
    for name, sql in model.rules.columns.items():
        standardised = standardised.withColumn(name, f.expr(Template(sql).safe_substitute(tables)))
    return standardised


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
