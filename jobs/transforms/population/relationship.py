"""population/relationship: who is whose spouse, parent and head of household, as three registers say together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.transforms.inputs import MasterInputs
from jobs.transforms.population.person import DEATH, DEATH_CERTIFICATES
from jobs.transforms.population.relatives import (
    HOUSEHOLDS,
    MARRIAGES,
    SPOUSE,
    certified_marriages,
    certified_parents,
    household_relatives,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PAIR = ["from_id", "to_id"]


def transform(inputs: MasterInputs) -> DataFrame:
    """One row a period in which two persons are, or were, so related; a marriage stands once from each side.

    Certificates outrank the household register: it adds itself to the marriage that lasts, and tells of one only where no
    certificate does. A marriage ends by divorce or a spouse's death.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    registered = household_relatives(inputs.members)
    is_spouse = f.col("kind_code") == SPOUSE
    lasting = _as_relations(certified_parents(inputs.members).unionByName(registered.where(~is_spouse)))
    relations = _marriages(inputs, registered.where(is_spouse)).unionByName(lasting)
    in_order = Window.partitionBy(*PAIR, "kind_code").orderBy(f.asc_nulls_first("since_date"), f.asc_nulls_last("until_date"))
    return relations.withColumn("period_number", f.row_number().over(in_order).cast("int"))


def _as_relations(findings: DataFrame) -> DataFrame:
    """Findings that say the same, as one. Where dates differ, the household register's counts. Grain: one pair and kind."""
    from pyspark.sql import functions as f

    registered = f"min(since_date) filter (where dataset = '{HOUSEHOLDS}')"
    return findings.groupBy(*PAIR, "kind_code").agg(
        f.expr(f"coalesce({registered}, min(since_date))").alias("since_date"),
        f.max("until_date").alias("until_date"),
        f.sort_array(f.collect_set("dataset")).alias("sources"),
        f.sort_array(f.collect_set("evidence")).alias("evidence"),
    )


def _marriages(inputs: MasterInputs, registered: DataFrame) -> DataFrame:
    """Marriages from both sides. Grain: one marriage seen from one of the two."""
    from pyspark.sql import functions as f

    certificates = inputs.rows.get(MARRIAGES)
    certified = registered.where("false") if certificates is None else certified_marriages(inputs.members, certificates)
    couples = _one_way(registered).groupBy(*PAIR).agg(f.min("evidence").alias("registered_by"))
    both = _one_way(certified).join(couples, PAIR, "full")
    confirmed = f.when(f.col("until_date").isNull(), f.col("registered_by"))
    marriages = both.select(
        *PAIR,
        f.lit(SPOUSE).alias("kind_code"),
        "since_date",
        "until_date",
        f.array_compact(f.array("dataset", f.when(confirmed.isNotNull(), f.lit(HOUSEHOLDS)))).alias("sources"),
        f.array_compact(f.array("evidence", confirmed)).alias("evidence"),
    )
    return _until_death(marriages.unionByName(_turned(marriages)), inputs)


def _one_way(findings: DataFrame) -> DataFrame:
    """The two persons of every finding in the order of their IDs, whoever was told of whom."""
    from pyspark.sql import functions as f

    return findings.withColumns({"from_id": f.least(*PAIR), "to_id": f.greatest(*PAIR)})


def _turned(relations: DataFrame) -> DataFrame:
    from pyspark.sql import functions as f

    return relations.withColumns({"from_id": f.col("to_id"), "to_id": f.col("from_id")})


def _until_death(marriages: DataFrame, inputs: MasterInputs) -> DataFrame:
    """The same, ended by the first death of the two. A death is dated by its certificate, else by the cancelled registration.

    ``updated_on`` of a death certificate's record is the day of the death.
    """
    from pyspark.sql import functions as f

    certified, cancelled = f"dataset = '{DEATH_CERTIFICATES}'", f"dataset = '{HOUSEHOLDS}' and cancellation_code = '{DEATH}'"
    died_on = f"coalesce(min(updated_on) filter (where {certified}), min(updated_on) filter (where {cancelled}))"
    deaths = inputs.members.where(f"{certified} or {cancelled}").groupBy("master_id").agg(f.expr(died_on).alias("died_on"))
    ended = marriages
    for side in PAIR:
        ended = ended.join(deaths.withColumnRenamed("master_id", side).withColumnRenamed("died_on", f"{side}_died"), side, "left")
    deaths_of_both = f.least(*(f.col(f"{side}_died") for side in PAIR))
    return ended.withColumn("until_date", f.least("until_date", deaths_of_both)).select(*marriages.columns)
