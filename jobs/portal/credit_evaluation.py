"""Measure the credit register against the truth that `govlake generate` hid: is each record attached to whom it is about?

An entity's home is the master that holds most of its records of other registers (of two that hold as many, the smaller ID): who
it is has to be known without the credit records. A record is attached if the register names its subject and that master holds a
record of another register; it is attached rightly if its subject is the home of its true entity. Precision is over attached
records, one whose entity has no home being wrong; recall is over those whose entity has one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobs.io.delta import duckdb_connection
from jobs.io.release_reader import create_view
from jobs.io.state import Release
from jobs.linkage.measures import Agreement, share
from jobs.portal.truth import load_accepted
from jobs.settings import Settings
from schemas.catalog import Catalog
from schemas.names import gold_table, linked_table
from schemas.sql_text import literals

if TYPE_CHECKING:
    import duckdb

TRUTH = "credit"
"""The truth's file, and the key of its measures."""

SCORED = """
with home as (
    select subject_master, entity_id, master_id from holding
    qualify row_number() over (partition by subject_master, entity_id order by records desc, master_id) = 1
), known as (select distinct subject_master, master_id from held where not is_credit)
select truth.is_masked, home.master_id is not null as has_home, known.master_id is not null as is_attached,
    coalesce(known.master_id = home.master_id, false) as is_right,
    coalesce(record.match_code = 'unresolved', false) as is_unresolved
from truth
left join record using (dataset, record_key)
left join home on home.subject_master = truth.subject_master and home.entity_id = truth.entity_id
left join known on known.subject_master = record.subject_master and known.master_id = record.master_id
where record.record_key is not null or exists (
    from accepted where accepted.dataset = truth.dataset and accepted.business_date = truth.first_business_date)
"""
"""One row a record of the truth that was delivered: whether it could be, and was, attached, and rightly."""


def evaluate_credit(settings: Settings, catalog: Catalog, release: Release, truth: Path) -> dict[str, Any]:
    """``{"attachment": {…}, "masked": {…}}``: all records whose number is not masked, and those whose is.

    Each has precision, recall, f1, ``records``, ``attached`` and ``due`` (records whose entity has a home); ``masked`` also has
    ``unresolved``, records that are left to review. ``truth``: the folder of truth files; it has those of all masters.
    """
    with duckdb_connection() as lake:
        load_accepted(lake, settings)
        _load_held(lake, settings, catalog, release, truth)
        record = gold_table("credit", "record")
        create_view(lake, settings, record, release.tables[str(record)])
        lake.execute(f"create view record as from {record}")
        lake.execute(
            """create table truth as select * from read_parquet($path)
               where first_business_date <= $day and (last_business_date is null or last_business_date >= $day)""",
            {"path": str(truth / f"{TRUTH}.parquet"), "day": release.business_date},
        )
        lake.execute(f"create table scored as {SCORED}")
        masked = _measures(lake, "is_masked")
        (unresolved,) = lake.execute("select count(*) from scored where is_masked and is_unresolved").fetchall()[0]
        return {"attachment": _measures(lake, "not is_masked"), "masked": masked | {"unresolved": unresolved}}


def _measures(lake: duckdb.DuckDBPyConnection, which: str) -> dict[str, Any]:
    counted = "count(*), count_if(is_attached), count_if(has_home), count_if(is_right)"
    records, attached, due, right = lake.execute(f"select {counted} from scored where {which}").fetchall()[0]  # noqa: S608 - our own condition
    found = Agreement(share(right, attached), share(right, due)).as_dict()
    return found | {"records": records, "attached": attached, "due": due}


def _load_held(lake: duckdb.DuckDBPyConnection, settings: Settings, catalog: Catalog, release: Release, truth: Path) -> None:
    """``held``: who holds which record; ``holding``: how many records of an entity a master holds, those of credit left out."""
    credit = literals(str(contract.dataset) for contract in catalog.sources if contract.credit_record is not None)
    lake.execute(
        "create table held (subject_master varchar, dataset varchar, record_key varchar, master_id varchar, is_credit boolean)"
    )
    lake.execute("create table holding (subject_master varchar, entity_id varchar, master_id varchar, records bigint)")
    for master in catalog.masters:
        crosswalk = linked_table(master, "crosswalk")
        path = truth / f"{master}.parquet"
        if str(crosswalk) not in release.tables or not path.is_file():
            continue
        create_view(lake, settings, crosswalk, release.tables[str(crosswalk)])
        lake.execute(
            f"""insert into held select $master, dataset, record_key, master_id, dataset in ({credit})
                from {crosswalk} where valid_to is null""",  # noqa: S608 - names of the catalogue
            {"master": master},
        )
        lake.execute(
            """insert into holding select $master, cast(entity_id as varchar), master_id, count(*)
               from read_parquet($path) truth join held using (dataset, record_key)
               where not is_credit and subject_master = $master and first_business_date <= $day
                 and (last_business_date is null or last_business_date >= $day)
               group by all""",
            {"master": master, "path": str(path), "day": release.business_date},
        )
