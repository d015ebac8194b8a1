"""What is left to a person: ``govlake review``. Only to decide needs a JVM, to pass the gate."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.commands.output import AsJson, say, show_json, show_rows
from jobs.settings import current_settings

if TYPE_CHECKING:
    from jobs.linkage.decisions import Decision

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Cases of the linkage that are left to a person.")

Case = Annotated[str, typer.Argument(metavar="CASE", help="A case ID, as `govlake review list` has it.")]
Verdict = Annotated[str, typer.Argument(metavar="same|different", help="Whether the two records are one entity's.")]
DecidedBy = Annotated[str, typer.Option("--by", help="Who decides.")]
Reason = Annotated[str, typer.Option("--why", help="Why; kept with the decision and in the audit.")]
Overturn = Annotated[bool, typer.Option("--overturn", help="Replace an earlier decision on the same two records.")]


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
def decide(case: Case, verdict: Verdict, by: DecidedBy, why: Reason, overturn: Overturn = False, as_json: AsJson = False) -> None:
    """Decide a case. The next night obeys, and so does every one after it, until the decision is overturned.

    Example: govlake review decide 3f0c9a1b2d4e5f60 same --by "Wang Fang" --why "same photo and address"
    """
    from jobs.portal.review import find_case, pair_of

    found = find_case(current_settings(), case)
    decision = _decide(found["master"], case, pair_of(found), verdict, by, why, overturns=overturn)
    _told({"case_id": case, "master": found["master"]}, decision, as_json=as_json)


@app.command("decide-records")
def decide_records(
    left: Annotated[str, typer.Argument(metavar="RECORD", help="A record ID, 'dataset|record key', as `govlake explain` has it.")],
    right: Annotated[str, typer.Argument(metavar="RECORD", help="Another record ID.")],
    verdict: Verdict,
    by: DecidedBy,
    why: Reason,
    overturn: Overturn = False,
    as_json: AsJson = False,
) -> None:
    """Decide about any two records of a register: part what was linked wrongly, or change a decision whose case is closed.

    Example: govlake review decide-records "court/dishonest_debtor|17#counterparty" "public_security/household_register|42"
    different --by "Wang Fang" --why "another birth date in the file"
    """
    from jobs.portal.decided import register_of

    pair = (left, right)
    master = register_of(current_settings(), pair)
    decision = _decide(master, " + ".join(sorted(pair)), pair, verdict, by, why, overturns=overturn)
    _told({"master": master}, decision, as_json=as_json)


@app.command()
def decisions(
    master: Annotated[str | None, typer.Option(help="Only this register, e.g. population.")] = None, as_json: AsJson = False
) -> None:
    """List the decisions that stand, the newest first: of every pair of records the last.

    Example: govlake review decisions --master population
    """
    from jobs.portal.decided import list_decisions

    show_rows(list_decisions(current_settings(), master), as_json=as_json, empty="nobody has decided anything yet")


def _decide(master: str, subject: str, pair: tuple[str, str], verdict: str, by: str, why: str, *, overturns: bool) -> Decision:
    """Record a decision that counts from the day after the current release on. Raises UsageError if it cannot be."""
    from jobs.io.release_reader import find_release
    from jobs.io.run_context import RunContext
    from jobs.io.spark import spark_session
    from jobs.steps.stewards import make_decision, record_decision, require_no_contradiction
    from schemas.catalog import load_catalog

    settings = current_settings()
    next_day = find_release(settings).business_date + timedelta(days=1)
    decision = make_decision(pair, verdict, by, why, next_day)
    require_no_contradiction(settings.root, master, decision, overturns=overturns)
    ctx = RunContext(settings, load_catalog(), next_day, f"review/{subject}")
    with spark_session(settings) as spark:
        record_decision(spark, ctx, master, subject, decision)
    return decision


def _told(subject: dict[str, str], decision: Decision, *, as_json: bool) -> None:
    if as_json:
        show_json(subject | asdict(decision))
    else:
        say(f"recorded: {decision.words}. It counts from the next night on.")
