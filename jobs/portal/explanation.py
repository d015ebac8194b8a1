"""Why a master is one entity: its records, what holds them together, why each golden value won, what became of its ID. No JVM."""

from __future__ import annotations

from dataclasses import asdict

from jobs.io.release_reader import find_release, open_release
from jobs.linkage.choice import Candidate, Offer, rank_offers
from jobs.linkage.survive import survivorship_rules
from jobs.portal.asked import find_asked, names_record, why_unknown
from jobs.portal.evidence import MasterLake, Row, follow_merges, links_among, record_id, scoring_model
from jobs.portal.explanation_text import render_explanation
from jobs.settings import Settings
from jobs.steps.stewards import decisions_of
from schemas.catalog import load_catalog
from schemas.contract import Contract, Survivorship
from schemas.errors import UsageError
from schemas.names import Layer, linked_table

__all__ = ["explain_master", "render_explanation"]

TABLES = ("crosswalk", "records", "edges", "master", "events", "review")


def explain_master(settings: Settings, master: str, asked: str, release_id: str | None = None) -> Row:
    """Explain one ID of ``master`` as a release knows it; of a merged ID, the master it became; of a record's ID
    (``dataset|record_key``), the master that holds it. Raises UsageError if unknown, and as `scoring_model` does.

    ``{"master", "release_id", "asked_id", "master_id", "status", "cases", "records", "links", "thresholds", "golden", "history",
    "decisions"}``
    """
    catalog = load_catalog()
    catalog.require_master(master)
    release = find_release(settings, release_id)
    names = [str(linked_table(master, name)) for name in TABLES]
    with open_release(settings, release.release_id, names) as connection:
        lake = MasterLake(connection, master)
        known = find_asked(lake, asked)
        if known is None:
            raise UsageError(why_unknown(settings, release, catalog, lake, asked))
        path = follow_merges(lake, known)
        found = path[-1]["master_id"]
        records = _records(lake, found)
        record_ids = [record_id(record) for record in records]
        model = scoring_model(lake, settings.linkage.models / master)
        return {
            "master": master,
            "release_id": release.release_id,
            "asked_id": asked if names_record(asked) else known,
            "master_id": found,
            "status": path[-1]["status"],
            "cases": _cases(lake, found),
            "records": records,
            "links": links_among(lake, record_ids, model),
            "thresholds": model.rules.thresholds.model_dump(),
            "golden": [
                value
                for contract in catalog.gold
                if contract.dataset.group == master and survivorship_rules(contract)
                for value in _golden(lake, contract, found)
            ],
            "history": _history(lake, [step["master_id"] for step in path]),
            "decisions": [
                asdict(decision) | {"is_counted": decision.decided_on <= release.business_date}
                for decision in decisions_of(settings.root, master)
                if decision.pair & set(record_ids)
            ],
        }


def _cases(lake: MasterLake, master_id: str) -> list[Row]:
    """The open cases that ask whether a master and another are one, the heaviest first."""
    if not lake.has("review"):
        return []
    cases = lake.rows("review", "$id in (master_id, other_id) order by match_weight desc nulls last, case_id", id=master_id)
    told = ("case_id", "kind", "match_weight", "detail", "opened_on")
    return [
        {name: case[name] for name in told}
        | {"other_id": case["other_id"] if case["master_id"] == master_id else case["master_id"]}
        for case in cases
    ]


def _records(lake: MasterLake, master_id: str) -> list[Row]:
    held = lake.rows("crosswalk", "master_id = $id and valid_to is null", id=master_id)
    since = {(row["dataset"], row["record_key"]): row["valid_from"] for row in held}
    return [{"held_since": since[record["dataset"], record["record_key"]]} | record for record in lake.rows_of(master_id)]


def _golden(lake: MasterLake, contract: Contract, master_id: str) -> list[Row]:
    """Every survived column of one gold table: its value, the record it came from, why, and what else was on offer."""
    titles = {column.name: column.business_name for column in contract.columns}
    rules = survivorship_rules(contract)
    rows = lake.rows_of(master_id, f"*, {', '.join(_conditions(column, rule) for column, rule in rules.items())}")
    explained = []
    candidates = {name: [Candidate(row, row[f"_valid_{name}"], row[f"_preferred_{name}"]) for row in rows] for name in rules}
    for column, rule in rules.items():
        choice = _choice(rank_offers(candidates, rules, column), rule)
        explained.append({"table": str(contract.table(Layer.GOLD)), "column": column, "title": titles[column], **choice})
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


def _history(lake: MasterLake, ids: list[str]) -> list[Row]:
    """What happened to the IDs and the records they hold, oldest first."""
    events = lake.rows("events", "master_id in $ids or other_id in $ids", ids=ids)
    shown = ("business_date", "event", "master_id", "other_id", "dataset", "record_key", "reason", "run_id")
    return [
        {name: event[name] for name in shown}
        for event in sorted(events, key=lambda e: (e["business_date"], e["event"], e["master_id"]))
    ]
