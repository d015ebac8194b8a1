"""An Excel workbook (ECMA-376) as its zip holds it: the parts we need, read a row at a time, nothing larger than it says to be.

openpyxl takes three times as long for a cell, and fills no merged ones while it streams; calamine is quicker, but holds a sheet
whole, by the size that its furthest cells give it, which a stranger can choose. From openpyxl come the rules of number formats
and dates.
"""

from __future__ import annotations

import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import NamedTuple

from lxml import etree
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.cell import column_index_from_string
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from jobs.io.landing import AGAIN, DeliveryRefusedError
from jobs.io.readers.xml_text import Elements, forget, read_elements

UNPACKED_LIMIT = 4 * 1024**3
SHARED_TEXT_LIMIT = 512 * 1024**2
RATIO_LIMIT = 200
"""A part that unpacks to more than so many times its size is no table, but a bomb; small parts may."""
SMALL_PART = 8 * 1024**2

CHUNK = 256 * 1024
DIGITS = "0123456789"
MOST_COLUMNS = 16_384
MOST_MERGED = 5_000_000

Cells = dict[int, str]
"""The texts of a row by the place of their column, from 0; empty cells are not there."""

DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError, KeyError)
"""What zipfile and the parts' readers raise for a container that is damaged, encrypted or none."""

RELATIONSHIP = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
RELATIONSHIP_STRICT = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"

_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s+ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_LONGEST_MERGED = 80


@contextmanager
def open_book(path: Path) -> Iterator[Book]:
    """The workbook at ``path``. Raises DeliveryRefusedError (``unreadable_file``) if it is none, or would not fit in memory."""
    try:
        with zipfile.ZipFile(path) as container:
            _check_sizes(path.name, container)
            yield Book(path.name, container)
    except DAMAGED as error:
        raise refuse_book(path.name, str(error) or type(error).__name__) from error


def refuse_book(file: str, what: str) -> DeliveryRefusedError:
    """The error for a file that is no workbook we take."""
    return DeliveryRefusedError("unreadable_file", f"{file}: no Excel workbook that can be read: {what}. {AGAIN}")


class Book:
    """One workbook: its sheets by name, its shared texts, and which styles are dates."""

    def __init__(self, file: str, container: zipfile.ZipFile) -> None:
        self._file = file
        self._container = container
        self._epoch = CALENDAR_WINDOWS_1900
        self._sheets = self._read_workbook()
        self._texts = self._read_texts()
        self._dates = self._read_date_styles()

    def rows(self, sheet: str | None) -> Iterator[tuple[int, Cells]]:
        """Rows of a sheet (the first, if none is named) with their number in it, from 1; merged cells are filled.

        Raises DeliveryRefusedError if there is no such sheet or it is damaged.
        """
        name = sheet or next(iter(self._sheets), "")
        if name not in self._sheets:
            found = ", ".join(self._sheets) or "none"
            raise refuse_book(self._file, f"it has no sheet {name!r}, its sheets are: {found}")
        part = self._sheets[name]
        merged = MergedCells(self._file, self._merged_ranges(part))
        last = 0
        for element in self._elements(part, "row"):
            last = int(element.get("r", last + 1))
            cells = self._cells(element)
            forget(element)
            merged.fill(last, cells)
            yield last, cells

    def _cells(self, row: etree._Element) -> Cells:
        cells: Cells = {}
        place = -1
        for cell in row:
            letters = cell.get("r", "").rstrip(DIGITS)
            place = _column_place(letters) if letters else place + 1
            if place >= MOST_COLUMNS:
                raise refuse_book(self._file, f"a row has more than {MOST_COLUMNS:,} columns")
            text = self._text(cell)
            if text:
                cells[place] = text
        return cells

    def _text(self, cell: etree._Element) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return _rich_text(cell)
        value = next((part.text or "" for part in cell if part.tag.endswith("}v")), "")
        if kind == "s":
            return self._shared_text(int(value)) if value else ""
        if kind == "b":
            return "true" if value == "1" else "false"
        if kind != "n" or not value:
            return value
        is_date = int(cell.get("s", 0)) in self._dates
        return date_text(value, self._epoch) if is_date else number_text(value)

    def _shared_text(self, place: int) -> str:
        if not 0 <= place < len(self._texts):
            raise refuse_book(self._file, f"a cell has text {place}, of which there are {len(self._texts):,}")
        return self._texts[place]

    def _read_workbook(self) -> dict[str, str]:
        """Part of each sheet, by its name, in the workbook's order."""
        targets = {}
        for link in self._elements("xl/_rels/workbook.xml.rels", "Relationship"):
            targets[link.get("Id", "")] = posixpath.normpath(posixpath.join("xl", link.get("Target", ""))).lstrip("/")
        sheets = {}
        for element in self._elements("xl/workbook.xml", "sheet", "workbookPr"):
            name = etree.QName(element).localname
            if name == "sheet":
                link_id = element.get(RELATIONSHIP) or element.get(RELATIONSHIP_STRICT) or ""
                target = targets.get(link_id, "")
                sheets[element.get("name", "")] = target if target.startswith("xl/") else f"xl/{target}"
            elif name == "workbookPr" and element.get("date1904") in ("1", "true"):
                self._epoch = CALENDAR_MAC_1904
        return sheets

    def _read_texts(self) -> list[str]:
        part = "xl/sharedStrings.xml"
        if part not in self._container.namelist():
            return []
        if self._container.getinfo(part).file_size > SHARED_TEXT_LIMIT:
            raise refuse_book(self._file, f"its texts take more than {SHARED_TEXT_LIMIT:,} bytes")
        texts = []
        for item in self._elements(part, "si"):
            texts.append(_rich_text(item))
            forget(item)
        return texts

    def _read_date_styles(self) -> frozenset[int]:
        """Numbers of the cell styles that show a number as a date or time."""
        part = "xl/styles.xml"
        if part not in self._container.namelist():
            return frozenset()
        formats = dict(BUILTIN_FORMATS)
        styles: list[int] = []
        for element in self._elements(part, "numFmt", "cellXfs"):
            name = etree.QName(element).localname
            if name == "numFmt":
                formats[int(element.get("numFmtId", 0))] = element.get("formatCode", "")
            elif name == "cellXfs":
                styles = [int(style.get("numFmtId", 0)) for style in element]
        return frozenset(place for place, style in enumerate(styles) if is_date_format(formats.get(style, "General")))

    def _merged_ranges(self, part: str) -> Iterator[Range]:
        """The merged cells of a sheet. They stand behind its rows, so it is read for them alone."""
        with self._container.open(part) as stream:
            rest = b""
            while chunk := stream.read(CHUNK):
                text = rest + chunk
                end = 0
                for found in _MERGED.finditer(text):
                    first, top, last, bottom = (group.decode("ascii") for group in found.groups())
                    yield Range(int(top), int(bottom), column_index_from_string(first) - 1, column_index_from_string(last) - 1)
                    end = found.end()
                rest = text[max(end, len(text) - _LONGEST_MERGED) :]

    def _elements(self, part: str, *names: str) -> Elements:
        with self._container.open(part) as stream:
            chunks = iter(lambda: stream.read(CHUNK), b"")
            yield from read_elements(f"{self._file}, {part}", chunks, [f"{{*}}{name}" for name in names])


class Range(NamedTuple):
    """Merged cells: rows from 1, columns from 0, all inclusive."""

    top: int
    bottom: int
    left: int
    right: int


class MergedCells:
    """Fills merged cells with the text of their first, one row of the sheet after the other."""

    def __init__(self, file: str, ranges: Iterable[Range]) -> None:
        self._file = file
        self._waiting = sorted(ranges, reverse=True)
        self._open: list[tuple[Range, str]] = []
        self._count = 0

    def fill(self, number: int, cells: Cells) -> None:
        """Fill the row ``number``. Raises DeliveryRefusedError if a workbook would have us fill without end."""
        while self._waiting and self._waiting[-1].top <= number:
            found = self._waiting.pop()
            if found.top == number and found.left in cells:
                self._open.append((found, cells[found.left]))
        if not self._open:
            return
        self._open = [(found, text) for found, text in self._open if found.bottom >= number]
        for found, text in self._open:
            self._count += found.right - found.left + 1
            if self._count > MOST_MERGED:
                raise refuse_book(self._file, f"it has more than {MOST_MERGED:,} merged cells")
            for place in range(found.left, found.right + 1):
                cells.setdefault(place, text)


def number_text(value: str) -> str:
    """A number as a person would write it: the 15 digits that Excel shows, whole ones without a fraction, no exponent."""
    if value.isdigit():
        return value
    try:
        shown = format(float(value), ".15g")
    except ValueError:
        return value
    if shown.lstrip("-") in ("inf", "nan"):
        return value
    return format(Decimal(shown), "f") if "e" in shown else shown


def date_text(value: str, epoch: datetime) -> str:
    """A date in ISO form; with the time, if it has one. A number that is no date stays a number."""
    try:
        found = from_excel(float(value), epoch)
    except (ValueError, OverflowError):
        return number_text(value)
    if isinstance(found, datetime) and found.time() == datetime.min.time():
        return found.date().isoformat()
    return found.isoformat() if isinstance(found, (date, datetime)) else str(found)


@cache
def _column_place(letters: str) -> int:
    return int(column_index_from_string(letters)) - 1


def _rich_text(item: etree._Element) -> str:
    """The text of all runs below an element, without the phonetic ones."""
    pieces = []
    for part in item:
        name = part.tag.rpartition("}")[2]
        if name == "t":
            pieces.append(part.text or "")
        elif name in ("is", "r"):
            pieces.append(_rich_text(part))
    return "".join(pieces)


def _check_sizes(file: str, container: zipfile.ZipFile) -> None:
    """Refuse a container that says it would unpack to more than we take; zipfile never unpacks more than it says."""
    total = 0
    for part in container.infolist():
        total += part.file_size
        if part.file_size > SMALL_PART and part.file_size > RATIO_LIMIT * part.compress_size:
            raise refuse_book(file, f"{part.filename} would unpack from {part.compress_size:,} to {part.file_size:,} bytes")
    if total > UNPACKED_LIMIT:
        raise refuse_book(file, f"it would unpack to {total:,} bytes, more than {UNPACKED_LIMIT:,}")
