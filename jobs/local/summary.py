"""The short summary of a run: what came, what was stopped, what was linked, and where to look next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jobs.io.delta import row_count
from jobs.io.state import DeliveryState, delivery_states, gates
from jobs.local.airflow_home import USER, airflow_password, airflow_url
from jobs.night import NightOutcome
from jobs.settings import Settings
from jobs.verdict import FAILED
from schemas.names import linked_table

EXAMPLE = "select is_deceased, count(*) as persons from gold.population__person group by 1"
WIDTH = 120


def print_summary(settings: Settings, nights: Sequence[NightOutcome], measures: Mapping[str, Any] | None) -> None:
    """Print the summary on stdout; ``measures`` as `jobs.evaluation.evaluate` gives them, None if there is nothing to measure."""
    from rich.console import Console

    console = Console(width=WIDTH, highlight=False)
    states = delivery_states(settings.root)
    console.rule(f"[bold]{_headline(nights)}")
    _print_nights(console, nights, states)
    _print_stops(console, states)
    if measures is not None:
        for master, found in measures.items():
            if "pairwise" in found:
                _print_register(console, settings, master, found)
            else:
                _print_attachment(console, master, found)
    _print_gates(console, settings)
    _print_next(console, settings)


def _headline(nights: Sequence[NightOutcome]) -> str:
    if nights[-1].exit_code == FAILED:
        return f"govlake: the night of {nights[-1].business_date} FAILED"
    return (
        "govlake: nothing to do, all nights were closed before"
        if all(n.is_noop for n in nights)
        else "govlake: the nights are done"
    )


def _print_nights(console: Any, nights: Sequence[NightOutcome], states: Sequence[DeliveryState]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("night", "deliveries", "rows in", "quarantined", "published", "release", "exit code"):
        table.add_column(title, justify="right" if title in ("rows in", "quarantined", "published", "exit code") else "left")
    for night in nights:
        of_night = [state for state in states if state.night_date == night.business_date]
        taken = [state for state in of_night if state.status in ("published", "superseded")]
        counts = {status: sum(s.status == status for s in of_night) for status in sorted({s.status for s in of_night})}
        figures = [sum(getattr(s, name) for s in taken) for name in ("rows_delivered", "rows_quarantined", "rows_accepted")]
        said = ", ".join(f"{count} {status}" for status, count in counts.items()) or "none"
        release = night.release_id or "none"
        table.add_row(str(night.business_date), said, *(f"{figure:,}" for figure in figures), release, str(night.exit_code))
    console.print(table)


def _print_stops(console: Any, states: Sequence[DeliveryState]) -> None:
    for state in states:
        if state.status in ("stopped", "missing"):
            later = (
                s for s in states if (s.dataset, s.business_date, s.status) == (state.dataset, state.business_date, "published")
            )
            healed = next(later, None)
            console.print(f"{state.status}: {state.delivery_id}: {state.reason}", soft_wrap=True)
            console.print(f"  its correction {healed.delivery_id} was taken" if healed else "  no correction has come yet")


def _print_register(console: Any, settings: Settings, master: str, measures: Mapping[str, Any]) -> None:
    count = row_count(linked_table(master, "master").path(settings.root))
    console.print(
        f"\n{master} register: {count:,} IDs given; scored: {measures['records']:,} records of {measures['entities_true']:,}"
    )
    for title, name in (
        ("linkage, all records", "pairwise"),
        ("linkage, linkable records", "pairwise_linkable"),
        ("plain ID join, all records", "baseline_exact_id"),
    ):
        found = measures[name]
        console.print(f"  {title:<28} precision {found['precision']:.4f}  recall {found['recall']:.4f}  F1 {found['f1']:.4f}")
    console.print(f"  linkable: {measures['linkable_share']:.1%} of the records whose entity has another")


def _print_attachment(console: Any, group: str, measures: Mapping[str, Any]) -> None:
    console.print(f"\n{group} records: whom they are about")
    for title, name in (("number shown", "attachment"), ("number masked", "masked")):
        found = measures[name]
        figures = f"precision {found['precision']:.4f}  recall {found['recall']:.4f}  F1 {found['f1']:.4f}"
        console.print(f"  {title:<28} {figures}  of {found['records']:,}")


def _print_gates(console: Any, settings: Settings) -> None:
    results = gates(settings.root)
    wrong = [result for result in results if result.rows_failed]
    stops = {(result.table, result.run_id) for result in results if result.decision == "stopped"}
    console.print(
        f"\ngates: {len(results):,} checks; {len(wrong)} found rows to quarantine or to warn of, {len(stops)} tables stopped"
    )


def _print_next(console: Any, settings: Settings) -> None:
    places = {
        "Airflow": f"{airflow_url(settings)}  login {USER} / {airflow_password(settings)}  (stop it: make down)",
        "tables": ".venv/bin/govlake tables",
        "quarantine": ".venv/bin/govlake quarantine",
        "extract": str(settings.outbox_root / "health_commission" / "person"),
        "a query": f'.venv/bin/govlake query "{EXAMPLE}"',
        "why": ".venv/bin/govlake explain population <master_id>",
    }
    console.print("\n[bold]where to look next")
    for name, place in places.items():
        console.print(f"  {name:<11} {place}", soft_wrap=True)
