"""XLSX: one sheet with merged titles, real dates and numbers, written by hand so that the same rows give the same bytes.

Source: ECMA-376, part 1, 18 (SpreadsheetML).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from openpyxl.utils.cell import get_column_letter
from openpyxl.utils.datetime import to_excel

from jobs.samples.formats.content import Content, cells_of
from schemas.contract import LogicalType

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
DATE_STYLE = 1

PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPE}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{TYPE}.styles+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>'
    ),
    "xl/styles.xml": (
        f'<styleSheet xmlns="{MAIN}"><fonts count="1"><font><sz val="11"/><name val="宋体"/></font></fonts>'
        '<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="2"><xf/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    ),
}
FIRST_MOMENT = (1980, 1, 1, 0, 0, 0)
"""When every part says it was written: the first moment that a zip can name."""

_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{0,5}[1-9])?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def render_excel(content: Content) -> bytes:
    """The bytes of a workbook with one sheet; columns of type date, integer and number hold such cells where they can."""
    cells = cells_of(content)
    if content.operations is not None:
        cells = {content.layout.operation_field: content.operations} | cells
    header_rows = content.layout.header_rows
    kinds = content.logical_types
    titles = titles_in_rows(list(cells), header_rows)
    columns = [[_cell(text, kinds.get(name, "string")) for text in values] for name, values in cells.items()]
    rows = [[_text_cell(title) if title else "" for title in row] for row in titles]
    rows += [list(row) for row in zip(*columns, strict=True)]
    letters = [get_column_letter(place) for place in range(1, len(cells) + 1)]
    written = "".join(_row(number, row, letters) for number, row in enumerate(rows, 1))
    merged = "".join(f'<mergeCell ref="{ref}"/>' for ref in merged_titles(list(cells), header_rows))
    merged = f'<mergeCells count="{merged.count("<")}">{merged}</mergeCells>' if merged else ""
    name = quoteattr(content.layout.sheet or "Sheet1")
    workbook = (
        f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name={name} sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{written}</sheetData>{merged}</worksheet>'
    return _container(PARTS | {"xl/workbook.xml": workbook, "xl/worksheets/sheet1.xml": sheet})


def titles_in_rows(names: Sequence[str], rows: int) -> list[list[str]]:
    """The titles of each header row, the first of merged ones only: ``监护人/姓名`` stands in two rows, ``学籍号`` in the first."""
    steps = [_steps(name, rows) for name in names]
    return [
        [step[row] if place == 0 or step[: row + 1] != steps[place - 1][: row + 1] else "" for place, step in enumerate(steps)]
        for row in range(rows)
    ]


def merged_titles(names: Sequence[str], rows: int) -> list[str]:
    """Titles that several columns share, and titles that go down to the last header row."""
    steps = [_steps(name, rows) for name in names]
    found = []
    for row in range(rows - 1):
        above = [step[: row + 1] for step in steps]
        for first, last in _runs(above):
            if first < last and steps[first][row]:
                found.append(f"{get_column_letter(first + 1)}{row + 1}:{get_column_letter(last + 1)}{row + 1}")
    for place, step in enumerate(steps, 1):
        depth = sum(1 for title in step if title)
        if depth < rows:
            found.append(f"{get_column_letter(place)}{depth}:{get_column_letter(place)}{rows}")
    return found


def _runs(values: Sequence[list[str]]) -> Iterator[tuple[int, int]]:
    """First and last place of equal neighbours."""
    place = 0
    for _, several in groupby(values):
        first, place = place, place + len(list(several))
        yield first, place - 1


def _steps(name: str, rows: int) -> list[str]:
    steps = name.split("/", rows - 1)
    return [*steps, *[""] * (rows - len(steps))]


def _cell(text: str, kind: LogicalType) -> str:
    """A cell without its place; ``{r}`` stands for it."""
    if not text:
        return ""
    if kind == "date" and _DATE.fullmatch(text) and text > "1900-03-01":
        try:
            return f'<c r="{{r}}" s="{DATE_STYLE}"><v>{int(to_excel(date.fromisoformat(text)))}</v></c>'
        except ValueError:
            return _text_cell(text)
    if kind in ("integer", "number") and _NUMBER.fullmatch(text):
        return f'<c r="{{r}}"><v>{text}</v></c>'
    return _text_cell(text)


def _text_cell(text: str) -> str:
    shown = escape(_FORBIDDEN.sub("", text), {"\r": "&#13;"})
    return f'<c r="{{r}}" t="inlineStr"><is><t xml:space="preserve">{shown}</t></is></c>'


def _row(number: int, cells: Sequence[str], letters: Sequence[str]) -> str:
    placed = "".join(cell.replace("{r}", f"{letter}{number}", 1) for cell, letter in zip(cells, letters, strict=True))
    return f'<row r="{number}">{placed}</row>'


def _container(parts: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as container:
        for name, text in parts.items():
            container.writestr(zipfile.ZipInfo(name, FIRST_MOMENT), HEAD + text, zipfile.ZIP_DEFLATED)
    return out.getvalue()
