"""Compare two versions of a shared table: what an agency has to add, change and remove since its last extract."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from schemas.contract import Contract

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Changes:
    """Rows by what became of them since the extract ``since`` (None: this is the first, all is added)."""

    since: str | None
    added: int
    changed: int
    unchanged: int
    removed: int

    def as_dict(self) -> dict[str, Any]:
        """The figures under their names."""
        return asdict(self)


def changes_between(
    connection: duckdb.DuckDBPyConnection, contract: Contract, path: str, since: str, old: int, new: int
) -> Changes:
    """Compare versions ``old`` and ``new`` of the Delta table at ``path``, row by row, by the contract's keys.

    A column that one version lacks makes every row a changed one. ``connection`` can `delta_scan`.
    """
    key = ", ".join(contract.keys)
    counts = connection.execute(
        f"""with old as (select {key}, to_json(t)::varchar as content from delta_scan($path, version={old}) t),
                 new as (select {key}, to_json(t)::varchar as content from delta_scan($path, version={new}) t)
            select count(*) filter (old.content is null),
                   count(*) filter (old.content != new.content),
                   count(*) filter (old.content = new.content),
                   count(*) filter (new.content is null)
            from old full outer join new using ({key})""",  # noqa: S608 - names and versions, none from outside
        {"path": path},
    ).fetchone()
    added, changed, unchanged, removed = counts or (0, 0, 0, 0)
    return Changes(since, added, changed, unchanged, removed)


def control_totals(connection: duckdb.DuckDBPyConnection, contract: Contract, path: str, version: int) -> dict[str, Any]:
    """Totals by which a receiver checks what was loaded: per column, how many values there are, and how many differ or are true."""
    totals = [
        f"{{'filled': count({c.name}), "
        + (f"'true': count(*) filter ({c.name})}}" if c.logical_type == "boolean" else f"'distinct': count(distinct {c.name})}}")
        for c in contract.columns
    ]
    row = connection.execute(
        f"select {', '.join(totals)} from delta_scan($path, version={version})",  # noqa: S608 - names and versions, none from outside
        {"path": path},
    ).fetchone()
    return dict(zip((column.name for column in contract.columns), row or (), strict=True))
