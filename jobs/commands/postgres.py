"""This box's PostgreSQL, which stands for the departments' databases: ``postgres up``, ``postgres down``, ``postgres apply``."""

from __future__ import annotations

from typing import Annotated

import typer

from jobs.commands.output import parse_date, say
from jobs.settings import current_settings

app = typer.Typer(no_args_is_help=True, help="The departments' databases on this box: up, down, apply.", rich_markup_mode=None)


@app.command()
def up() -> None:
    """Start PostgreSQL with the tables that contracts pull from it.

    Example: govlake postgres up
    """
    from jobs.local.departments import open_departments
    from jobs.local.postgres import password_file
    from schemas.catalog import load_catalog

    settings = current_settings()
    if not open_departments(settings, load_catalog(), say):
        say("no contract pulls from a database of this box: see `pull` of the contracts, and databases in conf/")
        return
    say("Nights pull from it once they know its passwords:")
    typer.echo(f"export PGPASSFILE={password_file(settings)}")


@app.command()
def down(remove: Annotated[bool, typer.Option("--remove", help="Remove all it holds, too.")] = False) -> None:
    """Stop PostgreSQL.

    Example: govlake postgres down --remove
    """
    from jobs.local.postgres import stop

    stop(current_settings(), say, with_data=remove)


@app.command()
def apply(date: Annotated[str, typer.Option("--date", help="The last business date to apply.")]) -> None:
    """Bring the departments' tables to the end of a day, from the change log that `govlake generate` writes.

    Example: govlake postgres apply --date 2026-03-02
    """
    from jobs.local.departments import apply_changes
    from schemas.catalog import load_catalog

    applied = apply_changes(current_settings(), load_catalog(), parse_date(date), say)
    say(f"{applied:,} changes applied")
