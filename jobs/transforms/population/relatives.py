"""What single registers say of two persons: findings, one row each, from which population/relationship is made.

Columns of a finding: ``from_id to_id kind_code since_date until_date dataset evidence``: the one *is* ``kind_code`` *of* the other;
``evidence`` is the row that says so, its dataset and keys joined by ``|``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.transforms.population.household import FIRST, living_registrations

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SPOUSE, PARENT, HEAD = "spouse", "parent", "head_of_household"
"""Codes of ``relationship_kind``."""

MARRIAGES, BIRTHS, HOUSEHOLDS = (
    "civil_affairs/marriage_register",
    "health/birth_certificate",
    "public_security/household_register",
)
MARRIED, ANNULLED = "1", "3"
"""Codes of ``marriage_registration_kind``; an annulled marriage never was one (Civil Code, art. 1054)."""

SPOUSE_CODES, CHILD_CODES, PARENT_CODES = "'10'", "'20', '30'", "'50'"
"""What a member of a household is to its head, by GB/T 4761, as lists of SQL literals."""

FOUND = ("from_id", "to_id", "kind_code", "since_date", "until_date", "dataset", "evidence")
NO_DATE = "cast(null as date)"


def certified_marriages(members: DataFrame, certificates: DataFrame) -> DataFrame:
    """Marriages by their certificates, ended by a divorce where there is one. Grain: one marriage, from husband to wife.

    Certificates of a couple are read in the order of their dates; each period ends with the next divorce or annulment. A
    divorce without a marriage before it tells of one whose beginning is unknown.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    pairs = _pairs_in_row(members, MARRIAGES, "male", ("female",))
    dated = pairs.join(certificates.selectExpr("certificate_number as row_key", "kind_code", "registered_on"), "row_key", "inner")
    couple = ["from_id", "to_id"]
    before = Window.partitionBy(*couple).orderBy("registered_on", "row_key").rowsBetween(Window.unboundedPreceding, -1)
    is_end = f"kind_code <> '{MARRIED}'"
    periods = dated.withColumn("period", f.count_if(f.expr(is_end)).over(before))
    marriages = periods.groupBy(*couple, "period").agg(
        f.expr(f"min(registered_on) filter (where not {is_end})").alias("since_date"),
        f.expr(f"max(registered_on) filter (where {is_end})").alias("until_date"),
        f.bool_or(f.col("kind_code") == ANNULLED).alias("is_annulled"),
        f.expr("min_by(row_key, struct(registered_on, row_key))").alias("row_key"),
    )
    return _findings(marriages.where("not is_annulled").withColumn("kind_code", f.lit(SPOUSE)), MARRIAGES)


def certified_parents(members: DataFrame) -> DataFrame:
    """Parents by birth certificates, since the birth. Grain: one parent of one certificate."""
    pairs = _pairs_in_row(members, BIRTHS, "newborn", ("mother", "father"))
    parents = pairs.selectExpr(
        "to_id as from_id", "from_id as to_id", f"'{PARENT}' as kind_code", "birth_date as since_date", "row_key"
    )
    return _findings(parents.selectExpr("*", f"{NO_DATE} as until_date"), BIRTHS)


def household_relatives(members: DataFrame) -> DataFrame:
    """Head of household, spouse and parent as living registrations say. Grain: one member's relation to the head.

    Only the head's own relations are told: who else in a household is whose child is not registered.
    """
    from pyspark.sql import functions as f

    living = living_registrations(members)
    heads = living.groupBy("household_number").agg(
        f.expr(f"min_by(struct(master_id, birth_date, record_key), {FIRST}) filter (where head_rank > 0)").alias("head")
    )
    told = living.join(heads, "household_number", "inner").where("record_key <> head.record_key")
    code, me, head = "head_relation_code", "master_id", "head.master_id"
    cases = [
        ("true", head, me, HEAD, NO_DATE),
        (f"{code} in ({SPOUSE_CODES})", me, head, SPOUSE, NO_DATE),
        (f"{code} in ({CHILD_CODES})", head, me, PARENT, "birth_date"),
        (f"{code} in ({PARENT_CODES})", me, head, PARENT, "head.birth_date"),
    ]
    relations = ", ".join(
        f"if({when}, struct({one} as from_id, {other} as to_id, '{kind}' as kind_code, {since} as since_date), null)"
        for when, one, other, kind, since in cases
    )
    found = told.select("record_key", f.expr(f"explode(array_compact(array({relations})))").alias("found"))
    return _findings(found.selectExpr("found.*", f"{NO_DATE} as until_date", "record_key as row_key"), HOUSEHOLDS)


def _pairs_in_row(members: DataFrame, dataset: str, role: str, others: tuple[str, ...]) -> DataFrame:
    """Persons named by one row in a role and in another: ``row_key from_id birth_date to_id``. Grain: one row and other role."""
    from pyspark.sql import functions as f

    named = members.where(f.col("dataset") == dataset).select(
        f.substring_index("record_key", "#", 1).alias("row_key"),
        f.substring_index("record_key", "#", -1).alias("role"),
        "master_id",
        "birth_date",
    )
    first = named.where(f.col("role") == role).selectExpr("row_key", "master_id as from_id", "birth_date")
    second = named.where(f.col("role").isin(*others)).selectExpr("row_key", "master_id as to_id")
    return first.join(second, "row_key", "inner")


def _findings(found: DataFrame, dataset: str) -> DataFrame:
    """As columns of findings; one that would tie a person to themselves, for linkage took the two for one, is left out."""
    from pyspark.sql import functions as f

    evidence = f.concat(f.lit(f"{dataset}|"), f.col("row_key"))
    return found.where("from_id <> to_id").withColumns({"dataset": f.lit(dataset), "evidence": evidence}).select(*FOUND)
