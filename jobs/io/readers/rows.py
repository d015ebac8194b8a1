"""What all readers share: the shape of a batch, and the hash of a row."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from jobs.io.text import show_bytes
from schemas.contract import Contract


def row_schema(contract: Contract) -> pa.Schema:
    """The columns of a batch: the contract's as text, then ``_op``, ``_row_number`` and ``_raw``."""
    text = [pa.field(column.name, pa.string()) for column in contract.columns]
    return pa.schema([*text, pa.field("_op", pa.string()), pa.field("_row_number", pa.int64()), pa.field("_raw", pa.string())])


def split_rows(schema: pa.Schema, columns: Sequence[pa.Array], numbers: Sequence[int]) -> pa.Table:
    """Rows that could be split: ``columns`` are the contract's and ``_op``."""
    return pa.Table.from_arrays([*columns, pa.array(numbers, pa.int64()), pa.nulls(len(numbers), pa.string())], schema=schema)


def unsplit_rows(schema: pa.Schema, raw: Sequence[str], numbers: Sequence[int]) -> pa.Table:
    """Rows that could not be split: nothing but their number and how they came; bytes that are no text are shown as hex."""
    nulls = [pa.nulls(len(numbers), pa.string())] * (len(schema) - 2)
    shown = pa.array([show_bytes(text) for text in raw], pa.string())
    return pa.Table.from_arrays([*nulls, pa.array(numbers, pa.int64()), shown], schema=schema)


def in_file_order(parts: Sequence[pa.Table]) -> pa.Table:
    """Rows of all parts, by their number in the file."""
    filled = [part for part in parts if part.num_rows]
    return filled[0] if len(filled) == 1 else pa.concat_tables(parts).sort_by("_row_number")


def record_hashes(rows: pa.Table | pa.RecordBatch, columns: Sequence[str]) -> pa.Array:
    """SHA-256 (hex) of each row over the text of ``columns`` and ``_raw``, not the operation: equal rows, equal hashes.

    Each value is written as its length in bytes, a colon and its text, a null as ``-``, so that no two rows read the same.
    """
    values = [rows[name] for name in (*columns, "_raw")]
    parts = []
    for value in values:
        length = pc.cast(pc.binary_length(value), pa.string())
        parts.append(pc.if_else(pc.is_valid(value), pc.binary_join_element_wise(length, pc.fill_null(value, ""), ":"), "-"))
    joined = pc.binary_join_element_wise(*parts, "")
    return pa.array([hashlib.sha256(text.encode()).hexdigest() for text in joined.to_pylist()], pa.string())
