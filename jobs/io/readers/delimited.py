"""Delimited text (CSV): RFC 4180 quoting, any delimiter, with or without header; text is decoded before it is split.

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
from jobs.io.readers.columns import column_order
from jobs.io.readers.fields import Field, delivered_fields, tables_of_fields
from jobs.io.readers.rows import in_file_order, row_schema, unsplit_rows
from jobs.io.readers.trailer import TrailerReader
from jobs.io.text import BYTE_ORDER_MARK, ESCAPED_BYTE, decode
from schemas.contract import Contract
from schemas.delivery_format import DeliveryFormat

RECORD_LIMIT = 1_000_000
"""Characters after which a quote that was never closed is taken for an error, not for a long field."""


def read_delimited(path: Path, contract: Contract, layout: DeliveryFormat, mode: str) -> Iterator[pa.RecordBatch]:
    """Rows of a delimited file; see `jobs.io.readers`.

    Raises DeliveryRefusedError if its header is not the contract's, or its trailer does not agree; without a header, after the
    last row if not one has the contract's number of fields.
    """
    trailer = TrailerReader(path, contract, layout)
    yield from trailer.check(_rows(path, contract, layout, mode, trailer))


def _rows(path: Path, contract: Contract, layout: DeliveryFormat, mode: str, trailer: TrailerReader) -> Iterator[pa.RecordBatch]:
    blocks = (decode(block, layout.encoding) for block in trailer.strip(file_blocks(path)))
    first = next(blocks, "").removeprefix(BYTE_ORDER_MARK)
    grammar = Grammar(layout.delimiter)
    fields = delivered_fields(contract, layout, mode)
    order, width = list(range(len(fields))), len(fields)
    if layout.has_header:
        header_line, _, first = first.partition("\n")
        header = [name.strip() for name in grammar.fields(header_line.removesuffix("\r"))]
        if header == [""]:
            raise DeliveryRefusedError("empty_file", f"{path.name}: it has no header, the first line is empty. {AGAIN}")
        order, width = column_order(path.name, contract, header, [field.name for field in fields]), len(header)
    schema = row_schema(contract)
    splitter = Splitter(grammar, width)
    unsplit: list[str] = []
    has_split = False
    for text, is_last in _with_last(first, blocks):
        found = splitter.split(text, is_last=is_last)
        has_split = has_split or bool(found.plain or found.quoted)
        unsplit = unsplit or found.bad[:1]
        if found.count:
            yield from _table(found, schema, order, grammar, fields, layout).to_batches()
    if unsplit and not (has_split or layout.has_header):
        raise _other_width(path.name, width, len(grammar.fields(unsplit[0])))


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


def _table(
    found: Records, schema: pa.Schema, order: Sequence[int], grammar: Grammar, fields: Sequence[Field], layout: DeliveryFormat
) -> pa.Table:
    plain = pc.split_pattern(pa.array(found.plain, pa.string()), grammar.delimiter)
    quoted = list(zip(*(grammar.fields(record) for record in found.quoted), strict=True))
    plain_arrays = [pc.list_element(plain, index) if found.plain else pa.array([], pa.string()) for index in order]
    quoted_arrays = [pa.array(quoted[index] if quoted else [], pa.string()) for index in order]
    return in_file_order(
        [
            *tables_of_fields(schema, fields, plain_arrays, found.plain_numbers, found.plain, layout),
            *tables_of_fields(schema, fields, quoted_arrays, found.quoted_numbers, found.quoted, layout),
            unsplit_rows(schema, found.bad, found.bad_numbers),
        ]
    )


def _other_width(file: str, expected: int, found: int) -> DeliveryRefusedError:
    code = "missing_column" if found < expected else "extra_column" if found > expected else "unreadable_file"
    return DeliveryRefusedError(
        code,
        f"{file}: no line has the columns of the contract: it has {expected} fields a line, the first line has {found}. {AGAIN}",
    )


def _with_last(first: str, blocks: Iterator[str]) -> Iterator[tuple[str, bool]]:
    """Each block, and whether it is the last."""
    current = first
    for block in blocks:
        yield current, False
        current = block
    yield current, True
