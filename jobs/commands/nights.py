"""Make nights: ``generate``, ``night``, ``run``."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from jobs.commands.output import AsJson, NoiseOption, parse_date, say, show_fields, show_json
from jobs.settings import current_settings


class Step(StrEnum):
    """The steps of a night that can be run alone."""

    LAND = "land"
    BRONZE = "bronze"
    SILVER = "silver"
    LINK = "link"
    MASTER = "master"
    DERIVE = "derive"
    RELEASE = "release"
    EXTRACT = "extract"


def generate(
    people: Annotated[int, typer.Option(help="About how many people live in the country.", min=10)],
    days: Annotated[int, typer.Option(help="How many business dates to deliver.", min=1)],
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")],
    landing: Annotated[Path | None, typer.Option(help="Where deliveries go (default: the landing area).")] = None,
    truth: Annotated[Path | None, typer.Option(help="Where the hidden truth goes; keep it away from the lake.")] = None,
    start: Annotated[str, typer.Option(help="First business date.")] = "2026-03-02",
    noise: NoiseOption = "typical",
    fault: Annotated[list[str] | None, typer.Option(help="KIND:DATASET:DATE[:corrected], a delivery to break; repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the synthetic country: deliveries as departments write them, and the truth they hide.

    Example: govlake generate --people 5000 --days 3 --seed 7 --landing lake/landing --truth truth
    """
    from jobs.samples.country import generate as generate_country
    from jobs.samples.country import load_noise, parse_fault

    summary = generate_country(
        people=people,
        days=days,
        seed=seed,
        start=parse_date(start, "--start"),
        noise=load_noise(noise),
        faults=[parse_fault(text) for text in fault or []],
        landing=landing or current_settings().landing_root,
        truth=truth or Path("truth"),
        progress=say,
    )
    (show_json if as_json else show_fields)(asdict(summary))


def night(
    date: Annotated[str, typer.Option("--date", help="The business date.")],
    as_json: AsJson = False,
) -> None:
    """Run the whole night of a business date, from landing to extracts, without Airflow.

    Exit code: 0 closed, 3 closed with a stopped delivery or gate, 1 failed, 2 asked for wrongly.

    Example: govlake night --date 2026-03-02
    """
    from jobs.night import run_night
    from schemas.catalog import load_catalog

    outcome = run_night(current_settings(), load_catalog(), parse_date(date), say)
    (show_json if as_json else show_fields)(asdict(outcome))
    raise typer.Exit(outcome.exit_code)


def run(
    step: Annotated[Step, typer.Argument(help="The step.")],
    date: Annotated[str, typer.Option("--date", help="The business date.")],
    dataset: Annotated[str | None, typer.Option(help="A source, extract, master or derived group; not for release.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run one step for one dataset or master, as an Airflow task calls it.

    Example: govlake run silver --dataset public_security/household_register --date 2026-03-02
    """
    from jobs.one_step import run_step
    from schemas.catalog import load_catalog

    result = run_step(current_settings(), load_catalog(), step.value, dataset, parse_date(date))
    (show_json if as_json else show_fields)(result)
