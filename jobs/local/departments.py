"""The departments' tables in this box's PostgreSQL, made from the contracts, and their change log, applied a day at a time.

A table has the contract's delivered columns as text, its watermark as a time, and the deletion mark if the contract names one.
The change log is ``<landing>/_database/<dataset>/<date>.parquet``: the columns as delivered, ``op`` (I, U or D) and the
watermark as a time in UTC. A change that is not newer than what the table has changes nothing, so a day may be applied again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
from psycopg import sql

from jobs.local.airflow_home import HOST
from jobs.local.postgres import OWNER, PostgresUnavailableError, owner_password, reader_password, start
from jobs.settings import DatabaseSettings, Settings
from schemas.catalog import Catalog
from schemas.contract import Contract
from schemas.delivery_format import Pull

Progress = Callable[[str], None]
Connection = psycopg.Connection[tuple[Any, ...]]

CHANGE_LOG = "_database"
OPERATION = "op"
BATCH_ROWS = 20_000


def open_departments(settings: Settings, catalog: Catalog, progress: Progress) -> bool:
    """Start this box's PostgreSQL with the tables that contracts pull from it; False if there are none.

    Raises PostgresUnavailableError.
    """
    databases = local_databases(settings, catalog)
    if not databases:
        return False
    ports = sorted({database.port for database in databases.values()})
    if len(ports) > 1:
        raise PostgresUnavailableError(
            f"the databases on {HOST} have the ports {ports}, but here one server serves all: make them equal."
        )
    start(settings, ports[0], sorted({database.user for database in databases.values()}), progress)
    _create_databases(settings, catalog, databases)
    return True


def open_if_possible(settings: Settings, catalog: Catalog, progress: Progress) -> bool:
    """`open_departments`; where there can be no server, say so and what that means. Whether there is one."""
    try:
        return open_departments(settings, catalog, progress)
    except PostgresUnavailableError as error:
        progress(f"no PostgreSQL on this box: {error} The sources that are pulled will be missing, the nights go on.")
        return False


def local_databases(settings: Settings, catalog: Catalog) -> dict[str, DatabaseSettings]:
    """The databases that contracts pull from and that the settings place on this box, by name."""
    wanted = {contract.pull.database for contract in catalog.sources if contract.pull is not None}
    return {name: database for name, database in sorted(settings.databases.items()) if name in wanted and database.host == HOST}


def apply_changes(settings: Settings, catalog: Catalog, until: date, progress: Progress) -> int:
    """Bring every table of this box to where its change log stands at the end of ``until``; how many changes were applied.

    Raises PostgresUnavailableError.
    """
    applied = 0
    for name, database in local_databases(settings, catalog).items():
        with _connect(settings, database, database.database) as connection:
            for contract, pull in _tables(catalog, name):
                for path in _logs(settings, contract, until):
                    changed = _apply_log(connection, contract, pull, path)
                    applied += changed
                    if changed:
                        progress(f"{path.stem}  {contract.dataset}: {changed:,} changes in its database")
    return applied


def _create_databases(settings: Settings, catalog: Catalog, databases: dict[str, DatabaseSettings]) -> None:
    """Make each database, its tables and its read-only role, where they are lacking."""
    for name, database in databases.items():
        with _connect(settings, database, "postgres") as server:
            server.autocommit = True
            _create_database(server, database, reader_password(settings))
        with _connect(settings, database, database.database) as connection:
            for contract, pull in _tables(catalog, name):
                _create_table(connection, contract, pull)
            connection.execute(sql.SQL("grant usage on schema public to {}").format(sql.Identifier(database.user)))
            connection.execute(sql.SQL("grant select on all tables in schema public to {}").format(sql.Identifier(database.user)))


def _tables(catalog: Catalog, database: str) -> list[tuple[Contract, Pull]]:
    return [(source, source.pull) for source in catalog.sources if source.pull is not None and source.pull.database == database]


def _logs(settings: Settings, contract: Contract, until: date) -> list[Path]:
    folder = settings.landing_root / CHANGE_LOG / str(contract.dataset)
    return sorted(path for path in folder.glob("*.parquet") if path.stem <= until.isoformat())


def _apply_log(connection: Connection, contract: Contract, pull: Pull, path: Path) -> int:
    """One day's changes in one transaction, through a temporary table; how many there were that the table did not have."""
    columns = [column.physical_name for column in contract.columns]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("create temporary table change (like {} including defaults, {} text) on commit drop").format(
                _name(pull), sql.Identifier(OPERATION)
            )
        )
        listed = sql.SQL(", ").join([sql.Identifier(name) for name in (*columns, OPERATION)])
        with cursor.copy(sql.SQL("copy change ({}) from stdin").format(listed)) as copy, pq.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH_ROWS, columns=[*columns, OPERATION]):
                for row in zip(*(batch[name].to_pylist() for name in [*columns, OPERATION]), strict=True):
                    copy.write_row(row)
        cursor.execute(_upsert(contract, pull))
        changed = cursor.rowcount
        if pull.deletion_mark is None:
            cursor.execute(_delete(contract, pull))
            changed += cursor.rowcount
    return changed


def _upsert(contract: Contract, pull: Pull) -> sql.Composed:
    """Put in or change what is newer than the table's rows; a deletion sets the mark, a row put in again takes it away."""
    columns = [column.physical_name for column in contract.columns]
    values: list[sql.Composable] = [sql.Identifier(name) for name in columns]
    if pull.deletion_mark is not None:
        columns = [*columns, pull.deletion_mark]
        values = [
            *values,
            sql.SQL("case when {} = 'D' then {} end").format(sql.Identifier(OPERATION), sql.Identifier(pull.watermark)),
        ]
    keys = [column.physical_name for column in contract.columns if column.is_key]
    condition = sql.SQL("true") if pull.deletion_mark else sql.SQL("{} <> 'D'").format(sql.Identifier(OPERATION))
    return sql.SQL(
        "insert into {table} as t ({columns}) select {values} from change where {condition} "
        "on conflict ({keys}) do update set {assignments} where t.{watermark} < excluded.{watermark}"
    ).format(
        table=_name(pull),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        values=sql.SQL(", ").join(values),
        condition=condition,
        keys=sql.SQL(", ").join(map(sql.Identifier, keys)),
        assignments=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in columns),
        watermark=sql.Identifier(pull.watermark),
    )


def _delete(contract: Contract, pull: Pull) -> sql.Composed:
    """Where the table has no mark a deleted row is gone."""
    keys = [column.physical_name for column in contract.columns if column.is_key]
    same = sql.SQL(" and ").join(sql.SQL("t.{0} = change.{0}").format(sql.Identifier(key)) for key in keys)
    return sql.SQL("delete from {} t using change where change.{} = 'D' and t.{} < change.{} and {}").format(
        _name(pull), sql.Identifier(OPERATION), sql.Identifier(pull.watermark), sql.Identifier(pull.watermark), same
    )


def _create_database(server: Connection, database: DatabaseSettings, password: str) -> None:
    if not server.execute("select 1 from pg_roles where rolname = %s", (database.user,)).fetchone():
        server.execute(sql.SQL("create role {} login").format(sql.Identifier(database.user)))
    server.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(database.user), sql.Literal(password)))
    server.execute(sql.SQL("alter role {} set default_transaction_read_only = on").format(sql.Identifier(database.user)))
    if not server.execute("select 1 from pg_database where datname = %s", (database.database,)).fetchone():
        server.execute(sql.SQL("create database {}").format(sql.Identifier(database.database)))


def _create_table(connection: Connection, contract: Contract, pull: Pull) -> None:
    types = {column.physical_name: "text" for column in contract.columns} | {pull.watermark: "timestamptz"}
    if pull.deletion_mark is not None:
        types[pull.deletion_mark] = "timestamptz"
    keys = [column.physical_name for column in contract.columns if column.is_key]
    defined = [sql.SQL("{} " + kind).format(sql.Identifier(name)) for name, kind in types.items()]
    connection.execute(
        sql.SQL("create table if not exists {} ({}, primary key ({}))").format(
            _name(pull), sql.SQL(", ").join(defined), sql.SQL(", ").join(map(sql.Identifier, keys))
        )
    )
    index = sql.Identifier(f"{pull.table.replace('.', '_')}_{pull.watermark}")
    connection.execute(
        sql.SQL("create index if not exists {} on {} ({})").format(index, _name(pull), sql.Identifier(pull.watermark))
    )


def _connect(settings: Settings, database: DatabaseSettings, name: str) -> Connection:
    try:
        return psycopg.connect(
            host=HOST,
            port=database.port,
            dbname=name,
            user=OWNER,
            password=owner_password(settings),
            connect_timeout=database.connect_timeout_seconds,
            options="-c client_min_messages=warning",
        )
    except psycopg.OperationalError as error:
        raise PostgresUnavailableError(
            f"this box's PostgreSQL does not answer on {HOST}:{database.port}: {str(error).strip().splitlines()[0]}. "
            "Start it: govlake postgres up."
        ) from error


def _name(pull: Pull) -> sql.Identifier:
    return sql.Identifier(*pull.table.split("."))
