"""Delta tables without Spark: read any version, append with delta-rs, ask what is there.

Bronze and control tables are written here; all others by Spark, through `jobs.steps.promote`.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, QueryBuilder, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

if TYPE_CHECKING:
    import duckdb

STATISTICS = "delta.dataSkippingStatsColumns"
"""The property that names the columns of which the log keeps minima and maxima: Spark parses all there are at every scan."""

DELETION_VECTORS = "delta.enableDeletionVectors"
"""The property of a table in whose files rows may be marked as gone."""

_NUMBERS = count()


def table_exists(path: str) -> bool:
    """Whether a Delta table lies at ``path``."""
    return DeltaTable.is_deltatable(path)


def table_version(path: str) -> int | None:
    """The newest version of the table at ``path``; None if there is no table."""
    return DeltaTable(path, without_files=True).version() if table_exists(path) else None


def read_table(path: str, columns: str = "*", where: str = "true", version: int | None = None) -> pa.Table:
    """Rows of a version (the newest if none is told); ``columns`` and ``where`` are SQL. Reads tables with deletion vectors too.

    Not `DeltaTable.to_pyarrow_table`: that reads through pyarrow.dataset, which takes a hundred times as long to start and, having
    read through delta-rs, aborts every third process at its end (pyarrow 26, deltalake 1.6).
    """
    query = f"SELECT {columns} FROM delta_table WHERE {where}"  # noqa: S608 - both are written by us, never by a user
    rows = QueryBuilder().register("delta_table", DeltaTable(path, version=version)).execute(query)
    return pa.RecordBatchReader.from_stream(rows).read_all()  # pa.table would import pandas, a second lost at every start


def read_among(path: str, columns: str, few: pa.Table, where: str = "true") -> pa.Table:
    """Rows of the newest version that agree with one of ``few`` in all columns that those have; ``columns`` and ``where`` are SQL.

    By DuckDB, which looks rows up by a hash of the few, and takes out of an object the fields that are asked for. To delta-rs they
    would have to go as a list in a condition; of one with 60,000 values the process dies (deltalake 1.6).
    """
    asked = f"select {columns} from delta_scan($path) semi join few using ({', '.join(few.column_names)}) where {where}"  # noqa: S608 - written by us
    with duckdb_connection() as lake:
        lake.register("few", few)
        return lake.execute(asked, {"path": path}).to_arrow_table()


def append_once(
    path: str,
    batches: pa.RecordBatchReader | pa.Table,
    app_id: str,
    partition_by: list[str] | None = None,
    properties: Mapping[str, str | None] | None = None,
) -> bool:
    """Append rows unless the transaction ``app_id`` is in the table already; returns whether it wrote.

    delta-rs records application transactions but does not skip them by itself, so the table is asked first; of two writers
    that ask at the same time one fails to commit, because both append to the version they asked. New columns are added;
    only then is the schema written, for that fails every append made at the same time.
    """
    table = open_or_create(path, batches.schema, partition_by, properties)
    if table.transaction_version(app_id) is not None:
        return False
    once = CommitProperties(app_transactions=[Transaction(app_id, 1)])
    known = {field.name for field in table.schema().fields}
    schema_mode: Literal["merge"] | None = None if known.issuperset(batches.schema.names) else "merge"
    try:
        write_deltalake(table, batches, mode="append", schema_mode=schema_mode, commit_properties=once)
    except CommitFailedError:
        if DeltaTable(path, without_files=True).transaction_version(app_id) is None:
            raise
        return False
    return True


def open_or_create(
    path: str, schema: pa.Schema, partition_by: list[str] | None = None, properties: Mapping[str, str | None] | None = None
) -> DeltaTable:
    """The table at ``path``, created empty if there is none; several processes may ask for it at once."""
    if not table_exists(path):
        # Without retries: a retry would create the table a second time, as version 1, and fail every append based on version 0.
        once = CommitProperties(max_commit_retries=0)
        try:
            DeltaTable.create(path, schema, "error", partition_by, configuration=properties, commit_properties=once)
        except DeltaError:
            if not table_exists(path):
                raise
    return DeltaTable(path)


@contextmanager
def handed_over(path: str, rows: pa.RecordBatchReader | pa.Table) -> Iterator[str]:
    """Rows as a Delta table at ``path`` as long as the context lasts, for Spark to read; of it only the log stays behind."""
    write_deltalake(path, rows, mode="overwrite", schema_mode="overwrite")
    try:
        yield path
    finally:
        table = DeltaTable(path)
        table.delete()
        table.vacuum(0, dry_run=False, enforce_retention_duration=False, full=True)


@contextmanager
def duckdb_connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection to an empty database of its own in memory, that can `delta_scan`, offline.

    Without DuckDB's progress bar, which it prints to stdout, amid a command's answer, as soon as a query takes two seconds.
    """
    import duckdb

    process, name = _duckdb(os.getpid()), f"lake_{next(_NUMBERS)}"
    try:
        with process.cursor() as connection:
            connection.execute(f"attach ':memory:' as {name}")
            connection.execute(f"use {name}")
            with suppress(duckdb.InvalidInputException):  # a notebook without ipywidgets has no bar, and refuses the setting
                connection.execute("set enable_progress_bar = false")
            yield connection
    finally:
        process.execute(f"detach database if exists {name}")


@cache
def _duckdb(_process: int) -> duckdb.DuckDBPyConnection:
    """The DuckDB of this process, with the Delta extension from its wheel: to check its signature takes half a second."""
    import duckdb

    connection = duckdb.connect(config={"allow_unsigned_extensions": "false"})
    atexit.register(connection.close)
    connection.execute(f"LOAD '{delta_extension()}'")
    return connection


@cache
def delta_extension() -> Path:
    """The Delta extension of DuckDB that ``duckdb-extension-delta`` ships."""
    import duckdb_extension_delta

    return next(Path(duckdb_extension_delta.__file__).parent.glob("extensions/**/delta.duckdb_extension"))


def row_count(path: str) -> int:
    """Rows of the newest version, from the log's statistics less the rows that deletion vectors mark; 0 if there is no table."""
    if not table_exists(path):
        return 0
    table = DeltaTable(path)
    written = pc.sum(pa.table(table.get_add_actions(flatten=True))["num_records"]).as_py() or 0
    if table.metadata().configuration.get(DELETION_VECTORS) != "true":
        return written
    kept = pc.list_flatten(pa.table(table.deletion_vectors())["selection_vector"])
    return written - (pc.sum(pc.invert(kept)).as_py() or 0)


def table_bytes(path: str) -> int:
    """Bytes of the data files of the newest version, by the log."""
    return pc.sum(pa.table(DeltaTable(path).get_add_actions(flatten=True))["size_bytes"]).as_py() or 0


def table_columns(path: str) -> list[str]:
    """The columns of the newest version, in their order."""
    return [field.name for field in DeltaTable(path, without_files=True).schema().fields]


def table_properties(path: str) -> Mapping[str, str | None]:
    """The properties of the table at ``path``, as its newest version has them."""
    return DeltaTable(path, without_files=True).metadata().configuration
