"""The command ``govlake``. What can answer without a JVM does; heavy imports wait until a command needs them."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

from jobs.commands import box, contracts, curated, history, identity, models, nights, postgres, registers, review
from schemas.errors import GovlakeError

app = typer.Typer(
    help="govlake: registers of many departments, linked into master data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

PANELS: dict[str, tuple[Callable[..., None], ...]] = {
    "Nights": (nights.generate, nights.night, nights.run),
    "Tables": (curated.show, curated.tables, curated.describe, curated.query),
    "What happened": (history.deliveries, history.quarantine, history.releases, history.runs, history.audit),
    "Registers": (registers.explain, registers.statement, registers.graph, registers.evaluate, identity.audit_identity),
    "Contracts": (contracts.new_source,),
    "This box": (box.doctor, box.up, box.down, box.demo),
}

for panel, commands in PANELS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)
app.add_typer(history.gates_app, name="gates", rich_help_panel="What happened")

GROUPS: dict[str, tuple[str, typer.Typer]] = {
    "review": ("Registers", review.app),
    "model": ("Registers", models.app),
    "drift": ("Contracts", contracts.drift),
    "postgres": ("This box", postgres.app),
}

for name, (panel, group) in GROUPS.items():
    app.add_typer(group, name=name, rich_help_panel=panel)


def main() -> None:
    """Run the command; an error meant for a person, or that of a file which cannot be used, is printed as a message alone."""
    try:
        app()
    except GovlakeError as error:
        sys.stderr.write(f"govlake: {error}\n")
        sys.exit(error.exit_code)
    except OSError as error:
        if error.filename is None:
            raise  # no file's fault
        hint = "Look at what is there and who may read and write it, or name another place."
        sys.stderr.write(f"govlake: {error.strerror}: {error.filename}. {hint}\n")
        sys.exit(GovlakeError.exit_code)
