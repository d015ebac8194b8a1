"""What all readers share: the shape of a batch, and how rows are gathered into one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from jobs.io.text import show_bytes
from schemas.contract import Contract

BATCH_ROWS = 16_384
BATCH_CHARACTERS = 4 * 1024 * 1024

Row = list[str | None]
"""The texts of one row in the order of the contract, the operation last in a delta."""


Numbers = Sequence[int] | npt.NDArray[np.int64]
"""Numbers of rows in their file, from 1."""


class UnexpectedShapeError(ValueError):
    """A row that does not have the shape that the contract describes; it is kept unsplit."""


def row_schema(contract: Contract) -> pa.Schema:
    """The columns of a batch: the contract's as text, then ``_op``, ``_row_number`` and ``_raw``."""
    text = [pa.field(column.name, pa.string()) for column in contract.columns]
    return pa.schema([*text, pa.field("_op", pa.string()), pa.field("_row_number", pa.int64()), pa.field("_raw", pa.string())])


def split_rows(schema: pa.Schema, columns: Sequence[pa.Array], numbers: Numbers) -> pa.Table:
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


@dataclass
class RowCollector:
    """Gathers the rows of a file one by one; ``seen`` are the columns that some row had, ``extra`` names no column has."""

    schema: pa.Schema
    number: int = 0
    split_count: int = 0
    seen: set[int] = field(default_factory=set)
    extra: dict[str, None] = field(default_factory=dict)
    _rows: list[Row] = field(default_factory=list)
    _numbers: list[int] = field(default_factory=list)
    _bad: list[str] = field(default_factory=list)
    _bad_numbers: list[int] = field(default_factory=list)
    _characters: int = 0

    def add(self, row: Row, characters: int = 0) -> None:
        """A row that could be split; ``characters`` is its length as it came, if a row may be large."""
        self.number += 1
        self._rows.append(row)
        self._numbers.append(self.number)
        self._characters += characters

    def add_unsplit(self, raw: str) -> None:
        """A row that could not be split, as it came."""
        self.number += 1
        self._bad.append(raw)
        self._bad_numbers.append(self.number)
        self._characters += len(raw)

    def take_columns(self, columns: Sequence[pa.Array]) -> list[pa.RecordBatch]:
        """Rows that were split together, behind those gathered before."""
        before = self.take()
        numbers = np.arange(self.number + 1, self.number + len(columns[0]) + 1)
        self.number += len(numbers)
        return [*before, *self._split(columns, numbers).to_batches()]

    @property
    def is_full(self) -> bool:
        """Whether it is time to `take` a batch."""
        return len(self._rows) + len(self._bad) >= BATCH_ROWS or self._characters >= BATCH_CHARACTERS

    def take(self) -> list[pa.RecordBatch]:
        """The rows gathered since the last time, in file order."""
        if not self._rows and not self._bad:
            return []
        columns = [pa.array(values, pa.string()) for values in zip(*self._rows, strict=True)]
        batches: list[pa.RecordBatch] = in_file_order(
            [self._split(columns, self._numbers), unsplit_rows(self.schema, self._bad, self._bad_numbers)]
        ).to_batches()
        self._rows, self._numbers, self._bad, self._bad_numbers, self._characters = [], [], [], [], 0
        return batches

    def _split(self, columns: Sequence[pa.Array], numbers: Numbers) -> pa.Table:
        """Rows that could be split; what was seen is kept in mind."""
        self.seen.update(index for index, column in enumerate(columns) if column.null_count < len(column))
        self.split_count += len(numbers)
        lacking = len(self.schema) - 2 - len(columns)
        return split_rows(self.schema, [*columns, *[pa.nulls(len(numbers), pa.string())] * lacking], numbers)
