"""Take nights through Airflow, one business date after the other.

A driver that died, and Airflow that died with it, are picked up where they were: runs that are still active are waited for, what
has come to its end is left alone, and only what failed or never ran is started again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from jobs.io import control
from jobs.io.lock import hold
from jobs.io.run_context import RunContext
from jobs.io.state import open_run_id, release_of
from jobs.local.rest import Airflow
from jobs.night import NightOutcome
from jobs.plan import MASTERS_DAG, NightPlan, extract_dag, plan_night, source_dag
from jobs.settings import Settings
from jobs.steps.s7_extract import extract_of
from jobs.verdict import FAILED, FAILED_SOURCE, exit_code_of_night, is_closed, refuse_older_date, source_status
from schemas.catalog import Catalog, load_catalog
from schemas.names import DatasetName

Progress = Callable[[str], None]

ACTIVE = ("queued", "running", "restarting")
WORDS = {"success": "done", "failed": "FAILED", "up_for_retry": "will be tried again"}
POLL_SECONDS = 1.5
SPARE_RUNS = 2
"""How many sources are under way beyond the tasks that can run at a time: the scheduler looks at each, again and again."""
GRACE_SECONDS = 20.0
"""How long an announcement may take to start the DAG that waits for it, before the driver starts that DAG itself."""


@dataclass(frozen=True)
class _Stage:
    """One DAG of a night. ``is_done`` asks the lake, not Airflow alone, whether it has come to its end."""

    dag_id: str
    label: str
    is_done: Callable[[], bool]


def run_nights(
    settings: Settings, dates: Sequence[date], progress: Progress, before_night: Callable[[date], None] | None = None
) -> list[NightOutcome]:
    """Run the nights of ``dates`` in turn; those that are closed are left alone. A failed night is the last.

    ``before_night`` is called with each date whose night is about to begin.

    Needs a box that is up unless all are closed. Raises AirflowError, LockHeldError, and UsageError for a date older than the
    newest release.
    """
    catalog = load_catalog()
    airflow: Airflow | None = None
    outcomes: list[NightOutcome] = []
    with hold(settings.root, "night", "the nightly driver"):
        for day in sorted(dates):
            if is_closed(settings, catalog, day):
                progress(f"{day}  closed before: nothing to do")
                outcomes.append(_outcome(settings, catalog, day, is_noop=True))
                continue
            refuse_older_date(settings.root, day)
            airflow = airflow or _connect(settings, catalog)
            if before_night is not None:
                before_night(day)
            outcomes.append(_Night(settings, catalog, airflow, day, progress).run())
            if outcomes[-1].exit_code == FAILED:
                break
    return outcomes


def _connect(settings: Settings, catalog: Catalog) -> Airflow:
    plan = plan_night(catalog)
    airflow = Airflow(settings)
    airflow.wait_until_ready({MASTERS_DAG, *map(source_dag, plan.sources), *map(extract_dag, plan.extracts)})
    return airflow


class _Night:
    """One attempt at one night, through Airflow."""

    def __init__(self, settings: Settings, catalog: Catalog, airflow: Airflow, day: date, progress: Progress) -> None:
        self._settings, self._catalog, self._airflow, self._day, self._progress = settings, catalog, airflow, day, progress
        self._plan: NightPlan = plan_night(catalog)
        self._key = day.isoformat()
        self._run_id = open_run_id(settings.root, day)
        self._told: set[tuple[str, str, str]] = set()

    def run(self) -> NightOutcome:
        """Sources, masters, extracts; each stage begins when the one before is through. Returns how the night ended."""
        self._note("started")
        cut_off = time.monotonic() + self._settings.airflow.cut_off_minutes * 60
        if self._is_released() or (self._take_sources(cut_off) and self._complete(self._masters_stage(), cut_off)):
            for extract in self._plan.extracts:
                self._complete(self._extract_stage(extract), cut_off)
        return self._close()

    def _take_sources(self, cut_off: float) -> bool:
        """Whether every source is through, be it with a stop; if one is not, nothing is linked tonight."""
        waiting = [self._source_stage(source) for source in self._plan.sources]
        active: list[_Stage] = []
        are_through = True
        while (waiting or active) and time.monotonic() < cut_off:
            while waiting and len(active) < self._settings.airflow.parallelism + SPARE_RUNS:
                active.append(self._start(waiting.pop(0)))
            time.sleep(POLL_SECONDS)
            runs = self._airflow.newest_runs(self._key)
            for stage in [stage for stage in active if not _is_active(runs.get(stage.dag_id))]:
                active.remove(stage)
                self._tell(stage, runs.get(stage.dag_id))
                if not stage.is_done():
                    self._progress(f"{self._key}  {stage.label}: nothing is linked before it is mended; its red step says why")
                    are_through = False
        for stage in (*active, *waiting):
            self._progress(f"{self._key}  {stage.label}: not through at the cut-off")
        return are_through and not (active or waiting)

    def _is_released(self) -> bool:
        return release_of(self._settings.root, self._day) is not None

    def _close(self) -> NightOutcome:
        outcome = _outcome(self._settings, self._catalog, self._day, is_noop=False)
        if outcome.release_id and not is_closed(self._settings, self._catalog, self._day):
            self._progress(f"{self._key}  released, but an extract was not written: see its DAG in Airflow, then run again")
        self._note("failed" if outcome.exit_code == FAILED else "succeeded", outcome.exit_code)
        return outcome

    def _source_stage(self, source: DatasetName) -> _Stage:
        dag_id = source_dag(source)

        def is_done() -> bool:
            run = self._airflow.newest_run(dag_id, self._key)
            announced = run is not None and self._airflow.tasks(dag_id, run["dag_run_id"]).get("silver") == "success"
            return announced and source_status(self._settings.root, source, self._day) != FAILED_SOURCE

        return _Stage(dag_id, str(source), is_done)

    def _masters_stage(self) -> _Stage:
        return _Stage(MASTERS_DAG, MASTERS_DAG, self._is_released)

    def _extract_stage(self, extract: DatasetName) -> _Stage:
        def is_done() -> bool:
            made = release_of(self._settings.root, self._day)
            ctx = RunContext(self._settings, self._catalog, self._day, self._run_id)
            return made is not None and extract_of(ctx, extract, made) is not None

        return _Stage(extract_dag(extract), f"extract {extract}", is_done)

    def _start(self, stage: _Stage) -> _Stage:
        """Start a stage's DAG unless it runs or is through; the stage."""
        if not _is_active(self._airflow.newest_run(stage.dag_id, self._key)) and not stage.is_done():
            self._airflow.trigger(stage.dag_id, self._key)
        return stage

    def _complete(self, stage: _Stage, cut_off: float) -> bool:
        """Wait until a stage is through that something else starts. False if its run failed, or at the cut-off."""
        may_start, quiet_since = True, time.monotonic()
        before = self._airflow.newest_run(stage.dag_id, self._key)
        ended = before["dag_run_id"] if before else None
        while time.monotonic() < cut_off:
            run = self._airflow.newest_run(stage.dag_id, self._key)
            self._tell(stage, run)
            if _is_active(run):
                quiet_since = time.monotonic()
            elif stage.is_done():
                return True
            elif run and run["dag_run_id"] != ended:
                return False
            elif may_start and time.monotonic() - quiet_since > GRACE_SECONDS:
                self._airflow.trigger(stage.dag_id, self._key)
                may_start = False
            time.sleep(POLL_SECONDS)
        self._progress(f"{self._key}  {stage.label}: not through at the cut-off")
        return False

    def _tell(self, stage: _Stage, run: dict[str, Any] | None) -> None:
        """Say once what each task of a run has come to."""
        if run is None:
            return
        for task, state in self._airflow.tasks(stage.dag_id, run["dag_run_id"]).items():
            said = (stage.dag_id, run["dag_run_id"], f"{task} {state}")
            if state in WORDS and said not in self._told:
                self._told.add(said)
                self._progress(f"{self._key}  {stage.label:<42} {task:<20} {WORDS[state]}")

    def _note(self, status: str, exit_code: int | None = None) -> None:
        event = {"run_id": self._run_id, "business_date": self._day, "step": "night", "status": status, "exit_code": exit_code}
        control.record(self._settings.root, "runs", [event])


def _is_active(run: dict[str, Any] | None) -> bool:
    return run is not None and run["state"] in ACTIVE


def _outcome(settings: Settings, catalog: Catalog, day: date, *, is_noop: bool) -> NightOutcome:
    made = release_of(settings.root, day)
    run_id = made.run_id if made else open_run_id(settings.root, day)
    exit_code = exit_code_of_night(settings, catalog, day)
    return NightOutcome(day, run_id, made.release_id if made else None, exit_code, is_noop, made.sources if made else {})
