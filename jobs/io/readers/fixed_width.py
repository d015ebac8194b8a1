"""Fixed-width text: each column takes ``byteWidth`` bytes of the declared encoding, filled up with spaces; there is no header.

The operation of a delta is one byte at the end. A line of another length, or one whose bytes are cut within a character, is
kept unsplit. A block in which there is no such line is cut as one (`jobs.io.readers.fixed_cells`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from jobs.io.landing import AGAIN, DeliveryRefusedError, file_blocks
from jobs.io.readers.fields import Field, delivered_fields, tables_of_fields
from jobs.io.readers.fixed_cells import cells_of, lines_of
from jobs.io.readers.rows import in_file_order, row_schema, unsplit_rows
from jobs.io.readers.trailer import TrailerReader
from jobs.io.text import ESCAPED_BYTE, decode
from schemas.contract import Contract
from schemas.delivery_format import DeliveryFormat
from schemas.errors import UsageError

OPERATION_WIDTH = 1
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_fixed_width(path: Path, contract: Contract, layout: DeliveryFormat, mode: str) -> Iterator[pa.RecordBatch]:
    """Rows of a fixed-width file; see `jobs.io.readers`.

    Raises DeliveryRefusedError if its trailer does not agree, or after the last row if not one has the right length.
    """
    trailer = TrailerReader(path, contract, layout)
    yield from trailer.check(_rows(path, contract, layout, mode, trailer))


def field_widths(contract: Contract, fields: Sequence[Field], mode: str) -> list[int]:
    """Bytes of each field. Raises UsageError if the contract does not say it."""
    widths = {column.physical_name.partition("[]")[0]: column.byte_width for column in reversed(contract.columns)}
    if unknown := [field.name for field in fields[: len(widths)] if not widths.get(field.name)]:
        raise UsageError(f"{contract.path}: fixed-width text needs a byteWidth for {', '.join(unknown)}.")
    found = [widths[field.name] or 0 for field in fields[: len(widths)]]
    return [*found, OPERATION_WIDTH] if mode == "delta" else found


def _rows(path: Path, contract: Contract, layout: DeliveryFormat, mode: str, trailer: TrailerReader) -> Iterator[pa.RecordBatch]:
    fields = delivered_fields(contract, layout, mode)
    widths = field_widths(contract, fields, mode)
    schema = row_schema(contract)
    number = split = 0
    lengths: set[int] = set()
    for place, block in enumerate(trailer.strip(file_blocks(path))):
        whole = block.removeprefix(BYTE_ORDER_MARK) if place == 0 else block
        cells = cells_of(whole, widths, layout.encoding)
        if cells is not None:
            found = range(number + 1, number + len(cells[0]) + 1)
            lines = partial(lines_of, whole, layout.encoding)
            table = in_file_order(tables_of_fields(schema, fields, cells, np.array(found), lines, layout))
        else:
            table = _table(whole, number, widths, fields, layout, schema, lengths)
        number += table.num_rows
        split += table["_raw"].null_count
        yield from table.to_batches()
    if number and not split:
        raise _other_layout(path.name, sum(widths), lengths)


def _table(
    block: bytes,
    first: int,
    widths: list[int],
    fields: Sequence[Field],
    layout: DeliveryFormat,
    schema: pa.Schema,
    lengths: set[int],
) -> pa.Table:
    """One block's rows. Each column is decoded at once, its values a line each, so that none can spoil another."""
    lines = [line for line in (line.removesuffix(b"\r") for line in block.split(b"\n")) if line]
    lengths.update(map(len, lines))
    whole = [(number, line) for number, line in enumerate(lines, first + 1) if len(line) == sum(widths)]
    columns = [
        decode(b"\n".join(line[start:end] for _, line in whole), layout.encoding)
        for start, end in pairwise(accumulate(widths, initial=0))
    ]
    texts = [column.split("\n") if whole else [] for column in columns]
    broken = {
        place
        for column, values in zip(columns, texts, strict=True)
        if ESCAPED_BYTE.search(column)
        for place, value in enumerate(values)
        if ESCAPED_BYTE.search(value)
    }
    good = [place for place in range(len(whole)) if place not in broken]
    numbers = [whole[place][0] for place in good]
    split = set(numbers)
    bad = [number for number in range(first + 1, first + len(lines) + 1) if number not in split]
    arrays = [pa.array([values[place].strip(" ") for place in good], pa.string()) for values in texts]
    return in_file_order(
        [
            *tables_of_fields(
                schema, fields, arrays, numbers, lambda: [decode(whole[p][1], layout.encoding) for p in good], layout
            ),
            unsplit_rows(schema, _decoded([lines[number - first - 1] for number in bad], layout.encoding), bad),
        ]
    )


def _decoded(lines: Sequence[bytes], encoding: str) -> list[str]:
    return [decode(line, encoding) for line in lines]


def _other_layout(file: str, expected: int, lengths: set[int]) -> DeliveryRefusedError:
    found = ", ".join(f"{length:,}" for length in sorted(lengths)[:3])
    code = "missing_column" if max(lengths) < expected else "extra_column"
    return DeliveryRefusedError(
        code if expected not in lengths else "unreadable_file",
        f"{file}: no line has the columns of the contract: they take {expected:,} bytes, its lines have {found}. {AGAIN}",
    )
