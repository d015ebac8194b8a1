"""How answers are shown: one JSON document for programs, a table for people; progress and logs go to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]
DateOption = Annotated[str | None, typer.Option("--date", help="Only this business date (yyyy-mm-dd).")]
NoiseOption = Annotated[str, typer.Option("--noise", help="clean, typical, harsh, or a file with rates of errors in rows.")]
ReleaseOption = Annotated[str | None, typer.Option("--release", help="A release ID (default: the current release).")]
DatasetOption = Annotated[str | None, typer.Option("--dataset", help="Only this dataset, e.g. public_security/household_register.")]

Row = Mapping[str, Any]


def say(message: str) -> None:
    """Progress for a person, on stderr so that stdout stays the answer."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


def show_json(answer: Any) -> None:
    """Print ``answer`` as one JSON document; dates in ISO 8601."""
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2, default=_plain) + "\n")


def as_json_text(value: Any) -> str:
    """A value as JSON in one line; dates in ISO 8601."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def show_rows(rows: Sequence[Row], *, as_json: bool, columns: Sequence[str] = (), empty: str = "nothing yet") -> None:
    """Show a list: as a JSON array of whole rows, or as a table of ``columns`` (by default all)."""
    if as_json:
        show_json(list(rows))
        return
    if not rows:
        say(empty)
        return
    show_table(rows, columns or list(rows[0]))


def show_table(rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Print rows as a table; numbers to the right."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        is_number = any(isinstance(row.get(column), int | float) for row in rows)
        is_copied = column.endswith(("_id", "_on", "_date"))  # into the next command, so never broken in two
        justify: Literal["left", "right"] = "right" if is_number else "left"
        table.add_column(column.replace("_", " "), justify=justify, overflow="fold", no_wrap=is_copied)
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    console().print(table)


def show_fields(answer: Row) -> None:
    """Print an object as ``name  value`` lines."""
    width = max((len(name) for name in answer), default=0)
    for name, value in answer.items():
        sys.stdout.write(f"{name.replace('_', ' '):<{width}}  {_cell(value)}\n")


def console() -> Any:
    """A console on stdout that does not cut long tables when its output is piped."""
    from rich.console import Console

    return Console(soft_wrap=True) if sys.stdout.isatty() else Console(width=200)


def parse_date(text: str, option: str = "--date") -> date:
    """Read an ISO date given on the command line. Raises typer.BadParameter with the option and the form to write."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        message = f"{text!r} is not a date: write yyyy-mm-dd, e.g. 2026-03-02"
        raise typer.BadParameter(message, param_hint=f"'{option}'") from error


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, list | tuple):
        return ", ".join(_cell(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {_cell(item)}" for name, item in value.items())
    return str(value)
