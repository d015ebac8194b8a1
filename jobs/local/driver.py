"""Take nights through Airflow, one business date after the other: trigger the sources, stand in for what is missing, wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from jobs.io.state import Release, release_of
from jobs.local.rest import Airflow, AirflowError
from jobs.plan import NightPlan, plan_night
from jobs.settings import Settings
from schemas.catalog import load_catalog
from schemas.names import DatasetName, Layer

Progress = Callable[[str], None]

DONE = ("success", "failed")
POLL_SECONDS, NIGHT_SECONDS = 1.0, 3600.0
"""How often the driver looks, and how long a stage of a night may take."""

MASTERS = "masters"


@dataclass(frozen=True)
class Night:
    """How one night ended: its release (None if a gate on linked or gold stopped it), and whether it had run before."""

    business_date: date
    release: Release | None
    is_noop: bool


def dag_ids(plan: NightPlan) -> set[str]:
    """The DAGs of a plan."""
    return {MASTERS, *map(source_dag, plan.sources), *map(extract_dag, plan.extracts)}


def source_dag(source: DatasetName) -> str:
    """The DAG ID of a source (the same as `jobs.orchestration.dag_id`, without importing Airflow)."""
    return f"source__{source.group}__{source.table}"


def extract_dag(extract: DatasetName) -> str:
    """The DAG ID of an extract."""
    return f"extract__{extract.group}__{extract.table}"


def run_nights(settings: Settings, dates: Sequence[date], progress: Progress) -> list[Night]:
    """Run the nights of ``dates`` in turn; those already released are left alone. Raises AirflowError."""
    plan = plan_night(load_catalog())
    airflow = Airflow(settings)
    airflow.wait_until_ready(dag_ids(plan))
    return [_run_night(settings, airflow, plan, day, progress) for day in sorted(dates)]


def _run_night(settings: Settings, airflow: Airflow, plan: NightPlan, day: date, progress: Progress) -> Night:
    done = release_of(settings.root, day)
    if done is not None:
        progress(f"{day}  released as {done.release_id}: nothing to do")
        return Night(day, done, is_noop=True)
    key = day.isoformat()
    for source in plan.sources:
        airflow.trigger(source_dag(source), key)
    _resume(airflow, MASTERS, key, progress)
    for source in plan.sources:
        state = _wait(airflow, source_dag(source), key, progress)
        _stand_in(airflow, source, key, state, progress)
    state = _wait(airflow, MASTERS, key, progress)
    made = release_of(settings.root, day)
    if made is not None:
        for extract in plan.extracts:
            _wait(airflow, extract_dag(extract), key, progress)
    elif state == "success":
        raise AirflowError(f"{day}: the DAG {MASTERS} succeeded, but there is no release. See `govlake runs --date {day}`.")
    return Night(day, made, is_noop=False)


def _resume(airflow: Airflow, dag_id: str, key: str, progress: Progress) -> None:
    """Let a run that failed in an earlier attempt at this night run on from where it failed."""
    runs = airflow.runs(dag_id, key)
    if runs and runs[-1]["state"] == "failed":
        progress(f"{key}  {dag_id}: failed before, its failed tasks run again")
        airflow.clear(dag_id, runs[-1]["dag_run_id"])


def _stand_in(airflow: Airflow, source: DatasetName, key: str, state: str, progress: Progress) -> None:
    """Announce a source whose DAG could not: the others must not wait for it. A stopped one has announced itself."""
    runs = airflow.runs(source_dag(source), key)
    if state == "failed" and airflow.tasks(source_dag(source), runs[-1]["dag_run_id"]).get("announce") != "success":
        progress(f"{key}  {source}: its DAG failed, announced as failed; the night goes on without it")
        airflow.post_asset_event(str(source.in_layer(Layer.SILVER)), key, {"status": "failed"})


def _wait(airflow: Airflow, dag_id: str, key: str, progress: Progress) -> str:
    """Wait for the newest run of a DAG for a date, telling each task that ends; returns the run's state."""
    told: dict[str, str] = {}
    deadline = time.monotonic() + NIGHT_SECONDS
    while time.monotonic() < deadline:
        runs = airflow.runs(dag_id, key)
        if runs:
            told = _tell(airflow.tasks(dag_id, runs[-1]["dag_run_id"]), told, f"{key}  {dag_id}", progress)
            if runs[-1]["state"] in DONE:
                return str(runs[-1]["state"])
        time.sleep(POLL_SECONDS)
    raise AirflowError(
        f"{dag_id} did not end for {key} within {NIGHT_SECONDS / 60:.0f} minutes. Look at it in Airflow, then run again."
    )


def _tell(states: dict[str, str], told: dict[str, str], prefix: str, progress: Progress) -> dict[str, str]:
    for task, state in states.items():
        if state in ("success", "failed", "upstream_failed", "up_for_retry") and told.get(task) != state:
            progress(f"{prefix}.{task}: {state}")
    return states
