"""Contracts that grow: ``new-source`` drafts one from a sample, ``drift`` accepts columns that deliveries have brought."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jobs.commands.output import AsJson, say, show_json, show_rows
from jobs.settings import current_settings

drift = typer.Typer(no_args_is_help=True, help="Columns that deliveries have and contracts lack.", rich_markup_mode=None)

Dataset = Annotated[str, typer.Argument(help="The source, e.g. public_security/household_register.")]


def new_source(
    dataset: Annotated[str, typer.Argument(metavar="DEPARTMENT/DATASET", help="What the source shall be called.")],
    file: Annotated[Path, typer.Option("--from", help="A sample of what the department delivers.")],
    as_json: AsJson = False,
) -> None:
    """Draft the contract of a new source from a sample: format, encoding, columns, types, key, code tables.

    Example: govlake new-source education/school --from school.csv
    """
    from jobs.drafting.draft import draft_contract
    from schemas.catalog import load_catalog
    from schemas.names import DatasetName

    draft = draft_contract(DatasetName.parse(dataset), file, load_catalog())
    rows = [
        {
            "column": column.name,
            "delivered as": column.physical_name,
            "type": column.guess.logical_type,
            "meaning": column.guess.semantic_type,
            "code table": column.guess.code_table,
            "why": column.guess.note,
        }
        for column in draft.columns
    ]
    if as_json:
        show_json({"path": str(draft.path), "rows": draft.rows, "columns": rows, "to_look_at": draft.to_look_at})
        return
    show_rows(rows, as_json=False)
    typer.echo(f"Drafted from {draft.rows:,} rows: {draft.path}")
    typer.echo("Look at:")
    for line in draft.to_look_at:
        typer.echo(f"- {line}")


@drift.command("list")
def list_proposals(as_json: AsJson = False) -> None:
    """List the columns that wait for a person.

    Example: govlake drift list
    """
    from jobs.drafting.proposals import proposals

    rows = [
        {
            "dataset": proposal.dataset,
            "column": proposal.physical_name,
            "name": proposal.name,
            "type": proposal.entry["logicalType"],
            "since": proposal.delivery_id,
            "note": proposal.note,
        }
        for proposal in proposals(current_settings().root)
    ]
    show_rows(rows, as_json=as_json, empty="no delivery had a column that its contract does not know")


@drift.command()
def show(dataset: Dataset, as_json: AsJson = False) -> None:
    """Show how the proposed columns of a source would stand in its contract.

    Example: govlake drift show public_security/household_register
    """
    import yaml

    from jobs.drafting.proposals import proposals
    from schemas.catalog import load_catalog

    known = load_catalog().find(dataset).dataset
    entries = [proposal.entry for proposal in proposals(current_settings().root, known)]
    if as_json:
        show_json(entries)
    elif entries:
        typer.echo(yaml.safe_dump(entries, allow_unicode=True, sort_keys=False), nl=False)
    else:
        say(f"nothing is proposed for {dataset}")


@drift.command()
def accept(
    dataset: Dataset,
    column: Annotated[list[str] | None, typer.Option(help="A delivered name; repeatable (default: all).")] = None,
    name: Annotated[str | None, typer.Option(help="What that one column shall be called.")] = None,
) -> None:
    """Write proposed columns into the contract, and raise its version. The next deliveries bring their values.

    Example: govlake drift accept public_security/household_register --column BZ --name remark
    """
    from jobs.drafting.proposals import accept as accept_columns
    from schemas.catalog import load_catalog

    contract = load_catalog().find(dataset)
    accepted = accept_columns(current_settings().root, contract, column or [], name)
    typer.echo(f"{contract.path}: {', '.join(proposal.name for proposal in accepted)} added. Look at it, then commit it.")
