"""The present state, folded from the append-only events of the control tables. Needs no JVM and judges nothing.

What an event says holds until a later one of the same thing says otherwise; see `_fold_delivery` for deliveries.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from jobs.io.control import read_events
from schemas.names import DatasetName, DeliveryId, run_id

TAKEN = ("published", "superseded")
"""Statuses of deliveries whose rows have reached silver."""

ENDED = "succeeded"
"""Status of a run that came to its end, be it with a stop."""

NO_REASON = ("received", "published")
"""Statuses that need no explanation."""


@dataclass(frozen=True)
class DeliveryState:
    """What became of one delivery, or of one that never came (status missing, sequence 0).

    ``status`` is received, published, stopped, duplicate, superseded (was published, then corrected) or missing; ``reason`` is
    null for received and published. ``rows_accepted`` is 0 unless it was published. ``digest`` stands for the files' contents.
    ``night_date`` is the night that took it. ``incomplete_since``: the business date of the first delta that is lacking
    beneath this published one (none was published of the date its ``previous`` names), until a full heals it.
    """

    delivery_id: str
    dataset: str
    business_date: date
    sequence: int
    mode: str | None
    previous: str | None
    digest: str | None
    status: str
    rows_delivered: int
    rows_bronze: int
    rows_accepted: int
    rows_quarantined: int
    reason_code: str | None
    reason: str | None
    night_date: date
    run_id: str
    incomplete_since: date | None = None

    @property
    def id(self) -> DeliveryId:
        """The delivery's name, parsed."""
        return DeliveryId.parse(self.delivery_id)


@dataclass(frozen=True)
class Release:
    """A consistent set of table versions: ``tables`` maps table to Delta version, ``sources`` dataset to the night's status."""

    release_id: str
    business_date: date
    number: int
    tables: dict[str, int]
    sources: dict[str, str]
    exit_code: int
    run_id: str


@dataclass(frozen=True)
class LinkageState:
    """The versions of a master's linked tables that belong together (``tables``: table → Delta version).

    ``silver``: dataset → digest of what its rows in silver depended on (`jobs.steps.todays_records.silver_digests`).
    """

    master: str
    business_date: date
    tables: dict[str, int]
    model_digest: str | None
    input_digest: str | None
    run_id: str
    silver: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunState:
    """How one step of one run stands. ``at`` is when it was last recorded (UTC)."""

    run_id: str
    business_date: date
    step: str
    dataset: str | None
    status: str
    detail: str | None
    exit_code: int | None
    at: datetime


@dataclass(frozen=True)
class GateResult:
    """The outcome of one check at one gate; ``decision`` is that of the whole gate. ``at`` is UTC."""

    run_id: str
    business_date: date
    table: str
    delivery_id: str | None
    check_code: str | None
    column_name: str | None
    action: str | None
    passed: bool | None
    rows_checked: int | None
    rows_failed: int | None
    decision: str | None
    detail: str | None
    at: datetime


def delivery_states(root: str) -> list[DeliveryState]:
    """Every delivery that any night has seen or missed, ordered by dataset, business date and sequence."""
    return fold_deliveries(read_events(root, "deliveries"))


def published_deliveries(root: str, dataset: DatasetName | str) -> list[DeliveryState]:
    """The deliveries of a dataset that silver now consists of, in the order of business date and sequence."""
    return [state for state in delivery_states(root) if state.dataset == str(dataset) and state.status == "published"]


def releases(root: str) -> list[Release]:
    """All releases, oldest business date first."""
    found = [
        Release(
            release_id=event["release_id"],
            business_date=event["business_date"],
            number=event["number"],
            tables=json.loads(event["tables"] or "{}"),
            sources=json.loads(event["sources"] or "{}"),
            exit_code=event["exit_code"],
            run_id=event["run_id"],
        )
        for event in read_events(root, "releases")
    ]
    return sorted(found, key=lambda release: (release.business_date, release.number))


def current_release(root: str) -> Release | None:
    """The release that readers see unless they name one: newest business date, then number. None before the first."""
    return next(reversed(releases(root)), None)


def release_of(root: str, business_date: date) -> Release | None:
    """The last release of a business date; None if that night has not released."""
    return next((release for release in reversed(releases(root)) if release.business_date == business_date), None)


def linkage_state(root: str, master: str) -> LinkageState | None:
    """Where a master's linkage stands: the last state recorded; None before its first run."""
    return next(reversed(linkage_states(root, master)), None)


def linkage_states(root: str, master: str) -> list[LinkageState]:
    """Every state of a master's linkage, in the order they were recorded."""
    return [
        LinkageState(
            master=master,
            business_date=event["business_date"],
            tables=json.loads(event["tables"] or "{}"),
            model_digest=event["model_digest"],
            input_digest=event["input_digest"],
            run_id=event["run_id"],
            silver=json.loads(event.get("silver") or "{}"),
        )
        for event in read_events(root, "linkage_states")
        if event["master"] == master
    ]


def runs(root: str) -> list[RunState]:
    """The last event of every step of every run, in the order in which the steps began."""
    last = {(event["run_id"], event["step"], event["dataset"]): RunState(**event) for event in read_events(root, "runs")}
    return list(last.values())


def gates(root: str) -> list[GateResult]:
    """Every check of every gate, in the order they were recorded."""
    return [GateResult(**event) for event in read_events(root, "gates")]


def open_run_id(root: str, business_date: date) -> str:
    """The run that every step of a night belongs to, e.g. ``night/2026-03-02/1``; a second run only if the first came to its end.

    A run that failed or was cut off is taken up again under its own name, so that its tables end as if nothing had happened.
    """
    ended = {run.run_id for run in runs(root) if run.step == "night" and run.business_date == business_date and run.status == ENDED}
    return run_id(business_date, len(ended) + 1)


def fold_deliveries(events: Iterable[Mapping[str, Any]]) -> list[DeliveryState]:
    """Fold delivery events, given in the order they were recorded, into one state a delivery."""
    by_delivery: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for event in events:
        by_delivery[event["delivery_id"]].append(event)
    states = sorted((_fold_delivery(group) for group in by_delivery.values()), key=_place)
    return _mark_incomplete(states)


def _fold_delivery(events: list[Mapping[str, Any]]) -> DeliveryState:
    """Counts and facts: the last that is not null. Status: the last, but ``received`` undoes nothing.

    A task that outlives its scheduler may record ``received`` again after another has published; that must not win.
    """
    facts: dict[str, Any] = {}
    for event in events:
        facts |= {name: value for name, value in event.items() if value is not None}
    decided = [event for event in events if event["status"] != "received"] or events[-1:]
    status = decided[-1]["status"]
    return DeliveryState(
        delivery_id=facts["delivery_id"],
        dataset=facts["dataset"],
        business_date=facts["business_date"],
        sequence=facts["sequence"],
        mode=facts.get("mode"),
        previous=facts.get("previous"),
        digest=facts.get("digest"),
        status=status,
        rows_delivered=facts.get("rows_delivered", 0),
        rows_bronze=facts.get("rows_bronze", 0),
        rows_accepted=facts.get("rows_accepted", 0) if status in TAKEN else 0,
        rows_quarantined=facts.get("rows_quarantined", 0),
        reason_code=None if status in NO_REASON else decided[-1]["reason_code"],
        reason=None if status in NO_REASON else decided[-1]["reason"],
        night_date=next((e["night_date"] for e in events if e["night_date"] is not None), facts["business_date"]),
        run_id=facts["run_id"],
    )


def _mark_incomplete(states: list[DeliveryState]) -> list[DeliveryState]:
    """Mark what stands on a lost delta. Any published sequence of a date is enough for a delta that follows that date."""
    present = {f"{state.dataset}/{state.business_date.isoformat()}" for state in states if state.status in TAKEN}
    since: dict[str, date | None] = defaultdict(lambda: None)
    marked = []
    for state in states:
        if state.status == "published":
            if state.mode == "full":
                since[state.dataset] = None
            elif state.previous is not None and state.previous not in present:
                lost = date.fromisoformat(state.previous.rpartition("/")[2])
                since[state.dataset] = since[state.dataset] or lost
        marked.append(replace(state, incomplete_since=since[state.dataset] if state.status in TAKEN else None))
    return marked


def _place(state: DeliveryState) -> tuple[str, date, int]:
    return state.dataset, state.business_date, state.sequence
