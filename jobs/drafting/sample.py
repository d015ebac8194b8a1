"""A sample file: its format and encoding, and its columns with the values of its first rows, by their delivered names."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
from lxml import etree
from openpyxl.utils.exceptions import InvalidFileException
from pyarrow import ArrowInvalid

from jobs.io.text import decode
from schemas.errors import UsageError

MOST_ROWS = 20_000
MOST_BYTES = 32 * 1024 * 1024
DELIMITERS = (",", "|", "\t", ";", "^")
MOST_HEADER_ROWS = 3
LOOKED_AT = 200
"""Lines from which a delimiter is told."""


@dataclass(frozen=True)
class Sample:
    """What was seen of a file. ``layout``: the contract's ``deliveryFormat``. ``columns``: physical name → values as text."""

    layout: dict[str, Any]
    columns: dict[str, list[str]]

    @property
    def rows(self) -> int:
        """Rows that were looked at."""
        return max(map(len, self.columns.values()), default=0)


def read_sample(path: Path) -> Sample:
    """Look at the first rows of a file. Raises UsageError if it is empty, or in no format that can be told."""
    if not path.is_file() or not path.stat().st_size:
        raise UsageError(f"{path}: there is no such file, or it is empty. Give a sample with some rows.")
    with path.open("rb") as stream:
        head = stream.read(MOST_BYTES)
    try:
        if head.startswith(b"PAR1"):
            return _parquet(path)
        if head.startswith(b"PK\x03\x04"):
            return _workbook(path)
        if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
            return _xml(path)
    except (ArrowInvalid, InvalidFileException, zipfile.BadZipFile, KeyError, etree.XMLSyntaxError) as error:
        raise UsageError(f"{path}: it begins like a file that it is not ({error}). Give one that opens.") from error
    encoding = encoding_of(head, is_whole=len(head) == path.stat().st_size)
    text = decode(head, encoding).removeprefix("\ufeff")
    return _json(path, text, encoding) if text.lstrip().startswith(("{", "[")) else _delimited(path, text, encoding)


def encoding_of(data: bytes, *, is_whole: bool) -> str:
    """UTF-8 with or without its mark, else GB 18030. Raises UsageError if it is neither."""
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    lines = data if is_whole else data[: data.rfind(b"\n") + 1]
    for encoding in ("utf-8", "gb18030"):
        try:
            lines.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    raise UsageError("the sample is neither UTF-8 nor GB 18030 throughout. Give a clean one: a draft must not rest on broken text.")


def _delimited(path: Path, text: str, encoding: str) -> Sample:
    lines = text.splitlines()[:LOOKED_AT]
    delimiter = max(DELIMITERS, key=lambda mark: _agreement(lines, mark))
    if _agreement(lines, delimiter) == 0:
        raise UsageError(
            f"{path}: no delimiter of {' '.join(map(repr, DELIMITERS))} splits its lines alike. If it has fixed widths, write the "
            "contract by hand: deliveryFormat {type: fixed_width} and byteWidth of each column, see CONTRIBUTING.md."
        )
    rows = list(islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), MOST_ROWS))
    has_header = _is_header(rows[0], rows[1:])
    names = [name.strip() for name in rows[0]] if has_header else [f"column_{place}" for place in range(1, len(rows[0]) + 1)]
    body = [row for row in rows[has_header:] if len(row) == len(names)]
    layout: dict[str, Any] = {"type": "csv", "encoding": encoding}
    layout |= {"delimiter": delimiter} if delimiter != "," else {}
    layout |= {} if has_header else {"has_header": False}
    return Sample(layout, _by_column([dict(zip(names, row, strict=True)) for row in body], names))


def _agreement(lines: Sequence[str], delimiter: str) -> float:
    """How well a delimiter splits lines alike: the share of lines with the commonest number of fields, if that is more than one."""
    widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
    width, count = widths.most_common(1)[0] if widths else (1, 0)
    return count / len(lines) + width / 1000 if width > 1 else 0


def _is_header(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Titles are all there, differ, hold no number, and none stands again among the values below it."""
    below = [{row[place] for row in rest if place < len(row)} for place in range(len(first))]
    told = all(title.strip() and not title.strip()[0].isdigit() for title in first)
    return told and len(set(first)) == len(first) and not any(title in values for title, values in zip(first, below, strict=True))


def _json(path: Path, text: str, encoding: str) -> Sample:
    """JSON Lines, one array, or the features of a GeoJSON."""
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        found = [json.loads(line) for line in lines[:MOST_ROWS]]
    except json.JSONDecodeError:
        found = []
    if found and all(isinstance(row, dict) for row in found) and not (len(found) == 1 and "features" in found[0]):
        return Sample({"type": "jsonl", "encoding": encoding}, _by_column(map(_flat, found)))
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}: it is no JSON ({error}). Give a whole file below {MOST_BYTES // 2**20} MiB.") from error
    if isinstance(document, dict) and document.get("type") == "FeatureCollection":
        rows = [{**item["properties"], "geometry": json.dumps(item["geometry"])} for item in document["features"][:MOST_ROWS]]
        return Sample(
            {"type": "geojson", "encoding": encoding}, _by_column([{k: _text(v) for k, v in row.items()} for row in rows])
        )
    if isinstance(document, list):
        return Sample({"type": "json", "encoding": encoding}, _by_column(map(_flat, document[:MOST_ROWS])))
    raise UsageError(f"{path}: its JSON is neither an array of rows nor GeoJSON. Write the contract by hand, with record_path.")


def _flat(row: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """A nested object by dotted paths; a list's first item stands for it (``contacts[].phone``)."""
    flat: dict[str, str] = {}
    for name, value in row.items():
        place = f"{prefix}{name}"
        if isinstance(value, dict):
            flat |= _flat(value, f"{place}.")
        elif isinstance(value, list):
            first = value[0] if value else ""
            flat |= _flat(first, f"{place}[].") if isinstance(first, dict) else {f"{place}[]": _text(first)}
        else:
            flat[place] = _text(value)
    return flat


def _parquet(path: Path) -> Sample:
    with pq.ParquetFile(path) as file:
        rows = next(file.iter_batches(MOST_ROWS), None)
        names = file.schema_arrow.names
    return Sample({"type": "parquet"}, _by_column(rows.to_pylist() if rows else [], names))


def _workbook(path: Path) -> Sample:
    """The first sheet. Merged cells above the last row of titles make titles of several rows."""
    with path.open("rb") as stream:
        sheet = openpyxl.load_workbook(stream, data_only=True).worksheets[0]
    merged = [area for area in sheet.merged_cells.ranges if area.min_row <= MOST_HEADER_ROWS]
    header_rows = max((area.max_row + (area.min_row == area.max_row) for area in merged), default=1)
    titles = {
        (row, column): sheet.cell(row, column).value
        for row in range(1, header_rows + 1)
        for column in range(1, sheet.max_column + 1)
    }
    for area in merged:
        titles |= {cell: sheet.cell(area.min_row, area.min_col).value for cell in area.cells if cell in titles}
    names = []
    for column in range(1, sheet.max_column + 1):
        steps = [_text(titles[row, column]).strip() for row in range(1, header_rows + 1)]
        names.append("/".join(dict.fromkeys(step for step in steps if step)))
    body = islice(sheet.iter_rows(min_row=header_rows + 1, values_only=True), MOST_ROWS)
    layout: dict[str, Any] = {"type": "xlsx"} | ({"header_rows": header_rows} if header_rows > 1 else {})
    return Sample(layout, _by_column([dict(zip(names, row, strict=False)) for row in body], names))


def _xml(path: Path) -> Sample:
    """The element that comes most often among those with children is taken for a row."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.parse(path, parser).getroot()
    prefixes = {address: prefix or "n" for element in root.iter() for prefix, address in element.nsmap.items()}
    counts = Counter(_path(element, root, prefixes) for element in root.iter(etree.Element) if len(element) and element is not root)
    if not counts:
        raise UsageError(f"{path}: no element of it looks like a row. Write the contract by hand, with record_path.")
    record_path = min(counts, key=lambda name: (-counts[name], name.count("/")))
    records = [element for element in root.iter(etree.Element) if _path(element, root, prefixes) == record_path][:MOST_ROWS]
    layout = {"type": "xml", "record_path": record_path, "namespaces": {prefix: address for address, prefix in prefixes.items()}}
    return Sample(layout, _by_column([dict(_leaves(record, prefixes)) for record in records]))


def _leaves(element: Any, prefixes: Mapping[str, str], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in element.attrib.items():
        yield f"{above}@{_prefixed(name, prefixes)}", value
    for child in element.iterchildren(etree.Element):
        place = f"{above}{_prefixed(child.tag, prefixes)}"
        if len(child) or child.attrib:
            yield from _leaves(child, prefixes, f"{place}/")
        if not len(child):
            yield place, child.text or ""


def _path(element: Any, root: Any, prefixes: Mapping[str, str]) -> str:
    steps = [_prefixed(element.tag, prefixes)]
    while element is not root:
        element = element.getparent()
        steps.append(_prefixed(element.tag, prefixes))
    return "/".join(reversed(steps))


def _prefixed(tag: str, prefixes: Mapping[str, str]) -> str:
    address, _, name = tag.removeprefix("{").rpartition("}")
    return f"{prefixes[address]}:{name}" if address else name


def _by_column(rows: Iterable[Mapping[str, Any]], names: Sequence[str] = ()) -> dict[str, list[str]]:
    """Rows by column; what a row does not have is an empty text."""
    listed = list(rows)
    order = list(names) or list(dict.fromkeys(name for row in listed for name in row))
    return {name: [_text(row.get(name)) for row in listed] for name in order}


def _text(value: Any) -> str:
    return "" if value is None else str(value)
