"""Columns of a file that its contract does not know, and what becomes of their rows by the contract's ``schemaDrift``.

``reject``      the file is refused (`jobs.io.readers.columns`).
``quarantine``  the file is taken; a row with a value in such a column does not fit into the contract's columns: it keeps those,
                and the whole row is its ``_raw``, so that it is quarantined. Rows that leave them empty pass.
``evolve``      the file is taken, and so is every row, without those columns; they are proposed to a person (`govlake drift`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from jobs.io.readers.columns import UnknownColumnsError
from jobs.io.readers.rows import row_schema
from schemas.contract import Column, Contract
from schemas.delivery_format import DeliveryFormat

Reader = Callable[[Path, Contract, DeliveryFormat, str], Iterator[pa.RecordBatch]]

NAMED_AT_THE_TOP = ("csv", "fixed_width", "xlsx", "parquet")
"""Formats whose columns are told before the first row; of the others all rows must be seen."""

UNKNOWN = "_unknown_{}"


def read_keeping_unknown(
    reader: Reader, path: Path, contract: Contract, layout: DeliveryFormat, mode: str
) -> Iterator[pa.RecordBatch]:
    """Rows of a file whose contract quarantines rows with values in columns that it does not know."""
    unknown = unknown_columns(reader, path, contract, layout, mode)
    if not unknown:
        return reader(path, contract, layout, mode)
    return (_set_aside(batch, contract, unknown) for batch in reader(path, with_unknown(contract, unknown), layout, mode))


def unknown_columns(reader: Reader, path: Path, contract: Contract, layout: DeliveryFormat, mode: str) -> tuple[str, ...]:
    """Delivered names of the columns that the contract does not know. Raises DeliveryRefusedError as the reader does."""
    rows = reader(path, contract.model_copy(update={"schema_drift": "reject"}), layout, mode)
    try:
        for _ in rows:
            if layout.type in NAMED_AT_THE_TOP:
                break
    except UnknownColumnsError as error:
        return error.columns
    return ()


def with_unknown(contract: Contract, unknown: tuple[str, ...]) -> Contract:
    """The contract with the unknown columns at its end, as text under names that no column has."""
    added = tuple(
        Column(name=UNKNOWN.format(number), physical_name=name, business_name="", logical_type="string")
        for number, name in enumerate(unknown)
    )
    return contract.model_copy(update={"columns": (*contract.columns, *added)})


def _set_aside(batch: pa.RecordBatch, contract: Contract, unknown: tuple[str, ...]) -> pa.RecordBatch:
    """The contract's columns; ``_raw`` is the whole row where an unknown column is filled."""
    schema = row_schema(contract)
    delivered = {column.name: column.physical_name for column in contract.columns}
    delivered |= {UNKNOWN.format(number): name for number, name in enumerate(unknown)}
    filled = [pc.fill_null(pc.not_equal(batch[UNKNOWN.format(number)], ""), fill_value=False) for number in range(len(unknown))]
    raw = batch["_raw"].to_pylist()
    for place in _true_places(filled):
        row = {physical: batch[name][place].as_py() for name, physical in delivered.items()}
        raw[place] = json.dumps({name: value for name, value in row.items() if value is not None}, ensure_ascii=False)
    columns = {name: batch[name] for name in schema.names} | {"_raw": pa.array(raw, pa.string())}
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _true_places(flags: list[pa.Array]) -> list[int]:
    any_true = flags[0]
    for flag in flags[1:]:
        any_true = pc.or_(any_true, flag)
    return [place for place, value in enumerate(any_true.to_pylist()) if value]
