"""Delimited text: RFC 4180 quoting; the operation of a delta stands first under a header, last without one."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from decimal import Decimal

from jobs.io.readers.trailer import ROWS, number_of
from jobs.io.text import encode
from jobs.samples.formats.content import Content, cells_of

LINE_END = "\r\n"
UTF8_MARK = b"\xef\xbb\xbf"


def render_delimited(content: Content) -> bytes:
    """The bytes of a CSV file, or of one with another delimiter."""
    layout = content.layout
    cells = cells_of(content)
    if content.operations is not None:
        operation: dict[str, Sequence[str]] = {layout.operation_field: content.operations}
        cells = operation | cells if layout.has_header else cells | operation
    out = io.StringIO()
    writer = csv.writer(out, delimiter=layout.delimiter, lineterminator=LINE_END)
    if layout.has_header:
        writer.writerow(cells)
    writer.writerows(zip(*cells.values(), strict=True))
    out.write(trailer_line(content))
    mark = UTF8_MARK if content.encoding == "utf-8-sig" else b""
    return mark + encode(out.getvalue(), content.encoding)


def trailer_line(content: Content) -> str:
    """The line with the control totals; empty if the contract has no trailer."""
    trailer = content.layout.trailer
    if trailer is None:
        return ""
    totals = [str(content.rows) if total.of == ROWS else _sum(content, total.of) for total in trailer.totals]
    return content.layout.delimiter.join([trailer.mark, *totals]) + LINE_END


def _sum(content: Content, name: str) -> str:
    """The sum of a column; what is no number counts nothing, and a column that was left out is nothing."""
    values = content.columns.get(name, ())
    return format(sum((number_of(text) or Decimal(0) for text in values), Decimal(0)), "f")
