"""Delimited text (CSV) with a header: RFC 4180 quoting, any delimiter; text is decoded before it is split.

In GB 18030 the second byte of a character may be ``|`` or a backslash, so bytes are never split. A quote inside an
unquoted field is text; after a closing quote only a delimiter or the line's end may follow. A row that breaks this or has
another number of fields is kept unsplit, and reading goes on at the next line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from jobs.io.landing import AGAIN, DeliveryRefusedError, file_blocks
from jobs.io.readers.columns import check_columns, expected_columns
from jobs.io.readers.rows import in_file_order, row_schema, split_rows, unsplit_rows
from jobs.io.text import BYTE_ORDER_MARK, ESCAPED_BYTE, decode
from schemas.contract import Contract
from schemas.delivery_format import DeliveryFormat

RECORD_LIMIT = 1_000_000
"""Characters after which a quote that was never closed is taken for an error, not for a long field."""


def read_delimited(path: Path, contract: Contract, layout: DeliveryFormat, mode: str) -> Iterator[pa.RecordBatch]:
    """Rows of a delimited file; see `jobs.io.readers`. Raises DeliveryRefusedError if its header is not the contract's."""
    blocks = (decode(block, layout.encoding) for block in file_blocks(path))
    first = next(blocks, "").removeprefix(BYTE_ORDER_MARK)
    grammar = Grammar(layout.delimiter)
    header_line, _, rest = first.partition("\n")
    header = grammar.fields(header_line.removesuffix("\r"))
    order = _column_order(path.name, contract, header, expected_columns(contract, layout.operation_field, mode))
    schema = row_schema(contract)
    splitter = Splitter(grammar, len(header))
    for text in _with_last(rest, blocks):
        found = splitter.split(text[0], is_last=text[1])
        if found.count:
            yield from _table(found, schema, order, grammar).to_batches()


class Grammar:
    """How records of a delimiter are written, as regular expressions."""

    def __init__(self, delimiter: str) -> None:
        self.delimiter = delimiter
        mark = re.escape(delimiter)
        quoted = '"[^"]*+(?:""[^"]*+)*+"'
        self._field = f'(?:{quoted}|[^"{mark}\n][^{mark}\n]*+|)'
        self._fields = re.compile(f'(?:^|{mark})(?:"([^"]*+(?:""[^"]*+)*+)"|([^{mark}]*+))')
        self.open_quote = re.compile(f'(?:{self._field}{mark})*+"[^"]*+(?:""[^"]*+)*+\\Z')
        """Matches where a quote is still open at the end of the text."""

    def record(self, width: int) -> re.Pattern[str]:
        """Matches a whole record of ``width`` fields and the line's end; the record itself is group 1."""
        mark = re.escape(self.delimiter)
        return re.compile(f"({self._field}(?:{mark}{self._field}){{{width - 1}}})\r?(?:\n|\\Z)")

    def fields(self, record: str) -> list[str]:
        """The fields of a record, unquoted."""
        return [quoted.replace('""', '"') if quoted else plain for quoted, plain in self._fields.findall(record)]


@dataclass
class Records:
    """Records of one block with their numbers: without any quote, with quotes, and those that cannot be split."""

    plain: list[str] = field(default_factory=list)
    plain_numbers: list[int] = field(default_factory=list)
    quoted: list[str] = field(default_factory=list)
    quoted_numbers: list[int] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    bad_numbers: list[int] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Records of all three kinds."""
        return len(self.plain) + len(self.quoted) + len(self.bad)


@dataclass
class Splitter:
    """Cuts text into records, block by block. A record that the block's end cuts is carried over to the next block."""

    grammar: Grammar
    width: int
    number: int = 0
    carried: str = ""

    @cached_property
    def _record(self) -> re.Pattern[str]:
        return self.grammar.record(self.width)

    def split(self, block: str, *, is_last: bool) -> Records:
        """The records of the next block, which ends with a line's end unless it is the last."""
        text = self.carried + block
        self.carried = ""
        found = Records()
        has_bad_bytes = ESCAPED_BYTE.search(text) is not None
        position = 0
        while position < len(text):
            end = text.find("\n", position)
            end = len(text) if end < 0 else end
            line = text[position:end]
            if '"' in line:
                match = self._record.match(text, position)
                if match is None and not is_last and self._is_open(text, position):
                    self.carried = text[position:]
                    break
                position = end + 1 if match is None else match.end()
                self._add_quoted(
                    found, line if match is None else match.group(1), has_bad_bytes=has_bad_bytes, is_whole=match is not None
                )
            else:
                position = end + 1
                self._add_plain(found, line.removesuffix("\r"), has_bad_bytes=has_bad_bytes)
        return found

    def _is_open(self, text: str, position: int) -> bool:
        return len(text) - position < RECORD_LIMIT and self.grammar.open_quote.match(text, position) is not None

    def _add_plain(self, found: Records, line: str, *, has_bad_bytes: bool) -> None:
        if not line:
            return
        self.number += 1
        if line.count(self.grammar.delimiter) != self.width - 1 or (has_bad_bytes and ESCAPED_BYTE.search(line)):
            found.bad.append(line)
            found.bad_numbers.append(self.number)
        else:
            found.plain.append(line)
            found.plain_numbers.append(self.number)

    def _add_quoted(self, found: Records, record: str, *, has_bad_bytes: bool, is_whole: bool) -> None:
        self.number += 1
        record = record.removesuffix("\r")
        if is_whole and not (has_bad_bytes and ESCAPED_BYTE.search(record)):
            found.quoted.append(record)
            found.quoted_numbers.append(self.number)
        else:
            found.bad.append(record)
            found.bad_numbers.append(self.number)


def _table(found: Records, schema: pa.Schema, order: Sequence[int | None], grammar: Grammar) -> pa.Table:
    plain = pc.split_pattern(pa.array(found.plain, pa.string()), grammar.delimiter)
    quoted = list(zip(*(grammar.fields(record) for record in found.quoted), strict=True))
    return in_file_order(
        [
            split_rows(schema, [_pick(plain, index, len(found.plain)) for index in order], found.plain_numbers),
            split_rows(schema, [_pick_quoted(quoted, index, len(found.quoted)) for index in order], found.quoted_numbers),
            unsplit_rows(schema, found.bad, found.bad_numbers),
        ]
    )


def _pick(lists: pa.ListArray, index: int | None, rows: int) -> pa.Array:
    return pa.nulls(rows, pa.string()) if index is None or not rows else pc.list_element(lists, index)


def _pick_quoted(columns: Sequence[Sequence[str]], index: int | None, rows: int) -> pa.Array:
    return pa.nulls(rows, pa.string()) if index is None or not rows else pa.array(columns[index], pa.string())


def _column_order(file: str, contract: Contract, header: Sequence[str], expected: Sequence[str]) -> list[int | None]:
    """Where each of the contract's columns and the operation (None in a full) stands in the file."""
    names = [name.strip() for name in header]
    if names == [""]:
        raise DeliveryRefusedError("empty_file", f"{file}: it has no header, the first line is empty. {AGAIN}")
    if not set(names) & set(expected):
        raise DeliveryRefusedError(
            "missing_header",
            f"{file}: the first line names none of the columns {', '.join(expected)}; it must be the header. {AGAIN}",
        )
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DeliveryRefusedError("duplicate_column", f"{file}: column {', '.join(twice)} is there twice. {AGAIN}")
    missing = [name for name in expected if name not in names]
    check_columns(file, contract, missing, [name for name in names if name not in expected])
    positions: list[int | None] = [names.index(name) for name in expected]
    return positions if len(expected) > len(contract.columns) else [*positions, None]


def _with_last(first: str, blocks: Iterator[str]) -> Iterator[tuple[str, bool]]:
    """Each block, and whether it is the last."""
    current = first
    for block in blocks:
        yield current, False
        current = block
    yield current, True
