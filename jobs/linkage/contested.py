"""Values on which an entity's records disagree: what they offered for each golden value, and by which rule it lost or won.

A golden value that is not here was offered by one record, or by all alike. Knows no domain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from jobs.linkage.survive import NO_DATE, gather_records, offers_of
from schemas.contract import Survivorship

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

DECISIVE = {
    "same_record": "offer.is_apart <> rival.is_apart",
    "authority": "offer.rank div 2 <> rival.rank div 2",
    "preference": "offer.rank <> rival.rank",
    "recency": "offer.age <> rival.age",
    "agreement": "offer.disagreement <> rival.disagreement",
}
"""The rules of survivorship in their order, each with the condition (Spark SQL) under which it decides between two offers."""

LAST_RULE = "record_key"
"""What decides if nothing above does."""


_NO_OFFERS = (
    "cast(array() as array<array<struct<column_name: string, is_apart: boolean, rank: int, age: int, disagreement: int, "
    "record_key: string, value: string, dataset: string>>>)"
)


def contested_values(members: DataFrame, rules: Mapping[str, Survivorship]) -> DataFrame:
    """Every value that a master's records offer for a column on which they disagree; the golden one included.

    ``members``: as in `jobs.linkage.survive.survive`. Grain: one different value, ``master_id column_name value standing
    decided_by source record_key updated_on record_count sources``. ``value`` is text, a list's items joined by ``, ``;
    ``standing`` 1 is the golden value; ``decided_by`` is the rule that first decides between the value and the golden one (of
    the golden one: between it and the next). ``source``, ``record_key`` and ``updated_on`` are of the best record that offers the
    value; ``record_count`` and ``sources`` of all that do. Raises MissingAttributeError.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    ranked = (
        _offers_in_conflict(members, rules)
        .groupBy("master_id", "column_name", "value")
        .agg(
            f.expr("min(struct(is_apart, rank, age, disagreement, record_key, dataset))").alias("offer"),
            f.count("*").cast("int").alias("record_count"),
            f.sort_array(f.collect_set("dataset")).alias("sources"),
        )
    )
    in_order = Window.partitionBy("master_id", "column_name").orderBy("offer")
    rival = f.coalesce(f.when(f.col("standing") == 1, f.lead("offer").over(in_order)), f.first("offer").over(in_order))
    judged = ranked.withColumn("standing", f.row_number().over(in_order)).withColumn("rival", rival)
    decisive = " ".join(f"when {condition} then '{rule}'" for rule, condition in DECISIVE.items())
    return judged.select(
        "master_id",
        "column_name",
        "value",
        "standing",
        f.expr(f"case {decisive} else '{LAST_RULE}' end").alias("decided_by"),
        f.col("offer.dataset").alias("source"),
        f.col("offer.record_key").alias("record_key"),
        f.expr(f"if(offer.age = {NO_DATE}, null, date_from_unix_date(-offer.age))").alias("updated_on"),
        "record_count",
        "sources",
    )


def _offers_in_conflict(members: DataFrame, rules: Mapping[str, Survivorship]) -> DataFrame:
    """The offers for columns that have more than one value. Grain: one record's offer for one column."""
    from pyspark.sql import functions as f

    lists = {field.name for field in members.schema.fields if field.dataType.typeName() == "array"}
    columns = [f.expr(_texts(name, offers, is_list=rules[name].attribute in lists)) for name, offers in offers_of(rules).items()]
    several = gather_records(members, rules).where("size(records) > 1")
    offered = f.flatten(f.concat(f.expr(_NO_OFFERS), *columns))
    return several.select("master_id", f.explode(offered).alias("offer")).select("master_id", "offer.*")


def _texts(column: str, offers: str, *, is_list: bool) -> str:
    """The offers for a column with their values as text, as Spark SQL: in an array of their own, empty if they are of one value."""
    value = "array_join(one.value, ', ')" if is_list else "cast(one.value as string)"
    texts = f"""transform({offers}, one -> named_struct(
        'column_name', '{column}', 'is_apart', one.is_apart, 'rank', one.rank, 'age', one.age, 'disagreement', one.disagreement,
        'record_key', one.record_key, 'value', {value}, 'dataset', one.dataset))"""
    return f"filter(array({texts}), found -> size(array_distinct(transform(found, one -> one.value))) > 1)"
