"""The history of a source: what was so from which business date to which. Two ways that must agree, and a test holds them to it.

`changes_of` brings the current state one delivery further; `build_history` makes the whole history from all deliveries.
Intervals are half open: ``_valid_to`` is the first business date on which it is no longer so; null = still so.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from schemas.contract import Contract
from schemas.silver import silver_columns

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

IS_DELETION = "coalesce(_op = 'D', false)"
"""Of a delivered row: whether it ends its key."""


def rows_on(versions: DataFrame, day: date) -> DataFrame:
    """The versions that were so on a business date. Grain: one row a key."""
    return versions.where(_was_on(day))


def ended_by(versions: DataFrame, day: date) -> DataFrame:
    """The versions that were no longer so on a business date."""
    from pyspark.sql import functions as f

    return versions.where(f.col("_valid_to") <= f.lit(day))


def versions_up_to(versions: DataFrame, day: date) -> DataFrame:
    """The history as it stood on a business date, whatever silver took in for later ones.

    Grain: one version that began by then; ``_valid_to`` is null where it was still so on ``day``.
    """
    from pyspark.sql import functions as f

    on = f.lit(day)
    ended = f.when(f.col("_valid_to") <= on, f.col("_valid_to"))
    return versions.where(f.col("_valid_from") <= on).withColumn("_valid_to", ended)


def _was_on(day: date) -> Column:
    from pyspark.sql import functions as f

    on = f.lit(day)
    return (f.col("_valid_from") <= on) & (f.col("_valid_to").isNull() | (f.col("_valid_to") > on))


def _began(since: date, day: date) -> Column:
    from pyspark.sql import functions as f

    return (f.col("_valid_from") > f.lit(since)) & _was_on(day)


def _ended(since: date, day: date) -> Column:
    from pyspark.sql import functions as f

    return (f.col("_valid_to") <= f.lit(day)) & _was_on(since)


def rows_changed(versions: DataFrame, since: date, day: date) -> DataFrame:
    """The versions that were so on ``since`` or are so on ``day``, a later date, but not on both. Grain: one row a version."""
    return versions.where(_began(since, day) | _ended(since, day))


def rows_ended(versions: DataFrame, since: date, day: date) -> DataFrame:
    """The versions that were so on ``since`` and are not on ``day``, a later date. Grain: one row a key."""
    return versions.where(_ended(since, day))


def changes_of(
    current: DataFrame, accepted: DataFrame, delivered_keys: DataFrame, contract: Contract, business_date: date, *, is_full: bool
) -> DataFrame:
    """What a delivery newer than all before changes: versions to close (``_valid_to`` set) and versions to open.

    ``current``: silver's rows with ``_valid_to`` null. ``accepted``: the delivery's rows that passed, one a key.
    ``delivered_keys``: keys of all its rows, quarantined ones included: a key whose row failed keeps its last good version.
    Grain of the result: one version.
    """
    from pyspark.sql import functions as f

    keys = list(contract.keys)
    columns = [name for name, _ in silver_columns(contract)]
    incoming = accepted.withColumn("_is_deletion", f.expr(IS_DELETION))
    known = current.select(*keys, f.col("_record_hash").alias("_known_hash"))
    compared = incoming.join(known, keys, "left")
    opened = compared.where("not _is_deletion and not (_record_hash <=> _known_hash)").withColumns(
        {"_valid_from": f.lit(business_date), "_valid_to": f.lit(None).cast("date")}
    )
    ended = compared.where("_known_hash is not null and (_is_deletion or _record_hash <> _known_hash)").select(*keys)
    if is_full:
        ended = ended.unionByName(current.select(*keys).join(delivered_keys, keys, "left_anti"))
    closed = current.join(ended, keys, "left_semi").withColumn("_valid_to", f.lit(business_date))
    return closed.select(*columns).unionByName(opened.select(*columns))


def build_history(accepted: DataFrame, delivered_keys: DataFrame, fulls: DataFrame, contract: Contract) -> DataFrame:
    """The whole history from the rows of all accepted deliveries. Grain: one version of a key.

    ``accepted``: rows that passed, one a key and delivery, with ``_business_date``. ``delivered_keys``: keys and
    ``_business_date`` of all rows, quarantined ones included. ``fulls``: ``_business_date`` of every full delivery; a key it
    lacks ends there.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    keys = list(contract.keys)
    columns = [name for name, _ in silver_columns(contract)]
    stated = accepted.withColumn("_is_deletion", f.expr(IS_DELETION))
    lacking = (
        stated.groupBy(*keys)
        .agg(f.min("_business_date").alias("_first_date"))
        .join(fulls, f.col("_business_date") > f.col("_first_date"), "inner")
        .join(delivered_keys, [*keys, "_business_date"], "left_anti")
        .select(*keys, "_business_date", f.expr("true").alias("_is_deletion"))
    )
    events = stated.unionByName(lacking, allowMissingColumns=True)
    in_order = Window.partitionBy(*keys).orderBy("_business_date")
    state = f.when(~f.col("_is_deletion"), f.col("_record_hash"))
    before = f.lag(state).over(in_order)
    changes = events.withColumn("_is_change", ~state.eqNullSafe(before)).where("_is_change")
    dated = changes.withColumns({"_valid_from": f.col("_business_date"), "_valid_to": f.lead("_business_date").over(in_order)})
    return dated.where("not _is_deletion").select(*columns)
