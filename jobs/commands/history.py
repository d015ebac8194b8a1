"""What happened: ``deliveries``, ``gates``, ``quarantine``, ``releases``, ``runs``, ``audit``. None needs a JVM."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from jobs.commands.output import AsJson, DatasetOption, DateOption, Row, parse_date, say, show_json, show_rows
from jobs.settings import current_settings

NO_MATCH = "nothing matches: leave out an option, or ask for another date"
"""What is said where there is something to list, but not of what was asked for."""


class Status(StrEnum):
    """What can become of a delivery (`jobs.io.state.DeliveryState`)."""

    RECEIVED = "received"
    PUBLISHED = "published"
    STOPPED = "stopped"
    DUPLICATE = "duplicate"
    SUPERSEDED = "superseded"
    MISSING = "missing"


def deliveries(
    dataset: DatasetOption = None,
    date: DateOption = None,
    status: Annotated[Status | None, typer.Option(help="Only deliveries of which this became.")] = None,
    as_json: AsJson = False,
) -> None:
    """List deliveries and what became of each.

    Example: govlake deliveries --status stopped
    """
    from jobs.io.state import delivery_states

    states = [asdict(state) for state in delivery_states(current_settings().root)]
    rows = [row for row in _matching(states, dataset, date) if status in (None, row["status"])]
    columns = ["delivery_id", "status", "rows_delivered", "rows_bronze", "rows_accepted", "rows_quarantined", "reason"]
    empty = NO_MATCH if states else "no deliveries: nothing has landed yet (govlake night --date …)"
    show_rows(rows, as_json=as_json, columns=columns, empty=empty)


gates_app = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
"""``govlake gates`` lists, ``govlake gates override`` lets pass."""


@gates_app.callback()
def gates(
    ctx: typer.Context,
    dataset: DatasetOption = None,
    date: DateOption = None,
    failed: Annotated[bool, typer.Option(help="Only checks that found wrong rows.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the checks of every gate: what was checked, how many rows were wrong, what was decided.

    Example: govlake gates --failed --date 2026-03-02
    """
    if ctx.invoked_subcommand:
        return
    from jobs.io.state import gates as gate_events

    events = [asdict(event) for event in gate_events(current_settings().root)]
    rows = [row for row in _matching(events, dataset, date) if not (failed and row["passed"])]
    columns = ["table", "delivery_id", "check_code", "column_name", "action", "rows_checked", "rows_failed", "decision"]
    show_rows(rows, as_json=as_json, columns=columns, empty=NO_MATCH if events else "no gate has been passed yet")


@gates_app.command()
def override(
    subject: Annotated[str, typer.Argument(help="A delivery, e.g. civil_affairs/marriage_register/2026-03-02/1, or a table/date.")],
    reason: Annotated[str, typer.Option(help="Why it may be published all the same; kept in the audit.")],
    who: Annotated[str, typer.Option(help="Who decides.", default_factory=getpass.getuser)],
) -> None:
    """Publish what a gate has stopped: the next run takes it. Rows that fail stay in quarantine.

    Example: govlake gates override civil_affairs/marriage_register/2026-03-02/1 --reason "old certificates, checked by hand"
    """
    from jobs.steps.override import override_gate

    override_gate(current_settings().root, subject, who, reason)
    say(f"{subject} will be published by the next night; the audit says who and why")


def quarantine(
    dataset: DatasetOption = None,
    date: DateOption = None,
    limit: Annotated[int, typer.Option(help="At most so many rows.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """List quarantined rows with the checks they failed and the row as delivered.

    Example: govlake quarantine --dataset public_security/household_register
    """
    from jobs.io.release_reader import quarantined_rows

    day = parse_date(date) if date else None
    found = quarantined_rows(current_settings(), dataset, day, limit + 1)
    rows = found[:limit]
    if as_json:
        show_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['delivery_id']} row {row['row_number']}, {row['state']}: {'; '.join(row['reasons'])}")
        typer.echo(f"    {', '.join(row['check_codes'])} in {row['raw_row']}")
    if not rows:
        say("no row is in quarantine")
    if len(found) > limit:
        say(f"these are the first {limit:,}: raise --limit, or choose with --dataset and --date")


def releases(as_json: AsJson = False) -> None:
    """List releases: each a set of table versions that belong together.

    Example: govlake releases --json
    """
    from jobs.io.state import releases as all_releases

    rows = [asdict(release) for release in all_releases(current_settings().root)]
    columns = ["release_id", "business_date", "exit_code", "sources", "run_id"]
    show_rows(rows, as_json=as_json, columns=columns, empty="no release yet (govlake night --date …)")


def audit(
    action: Annotated[str | None, typer.Option(help="Only this action, e.g. decide_case.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only subjects that contain this text, e.g. a case or record ID.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what people decided, oldest first: gates overridden, cases decided, models and columns accepted; who, when and why.

    Example: govlake audit --action decide_case
    """
    from jobs.io.control import read_events

    events = read_events(current_settings().root, "audit")
    rows = [event for event in events if action in (None, event["action"]) and (subject or "") in event["subject"]]
    columns = ["at", "who", "action", "subject", "reason"]
    show_rows(rows, as_json=as_json, columns=columns, empty=NO_MATCH if events else "nobody has decided anything yet")


def runs(date: DateOption = None, as_json: AsJson = False) -> None:
    """List runs and their steps.

    Example: govlake runs --date 2026-03-02
    """
    from jobs.io.state import runs as run_events

    events = [asdict(event) for event in run_events(current_settings().root)]
    columns = ["run_id", "step", "dataset", "status", "exit_code", "at", "detail"]
    empty = NO_MATCH if events else "nothing has run yet"
    show_rows(_matching(events, None, date), as_json=as_json, columns=columns, empty=empty)


def _matching(rows: Iterable[dict[str, object]], dataset: str | None, date: str | None) -> list[Row]:
    """The rows of a dataset and date. Raises ContractError if nothing goes by the dataset's name, here or in the catalogue."""
    day = parse_date(date) if date else None
    named = [row for row in rows if dataset is None or _is_of(row, dataset)]
    if dataset is not None and not named:
        from schemas.catalog import load_catalog

        load_catalog().find(dataset)
    return [row for row in named if day is None or row["business_date"] == day]


def _is_of(row: Row, dataset: str) -> bool:
    table = str(row.get("table", "")).partition(".")[2]
    return row.get("dataset") == dataset or table == dataset.replace("/", "__")
