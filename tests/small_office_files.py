"""Writes one short list in every format there is, for tests of deliveries. Not the code that writes the synthetic country."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

NAMESPACE = "urn:small-office"
WIDTHS = {"BH": 4, "MC": 8, "RQ": 10}
OPERATION_WIDTH, OTHER_WIDTH = 1, 6

Record = dict[str, str]


@dataclass(frozen=True)
class Form:
    """A format: what the contract says of it, the delivered names of number, title and date, and how a file is written."""

    layout: Mapping[str, Any]
    names: tuple[str, str, str]
    write: Callable[[Sequence[str], Sequence[Record], str], bytes]
    operation: str = "op"


def _csv(names: Sequence[str], rows: Sequence[Record], encoding: str) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def _fixed_width(names: Sequence[str], rows: Sequence[Record], encoding: str) -> bytes:
    widths = WIDTHS | {"op": OPERATION_WIDTH}
    lines = [b"".join(row[name].encode(encoding).ljust(widths.get(name, OTHER_WIDTH)) for name in names) for row in rows]
    return b"".join(line + b"\n" for line in lines)


def _documents(rows: Sequence[Record]) -> list[dict[str, Any]]:
    documents = []
    for row in rows:
        document: dict[str, Any] = {}
        for path, value in row.items():
            *outer, last = path.split(".")
            place = document
            for step in outer:
                place = place.setdefault(step, {})
            place[last] = value
        documents.append(document)
    return documents


def _json_lines(_: Sequence[str], rows: Sequence[Record], encoding: str) -> bytes:
    return "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in _documents(rows)).encode(encoding)


def _json(_: Sequence[str], rows: Sequence[Record], encoding: str) -> bytes:
    return json.dumps(_documents(rows), ensure_ascii=False, indent=1).encode(encoding)


def _geojson(_: Sequence[str], rows: Sequence[Record], encoding: str) -> bytes:
    features = [{"type": "Feature", "properties": row, "geometry": None} for row in rows]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode(encoding)


def _xml(names: Sequence[str], rows: Sequence[Record], encoding: str) -> bytes:
    records = ["".join(f"<{name}>{row[name]}</{name}>" for name in names) for row in rows]
    body = "".join(f"<o:row>{record}</o:row>" for record in records)
    return f'<?xml version="1.0" encoding="{encoding}"?><o:list xmlns:o="{NAMESPACE}">{body}</o:list>'.encode(encoding)


def _xlsx(names: Sequence[str], rows: Sequence[Record], _: str) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    titles = [name.partition("/") for name in names]
    for line in ([upper for upper, _, _ in titles], [lower for _, _, lower in titles], *([row[n] for n in names] for row in rows)):
        sheet.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _parquet(names: Sequence[str], rows: Sequence[Record], _: str) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in names}), out)
    return out.getvalue()


PLAIN = ("BH", "MC", "RQ")
FORMS: dict[str, Form] = {
    "csv": Form({"type": "csv", "encoding": "gb18030"}, PLAIN, _csv),
    "fixed_width": Form({"type": "fixed_width", "encoding": "gb18030", "has_header": False}, PLAIN, _fixed_width),
    "jsonl": Form({"type": "jsonl"}, ("number", "entry.title", "entry.date"), _json_lines),
    "json": Form({"type": "json"}, ("number", "entry.title", "entry.date"), _json),
    "geojson": Form({"type": "geojson"}, PLAIN, _geojson),
    "xml": Form(
        {"type": "xml", "record_path": "o:list/o:row", "namespaces": {"o": NAMESPACE}, "operation_field": "o:op"},
        ("o:number", "o:title", "o:date"),
        _xml,
        "o:op",
    ),
    "xlsx": Form({"type": "xlsx", "header_rows": 2}, ("编号", "登记/名称", "登记/日期"), _xlsx),
    "parquet": Form({"type": "parquet"}, PLAIN, _parquet),
}
