"""Why a master is one entity: its records, what holds them together, why each golden value won, what became of its ID. No JVM."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jobs.io.release_reader import find_release, open_release
from jobs.linkage.choice import Candidate, Offer, rank_offers
from jobs.linkage.model import NULL_LEVEL, Model, load_model
from jobs.linkage.survive import survivorship_rules
from jobs.portal.explanation_text import render_explanation
from jobs.settings import Settings
from schemas.catalog import load_catalog
from schemas.contract import Contract, Survivorship
from schemas.errors import UsageError
from schemas.names import Layer, linked_table
from schemas.odcs import suggest

if TYPE_CHECKING:
    import duckdb

__all__ = ["explain_master", "render_explanation"]

Row = dict[str, Any]


@dataclass(frozen=True)
class _Lake:
    """A release, opened; the tables are those of one master."""

    connection: duckdb.DuckDBPyConnection
    master: str

    def rows(self, table: str, where: str, select: str = "*", **values: Any) -> list[Row]:
        """The rows of a linked table that meet a condition; both it and ``select`` are written in this package."""
        sql = f"select {select} from {linked_table(self.master, table)} where {where}"  # noqa: S608 - see the docstring
        rows: list[Row] = self.connection.execute(sql, values).to_arrow_table().to_pylist()
        return rows

    def rows_of(self, master_id: str, select: str = "*") -> list[Row]:
        """The linkage records that a master holds now, by dataset and record key."""
        held = (
            f"select (dataset, record_key) from {linked_table(self.master, 'crosswalk')} where master_id = $id and valid_to is null"  # noqa: S608
        )
        return self.rows("records", f"(dataset, record_key) in ({held}) order by dataset, record_key", select, id=master_id)


def explain_master(settings: Settings, master: str, master_id: str, release_id: str | None = None) -> Row:
    """Explain one ID of ``master`` as a release knows it; of a merged ID, the master it became. Raises UsageError if unknown.

    ``{"master", "release_id", "asked_id", "master_id", "status", "records", "links", "golden", "history"}``
    """
    catalog = load_catalog()
    if master not in catalog.masters:
        raise UsageError(f"no register {master!r}. {suggest(master, list(catalog.masters))}")
    release = find_release(settings, release_id)
    names = [str(linked_table(master, name)) for name in ("crosswalk", "records", "edges", "master", "events")]
    with open_release(settings, release.release_id, names) as connection:
        lake = _Lake(connection, master)
        path = _follow_merges(lake, master_id)
        found = path[-1]["master_id"]
        records = _records(lake, found)
        return {
            "master": master,
            "release_id": release.release_id,
            "asked_id": master_id,
            "master_id": found,
            "status": path[-1]["status"],
            "records": records,
            "links": _links(lake, records, load_model(settings.linkage.models / master)),
            "golden": [
                value
                for contract in catalog.gold
                if contract.dataset.group == master and survivorship_rules(contract)
                for value in _golden(lake, contract, found)
            ],
            "history": _history(lake, [step["master_id"] for step in path]),
        }


def _follow_merges(lake: _Lake, master_id: str) -> list[Row]:
    """The master asked for, and those it was merged into, one after the other."""
    path: list[Row] = []
    following: str | None = master_id
    while following is not None:
        found = lake.rows("master", "master_id = $master_id", master_id=following)
        if not found:
            hint = f'govlake query "from {linked_table(lake.master, "crosswalk")} limit 5"'
            raise UsageError(f"{lake.master} has no ID {following!r}. To find IDs: {hint}")
        path += found[:1]
        following = found[0]["merged_into"]
    return path


def _records(lake: _Lake, master_id: str) -> list[Row]:
    held = lake.rows("crosswalk", "master_id = $id and valid_to is null", id=master_id)
    since = {(row["dataset"], row["record_key"]): row["valid_from"] for row in held}
    return [{"held_since": since[row["dataset"], row["record_key"]]} | row for row in lake.rows_of(master_id)]


def _links(lake: _Lake, records: list[Row], model: Model) -> list[Row]:
    """The scored pairs among the records, strongest first: the weight is the prior (of two records picked at random) plus
    that of the level reached in every comparison."""
    names = {f"{record['dataset']}|{record['record_key']}": record for record in records}
    pairs = lake.rows("edges", "record_id_l in $ids and record_id_r in $ids", ids=list(names))
    links = [
        {
            "left": pair["record_id_l"],
            "right": pair["record_id_r"],
            "match_weight": pair["match_weight"],
            "prior": pair["match_weight"] - sum(pair[f"mw_{comparison.output_column_name}"] for comparison in model.comparisons),
            "comparisons": [
                {"comparison": name, "level": label, "weight": pair[f"mw_{name}"]} for name, label in _levels(pair, model)
            ],
        }
        for pair in pairs
    ]
    return sorted(links, key=lambda link: (-link["match_weight"], link["left"], link["right"]))


def _levels(pair: Row, model: Model) -> Iterable[tuple[str, str]]:
    """The level that a pair reached in each comparison, if both records have something to compare."""
    for comparison in model.comparisons:
        name = comparison.output_column_name
        level = comparison.levels.get(pair[f"gamma_{name}"])
        if level is not None and pair[f"gamma_{name}"] != NULL_LEVEL:
            yield name, level.label_for_charts


def _golden(lake: _Lake, contract: Contract, master_id: str) -> list[Row]:
    """Every survived column of one gold table: its value, the record it came from, why, and what else was on offer."""
    titles = {column.name: column.business_name for column in contract.columns}
    rules = survivorship_rules(contract)
    rows = lake.rows_of(master_id, f"*, {', '.join(_conditions(column, rule) for column, rule in rules.items())}")
    explained = []
    for column, rule in rules.items():
        offers = rank_offers([Candidate(row, row[f"_valid_{column}"], row[f"_preferred_{column}"]) for row in rows], rule)
        explained.append(
            {"table": str(contract.table(Layer.GOLD)), "column": column, "title": titles[column], **_choice(offers, rule)}
        )
    return explained


def _conditions(column: str, rule: Survivorship) -> str:
    """A rule's two conditions, which are SQL that Spark and DuckDB read alike."""
    valid, preferred = rule.valid_when or "true", rule.prefer_when or "true"
    return f"coalesce({valid}, false) as _valid_{column}, coalesce({preferred}, false) as _preferred_{column}"


def _choice(offers: list[Offer], rule: Survivorship) -> Row:
    if not offers:
        return {"value": None, "source": None, "record_key": None, "reason": "no record may supply it", "alternatives": []}
    winner, *others = offers
    different = [offer for offer in others if offer.value != winner.value]
    reason = winner.beats_by(different[0], rule) if different else ("all agree" if others else "the only one")
    return {
        "value": winner.value,
        "source": winner.dataset,
        "record_key": winner.record_key,
        "reason": reason,
        "alternatives": [
            {
                "value": o.value,
                "source": o.dataset,
                "record_key": o.record_key,
                "updated_on": o.updated_on,
                "lost_to": winner.beats_by(o, rule),
            }
            for o in different
        ],
    }


def _history(lake: _Lake, ids: list[str]) -> list[Row]:
    """What happened to the IDs and the records they hold, oldest first."""
    events = lake.rows("events", "master_id in $ids or other_id in $ids", ids=ids)
    shown = ("business_date", "event", "master_id", "other_id", "dataset", "record_key", "reason", "run_id")
    return [
        {name: event[name] for name in shown}
        for event in sorted(events, key=lambda e: (e["business_date"], e["event"], e["master_id"]))
    ]
