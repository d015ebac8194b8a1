"""What a night has come to, told by the control tables alone. Needs neither Spark nor Airflow."""

from __future__ import annotations

from datetime import date

from jobs.io.run_context import RunContext
from jobs.io.state import delivery_states, gates, release_of
from jobs.settings import Settings
from jobs.steps.s6_release import require_newest, status_of_sources
from jobs.steps.s7_extract import extract_of
from schemas.catalog import Catalog
from schemas.names import DatasetName

CLOSED, FAILED, STOPPED = 0, 1, 3
"""Exit codes of a night: closed, failed, closed with a stopped delivery or gate."""

FAILED_SOURCE, SILENT_SOURCE = "failed", "none"
"""Statuses of a source beside those of deliveries: one was taken but has not come to an end; nothing came and nothing was due."""


def source_status(root: str, source: DatasetName, business_date: date) -> str:
    """What a source did in a night: a delivery's status, ``failed`` or ``none``."""
    states = [state for state in delivery_states(root) if state.night_date == business_date]
    status = status_of_sources(states, business_date).get(str(source), SILENT_SOURCE)
    return FAILED_SOURCE if status == "received" else status


def stop_reasons(root: str, source: DatasetName, business_date: date) -> list[str]:
    """Why deliveries of a source were stopped in a night, a sentence each."""
    return [
        f"{state.delivery_id}: {state.reason}"
        for state in delivery_states(root)
        if (state.dataset, state.night_date, state.status) == (str(source), business_date, "stopped")
    ]


def is_closed(settings: Settings, catalog: Catalog, business_date: date) -> bool:
    """Whether a night is over: it is released, and every extract that can be cut from the release is in its outbox."""
    made = release_of(settings.root, business_date)
    if made is None:
        return False
    ctx = RunContext(settings, catalog, business_date, made.run_id)
    return all(
        extract_of(ctx, contract.dataset, made) is not None
        for contract in catalog.extracts
        if any(str(table) in made.tables for column in contract.columns for table in column.source_tables)
    )


def exit_code_of_night(settings: Settings, catalog: Catalog, business_date: date) -> int:
    """0 closed, 3 closed with a stop (without a release if a gate on linked or gold stopped it), 1 failed."""
    made = release_of(settings.root, business_date)
    if made is not None and is_closed(settings, catalog, business_date):
        return made.exit_code
    last_word = {
        gate.table: gate.decision
        for gate in gates(settings.root)
        if gate.business_date == business_date and gate.delivery_id is None
    }
    return STOPPED if "stopped" in last_word.values() else FAILED


def refuse_older_date(root: str, business_date: date) -> None:
    """Raise UsageError for a date that has no release although a later one has."""
    if release_of(root, business_date) is None:
        require_newest(root, business_date)
