"""What stewards decided, and the register that two records belong to on which one decides. No JVM."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict

from jobs.io.release_reader import find_release, open_release
from jobs.io.state import Release
from jobs.linkage.decisions import standing
from jobs.linkage.standardise import RECORD_ID
from jobs.portal.evidence import MasterLake, Row, record_id
from jobs.portal.review import registers_in
from jobs.settings import Settings
from jobs.steps.stewards import decisions_of
from schemas.errors import UsageError
from schemas.names import linked_table


def register_of(settings: Settings, pair: tuple[str, str]) -> str:
    """The register that holds both records, each by its dataset and record key joined by ``|``, in the current release.

    Raises UsageError if none does, or the two are one record.
    """
    if len(set(pair)) == 1:
        raise UsageError(f"{pair[0]} is named twice: name two records.")
    release = find_release(settings)
    masters = registers_in(release)
    known = {master: _known_among(settings, release, master, pair) for master in masters}
    found = [master for master in masters if known[master] == set(pair)]
    if not found:
        raise UsageError(f"release {release.release_id}: {_not_together(pair, known)}")
    return found[0]


def list_decisions(settings: Settings, master: str | None = None) -> list[Row]:
    """The decisions that stand, the newest first: master, left, right, verdict, decided_by, decided_on, reason.

    Raises UsageError if the current release has no such register.
    """
    rows = [
        {"master": each} | asdict(decision)
        for each in registers_in(find_release(settings), master)
        for decision in standing(decisions_of(settings.root, each))
    ]
    return sorted(rows, key=lambda row: row["decided_on"], reverse=True)


def _known_among(settings: Settings, release: Release, master: str, record_ids: Collection[str]) -> set[str]:
    """Those of the records that a register holds."""
    with open_release(settings, release.release_id, [str(linked_table(master, "records"))]) as connection:
        lake = MasterLake(connection, master)
        found = lake.records(f"{RECORD_ID} in $ids", "dataset, record_key", ids=list(record_ids))
    return {record_id(row) for row in found}


def _not_together(pair: tuple[str, str], known: dict[str, set[str]]) -> str:
    """Why no register holds both records of a pair."""
    holders = {identity: [master for master, held in known.items() if identity in held] for identity in pair}
    unknown = [identity for identity in pair if not holders[identity]]
    if unknown:
        return (
            f"no register has a record {' or '.join(map(repr, unknown))}. A record is named 'dataset|record key' (in quotes, for "
            "the bar), as `govlake explain` shows it."
        )
    return " and ".join(f"{identity} is a record of {holders[identity][0]}" for identity in pair) + ": they cannot be one."
