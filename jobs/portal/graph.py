"""What is around one person or entity: the relations within a few steps, as a release knows them. No JVM."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from jobs.io.release_reader import find_release, open_release
from jobs.portal.subjects import as_row, find_subject, subjects_of
from jobs.settings import Settings
from schemas.catalog import Catalog
from schemas.errors import UsageError
from schemas.names import gold_table

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]
EDGE = gold_table("relation", "edge")
MOST_EDGES = 30
"""Of one subject so many relations are followed, those that last and the newest first; an authority may have thousands."""

WORDS = {
    "representative": ("represents", "is represented by"),
    "shareholder": ("holds shares of", "is held by"),
    "employer": ("employs", "is employed by"),
    "spouse": ("is married to", "is married to"),
    "parent": ("is parent of", "is child of"),
    "household": ("heads the household of", "is in the household of"),
    "penalised": ("penalised", "was penalised by"),
    "same_address": ("has the address of", "has the address of"),
}
"""Each kind of relation (code table ``relation_kind``) in words, from either end."""


def relation_graph(settings: Settings, catalog: Catalog, master_id: str, hops: int, release_id: str | None = None) -> Row:
    """Everybody within ``hops`` relations of one subject, and these relations; of a merged ID, of what it became.

    ``{"release_id", "asked_id", "master_id", "hops", "nodes", "edges", "left_out"}``: nodes have ``master master_id name number
    hop``; edges are rows of ``gold.relation__edge``; ``left_out`` says, by ID, how many relations above `MOST_EDGES` were not
    followed. Raises UsageError for an ID of no register, or a release without relations.
    """
    release = find_release(settings, release_id)
    if str(EDGE) not in release.tables:
        raise UsageError(f"release {release.release_id} has no relations: nothing was linked yet.")
    with open_release(settings, release.release_id) as lake:
        start = find_subject(lake, release.tables, catalog, master_id)
        hop_of, masters = {start.master_id: 0}, {start.master_id: start.master}
        edges: dict[tuple[Any, ...], Row] = {}
        left_out: Counter[str] = Counter()
        frontier = [start.master_id]
        for hop in range(1, hops + 1):
            found = _edges_at(lake, frontier)
            frontier = []
            for edge in found:
                if edge["_place"] > MOST_EDGES:
                    left_out[edge["_at"]] += 1
                    continue
                edges[tuple(edge[name] for name in ("from_id", "to_id", "kind_code", "source", "evidence"))] = _plain(edge)
                for end in ("from", "to"):
                    if edge[f"{end}_id"] not in hop_of:
                        hop_of[edge[f"{end}_id"]], masters[edge[f"{end}_id"]] = hop, edge[f"{end}_master"]
                        frontier.append(edge[f"{end}_id"])
        subjects = subjects_of(lake, release.tables, masters)
    return {
        "release_id": release.release_id,
        "asked_id": master_id,
        "master_id": start.master_id,
        "hops": hops,
        "nodes": [as_row(subjects[found_id]) | {"hop": hop} for found_id, hop in hop_of.items()],
        "edges": list(edges.values()),
        "left_out": dict(left_out),
    }


def _edges_at(lake: duckdb.DuckDBPyConnection, ids: list[str]) -> list[Row]:
    """The relations of each of ``ids`` (as ``_at``), numbered by how much they matter (``_place``)."""
    asked = f"""
        with ends as (
            select *, from_id as _at from {EDGE} where list_contains($ids, from_id)
            union all select *, to_id as _at from {EDGE} where list_contains($ids, to_id)
        ) select *, row_number() over (
            partition by _at order by until_date is not null, since_date desc nulls last, kind_code, from_id, to_id, evidence
        ) as _place from ends order by _at, _place"""  # noqa: S608 - a table of our own
    rows: list[Row] = lake.execute(asked, {"ids": ids}).to_arrow_table().to_pylist()
    return rows


def _plain(edge: Row) -> Row:
    return {name: value for name, value in edge.items() if not name.startswith("_")}


def render_graph(graph: Row) -> str:
    """The graph as a tree of text: below each subject its relations, each told once, whatever number of sources tells of it."""
    names = {node["master_id"]: node["name"] or "–" for node in graph["nodes"]}
    at = graph["master_id"]
    return "\n".join([f"{at} {names[at]}", *_branches(graph, names, at, "", [*graph["edges"]], {at})])


def _branches(graph: Row, names: dict[str, str], at: str, indent: str, untold: list[Row], unfolded: set[str]) -> list[str]:
    """The lines below one subject. What is told is taken out of ``untold``; whom its lines name is ``unfolded`` from then on."""
    told: dict[tuple[str, str], list[Row]] = {}
    for edge in [edge for edge in untold if at in (edge["from_id"], edge["to_id"])]:
        untold.remove(edge)
        is_first = edge["from_id"] == at
        other = edge["to_id"] if is_first else edge["from_id"]
        told.setdefault((WORDS[edge["kind_code"]][0 if is_first else 1], other), []).append(edge)
    new = {other for _, other in told} - unfolded
    unfolded |= new
    entries = [(f"{words} {other} {names[other]}{_details(edges)}", other) for (words, other), edges in told.items()]
    if left := graph["left_out"].get(at):
        entries.append((f"and {left:,} more", ""))
    lines: list[str] = []
    for place, (text, other) in enumerate(entries, 1):
        is_last = place == len(entries)
        lines.append(f"{indent}{'└─ ' if is_last else '├─ '}{text}")
        if other in new:
            new.remove(other)
            lines += _branches(graph, names, other, f"{indent}{'   ' if is_last else '│  '}", untold, unfolded)
    return lines


def _details(edges: list[Row]) -> str:
    """Since when, until when, by which sources, and whether another speaks against it."""
    since = min((edge["since_date"] for edge in edges if edge["since_date"]), default=None)
    untils = [edge["until_date"] for edge in edges]
    days = [f"since {since}"] if since else []
    days += [f"until {max(untils)}"] if all(untils) else []
    sources = ", ".join(sorted({edge["source"] for edge in edges}))
    conflict = "; CONFLICT with " + ", ".join(sorted({other for edge in edges for other in edge["conflicting_ids"]}))
    return f" ({', '.join([*days, sources])}{conflict if any(edge['is_conflicting'] for edge in edges) else ''})"
