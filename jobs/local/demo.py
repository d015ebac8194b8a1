"""What ``make run`` does: a synthetic country, three nights of it through real Airflow, and a summary."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from jobs.io.state import delivery_states
from jobs.local.box import start
from jobs.local.driver import Night, run_nights
from jobs.local.summary import print_summary
from jobs.portal.evaluation import evaluate
from jobs.samples.country import generate, load_noise, parse_fault
from jobs.settings import Settings

Progress = Callable[[str], None]

FIRST = date(2026, 3, 2)
BROKEN = "public_security/household_register"
"""The dataset whose second delivery is cut short, and corrected the night after."""


def run_demo(settings: Settings, *, people: int, days: int, seed: int, progress: Progress) -> int:
    """Run the nights and sum them up. Returns 0 if they did what they should, the planted stop included; else 1."""
    dates = [FIRST + timedelta(days=number) for number in range(days)]
    truth = Path(settings.root).parent / "truth"
    faults = [parse_fault(f"truncated:{BROKEN}:{dates[1]}:corrected")] if days > 1 else []
    progress(f"the synthetic country: {people:,} people, {days} days, seed {seed}")
    generate(
        people=people,
        days=days,
        seed=seed,
        start=FIRST,
        noise=load_noise("typical"),
        faults=faults,
        landing=settings.landing_root,
        truth=truth,
        progress=progress,
    )
    start(settings, progress)
    nights = run_nights(settings, dates, progress)
    if not all(night.release for night in nights):
        progress("a night made no release: see `govlake gates --failed` and the DAG masters in Airflow")
        return 1
    print_summary(settings, nights, evaluate(settings, truth))
    return 0 if _as_planned(settings, nights) else 1


def _as_planned(settings: Settings, nights: list[Night]) -> bool:
    """Whether exactly the planted fault stopped."""
    stopped = {state.delivery_id for state in delivery_states(settings.root) if state.status == "stopped"}
    planted = {f"{BROKEN}/{nights[1].business_date}/1"} if len(nights) > 1 else set()
    return stopped == planted
