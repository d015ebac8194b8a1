"""This box: ``doctor``, ``up``, ``down``, ``demo``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from jobs.commands.output import AsJson, NoiseOption, say, show_rows
from jobs.settings import current_settings


def doctor(as_json: AsJson = False) -> None:
    """Look for what is wrong with this machine and lake, and say how to mend it.

    Example: govlake doctor
    """
    from jobs.local.doctor import examine

    findings = [asdict(finding) for finding in examine(current_settings())]
    show_rows(findings, as_json=as_json, columns=["subject", "state", "detail", "remedy"])
    raise typer.Exit(1 if any(finding["state"] == "wrong" for finding in findings) else 0)


def up() -> None:
    """Start Airflow, Spark Connect and, where it is installed, PostgreSQL on this box.

    Example: govlake up
    """
    from jobs.local.box import start
    from jobs.local.departments import open_if_possible
    from schemas.catalog import load_catalog

    open_if_possible(current_settings(), load_catalog(), say)
    start(current_settings(), say)


def down() -> None:
    """Stop what `govlake up` started.

    Example: govlake down
    """
    from jobs.local.box import stop
    from jobs.local.postgres import stop as stop_postgres

    stop(current_settings(), say)
    stop_postgres(current_settings(), say)


def demo(
    people: Annotated[int, typer.Option(help="About how many people live in the country.")] = 20_000,
    nights: Annotated[int, typer.Option(help="How many nights; the second has a broken delivery.", min=1)] = 3,
    seed: Annotated[int, typer.Option(help="Same seed, same country.")] = 7,
    noise: NoiseOption = "typical",
) -> None:
    """Run nights of a synthetic country through Airflow and sum them up: what `make run` does.

    Example: govlake demo --people 2000 --nights 3
    """
    from jobs.local.demo import run_demo
    from jobs.samples.country import load_noise

    raise typer.Exit(run_demo(current_settings(), people=people, days=nights, seed=seed, noise=load_noise(noise), progress=say))
