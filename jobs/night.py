"""A whole night without Airflow: the same steps in the same order, one process, one Spark session at most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from jobs.io import control
from jobs.io.lock import hold
from jobs.io.run_context import RunContext
from jobs.io.state import Release, open_run_id, release_of
from jobs.plan import NightPlan, plan_night
from jobs.settings import Settings
from jobs.steps.s1_land import land
from jobs.steps.s2_bronze import load_bronze
from jobs.verdict import FAILED, STOPPED, is_closed, refuse_older_date
from schemas.catalog import Catalog

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Progress = Callable[[str], None]


@dataclass(frozen=True)
class NightOutcome:
    """How a night ended. ``release_id`` is None where a gate on linked or gold stopped it."""

    business_date: date
    run_id: str
    release_id: str | None
    exit_code: int
    is_noop: bool
    sources: dict[str, str]


def run_night(settings: Settings, catalog: Catalog, business_date: date, progress: Progress) -> NightOutcome:
    """Take the night of ``business_date`` from landing to extracts; a date already released is a no-op without a JVM.

    Raises UsageError for a date older than the newest release, and whatever a step raises (the night then failed and
    can be run again).
    """
    with hold(settings.root, "night"):
        done = release_of(settings.root, business_date)
        if done is not None and is_closed(settings, catalog, business_date):
            progress(f"{business_date}: released as {done.release_id}; nothing to do")
            return _outcome(business_date, done.run_id, done, done.exit_code, is_noop=True)
        refuse_older_date(settings.root, business_date)
        ctx = RunContext(settings, catalog, business_date, open_run_id(settings.root, business_date))
        return _run(ctx, progress)


def _run(ctx: RunContext, progress: Progress) -> NightOutcome:
    _note(ctx, "started")
    try:
        made, is_stopped = _steps(ctx, plan_night(ctx.catalog), progress)
    except BaseException as error:
        _note(ctx, "failed", FAILED, f"{type(error).__name__}: {error}")
        raise
    exit_code = STOPPED if is_stopped or made is None else made.exit_code
    _note(ctx, "succeeded", exit_code)
    return _outcome(ctx.business_date, ctx.run_id, made, exit_code, is_noop=False)


def _steps(ctx: RunContext, plan: NightPlan, progress: Progress) -> tuple[Release | None, bool]:
    """The night as a list of steps: its release, None if a gate on linked or gold stopped it; and whether such a gate did.

    A night that was cut off after its release lacks nothing but extracts: what has been delivered since belongs to the next.
    """
    from jobs.io.spark import open_session
    from jobs.steps.promote import PromotionStoppedError
    from jobs.steps.s6_release import release

    made = release_of(ctx.settings.root, ctx.business_date)
    if made is None:
        _load_sources(ctx, plan, progress)
    spark = open_session(ctx.settings)
    try:
        if made is None:
            _refine_sources(spark, ctx, plan, progress)
            _build_masters(spark, ctx, plan, progress)
            _derive(spark, ctx, plan, progress)
            progress("release")
            made = release(ctx)
        _write_extracts(spark, ctx, plan, progress)
    except PromotionStoppedError as stop:
        progress(f"STOPPED  {stop}")
        return made, True
    return made, False


def _load_sources(ctx: RunContext, plan: NightPlan, progress: Progress) -> None:
    for source in plan.sources:
        progress(f"land, bronze  {source}")
        land(ctx, source)
        load_bronze(ctx, source)


def _refine_sources(spark: SparkSession, ctx: RunContext, plan: NightPlan, progress: Progress) -> None:
    from jobs.steps.s3_silver import has_pending, refine

    for source in plan.sources:
        if has_pending(ctx, source):
            progress(f"silver        {source}")
            refine(spark, ctx, source)


def _build_masters(spark: SparkSession, ctx: RunContext, plan: NightPlan, progress: Progress) -> None:
    from jobs.steps.s4_link import link
    from jobs.steps.s5_master import build_master

    for planned in plan.masters:
        progress(f"link          {planned.master}")
        link(spark, ctx, planned.master)
        progress(f"master        {planned.master}")
        build_master(spark, ctx, planned.master)


def _derive(spark: SparkSession, ctx: RunContext, plan: NightPlan, progress: Progress) -> None:
    from jobs.steps.s5_derive import derive

    for group in plan.derived:
        progress(f"derive        {group}")
        derive(spark, ctx, group)


def _write_extracts(spark: SparkSession, ctx: RunContext, plan: NightPlan, progress: Progress) -> None:
    from jobs.steps.s7_extract import extract

    for dataset in plan.extracts:
        progress(f"extract       {dataset}")
        extract(spark, ctx, dataset)


def _note(ctx: RunContext, status: str, exit_code: int | None = None, detail: str | None = None) -> None:
    event = {"run_id": ctx.run_id, "business_date": ctx.business_date, "step": "night", "status": status}
    control.record(ctx.settings.root, "runs", [event | {"exit_code": exit_code, "detail": detail}])


def _outcome(business_date: date, run_id: str, made: Release | None, exit_code: int, *, is_noop: bool) -> NightOutcome:
    return NightOutcome(business_date, run_id, made.release_id if made else None, exit_code, is_noop, made.sources if made else {})
