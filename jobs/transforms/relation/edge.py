"""relation/edge: who is what to whom, of persons and legal entities alike, as each source says it.

Nothing is linked here: both ends are masters that hold the records a row names, or stand in a gold table of a master.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from jobs.io.frames import empty_frame
from jobs.transforms.inputs import DerivedInputs
from jobs.transforms.relation.conflicts import with_conflicts
from jobs.transforms.relation.named import named_together

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

FOUND = {
    "from_id": "string",
    "from_master": "string",
    "to_id": "string",
    "to_master": "string",
    "kind_code": "string",
    "since_date": "date",
    "until_date": "date",
    "source": "string",
    "evidence": "string",
}
"""The columns of a finding, with Spark types; `KEY` names it."""

KEY = ("from_id", "to_id", "kind_code", "source", "evidence")
PERSONS, ENTITIES = "population", "legal_entity"
KINDSHIP = ("spouse", "parent")
"""Kinds of population/relationship that stand here under the same code."""

CROWDED = 20
"""An address of more entities is that of a building or an agent, and says nothing about any two of them."""

PLAIN_ADDRESS = "nullif(regexp_replace(upper(address), '[\\\\s,.，。、·()（）#-]', ''), '')"


def transform(inputs: DerivedInputs) -> DataFrame:
    """One row a relation of two masters that one piece of evidence tells of: from the first to the last of its periods."""
    from pyspark.sql import functions as f

    spark = next(iter(inputs.linked.values())).held.sparkSession
    none = empty_frame(spark, FOUND)
    found = [*named_together(inputs), *_kinship(inputs), *_households(inputs), *_penalties(inputs), *_addresses(inputs)]
    told = reduce(lambda some, more: some.unionByName(more.select(*FOUND)), found, none).where("from_id <> to_id")
    edges = told.groupBy(*KEY, "from_master", "to_master").agg(
        f.min("since_date").alias("since_date"),
        f.expr("if(count(until_date) < count(*), null, max(until_date))").alias("until_date"),
    )
    return with_conflicts(edges, inputs.business_date)


def _kinship(inputs: DerivedInputs) -> list[DataFrame]:
    """Spouses and parents, once for each row of a register that says so."""
    relations = inputs.gold.get("population/relationship")
    if relations is None:
        return []
    each = relations.where(f"kind_code in {KINDSHIP}").selectExpr(
        "from_id", "to_id", "kind_code", "since_date", "until_date", "explode(evidence) as evidence"
    )
    return [_between(each, PERSONS, PERSONS, "substring_index(evidence, '|', 1)")]


def _households(inputs: DerivedInputs) -> list[DataFrame]:
    """The head of each household to its other members; where no head is known, the member with the smallest ID stands for it."""
    households = inputs.gold.get("population/household")
    if households is None:
        return []
    register = "public_security/household_register"
    members = households.selectExpr(
        "coalesce(head_id, array_min(member_ids)) as from_id",
        "explode(member_ids) as to_id",
        "'household' as kind_code",
        "cast(null as date) as since_date",
        "cast(null as date) as until_date",
        f"concat('{register}|household ', household_number) as evidence",
    )
    return [_between(members, PERSONS, PERSONS, f"'{register}'")]


def _penalties(inputs: DerivedInputs) -> list[DataFrame]:
    """The authority to whom it penalised. Where the authority's code is that of no entity, the record alone tells of it."""
    from pyspark.sql import functions as f

    records, entities = (inputs.gold.get(name) for name in ("credit/record", "legal_entity/entity"))
    if records is None or entities is None:
        return []
    authorities = entities.where("unified_code is not null").groupBy(f.col("unified_code").alias("authority_unified_code"))
    decided = records.where("kind_code = 'penalty' and master_id is not null")
    return [
        decided.join(authorities.agg(f.min("master_id").alias("from_id")), "authority_unified_code", "inner").selectExpr(
            "from_id",
            f"'{ENTITIES}' as from_master",
            "master_id as to_id",
            "subject_master as to_master",
            "'penalised' as kind_code",
            "decided_on as since_date",
            "ends_on as until_date",
            "dataset as source",
            "concat(dataset, '|', record_key) as evidence",
        )
    ]


def _addresses(inputs: DerivedInputs) -> list[DataFrame]:
    """Entities at one address, and the persons registered there, each pair once: the smaller ID first."""
    from pyspark.sql import functions as f

    entities = inputs.gold.get("legal_entity/entity")
    if entities is None:
        return []
    firms = entities.selectExpr("master_id", f"'{ENTITIES}' as master", "address")
    persons = inputs.gold.get("population/person")
    everybody = firms
    if persons is not None:
        everybody = firms.unionByName(persons.selectExpr("master_id", f"'{PERSONS}' as master", "registered_address as address"))
    placed = everybody.withColumn("place", f.expr(PLAIN_ADDRESS)).where("place is not null").drop("address")
    is_place = placed.where(f"master = '{ENTITIES}'").groupBy("place").count().where(f"count <= {CROWDED}").select("place")
    there = placed.join(is_place, "place", "left_semi")
    other = there.select("place", f.col("master_id").alias("to_id"), f.col("master").alias("to_master"))
    pairs = there.join(other, "place", "inner").where(f"master_id < to_id and '{ENTITIES}' in (master, to_master)")
    return [
        pairs.selectExpr(
            "master_id as from_id",
            "master as from_master",
            "to_id",
            "to_master",
            "'same_address' as kind_code",
            "cast(null as date) as since_date",
            "cast(null as date) as until_date",
            "'gold.legal_entity__entity' as source",
            "place as evidence",
        )
    ]


def _between(findings: DataFrame, from_master: str, to_master: str, source: str) -> DataFrame:
    return findings.selectExpr("*", f"'{from_master}' as from_master", f"'{to_master}' as to_master", f"{source} as source")
