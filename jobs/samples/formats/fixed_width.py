"""Fixed-width text: fields of so many bytes, filled up with spaces; what is too long is cut after a whole character."""

from __future__ import annotations

from collections.abc import Sequence

from jobs.io.readers.fields import delivered_fields
from jobs.io.readers.fixed_width import OPERATION_WIDTH, field_widths
from jobs.io.text import encode
from jobs.samples.formats.content import Content, cells_of
from jobs.samples.formats.delimited import LINE_END, trailer_line


def render_fixed_width(content: Content) -> bytes:
    """The bytes of a fixed-width file; the operation of a delta is the last byte of its line."""
    fields = delivered_fields(content.contract, content.layout, "full")
    widths = {field.name: width for field, width in zip(fields, field_widths(content.contract, fields, "full"), strict=True)}
    columns = [_padded(values, widths.get(name), content.encoding) for name, values in cells_of(content).items()]
    if content.operations is not None:
        columns.append(_padded(content.operations, OPERATION_WIDTH, content.encoding))
    end = LINE_END.encode("ascii")
    lines = b"".join(b"".join(line) + end for line in zip(*columns, strict=True))
    return lines + encode(trailer_line(content), content.encoding)


def _padded(values: Sequence[str], width: int | None, encoding: str) -> list[bytes]:
    """Values in so many bytes; a column that the contract does not know is as wide as its widest value."""
    written = [encode(value.replace("\r", " ").replace("\n", " "), encoding) for value in values]
    if width is None:
        width = max(map(len, written), default=0)
    return [_cut(text, value, width, encoding).ljust(width) for text, value in zip(written, values, strict=True)]


def _cut(written: bytes, value: str, width: int, encoding: str) -> bytes:
    while len(written) > width:
        value = value[:-1]
        written = encode(value, encoding)
    return written
