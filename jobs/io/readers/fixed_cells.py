"""A block of fixed-width text whose lines are all as they should be, cut column by column, without a look at any single line."""

from __future__ import annotations

from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from jobs.io.text import decode, is_storable

Bytes = npt.NDArray[np.uint8]

_LINE_FEED, _RETURN = 10, 13


def cells_of(block: bytes, widths: list[int], encoding: str) -> list[pa.Array] | None:
    """The texts of each column, trimmed; None if a line has another length, or bytes that are no text."""
    lines = _lines(block, sum(widths))
    if lines is None:
        return None
    columns = []
    for start, end in pairwise(accumulate(widths, initial=0)):
        column = _texts(np.ascontiguousarray(lines[:, start:end]), encoding)
        if column is None:
            return None
        columns.append(pc.utf8_trim(column, characters=" "))
    return columns


def lines_of(block: bytes, encoding: str) -> list[str]:
    """The lines of such a block as they came."""
    return decode(block, encoding).replace("\r\n", "\n").removesuffix("\n").split("\n")


def _lines(block: bytes, width: int) -> Bytes | None:
    """One line a row, without its end; None if they have not all ``width`` bytes and the same end."""
    end = b"\r\n" if b"\r\n" in block else b"\n"
    text = block if block.endswith(b"\n") else block + end
    step = width + len(end)
    if not block or len(text) % step:
        return None
    rows = np.frombuffer(text, np.uint8).reshape(-1, step)
    lines, ends = rows[:, :width], rows[:, width:]
    is_regular = text.count(b"\n") == len(rows) and (ends == np.frombuffer(end, np.uint8)).all() and (lines[:, -1] != _RETURN).all()
    return lines if is_regular else None


def _texts(cells: Bytes, encoding: str) -> pa.Array | None:
    """One column as text; None if some of its bytes are none."""
    count, width = cells.shape
    if not (cells & 0x80).any():
        ends = np.arange(0, count * width + 1, width, dtype=np.int32)
        return pa.Array.from_buffers(pa.string(), count, [None, pa.py_buffer(ends), pa.py_buffer(cells)])
    text = decode(np.pad(cells, ((0, 0), (0, 1)), constant_values=_LINE_FEED).tobytes(), encoding)
    return pa.array(text.split("\n")[:-1], pa.string()) if is_storable(text) else None
