"""Read the curated tables of a release with SQL, without Spark: linked, gold and silver at the versions the release names.

Quarantine is not part of a release: `quarantined_rows` shows it as it stands.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any, NoReturn

from jobs.io.delta import duckdb_connection, table_exists
from jobs.io.state import Release, current_release, releases
from jobs.settings import Settings
from schemas.catalog import load_catalog
from schemas.errors import UsageError
from schemas.names import DatasetName, Layer, TableName
from schemas.odcs import suggest

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


class QueryError(UsageError):
    """A query that cannot be answered; the message says why, and which tables there are where one is not known."""


def find_release(settings: Settings, release_id: str | None = None) -> Release:
    """The release of that ID, or the current one. Raises UsageError if there is none."""
    found = releases(settings.root)
    if not found:
        raise UsageError(f"no release in {settings.root} yet: run `govlake night --date …` first.")
    if release_id is None:
        return current_release(settings.root) or found[-1]
    matching = [release for release in found if release.release_id == release_id]
    if not matching:
        known = [release.release_id for release in found]
        raise UsageError(f"no release {release_id!r} in {settings.root}. {suggest(release_id, known)}")
    return matching[-1]


@contextmanager
def open_release(
    settings: Settings, release_id: str | None = None, tables: Collection[str] | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection with a view ``layer.group__table`` for each table of a release (or only those of ``tables``).

    The connection is in memory: nothing that is done to it reaches the lake. Raises UsageError as `find_release` does.
    """
    release = find_release(settings, release_id)
    with duckdb_connection() as connection:
        for name, version in release.tables.items():
            if tables is None or name in tables:
                create_view(connection, settings, TableName.parse(name), version)
        yield connection


def create_view(connection: duckdb.DuckDBPyConnection, settings: Settings, table: TableName, version: int | None = None) -> None:
    """Let ``connection`` read one Delta table under its name, at a version or (None) at its newest."""
    path = table.path(settings.root).replace("'", "''")
    at = "" if version is None else f", version={version}"
    connection.execute(f"create schema if not exists {table.layer}")
    connection.execute(f"create or replace view {table} as select * from delta_scan('{path}'{at})")  # noqa: S608 - names follow a grammar


def query_release(settings: Settings, sql: str, release_id: str | None = None) -> pa.Table:
    """The answer to one query on the tables of a release. Raises QueryError, and UsageError as `find_release` does."""
    import duckdb

    release = find_release(settings, release_id)
    with open_release(settings, release.release_id, _tables_named(sql, release)) as connection:
        try:
            _require_query(connection.extract_statements(sql))
            return connection.sql(sql).to_arrow_table()
        except duckdb.CatalogException as error:
            raise QueryError(f"{_first_line(error)} Release {release.release_id} has: {', '.join(release.tables)}.") from error
        except duckdb.Error as error:
            raise QueryError(_first_line(error)) from error


def quarantined_rows(settings: Settings, dataset: str | None, day: date | None, limit: int) -> list[dict[str, Any]]:
    """Rows now in quarantine, of one dataset and business date or of all. Grain: one row a quarantined row, with its ``table``.

    Raises UsageError for a dataset that has no quarantine.
    """
    names = [contract.dataset for contract in load_catalog().refined]
    if dataset is not None:
        names = [name for name in names if str(name) == dataset] or _raise_unknown(dataset, names)
    found: list[dict[str, Any]] = []
    with duckdb_connection() as connection:
        for table in (name.in_layer(Layer.QUARANTINE) for name in names):
            if table_exists(table.path(settings.root)):
                create_view(connection, settings, table)
                found += _quarantined(connection, table, day, limit - len(found))
    return found


def _raise_unknown(dataset: str, known: Collection[DatasetName]) -> NoReturn:
    raise UsageError(f"no quarantine of {dataset!r}: no source is called so. {suggest(dataset, [str(name) for name in known])}")


def _quarantined(connection: duckdb.DuckDBPyConnection, table: TableName, day: date | None, limit: int) -> list[dict[str, Any]]:
    answer = connection.execute(
        f"""select '{table}' as "table", _delivery_id as delivery_id, _row_number as row_number, state,
                check_codes, reasons, raw_row
            from {table} where $day is null or _business_date = $day
            order by _delivery_id, _file, _row_number limit $limit""",  # noqa: S608 - a name that follows a grammar
        {"day": day, "limit": limit},
    )
    rows: list[dict[str, Any]] = answer.to_arrow_table().to_pylist()
    return rows


def _tables_named(sql: str, release: Release) -> list[str]:
    """The tables that a query may read: those whose name occurs in it; all, if none does (``show tables``)."""
    named = [name for name in release.tables if TableName.parse(name).table in sql.lower()]
    return named or list(release.tables)


def _require_query(statements: list[duckdb.Statement]) -> None:
    """Refuse what does not end in an answer: a query may not write files. A pivot is a query of two statements."""
    from duckdb import StatementType

    kinds = [statement.type for statement in statements]
    if not kinds or kinds[-1] not in (StatementType.SELECT, StatementType.EXPLAIN) or set(kinds[:-1]) - {StatementType.CREATE}:
        raise QueryError(
            "a query is one SELECT (or DESCRIBE, SUMMARIZE, EXPLAIN). Write results to a file with --format csv > file."
        )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
