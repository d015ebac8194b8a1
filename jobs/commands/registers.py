"""The registers: why an entity is what it is, and how good the linkage is. Neither needs a JVM."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from jobs.commands.output import AsJson, ReleaseOption, say, show_fields, show_json, show_rows, show_table
from jobs.settings import current_settings


def explain(
    master: Annotated[str, typer.Argument(help="The register, e.g. population.")],
    master_id: Annotated[str, typer.Argument(metavar="ID", help="A master ID of it, or a record ID: 'dataset|record key'.")],
    html: Annotated[Path | None, typer.Option(help="Write it as a page with pictures of the match weights to this file.")] = None,
    all_pairs: Annotated[bool, typer.Option("--all", help="Tell of every pair, not of the strongest alone.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say why a master is one entity: its records, its golden values, the history of its ID, the match weights of pairs.

    Example: govlake explain population pop-2QXW7M5KJ3ZB4  (IDs: govlake query "select master_id from gold.population__person"),
    or of the master that holds a record: govlake explain population "court/dishonest_debtor|17#counterparty"
    """
    from jobs.portal.explanation import explain_master, render_explanation

    explanation = explain_master(current_settings(), master, master_id)
    if html is not None:
        from jobs.portal.explanation_page import render_page

        html.write_text(render_page(explanation), encoding="utf-8")
        say(f"written: {html}")
    if as_json:
        show_json(explanation)
    elif html is None:
        typer.echo(render_explanation(explanation, all_pairs=all_pairs))


def statement(
    master_id: Annotated[str, typer.Argument(metavar="ID", help="A master ID of a person or a legal entity.")],
    html: Annotated[Path | None, typer.Option(help="Write it as a page to print to this file.")] = None,
    release: ReleaseOption = None,
    as_json: AsJson = False,
) -> None:
    """Give the credit statement of one subject: what is listed about it now and was before, and how sure each match is.

    Example: govlake statement ent-2QXW7M5KJ3ZB4 --html statement.html
    """
    from jobs.portal.statement import credit_statement
    from schemas.catalog import load_catalog

    told = credit_statement(current_settings(), load_catalog(), master_id, release)
    if html is not None:
        from jobs.portal.statement_page import render_statement

        html.write_text(render_statement(told), encoding="utf-8")
        say(f"written: {html}")
    if as_json:
        show_json(told)
    elif html is None:
        show_fields({name: value for name, value in told.items() if not isinstance(value, list)})
        for name in ("current", "ended", "noted"):
            typer.echo(f"\n{name}")
            columns = ["kind", "record_number", "summary", "listed_on", "ends_on", "status", "match"]
            show_rows(told[name], as_json=False, columns=columns, empty="  none")


def graph(
    master_id: Annotated[str, typer.Argument(metavar="ID", help="A master ID of a person or a legal entity.")],
    hops: Annotated[int, typer.Option(help="So many relations away at most.", min=1, max=6)] = 2,
    release: ReleaseOption = None,
    as_json: AsJson = False,
) -> None:
    """Print who is around one subject: representatives, shareholders, employers, family, penalties, addresses; with their sources.

    Example: govlake graph ent-2QXW7M5KJ3ZB4 --hops 2
    """
    from jobs.portal.graph import relation_graph, render_graph
    from schemas.catalog import load_catalog

    found = relation_graph(current_settings(), load_catalog(), master_id, hops, release)
    if as_json:
        show_json(found)
    else:
        typer.echo(render_graph(found))


def evaluate(
    truth: Annotated[Path, typer.Option(help="The folder that `govlake generate` wrote the hidden truth to.")],
    as_json: AsJson = False,
) -> None:
    """Measure every register against the hidden truth, beside a plain join on equal IDs; of credit, whom records are about.

    Example: govlake evaluate --truth truth
    """
    from jobs.portal.evaluation import evaluate as evaluate_masters

    result = evaluate_masters(current_settings(), truth)
    if as_json:
        show_json(result)
        return
    for master, measures in result.items():
        if "entities_found" not in measures:
            typer.echo(f"{master}: whom its records are about")
            show_table(_rows(measures), ["measure", "precision", "recall", "f1", "records", "attached", "due"])
            continue
        typer.echo(f"{master}: {measures['entities_found']:,} found, {measures['entities_true']:,} true, ", nl=False)
        typer.echo(f"{measures['linkable_share']:.2%} of linked records linkable")
        show_table(_rows(measures), ["measure", "precision", "recall", "f1"])


def _rows(measures: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"measure": name.replace("_", " ")} | value for name, value in measures.items() if isinstance(value, dict)]
