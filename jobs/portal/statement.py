"""The credit statement of one subject: what stands, what is over, and how sure it is that each record is about it. No JVM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.io.release_reader import find_release, open_release
from jobs.portal.evidence import Row
from jobs.portal.subjects import Subject, as_row, find_subject
from jobs.settings import Settings
from schemas.catalog import Catalog
from schemas.codes import load_code_table
from schemas.errors import UsageError
from schemas.names import gold_table

if TYPE_CHECKING:
    import duckdb

RECORD = gold_table("credit", "record")


def credit_statement(settings: Settings, catalog: Catalog, master_id: str, release_id: str | None = None) -> Row:
    """All credit records of one subject as a release knows them; of a merged ID, of the master it became.

    ``{"release_id", "business_date", "asked_id", "master", "master_id", "name", "number", "current", "ended", "noted"}``; the last
    three are lists of records, newest first, as in ``gold.credit__record``, with the Chinese names of their codes and the match in
    words. Raises UsageError for an ID of no register, or a release without credit records.
    """
    release = find_release(settings, release_id)
    if str(RECORD) not in release.tables:
        raise UsageError(f"release {release.release_id} has no credit records: none were delivered, or nothing was linked yet.")
    with open_release(settings, release.release_id) as lake:
        subject = find_subject(lake, release.tables, catalog, master_id)
        records = [_told(record) for record in _records(lake, subject)]
    return {
        "release_id": release.release_id,
        "business_date": release.business_date,
        "asked_id": master_id,
        **as_row(subject),
        "current": [record for record in records if record["status_code"] == "current"],
        "ended": [record for record in records if record["status_code"] not in ("current", "noted")],
        "noted": [record for record in records if record["status_code"] == "noted"],
    }


def _records(lake: duckdb.DuckDBPyConnection, subject: Subject) -> list[Row]:
    rows: list[Row] = (
        lake.execute(
            f"""from {RECORD} where subject_master = $master and master_id = $id
                order by listed_on desc, kind_code, record_number""",
            {"master": subject.master, "id": subject.master_id},
        )
        .to_arrow_table()
        .to_pylist()
    )
    return rows


def _told(record: Row) -> Row:
    """A record with the names of its codes, and its match in words."""
    return record | {
        "kind": load_code_table("credit_record_kind").codes[record["kind_code"]],
        "status": load_code_table("credit_status").codes[record["status_code"]],
        "match": match_in_words(record),
    }


def match_in_words(record: Row) -> str:
    """How sure it is that a record is about its subject."""
    if record["match_weight"] is not None:
        return f"{record['match_weight']:.1f} bits, with {record['matched_with']} ({record['match_evidence']})"
    if record["match_code"] == "linked":
        return "no weight: a person decided it, or its source no longer has the record"
    return "known from this record alone"
