"""What can be queried and what it means: ``show``, ``tables``, ``describe``, ``query``. None needs a JVM."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.commands.output import AsJson, ReleaseOption, as_json_text, show_fields, show_json, show_rows, show_table
from jobs.settings import current_settings

if TYPE_CHECKING:
    import pyarrow as pa


class Format(StrEnum):
    """How the rows of a query are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def show(
    dataset: Annotated[str, typer.Argument(help="A dataset or table, e.g. public_security/household_register.")],
    as_json: AsJson = False,
) -> None:
    """Show all that goes by one name: contract, suite, transform, tests, tables, last gate.

    Example: govlake show public_security/household_register
    """
    from jobs.portal.catalogue import show_dataset
    from schemas.catalog import load_catalog

    answer = show_dataset(current_settings(), load_catalog(), dataset)
    if as_json:
        show_json(answer)
        return
    show_fields({name: value for name, value in answer.items() if not isinstance(value, list)})
    for name in ("tables", "suite", "last_gate"):
        typer.echo(f"\n{name.replace('_', ' ')}")
        show_rows(answer[name], as_json=False, empty="  none yet")
    typer.echo("\ntests\n  " + "\n  ".join(answer["tests"] or ["none name it"]))


def tables(as_json: AsJson = False) -> None:
    """List the tables of the lake: what each holds, how many rows, where it lies.

    Example: govlake tables
    """
    from jobs.portal.catalogue import list_tables
    from schemas.catalog import load_catalog

    rows = list_tables(current_settings(), load_catalog())
    show_rows(
        rows,
        as_json=as_json,
        columns=["table", "title", "rows", "version", "grain"],
        empty=f"the lake is empty: {current_settings().root}",
    )


def describe(
    table: Annotated[str, typer.Argument(help="A table, e.g. gold.population__person.")],
    as_json: AsJson = False,
) -> None:
    """Describe a table: its grain, and what every column means.

    Example: govlake describe gold.population__person
    """
    from jobs.portal.catalogue import describe_table
    from schemas.catalog import load_catalog

    answer = describe_table(load_catalog(), table)
    if as_json:
        show_json(answer)
        return
    show_fields({name: value for name, value in answer.items() if name != "columns"})
    show_table(answer["columns"], ["name", "type", "business_name", "classification", "code_table", "description"])


def query(
    sql: Annotated[str, typer.Argument(help="SQL on tables as layer.group__dataset.")],
    release: ReleaseOption = None,
    output_format: Annotated[Format, typer.Option("--format", help="How to write the rows.")] = Format.TABLE,
    as_json: AsJson = False,
) -> None:
    """Query the curated tables of a release with SQL, without Spark.

    Example: govlake query "select sex_code, count(*) from gold.population__person group by 1"
    """
    from jobs.io.release_reader import query_release

    answer = query_release(current_settings(), sql, release)
    if as_json or output_format is Format.JSON:
        show_json(answer.to_pylist())
    elif output_format is Format.TABLE:
        show_rows(answer.to_pylist(), as_json=False, columns=answer.column_names, empty="no rows")
    else:
        _write(answer, output_format)


def _write(answer: pa.Table, output_format: Format) -> None:
    from pyarrow import csv, parquet

    if output_format is Format.CSV:
        csv.write_csv(_flat(answer), sys.stdout.buffer)
    else:
        parquet.write_table(answer, sys.stdout.buffer)


def _flat(answer: pa.Table) -> pa.Table:
    """The rows with lists and structs as JSON text, for a form that has none."""
    import pyarrow as pa

    for place, field in enumerate(answer.schema):
        if pa.types.is_nested(field.type):
            texts = [None if value is None else as_json_text(value) for value in answer.column(place).to_pylist()]
            answer = answer.set_column(place, field.name, pa.array(texts, pa.string()))
    return answer
