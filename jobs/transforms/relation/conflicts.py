"""Relations that cannot all be true at once: both stay, and each says which others speak against it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

AT_MOST = {"representative": 1, "spouse": 1, "parent": 2, "household": 1}
"""How many one can have at a time: representatives of a firm, spouses, parents, households that a person is a member of."""


def with_conflicts(edges: DataFrame, business_date: date) -> DataFrame:
    """Edges with ``is_conflicting`` and ``conflicting_ids``: who else is said to be the same to ``to_id`` at the time.

    Judged are relations that last on the business date, whatever source they come from.
    """
    from pyspark.sql import functions as f

    lasts = f"until_date is null or until_date > date '{business_date}'"
    limits = " ".join(f"when '{kind}' then {limit}" for kind, limit in AT_MOST.items())
    known = edges.where(f"({lasts}) and kind_code in {tuple(AT_MOST)}").groupBy("kind_code", "to_id")
    several = known.agg(f.array_sort(f.collect_set("from_id")).alias("_all")).where(f"size(_all) > case kind_code {limits} end")
    marked = edges.join(several, ["kind_code", "to_id"], "left").withColumn("_is_judged", f.expr(f"_all is not null and ({lasts})"))
    return marked.withColumns(
        {
            "is_conflicting": f.col("_is_judged"),
            "conflicting_ids": f.expr("if(_is_judged, array_remove(_all, from_id), cast(array() as array<string>))"),
        }
    )
