"""Delivered bytes: how the departments' systems write each format; what `jobs.io.readers` reads back."""

from __future__ import annotations

from collections.abc import Callable

from jobs.samples.formats.content import Content
from jobs.samples.formats.delimited import render_delimited
from jobs.samples.formats.excel import render_excel
from jobs.samples.formats.fixed_width import render_fixed_width
from jobs.samples.formats.json_documents import render_geojson, render_json_array, render_json_lines
from jobs.samples.formats.parquet import render_parquet
from jobs.samples.formats.xml import render_xml
from schemas.delivery_format import FileType

RENDERERS: dict[FileType, Callable[[Content], bytes]] = {
    "csv": render_delimited,
    "fixed_width": render_fixed_width,
    "jsonl": render_json_lines,
    "json": render_json_array,
    "geojson": render_geojson,
    "xml": render_xml,
    "xlsx": render_excel,
    "parquet": render_parquet,
}
"""Writer of each ``deliveryFormat.type``."""

EXTENSIONS: dict[FileType, str] = {"fixed_width": "txt"}
"""What files of a format are called; by its name, if it is not here."""

BINARY: frozenset[FileType] = frozenset({"xlsx", "parquet"})
"""Formats that have no encoding."""


def render(content: Content) -> bytes:
    """The bytes of the data file."""
    return RENDERERS[content.layout.type](content)


def file_name(content: Content) -> str:
    """What the data file is called."""
    layout = content.layout
    is_plain_text = layout.type == "csv" and not layout.has_header
    extension = "txt" if is_plain_text else EXTENSIONS.get(layout.type, layout.type)
    return f"{content.contract.dataset.table}.{extension}"
