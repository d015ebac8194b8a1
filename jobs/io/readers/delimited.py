"""Delimited text (CSV): RFC 4180 quoting, any delimiter, with or without header; text is decoded before it is split.

In GB 18030 the second byte of a character may be ``|`` or a backslash, so bytes are never split. A quote inside an
unquoted field is text; after a closing quote only a delimiter or the line's end may follow. A row that breaks this or has
another number of fields is kept unsplit, and reading goes on at the next line.

Lines without quotes, which nearly all are, are split by Arrow a block at a time (`jobs.io.readers.plain_lines`); only the others
are looked at one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from jobs.io.landing import AGAIN, DeliveryRefusedError, file_blocks
from jobs.io.readers.columns import column_order
from jobs.io.readers.fields import Field, delivered_fields, tables_of_fields
from jobs.io.readers.plain_lines import PlainLines, split_lines
from jobs.io.readers.rows import in_file_order, row_schema, unsplit_rows
from jobs.io.readers.trailer import TrailerReader
from jobs.io.text import ESCAPED_BYTE, byte_order_mark, codec_of, decode, is_storable, is_valid_utf8
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
    blocks = trailer.strip(file_blocks(path))
    first = next(blocks, b"").removeprefix(byte_order_mark(layout.encoding))
    grammar = Grammar(layout.delimiter)
    fields = delivered_fields(contract, layout, mode)
    order, width = list(range(len(fields))), len(fields)
    if layout.has_header:
        header_line, _, first = first.partition(b"\n")
        header = [name.strip() for name in grammar.fields(decode(header_line, layout.encoding).removesuffix("\r"))]
        if header == [""]:
            raise DeliveryRefusedError("empty_file", f"{path.name}: it has no header, the first line is empty. {AGAIN}")
        order, width = column_order(path.name, contract, header, [field.name for field in fields]), len(header)
    splitter = Splitter(grammar, width, layout.encoding)
    tables = Tables(row_schema(contract), fields, order, width, grammar, layout)
    unsplit: list[str] = []
    has_split = False
    for block, is_last in _with_last(first, blocks):
        found = splitter.split(block, is_last=is_last)
        if found.count:
            table, is_split = tables.split(found)
            has_split = has_split or is_split
            unsplit = unsplit or table["_raw"].drop_null()[:1].to_pylist()
            yield from table.to_batches()
    if unsplit and not (has_split or layout.has_header):
        raise _other_width(path.name, width, len(grammar.fields(unsplit[0])))


_QUOTE = re.compile('"')
_CAREFUL = re.compile('["\udc80-\udcff]|\r(?!\n)')
_ANYTHING = re.compile("[^\n]")


class Grammar:
    """How records of a delimiter are written, as regular expressions."""

    def __init__(self, delimiter: str) -> None:
        self._mark = mark = re.escape(delimiter)
        quoted = '"[^"]*+(?:""[^"]*+)*+"'
        self._field = f'(?:{quoted}|[^"{mark}\n][^{mark}\n]*+|)'
        self._fields = re.compile(f'(?:^|{mark})(?:"([^"]*+(?:""[^"]*+)*+)"|([^{mark}]*+))')
        self.open_quote = re.compile(f'(?:{self._field}{mark})*+"[^"]*+(?:""[^"]*+)*+\\Z')
        """Matches where a quote is still open at the end of the text."""
        self._is_ascii = delimiter.isascii()

    def is_plain_utf8(self, block: bytes, encoding: str) -> bool:
        """Whether a block is UTF-8 of which no line needs care, so that it need not be decoded to be cut into lines."""
        return (
            self._is_ascii
            and codec_of(encoding) == "utf-8"
            and b'"' not in block
            and (b"\r" not in block or block.count(b"\r") == block.count(b"\r\n"))
            and is_valid_utf8(block)
        )

    def care_of(self, text: str) -> re.Pattern[str]:
        """What is in every line that must be split by itself: a quote, a byte that is no text, a carriage return within it.

        Arrow splits at single bytes: with a delimiter that takes several every line must.
        """
        if not self._is_ascii:
            return _ANYTHING
        has_stray_return = text.count("\r") != text.count("\r\n")
        return _CAREFUL if has_stray_return or not is_storable(text) else _QUOTE

    def record(self, width: int) -> re.Pattern[str]:
        """Matches a whole record of ``width`` fields and the line's end; the record itself is group 1."""
        mark = self._mark
        return re.compile(f"({self._field}(?:{mark}{self._field}){{{width - 1}}})\r?(?:\n|\\Z)")

    def fields(self, record: str) -> list[str]:
        """The fields of a record, unquoted."""
        return [quoted.replace('""', '"') if quoted else plain for quoted, plain in self._fields.findall(record)]


@dataclass
class Records:
    """Records of one block: lines without a quote, to be split together; those to be split one by one; those that cannot be."""

    plain: PlainLines
    single: list[str] = field(default_factory=list)
    single_numbers: list[int] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    bad_numbers: list[int] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Records of all three kinds."""
        return self.plain.count + len(self.single) + len(self.bad)


@dataclass
class Splitter:
    """Cuts text into records, block by block. A record that the block's end cuts is carried over to the next block."""

    grammar: Grammar
    width: int
    encoding: str = "utf-8"
    number: int = 0
    carried: str = ""

    @cached_property
    def _record(self) -> re.Pattern[str]:
        return self.grammar.record(self.width)

    def split(self, block: bytes, *, is_last: bool) -> Records:
        """The records of the next block, which ends with a line's end unless it is the last."""
        found = Records(PlainLines())
        if not self.carried and self.grammar.is_plain_utf8(block, self.encoding):
            self._add_plain(found, block)
        else:
            text, self.carried = self.carried + decode(block, self.encoding), ""
            self._split_text(found, text, is_last=is_last)
        return found

    def _split_text(self, found: Records, text: str, *, is_last: bool) -> None:
        """Runs of lines that need no care, and each line between them."""
        care = self.grammar.care_of(text)
        position = 0
        while position < len(text):
            mark = care.search(text, position)
            start = len(text) if mark is None else max(position, text.rfind("\n", position, mark.start()) + 1)
            if start > position:
                self._add_plain(found, text[position:start].encode())
            position = start if mark is None else self._take_record(found, text, start, is_last=is_last)

    def _add_plain(self, found: Records, lines: bytes) -> None:
        self.number += found.plain.add(lines, self.number)

    def _take_record(self, found: Records, text: str, position: int, *, is_last: bool) -> int:
        """Take the record that begins at ``position``, or the line if it is none; where the next begins."""
        match = self._record.match(text, position)
        if match is None and not is_last and self._is_open(text, position):
            self.carried = text[position:]
            return len(text)
        end = text.find("\n", position) + 1 or len(text)
        line = text[position:end] if match is None else match.group(1)
        self._add(found, line.removesuffix("\n").removesuffix("\r"), is_whole=match is not None)
        return end if match is None else match.end()

    def _is_open(self, text: str, position: int) -> bool:
        return len(text) - position < RECORD_LIMIT and self.grammar.open_quote.match(text, position) is not None

    def _add(self, found: Records, record: str, *, is_whole: bool) -> None:
        if not record:
            return
        self.number += 1
        if is_whole and not ESCAPED_BYTE.search(record):
            found.single.append(record)
            found.single_numbers.append(self.number)
        else:
            found.bad.append(record)
            found.bad_numbers.append(self.number)


@dataclass(frozen=True)
class Tables:
    """Makes the records of a file into rows of the contract; ``order`` is where each field stands, of ``width`` in all."""

    schema: pa.Schema
    fields: Sequence[Field]
    order: list[int]
    width: int
    grammar: Grammar
    layout: DeliveryFormat

    def split(self, found: Records) -> tuple[pa.Table, bool]:
        """The rows of one block, and whether any has the right number of fields."""
        plain = split_lines(found.plain, self.width, self.layout.delimiter, self.order)
        cells = list(zip(*(self.grammar.fields(record) for record in found.single), strict=True))
        single = [pa.array(cells[place] if cells else [], pa.string()) for place in self.order]
        table = in_file_order(
            [
                *tables_of_fields(self.schema, self.fields, plain.fields, plain.numbers, plain.lines, self.layout),
                *tables_of_fields(self.schema, self.fields, single, found.single_numbers, lambda: found.single, self.layout),
                unsplit_rows(self.schema, [*plain.bad, *found.bad], [*plain.bad_numbers, *found.bad_numbers]),
            ]
        )
        return table, bool(len(plain.numbers) or found.single)


def _other_width(file: str, expected: int, found: int) -> DeliveryRefusedError:
    code = "missing_column" if found < expected else "extra_column" if found > expected else "unreadable_file"
    return DeliveryRefusedError(
        code,
        f"{file}: no line has the columns of the contract: it has {expected} fields a line, the first line has {found}. {AGAIN}",
    )


def _with_last(first: bytes, blocks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each block, and whether it is the last."""
    current = first
    for block in blocks:
        yield current, False
        current = block
    yield current, True
