"""Persons and entities of a release by their master IDs, whichever register they are of. No JVM."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jobs.portal.evidence import MasterLake, follow_merges
from schemas.catalog import Catalog
from schemas.errors import UsageError
from schemas.names import gold_table, linked_table

if TYPE_CHECKING:
    import duckdb

GOLDEN = {
    "population": (gold_table("population", "person"), "full_name", "citizen_id"),
    "legal_entity": (gold_table("legal_entity", "entity"), "entity_name", "unified_code"),
}
"""By register, the table where a subject's name and number stand, and their columns."""

SHOWN = 4
"""Characters of a person's number that are shown at each end."""


@dataclass(frozen=True)
class Subject:
    """A person or an entity: its register, its ID today, its name and number (of a person with the middle hidden)."""

    master: str
    master_id: str
    name: str | None = None
    number: str | None = None


def find_subject(lake: duckdb.DuckDBPyConnection, tables: Collection[str], catalog: Catalog, master_id: str) -> Subject:
    """Whom an ID means in a release with these ``tables``; of a merged ID, what it became. Raises UsageError if unknown."""
    for master in catalog.masters:
        of_master = MasterLake(lake, master)
        is_there = str(linked_table(master, "master")) in tables
        if is_there and of_master.rows("master", "master_id = $master_id", master_id=master_id):
            found = follow_merges(of_master, master_id)[-1]["master_id"]
            return subjects_of(lake, tables, {found: master})[found]
    hint = f'govlake query "from {gold_table("credit", "subject")} limit 5"'
    raise UsageError(f"no register has the ID {master_id!r}. To find IDs: {hint}")


def subjects_of(lake: duckdb.DuckDBPyConnection, tables: Collection[str], masters: Mapping[str, str]) -> dict[str, Subject]:
    """Subjects by ID; ``masters`` says of which register each ID is. One without a golden record has no name."""
    found = {master_id: Subject(master, master_id) for master_id, master in masters.items()}
    for master, (table, name, number) in GOLDEN.items():
        ids = [master_id for master_id, of in masters.items() if of == master]
        if not ids or str(table) not in tables:
            continue
        query = f"select master_id, {name}, {number} from {table} where list_contains($ids, master_id)"  # noqa: S608 - names above
        for master_id, called, numbered in lake.execute(query, {"ids": ids}).fetchall():
            shown = masked(numbered) if master == "population" else numbered
            found[master_id] = Subject(master, master_id, called, shown)
    return found


def masked(number: str | None) -> str | None:
    """A person's number with only its ends showing, as credit platforms publish it."""
    if number is None or len(number) <= 2 * SHOWN:
        return number
    return f"{number[:SHOWN]}{'*' * (len(number) - 2 * SHOWN)}{number[-SHOWN:]}"


def as_row(subject: Subject) -> dict[str, Any]:
    """A subject as one object of an answer."""
    return vars(subject).copy()
