"""Cases that are left to a person: ``govlake review list | show | decide``. Only ``decide`` needs a JVM, to pass the gate."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer

from jobs.commands.output import AsJson, say, show_json, show_rows
from jobs.settings import current_settings

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Cases of the linkage that are left to a person.")

Case = Annotated[str, typer.Argument(metavar="CASE", help="A case ID, as `govlake review list` has it.")]


@app.command("list")
def list_cases(
    kind: Annotated[str | None, typer.Option(help="Only this kind, e.g. 'near threshold'.")] = None,
    master: Annotated[str | None, typer.Option(help="Only this register, e.g. population.")] = None,
    as_json: AsJson = False,
) -> None:
    """List open cases: links that a rule holds back, pairs near the threshold, values that two entities share.

    Example: govlake review list --kind "near threshold"
    """
    from jobs.portal.review import list_cases as open_cases

    rows = open_cases(current_settings(), kind, master)
    columns = ["case_id", "kind", "master_id", "other_id", "match_weight", "detail", "opened_on", "decision"]
    show_rows(rows, as_json=as_json, columns=columns, empty="no case is open")


@app.command()
def show(case: Case, as_json: AsJson = False) -> None:
    """Show both sides of a case, field by field, and what their match weight is made of.

    Example: govlake review show 3f0c9a1b2d4e5f60
    """
    from jobs.portal.review import show_case
    from jobs.portal.review_text import render_case

    answer = show_case(current_settings(), case)
    if as_json:
        show_json(answer)
    else:
        typer.echo(render_case(answer))


@app.command()
def decide(
    case: Case,
    verdict: Annotated[str, typer.Argument(metavar="same|different", help="Whether the two records are one entity's.")],
    by: Annotated[str, typer.Option(help="Who decides.")],
    why: Annotated[str, typer.Option(help="Why; kept with the decision and in the audit.")],
    overturn: Annotated[bool, typer.Option(help="Replace an earlier decision on the same two records.")] = False,
    as_json: AsJson = False,
) -> None:
    """Decide a case. The next night obeys, and so does every one after it, until the decision is overturned.

    Example: govlake review decide 3f0c9a1b2d4e5f60 same --by "Wang Fang" --why "same photo and address"
    """
    from jobs.io.release_reader import find_release
    from jobs.io.run_context import RunContext
    from jobs.io.spark import spark_session
    from jobs.portal.review import find_case, pair_of
    from jobs.steps.stewards import make_decision, record_decision, require_no_contradiction
    from schemas.catalog import load_catalog

    settings = current_settings()
    found = find_case(settings, case)
    next_day = find_release(settings).business_date + timedelta(days=1)
    decision = make_decision(pair_of(found), verdict, by, why, next_day)
    require_no_contradiction(settings.root, found["master"], decision, overturns=overturn)
    ctx = RunContext(settings, load_catalog(), next_day, f"review/{case}")
    with spark_session(settings) as spark:
        record_decision(spark, ctx, found["master"], case, decision)
    if as_json:
        show_json({"case_id": case, "master": found["master"]} | asdict(decision))
    else:
        say(f"recorded: {decision.words}. It counts from the next night on.")
