"""Whom a credit record is about: the master that holds its linkage record, and what holds it there. Knows no kind of record."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import TYPE_CHECKING

from jobs.transforms.inputs import Linked
from schemas.sql_text import literals

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

RECORD = ["dataset", "record_key"]
RECORD_ID = "concat(dataset, '|', record_key)"
NOTHING = {
    "held_by": "string",
    "other_records": "bigint",
    "match_weight": "double",
    "matched_with": "string",
    "match_evidence": "string",
}
"""What is known of the subject of a record that no master ever held, with Spark types."""

MATCH = """case
    when held_by is null then 'unnamed'
    when other_records > 0 then 'linked'
    when is_masked then 'unresolved'
    else 'alone' end"""
"""How the subject was found, as Spark SQL (code table ``credit_match``)."""


def attach(records: DataFrame, linked: Mapping[str, Linked]) -> DataFrame:
    """Records with their subjects.

    ``records``: one row a record, ``dataset record_key subject_master is_masked`` and more. Added: ``master_id``, null where no
    master holds the record, or one holds nothing but it and its number is masked: whom it means is then not known. ``match_code``;
    and of the strongest link that holds the record in its master, ``match_weight`` (bits), ``matched_with`` (the other record, its
    dataset and key joined by ``|``) and ``match_evidence`` (what the weight is made of); null where there is none.
    """
    from pyspark.sql import functions as f

    found = [_attached(records.where(f.col("subject_master") == master), of_master) for master, of_master in linked.items()]
    others = records.where(f"coalesce(subject_master, '') not in ({literals(linked)})").selectExpr(
        "*", *(f"cast(null as {kind}) as {name}" for name, kind in NOTHING.items())
    )
    told = reduce(lambda some, more: some.unionByName(more), found, others).withColumn("match_code", f.expr(MATCH))
    return told.withColumn("master_id", f.expr("if(match_code = 'unresolved', null, held_by)")).drop("held_by", "other_records")


def _attached(records: DataFrame, linked: Linked) -> DataFrame:
    from pyspark.sql import functions as f

    sizes = linked.held.groupBy(f.col("master_id").alias("held_by")).agg(f.count("*").alias("_size"))
    now = linked.held.select(*RECORD, f.lit(1).alias("_is_held"))
    held = records.join(linked.last_held.withColumnRenamed("master_id", "held_by"), RECORD, "left")
    held = held.join(now, RECORD, "left").join(sizes, "held_by", "left")
    others = held.withColumn("other_records", f.expr("coalesce(_size, 0) - coalesce(_is_held, 0)")).drop("_size", "_is_held")
    strongest = strongest_links(records, linked)
    return others.withColumn("_id", f.expr(RECORD_ID)).join(strongest, "_id", "left").drop("_id")


def strongest_links(records: DataFrame, linked: Linked) -> DataFrame:
    """The heaviest link of each record to another of its own master: ``_id match_weight matched_with match_evidence``."""
    from pyspark.sql import functions as f

    weights = [name for name in linked.links.columns if name.startswith("mw_")]
    parts = ", ".join(f"if({name} <> 0, concat('{name[3:]} ', format_number({name}, 1)), null)" for name in weights)
    told = linked.links.withColumn("match_evidence", f.expr(f"array_join(array_compact(array({parts})), ', ')"))
    columns = ["match_weight", "match_evidence"]
    both = told.selectExpr("record_id_l as _id", "record_id_r as _other", *columns).unionByName(
        told.selectExpr("record_id_r as _id", "record_id_l as _other", *columns)
    )
    masters = linked.held.select(f.expr(RECORD_ID).alias("_id"), "master_id")
    wanted = records.select(f.expr(RECORD_ID).alias("_id")).join(masters, "_id", "inner")
    of_one = both.join(wanted, "_id", "inner").join(masters.toDF("_other", "_other_master"), "_other", "inner")
    heaviest = f.max(f.struct("match_weight", "_other", "match_evidence")).alias("_best")
    best = of_one.where("master_id = _other_master").groupBy("_id").agg(heaviest)
    return best.selectExpr("_id", "_best.match_weight", "_best._other as matched_with", "_best.match_evidence")
