"""A person publishes what a gate stopped, with a reason that stays in the audit. The night never waits: the next run takes it."""

from __future__ import annotations

from datetime import date

from jobs.io.control import read_events, record
from jobs.io.state import DeliveryState, delivery_states, gates
from schemas.errors import UsageError

OVERRIDE = "override_gate"
TOLERANCE = "tolerance_exceeded"
"""The one reason for which a gate stops a delivery; all others stop it while it lands, and no person can mend a file."""


def override_gate(root: str, subject: str, who: str, reason: str) -> None:
    """Record that ``subject`` may be published in spite of its gate: a delivery ID, or ``<layer>.<table>/<date>``.

    Raises UsageError if no gate has stopped it, with what can be overridden.
    """
    known = _stopped(root)
    if subject not in known:
        others = f"Stopped by a gate are: {', '.join(sorted(known))}." if known else "No gate has stopped anything."
        raise UsageError(
            f"{subject} was not stopped by a gate. {others} A delivery that was stopped as it landed needs a correction."
        )
    record(root, "audit", [{"who": who, "action": OVERRIDE, "subject": subject, "reason": reason}])


def overridden(root: str) -> frozenset[str]:
    """Everything that may be published in spite of its gate."""
    return frozenset(event["subject"] for event in read_events(root, "audit") if event["action"] == OVERRIDE)


def table_subject(table: str, business_date: date) -> str:
    """How a table of one night is named in an override."""
    return f"{table}/{business_date.isoformat()}"


def is_stopped_by_gate(state: DeliveryState) -> bool:
    """Whether a gate, and not the landing, stopped the delivery."""
    return state.status == "stopped" and state.reason_code == TOLERANCE


def _stopped(root: str) -> set[str]:
    deliveries = {state.delivery_id for state in delivery_states(root) if is_stopped_by_gate(state)}
    last_word = {table_subject(gate.table, gate.business_date): gate.decision for gate in gates(root) if gate.delivery_id is None}
    return deliveries | {subject for subject, decision in last_word.items() if decision == "stopped"}
