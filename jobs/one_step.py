"""One step of a night for one dataset, master or derived group: what an Airflow task and ``govlake run`` call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from jobs.io.run_context import RunContext
from jobs.io.spark import spark_session
from jobs.io.state import open_run_id
from jobs.settings import Settings
from jobs.steps.s6_release import require_newest
from schemas.catalog import Catalog
from schemas.errors import UsageError
from schemas.names import DatasetName
from schemas.odcs import suggest


def run_step(settings: Settings, catalog: Catalog, step: str, subject: str | None, business_date: date) -> dict[str, Any]:
    """Run ``step`` for ``subject``: a dataset, master or derived group, None for release.

    Raises UsageError for an unknown one, and where master data of a date would be made again that a later release stands on.
    """
    if step in OF_MASTER_DATA:
        require_newest(settings.root, business_date)
    ctx = RunContext(settings, catalog, business_date, open_run_id(settings.root, business_date))
    runner = _RUNNERS[step]
    runner(ctx, _known_subject(catalog, step, subject))
    return {"step": step, "subject": subject, "business_date": business_date, "run_id": ctx.run_id}


def _land(ctx: RunContext, subject: str) -> None:
    from jobs.steps.s1_land import land

    land(ctx, DatasetName.parse(subject))


def _bronze(ctx: RunContext, subject: str) -> None:
    from jobs.steps.s2_bronze import load_bronze

    load_bronze(ctx, DatasetName.parse(subject))


def _silver(ctx: RunContext, subject: str) -> None:
    from jobs.steps.s3_silver import has_pending, refine

    if has_pending(ctx, DatasetName.parse(subject)):
        with spark_session(ctx.settings) as spark:
            refine(spark, ctx, DatasetName.parse(subject))


def _link(ctx: RunContext, subject: str) -> None:
    from jobs.steps.s4_link import link

    with spark_session(ctx.settings) as spark:
        link(spark, ctx, subject)


def _master(ctx: RunContext, subject: str) -> None:
    from jobs.steps.s5_master import build_master

    with spark_session(ctx.settings) as spark:
        build_master(spark, ctx, subject)


def _derive(ctx: RunContext, subject: str) -> None:
    from jobs.steps.s5_derive import derive

    with spark_session(ctx.settings) as spark:
        derive(spark, ctx, subject)


def _release(ctx: RunContext, _subject: str) -> None:
    from jobs.steps.s6_release import release

    release(ctx)


def _extract(ctx: RunContext, subject: str) -> None:
    from jobs.steps.s7_extract import extract

    with spark_session(ctx.settings) as spark:
        extract(spark, ctx, DatasetName.parse(subject))


OF_MASTER_DATA = ("link", "master", "derive")
"""Steps that begin where the night before ended: run again for an older date, they would undo what later nights gave IDs to."""

_RUNNERS: dict[str, Callable[[RunContext, str], None]] = {
    "land": _land,
    "bronze": _bronze,
    "silver": _silver,
    "link": _link,
    "master": _master,
    "derive": _derive,
    "release": _release,
    "extract": _extract,
}


def _known_subject(catalog: Catalog, step: str, subject: str | None) -> str:
    known = {
        "link": list(catalog.masters),
        "master": list(catalog.masters),
        "derive": list(catalog.derived),
        "extract": [str(contract.dataset) for contract in catalog.extracts],
        "release": [],
    }.get(step, [str(contract.dataset) for contract in catalog.sources])
    if step == "release" and subject is None:
        return ""
    if subject is None:
        what = "dataset, master or derived group"
        raise UsageError(f"step {step} is run for one {what}: name one with --dataset. {suggest('', known)}")
    if subject not in known:
        raise UsageError(
            f"step {step}: no {subject!r} to run it for. {suggest(subject, known) if known else 'Leave --dataset out.'}"
        )
    return subject
