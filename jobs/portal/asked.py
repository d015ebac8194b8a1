"""Which master a person means: by its ID, in whatever case, or by the ID of a record that it holds. No JVM."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from jobs.io.release_reader import open_release
from jobs.io.state import Release
from jobs.linkage.standardise import RECORD_ID
from jobs.portal.evidence import MasterLake, record_id
from jobs.settings import Settings
from schemas.catalog import Catalog
from schemas.names import linked_table


def names_record(asked: str) -> bool:
    """Whether an ID is that of a record, ``dataset|record_key``; master IDs have no bar."""
    return "|" in asked


def find_asked(lake: MasterLake, asked: str) -> str | None:
    """The master ID that is meant, as it is written in the lake; that which holds the record now, if one is named."""
    if names_record(asked):
        found = lake.rows("crosswalk", f"{RECORD_ID} = $asked and valid_to is null", asked=asked)
    else:
        found = lake.rows("master", "lower(master_id) = lower($asked)", asked=asked)
    return found[0]["master_id"] if found else None


def why_unknown(settings: Settings, release: Release, catalog: Catalog, lake: MasterLake, asked: str) -> str:
    """What to tell a person whose ID `find_asked` does not find: where it is known instead, or how to find IDs."""
    what = "record" if names_record(asked) else "ID"
    lines = [f"{lake.master} has no {what} {asked!r}."]
    for other in _other_registers(settings, release, catalog, lake.master):
        if _is_of(other, asked):
            lines.append(f"That is {'a record' if what == 'record' else 'an ID'} of {other.master}:")
            return " ".join([*lines, f"govlake explain {other.master} {quote(asked)}"])
    return " ".join([*lines, _near_records(lake, asked) if what == "record" else _how_to_find(lake, "…")])


def _other_registers(settings: Settings, release: Release, catalog: Catalog, master: str) -> Iterator[MasterLake]:
    for other in catalog.masters:
        tables = {str(linked_table(other, name)) for name in ("master", "crosswalk")}
        if other != master and tables <= set(release.tables):
            with open_release(settings, release.release_id, tables) as connection:
                yield MasterLake(connection, other)


def _is_of(lake: MasterLake, asked: str) -> bool:
    """Whether a register knows the ID, or gives such IDs: all of them begin alike."""
    if names_record(asked):
        return find_asked(lake, asked) is not None
    prefixes = lake.rows("master", "true limit 1", "split_part(master_id, '-', 1) as prefix")
    return asked.lower().partition("-")[0] in [row["prefix"] for row in prefixes]


def _near_records(lake: MasterLake, asked: str) -> str:
    """What became of a record that no master holds, or the roles that its key may end in."""
    held = lake.rows("crosswalk", f"{RECORD_ID} = $asked order by valid_to desc limit 1", asked=asked)
    if held:
        ended = held[0]
        return f"Its source no longer has it: {ended['master_id']} held it until {ended['valid_to']}."
    roles = lake.rows("crosswalk", f"starts_with({RECORD_ID}, $asked || '#') and valid_to is null order by record_key", asked=asked)
    if roles:
        return f"Its key ends in a role: {' or '.join(quote(record_id(row)) for row in roles)}."
    return _how_to_find(lake, asked.partition("|")[2].replace("'", "''"))


def _how_to_find(lake: MasterLake, record_key: str) -> str:
    crosswalk = linked_table(lake.master, "crosswalk")
    query = f"select master_id, dataset, record_key from {crosswalk} where record_key = '{record_key}' and valid_to is null"  # noqa: S608 - to be read
    return f'To find IDs by a record\'s key: govlake query "{query}"'
