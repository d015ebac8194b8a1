"""credit/record: every credit record that was ever delivered, whom it is about, how sure that is, and whether it stands."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from jobs.io.frames import empty_frame
from jobs.transforms.credit.attachment import attach
from jobs.transforms.credit.working_days import with_working_days
from jobs.transforms.inputs import DerivedInputs
from schemas.contract import Contract
from schemas.credit_record import CreditRecord, Repair
from schemas.record_keys import dataset_of, record_key, row_keys
from schemas.sql_text import literal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

TOLD = {
    "dataset": "string",
    "record_key": "string",
    "subject_master": "string",
    "kind_code": "string",
    "record_number": "string",
    "subject_name": "string",
    "is_masked": "boolean",
    "summary": "string",
    "authority_name": "string",
    "authority_unified_code": "string",
    "decided_on": "date",
    "listed_on": "date",
    "time_over_on": "date",
    "withdrawn_on": "date",
    "left_on": "date",
    "known_from_date": "date",
    "published_on": "date",
    "deadline_days": "int",
    "is_listing": "boolean",
    "repairs_record": "string",
}
"""What the sources say of their records, with Spark types."""

ENDS_ON = "least(time_over_on, withdrawn_on, repaired_on, left_on)"
"""First day on which a listing is over, for whichever reason comes first. SQL that Spark and DuckDB read alike."""

STATUS = """case
    when not is_listing then 'noted'
    when ends_on is null or ends_on > today then 'current'
    when ends_on = repaired_on then 'repaired'
    when ends_on = withdrawn_on then 'withdrawn'
    when ends_on = time_over_on then 'expired'
    else 'removed' end"""
"""How a record stands on the date ``today``; SQL of the same kind. A repair comes before what it leads to."""


def transform(inputs: DerivedInputs) -> DataFrame:
    """One row a record, as it stood when it was last delivered; that it is over, or gone from its source, ends no row."""
    from pyspark.sql import functions as f

    told = _union(inputs, [told_records(inputs, contract, record) for contract, record in _delivered(inputs)])
    attached = attach(told.localCheckpoint(), inputs.linked)  # it looks at them three times
    judged = _with_repairs(attached, inputs).withColumn("today", f.lit(inputs.business_date))
    judged = judged.withColumn("ends_on", f.expr(ENDS_ON)).withColumn("status_code", f.expr(STATUS))
    published = with_working_days(judged, "decided_on", "published_on", "_days")
    return published.withColumns(
        {
            "working_days_to_publish": f.expr("if(deadline_days is null, null, _days)"),
            "is_published_late": f.expr("if(deadline_days is null, null, _days > deadline_days)"),
        }
    )


def _delivered(inputs: DerivedInputs) -> list[tuple[Contract, CreditRecord]]:
    """The sources of credit records that have delivered."""
    found = [(contract, contract.credit_record) for contract in inputs.sources if str(contract.dataset) in inputs.silver]
    return [(contract, record) for contract, record in found if record is not None]


def _union(inputs: DerivedInputs, found: list[DataFrame]) -> DataFrame:
    spark = next(iter(inputs.linked.values())).held.sparkSession
    return reduce(lambda some, more: some.unionByName(more), found, empty_frame(spark, TOLD))


def told_records(inputs: DerivedInputs, contract: Contract, record: CreditRecord) -> DataFrame:
    """The records of one source, by their last versions, with the columns of `TOLD`.

    ``left_on`` is the day on which the source no longer had the row. ``published_on`` is the first day it had it; null for what
    it had when it first delivered, of which nobody can tell how long before it was published.
    """
    from pyspark.sql import functions as f

    versions = inputs.silver[str(contract.dataset)]
    began = versions.agg(f.min("_valid_from").alias("_began"))
    rows = _last_versions(versions, contract).crossJoin(f.broadcast(began))
    roles = [role for role in contract.record_roles if role.role == record.role]
    masters = " ".join(f"when {role.when or 'true'} then {literal(role.master)}" for role in roles)
    listed_on = ", ".join(day for day in (record.listed_on, record.decided_on, "_known_from") if day)
    values = {
        "dataset": literal(dataset_of(contract)),
        "record_key": record_key(contract, roles[0]),
        "subject_master": f"case {masters} end",
        "kind_code": literal(record.kind),
        "record_number": record.number,
        "subject_name": record.subject_name,
        "is_masked": f"coalesce({record.is_masked}, false)",
        "summary": record.summary,
        "authority_name": record.authority_name,
        "authority_unified_code": record.authority_unified_code,
        "decided_on": record.decided_on,
        "listed_on": f"coalesce({listed_on})",
        "time_over_on": record.ends_on,
        "withdrawn_on": record.withdrawn_on,
        "left_on": "_valid_to",
        "known_from_date": "_known_from",
        "published_on": "if(_known_from > _began, _known_from, null)",
        "deadline_days": record.publish_within_working_days,
        "is_listing": "false" if record.repairs else "true",
        "repairs_record": _repaired_record(record.repairs) if record.repairs else None,
    }
    return rows.selectExpr(*(f"cast({values[name] or 'null'} as {kind}) as {name}" for name, kind in TOLD.items()))


def _last_versions(versions: DataFrame, contract: Contract) -> DataFrame:
    """The last version of each row, and since when the row is known as ``_known_from``."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    of_row = Window.partitionBy(*row_keys(contract))
    newest = f.row_number().over(of_row.orderBy(f.desc("_valid_from")))
    numbered = versions.withColumns({"_known_from": f.min("_valid_from").over(of_row), "_newest": newest})
    return numbered.where("_newest = 1").drop("_newest")


def _with_repairs(records: DataFrame, inputs: DerivedInputs) -> DataFrame:
    """Records with ``repaired_on`` and ``repaired_by``, the number of the first application that was granted.

    An application names the record by its list and number; two authorities that number alike are not told apart by it.
    """
    from pyspark.sql import functions as f

    none = empty_frame(records.sparkSession, {"_record": "string", "repaired_on": "date", "repaired_by": "string"})
    found = [_granted(inputs, contract, record) for contract, record in _delivered(inputs) if record.repairs]
    granted = reduce(lambda some, more: some.unionByName(more), found, none)
    first = granted.groupBy("_record").agg(f.min(f.struct("repaired_on", "repaired_by")).alias("_first"))
    first = first.select("_record", "_first.repaired_on", "_first.repaired_by")
    named = records.withColumn("_record", f.concat_ws("|", "dataset", "record_number"))
    return named.join(first, "_record", "left").drop("_record")


def _repaired_record(repair: Repair) -> str:
    """The record that an application is about, its dataset and number joined by ``|``, as SQL; null if the list is not known."""
    names = " ".join(f"when {literal(name)} then {literal(dataset)}" for name, dataset in repair.lists.items())
    return f"case {repair.list_name} {names} end || '|' || {repair.record_number}"


def _granted(inputs: DerivedInputs, contract: Contract, record: CreditRecord) -> DataFrame:
    """Applications that were granted up to the business date: the record as ``_record``, the day, the own number."""
    repair = record.repairs
    if repair is None or record.decided_on is None:
        raise ValueError(f"{contract.dataset}: its records take back none, or do not say when")
    rows = _last_versions(inputs.silver[str(contract.dataset)], contract)
    granted = rows.where(f"{repair.granted_when} and {record.decided_on} <= date '{inputs.business_date}'")
    return granted.selectExpr(
        f"{_repaired_record(repair)} as _record",
        f"{record.decided_on} as repaired_on",
        f"{record.number} as repaired_by",
    )
