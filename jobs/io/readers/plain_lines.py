"""Lines of delimited text without quotes, split by Arrow a block at a time: most files are nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv

Numbers = npt.NDArray[np.int64]

_LINE_FEED = 10
_BLANK_LINES = re.compile(rb"^\r?\n", re.MULTILINE)


@dataclass
class PlainLines:
    """Runs of whole lines of UTF-8, none of them blank, and the numbers of their rows in the file."""

    runs: list[bytes] = field(default_factory=list)
    numbers: list[Numbers] = field(default_factory=list)
    count: int = 0

    def add(self, lines: bytes, before: int) -> int:
        """Add whole lines, ``before`` which stand so many rows; how many rows they are: a blank line is none."""
        if lines.startswith((b"\n", b"\r\n")) or _has_blank_line(lines):
            lines = _BLANK_LINES.sub(b"", lines)
        if not lines:
            return 0
        count = int(np.count_nonzero(_line_ends(lines))) + (not lines.endswith(b"\n"))
        self.runs.append(lines)
        self.numbers.append(np.arange(before + 1, before + count + 1))
        self.count += count
        return count


def _line_ends(lines: bytes) -> npt.NDArray[np.bool_]:
    ends: npt.NDArray[np.bool_] = np.frombuffer(lines, np.uint8) == _LINE_FEED
    return ends


def _has_blank_line(lines: bytes) -> bool:
    ends = _line_ends(lines)
    return bool((ends[1:] & ends[:-1]).any()) or (b"\r" in lines and b"\n\r\n" in lines)


@dataclass(frozen=True)
class SplitLines:
    """The fields of the lines that have as many as they should, one array a field, and the lines that have not."""

    fields: list[pa.Array]
    numbers: Numbers
    bad: list[str]
    bad_numbers: list[int]
    text: bytes
    places: Numbers

    def lines(self) -> list[str]:
        """The lines that were split, as they came."""
        lines = self.text.decode().replace("\r\n", "\n").split("\n")
        return [lines[place] for place in self.places]


def split_lines(plain: PlainLines, width: int, delimiter: str, order: list[int]) -> SplitLines:
    """The fields at the places ``order`` of each line, of ``width`` in all."""
    if not plain.count:
        return SplitLines([pa.array([], pa.string()) for _ in order], np.arange(0), [], [], b"", np.arange(0))
    text, numbers = b"".join(plain.runs), np.concatenate(plain.numbers)
    bad: dict[int, str] = {}

    def set_aside(row: csv.InvalidRow) -> str:
        bad[row.number - 1] = row.text
        return "skip"

    names = [str(place) for place in range(width)]
    rows = csv.read_csv(
        pa.BufferReader(text),
        read_options=csv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=names),
        parse_options=csv.ParseOptions(delimiter=delimiter, quote_char=False, escape_char=False, invalid_row_handler=set_aside),
        convert_options=csv.ConvertOptions(
            check_utf8=False,  # whoever made the lines has looked
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=False,
        ),
    )
    places = np.delete(np.arange(len(numbers)), list(bad))
    fields = [_one_array(rows.column(place)) for place in order]
    return SplitLines(fields, numbers[places], list(bad.values()), numbers[list(bad)].tolist(), text, places)


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
