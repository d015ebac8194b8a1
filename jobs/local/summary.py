"""The short summary of a run: what came, what was stopped, what was linked, and where to look next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jobs.io.delta import row_count
from jobs.io.state import DeliveryState, delivery_states, gates
from jobs.local.box import USER, airflow_password, airflow_url
from jobs.local.driver import Night
from jobs.settings import Settings
from schemas.names import gold_table


def print_summary(settings: Settings, nights: Sequence[Night], measures: dict[str, Any]) -> None:
    """Print the summary on stdout."""
    from rich.console import Console

    console = Console(width=110, highlight=False)
    states = delivery_states(settings.root)
    done = all(night.is_noop for night in nights)
    console.rule("[bold]govlake: nothing to do, all nights were released before" if done else "[bold]govlake: the nights are done")
    for night in nights:
        _print_night(console, night, [state for state in states if state.night_date == night.business_date])
    _print_stops(console, states)
    _print_population(console, settings, measures["population"])
    _print_gates(console, settings)
    _print_next(console, settings)


def _print_night(console: Any, night: Night, states: list[DeliveryState]) -> None:
    taken = [state for state in states if state.status in ("published", "superseded")]
    counts = {status: sum(state.status == status for state in states) for status in sorted({state.status for state in states})}
    delivered, quarantined = sum(s.rows_delivered for s in taken), sum(s.rows_quarantined for s in taken)
    release = night.release.release_id if night.release else "no release"
    said = ", ".join(f"{count} {status}" for status, count in counts.items()) or "no deliveries"
    console.print(f"{night.business_date}  {said}: {delivered:,} rows in, {quarantined:,} quarantined → release {release}")


def _print_stops(console: Any, states: list[DeliveryState]) -> None:
    for state in states:
        if state.status in ("stopped", "missing"):
            healed = any(
                s.dataset == state.dataset and s.business_date == state.business_date and s.status == "published" for s in states
            )
            console.print(f"  {state.status}: {state.delivery_id}\n    {state.reason}")
            console.print("    its correction was taken" if healed else "    no correction yet")


def _print_population(console: Any, settings: Settings, measures: dict[str, Any]) -> None:
    persons = row_count(gold_table("population", "person").path(settings.root))
    linked, plain = measures["pairwise_linkable"], measures["baseline_exact_id"]
    console.print(f"\npersons in the population register: {persons:,} ({measures['entities_true']:,} in truth)")
    console.print(f"  linkage       precision {linked['precision']:.4f}  recall {linked['recall']:.4f}  over linkable records")
    console.print(f"  plain ID join precision {plain['precision']:.4f}  recall {plain['recall']:.4f}  on the same deliveries")


def _print_gates(console: Any, settings: Settings) -> None:
    results = gates(settings.root)
    failed = [result for result in results if not result.passed]
    console.print(
        f"gates: {len(results):,} checks, {len(failed)} found wrong rows (warnings included), see `govlake gates --failed`"
    )


def _print_next(console: Any, settings: Settings) -> None:
    console.print("\n[bold]where to look next")
    console.print(f"  Airflow      {airflow_url(settings)}  login {USER} / {airflow_password(settings)}  (stop it: make down)")
    console.print("  tables       .venv/bin/govlake tables")
    console.print("  quarantine   .venv/bin/govlake quarantine")
    console.print(f"  extract      {settings.outbox_root / 'health_commission' / 'person'}")
    console.print('  a query      .venv/bin/govlake query "select is_deceased, count(*) from gold.population__person group by 1"')
    console.print("  why          .venv/bin/govlake explain population <master_id>")
