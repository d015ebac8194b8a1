"""What ``make run`` does: a synthetic country, three nights of it through real Airflow, and a summary."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

from jobs.io.state import delivery_states
from jobs.local.box import start
from jobs.local.departments import apply_changes, open_if_possible
from jobs.local.driver import run_nights
from jobs.local.summary import print_summary
from jobs.night import NightOutcome
from jobs.portal.evaluation import evaluate
from jobs.samples.country import Noise, generate, parse_fault
from jobs.settings import Settings
from jobs.verdict import CLOSED, STOPPED, is_closed
from schemas.catalog import load_catalog
from schemas.errors import UsageError

Progress = Callable[[str], None]

FIRST = date(2026, 3, 2)
BROKEN = "public_security/household_register"
"""The dataset whose second delivery is cut short, and corrected the night after."""

COUNTRY = "country.json"
"""The file, beside the truth, that says what the country was made of."""


def run_demo(settings: Settings, *, people: int, days: int, seed: int, noise: Noise, progress: Progress) -> int:
    """Run the nights and sum them up; a country that is there already is kept.

    Returns 0 if the nights did what they should, the planted stop included; else 1. Airflow is left running, for people to look
    around. Raises UsageError if the country that is there is another than the one asked for.
    """
    dates = [FIRST + timedelta(days=number) for number in range(days)]
    truth = Path(settings.root).parent / "truth"
    _require_country(truth, people, seed, noise)
    if not (truth.is_dir() and all(is_closed(settings, load_catalog(), day) for day in dates)):
        _generate(settings, people, dates, seed, noise, truth, progress)
    has_databases = open_if_possible(settings, load_catalog(), progress)
    start(settings, progress)
    nights = run_nights(settings, dates, progress, _apply_changes(settings, progress) if has_databases else None)
    released = all(night.release_id for night in nights)
    print_summary(settings, nights, evaluate(settings, truth) if released else None)
    return 0 if len(nights) == days and _as_planned(settings, nights) else 1


def _generate(
    settings: Settings, people: int, dates: Sequence[date], seed: int, noise: Noise, truth: Path, progress: Progress
) -> None:
    faults = [parse_fault(f"truncated:{BROKEN}:{dates[1]}:corrected")] if len(dates) > 1 else []
    generate(
        people=people,
        days=len(dates),
        seed=seed,
        start=FIRST,
        noise=noise,
        faults=faults,
        landing=settings.landing_root,
        truth=truth,
        progress=progress,
    )
    (truth / COUNTRY).write_text(json.dumps(_country(people, seed, noise), indent=2) + "\n", encoding="utf-8")


def _country(people: int, seed: int, noise: Noise) -> dict[str, object]:
    return {"people": people, "seed": seed, "noise": noise.model_dump(mode="json")}


def _require_country(truth: Path, people: int, seed: int, noise: Noise) -> None:
    """Raises UsageError if ``truth`` is that of another country, whose figures would be taken for those of the one asked for."""
    path = truth / COUNTRY
    found = json.loads(path.read_text("utf-8")) if path.is_file() else None
    asked = _country(people, seed, noise)
    if found is not None and found != asked:
        other_noise = ", with other errors" if found["noise"] != asked["noise"] else ""
        raise UsageError(
            f"{truth.parent} holds another country: about {found['people']:,} people, seed {found['seed']}{other_noise}. "
            "Ask for the same one, or give yours a lake of its own: GOVLAKE_HOME=/another/folder/lake govlake demo …"
        )


def _apply_changes(settings: Settings, progress: Progress) -> Callable[[date], None]:
    """What happens in the departments' databases on a day, before its night begins."""

    def apply(day: date) -> None:
        apply_changes(settings, load_catalog(), day, progress)

    return apply


def _as_planned(settings: Settings, nights: Sequence[NightOutcome]) -> bool:
    """Whether every night released, and exactly the planted fault stopped."""
    planned = {FIRST + timedelta(days=1): STOPPED}
    stopped = {state.delivery_id for state in delivery_states(settings.root) if state.status == "stopped"}
    planted = {f"{BROKEN}/{day}/1" for day in planned} if len(nights) > 1 else set()
    codes_as_planned = all(night.exit_code == planned.get(night.business_date, CLOSED) for night in nights)
    return all(night.release_id for night in nights) and codes_as_planned and stopped == planted
