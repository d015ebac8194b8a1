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
from schemas.names import DatasetName, Layer

Progress = Callable[[str], None]

ACTIVE = ("queued", "running", "restarting")
WORDS = {"success": "done", "failed": "FAILED", "up_for_retry": "will be tried again"}
POLL_SECONDS = 1.5
START_SECONDS = 0.7
"""Between the starts of two sources' DAGs: SQLite has one writer, and the scheduler writes too."""
GRACE_SECONDS = 20.0
"""How long an announcement may take to start the DAG that waits for it, before the driver starts that DAG itself."""


@dataclass(frozen=True)
class _Stage:
    """One DAG of a night. ``is_done`` asks the lake, not Airflow, whether it has come to its end.

    ``own_runs``: how many runs the driver may start itself, after ``GRACE_SECONDS`` in which nothing else did.
    """

    dag_id: str
    label: str
    is_done: Callable[[], bool]
    own_runs: int = 1


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
        if self._is_released() or self._complete(self._masters_stage(has_all_sources=self._take_sources(cut_off)), cut_off):
            for extract in self._plan.extracts:
                self._complete(self._extract_stage(extract), cut_off)
        return self._close()

    def _take_sources(self, cut_off: float) -> bool:
        """Whether every source is through, be it with a stop; the others are announced as failed."""
        stages = {source: self._source_stage(source) for source in self._plan.sources}
        for stage in stages.values():
            self._start(stage)
            time.sleep(START_SECONDS)
        through = {source: self._complete(stage, cut_off) for source, stage in stages.items()}
        for source in (source for source, is_through in through.items() if not is_through):
            self._stand_in(source)
        return all(through.values())

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
            announced = run is not None and self._airflow.tasks(dag_id, run["dag_run_id"]).get("announce") == "success"
            return announced and source_status(self._settings.root, source, self._day) != FAILED_SOURCE

        return _Stage(dag_id, str(source), is_done, own_runs=0)

    def _masters_stage(self, *, has_all_sources: bool) -> _Stage:
        return _Stage(MASTERS_DAG, MASTERS_DAG, self._is_released, own_runs=int(has_all_sources))

    def _extract_stage(self, extract: DatasetName) -> _Stage:
        def is_done() -> bool:
            made = release_of(self._settings.root, self._day)
            ctx = RunContext(self._settings, self._catalog, self._day, self._run_id)
            return made is not None and extract_of(ctx, extract, made) is not None

        return _Stage(extract_dag(extract), f"extract {extract}", is_done)

    def _start(self, stage: _Stage) -> None:
        """Start a stage's DAG unless it runs or is through."""
        run = self._airflow.newest_run(stage.dag_id, self._key)
        if not (run and run["state"] in ACTIVE) and not stage.is_done():
            self._airflow.trigger(stage.dag_id, self._key)

    def _complete(self, stage: _Stage, cut_off: float) -> bool:
        """Wait until a stage is through. False if its run failed, if nothing starts one, or at the cut-off."""
        own_runs, quiet_since = stage.own_runs, time.monotonic()
        before = self._airflow.newest_run(stage.dag_id, self._key) if own_runs else None
        ended = before["dag_run_id"] if before else None
        while time.monotonic() < cut_off:
            run = self._airflow.newest_run(stage.dag_id, self._key)
            self._tell(stage, run)
            if run and run["state"] in ACTIVE:
                quiet_since = time.monotonic()
            elif stage.is_done():
                return True
            else:
                failed = run if run and run["dag_run_id"] != ended else None
                if failed and not self._was_premature(stage, failed):
                    return False
                if failed or time.monotonic() - quiet_since > GRACE_SECONDS:
                    if not own_runs:
                        return False
                    self._airflow.trigger(stage.dag_id, self._key)
                    own_runs, quiet_since, ended = own_runs - 1, time.monotonic(), run["dag_run_id"] if run else None
            time.sleep(POLL_SECONDS)
        self._progress(f"{self._key}  {stage.label}: not through at the cut-off")
        return False

    def _was_premature(self, stage: _Stage, run: dict[str, Any]) -> bool:
        """Whether the masters began on an announcement of an attempt before, while its source was still being mended."""
        return self._airflow.tasks(stage.dag_id, run["dag_run_id"]).get("report_sources") == "failed"

    def _stand_in(self, source: DatasetName) -> None:
        """Announce a source whose DAG could not, so that the masters say so instead of waiting for it."""
        run = self._airflow.newest_run(source_dag(source), self._key)
        if run is None or self._airflow.tasks(source_dag(source), run["dag_run_id"]).get("announce") != "success":
            self._progress(f"{self._key}  {source}: announced as failed in its place")
            self._airflow.post_asset_event(str(source.in_layer(Layer.SILVER)), self._key, {"status": FAILED_SOURCE})

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


def _outcome(settings: Settings, catalog: Catalog, day: date, *, is_noop: bool) -> NightOutcome:
    made = release_of(settings.root, day)
    run_id = made.run_id if made else open_run_id(settings.root, day)
    exit_code = exit_code_of_night(settings, catalog, day)
    return NightOutcome(day, run_id, made.release_id if made else None, exit_code, is_noop, made.sources if made else {})
