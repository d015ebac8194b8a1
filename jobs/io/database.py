"""A department's PostgreSQL, read only: one repeatable-read transaction a pull, streamed by a cursor of the server.

Values are read as text; a time without zone is China's. Nothing but what libpq and the settings say is sent: no password is
ever written to a log or an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from jobs.settings import DatabaseSettings
from schemas.delivery_format import Pull

ROWS_A_TIME = 20_000
APPLICATION = "govlake"

Row = tuple[Any, ...]


class SourceUnavailableError(Exception):
    """A table cannot be read now; the message says which, where, why, and what to do."""


@dataclass(frozen=True)
class Window:
    """Which rows to pull: written after ``since`` (None: all) and before ``until``; those without a watermark always.

    ``with_deleted``: rows that bear the deletion mark too.
    """

    since: datetime | None
    until: datetime
    with_deleted: bool


@contextmanager
def open_snapshot(name: str, database: DatabaseSettings) -> Iterator[psycopg.Connection[Row]]:
    """A read-only connection that sees one moment of the database called ``name``. Raises SourceUnavailableError.

    So does whatever goes wrong in the database while the connection is in use.
    """
    place = f"database {name} at {database.host}:{database.port}"
    try:
        with _connect(database) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield connection
    except psycopg.OperationalError as error:
        variable = f"GOVLAKE_DATABASES__{name.upper()}__…"
        raise SourceUnavailableError(
            f"{place} cannot be reached as {database.user}: {_first_line(error)}. Check that it runs, that this machine may "
            f"connect, and {variable} (HOST, PORT, PASSWORD)"
        ) from error
    except psycopg.Error as error:
        raise SourceUnavailableError(
            f"{place} refused the pull: {_first_line(error)}. Ask the department for the table as the contract says, and the right "
            f"to read it for {database.user}"
        ) from error


def table_columns(connection: psycopg.Connection[Row], pull: Pull) -> list[str]:
    """The columns of the table, in its order. Raises SourceUnavailableError if there is no table, watermark or deletion mark."""
    query = "select attname from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum"
    found = [row[0] for row in connection.execute(query, (_table(pull).as_string(connection),))]
    if not found:
        raise SourceUnavailableError(f"database {pull.database} has no table {pull.table} (pull.table of the contract)")
    for role, column in (("watermark", pull.watermark), ("deletion_mark", pull.deletion_mark)):
        if column is not None and column not in found:
            raise SourceUnavailableError(
                f"table {pull.table} of {pull.database} has no column {column} (pull.{role} of the contract)"
            )
    return found


def stream_rows(
    connection: psycopg.Connection[Row], pull: Pull, columns: Sequence[str], order: Sequence[str], window: Window
) -> Iterator[list[Row]]:
    """Rows of the table, some at a time: ``columns`` as text (the watermark as a time), then whether the row is deleted."""
    with connection.cursor(name="govlake_pull") as cursor:
        cursor.itersize = ROWS_A_TIME
        cursor.execute(*_query(pull, columns, order, window))
        while rows := cursor.fetchmany(ROWS_A_TIME):
            yield rows


def _connect(database: DatabaseSettings) -> psycopg.Connection[Row]:
    return psycopg.connect(
        host=database.host,
        port=database.port,
        dbname=database.database,
        user=database.user,
        password=database.password.get_secret_value() if database.password else None,
        sslmode=database.ssl_mode,
        connect_timeout=database.connect_timeout_seconds,
        client_encoding="utf8",
        application_name=APPLICATION,
        options="-c TimeZone=Asia/Shanghai -c DateStyle=ISO",
    )


def _query(pull: Pull, columns: Sequence[str], order: Sequence[str], window: Window) -> tuple[sql.Composed, dict[str, Any]]:
    watermark = sql.Identifier(pull.watermark)
    is_deleted: sql.Composable = sql.SQL("false")
    if pull.deletion_mark is not None:
        mark = sql.Identifier(pull.deletion_mark)
        is_deleted = sql.SQL("coalesce({}::text, '') not in ('', '0', 'false')").format(mark)
    conditions: list[sql.Composable] = [sql.SQL("({0} is null or {0}::timestamptz < %(until)s)").format(watermark)]
    if window.since is not None:
        conditions.append(sql.SQL("({0} is null or {0}::timestamptz > %(since)s)").format(watermark))
    if not window.with_deleted:
        conditions.append(sql.SQL("not ({})").format(is_deleted))
    values = [
        sql.SQL("{}::" + ("timestamptz" if name == pull.watermark else "text")).format(sql.Identifier(name)) for name in columns
    ]
    query = sql.SQL("select {values}, {is_deleted} from {table} where {conditions} order by {order}").format(
        values=sql.SQL(", ").join(values),
        is_deleted=is_deleted,
        table=_table(pull),
        conditions=sql.SQL(" and ").join(conditions),
        order=sql.SQL(", ").join(map(sql.Identifier, order)),
    )
    return query, {"since": window.since, "until": window.until}


def _table(pull: Pull) -> sql.Identifier:
    return sql.Identifier(*pull.table.split("."))


def _first_line(error: psycopg.Error) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
