"""The command ``govlake``. What can answer without a JVM does; heavy imports wait until a command needs them."""

from __future__ import annotations

import sys

import typer

from jobs.commands import box, curated, history, nights, registers
from schemas.errors import GovlakeError

app = typer.Typer(
    help="govlake: registers of many departments, linked into master data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

for command in (nights.generate, nights.night, nights.run):
    app.command(rich_help_panel="Nights")(command)
for command in (curated.show, curated.tables, curated.describe, curated.query):
    app.command(rich_help_panel="Tables")(command)
for command in (history.deliveries, history.gates, history.quarantine, history.releases, history.runs):
    app.command(rich_help_panel="What happened")(command)
for command in (registers.explain, registers.evaluate):
    app.command(rich_help_panel="Registers")(command)
for command in (box.doctor, box.up, box.down, box.demo):
    app.command(rich_help_panel="This box")(command)


def main() -> None:
    """Run the command; an error meant for a person is printed as its message alone."""
    try:
        app()
    except GovlakeError as error:
        sys.stderr.write(f"govlake: {error}\n")
        sys.exit(error.exit_code)
