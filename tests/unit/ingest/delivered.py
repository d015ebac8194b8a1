"""Small files of one made-up dataset in every format, to be written by the samples' writers and read back."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jobs.io.readers import read_rows
from jobs.io.readers.encoding import check_encoding
from jobs.samples.formats import render
from jobs.samples.formats.content import Content
from jobs.samples.streams import texts
from schemas.contract import Column, Contract, LogicalType
from schemas.delivery_format import DeliveryFormat
from schemas.names import DatasetName, Layer

COLUMNS = ("id", "name", "born", "amount", "phones", "member_names", "member_ids")
KINDS: tuple[LogicalType, ...] = ("string", "string", "date", "number", "array", "array", "array")
WIDTHS = (6, 24, 10, 12, 30, 60, 60)

DOTTED = ("id", "person.name", "person.born", "amount", "phones[]", "members[].name", "members[].no")
PLAIN = ("ID", "NAME", "BORN", "AMOUNT", "PHONES[]", "MEMBERS[].a", "MEMBERS[].b")
TITLED = ("编号", "本人/姓名", "本人/出生日期", "金额", "电话[]", "成员[].a", "成员[].b")
ELEMENTS = ("b:No", "b:Person/b:Name", "b:Person/@born", "b:Amount", "b:Phones/b:Phone[]", "b:Member[]/b:Name", "b:Member[]/@no")

B = "urn:test:batch"


@dataclass(frozen=True)
class Case:
    """One format: how its contract describes it, and what it calls its columns."""

    name: str
    layout: Mapping[str, Any]
    names: Sequence[str]
    keeps_null: bool = True

    @property
    def is_positional(self) -> bool:
        return self.layout["type"] == "fixed_width" or self.layout.get("has_header") is False


TRAILER = {"mark": "T", "totals": [{"of": "rows"}, {"of": "AMOUNT"}]}
CASES = (
    Case("csv", {"type": "csv"}, PLAIN, keeps_null=False),
    Case("csv-gb18030", {"type": "csv", "encoding": "gb18030"}, PLAIN, keeps_null=False),
    Case(
        "pipe",
        {"type": "csv", "encoding": "gb18030", "delimiter": "|", "has_header": False, "trailer": TRAILER},
        PLAIN,
        keeps_null=False,
    ),
    Case("fixed", {"type": "fixed_width", "encoding": "gb18030"}, PLAIN, keeps_null=False),
    Case("jsonl", {"type": "jsonl"}, DOTTED),
    Case("json", {"type": "json"}, DOTTED),
    Case("json-below", {"type": "json", "record_path": "batch.rows", "encoding": "gb18030"}, DOTTED),
    Case("geojson", {"type": "geojson"}, PLAIN),
    Case("xml", {"type": "xml", "record_path": "b:Batch/b:Record", "namespaces": {"b": B}}, ELEMENTS),
    Case(
        "xml-gb18030",
        {"type": "xml", "record_path": "b:Batch/b:Record", "namespaces": {"b": B}, "encoding": "gb18030"},
        ELEMENTS,
    ),
    Case("xlsx", {"type": "xlsx", "header_rows": 2, "sheet": "名单"}, TITLED),
    Case("parquet", {"type": "parquet"}, PLAIN),
)
BY_NAME = {case.name: case for case in CASES}

every_format = pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])


def some_formats(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", [pytest.param(BY_NAME[name], id=name) for name in names])


ROWS: tuple[dict[str, str], ...] = (
    {"id": "A1", "name": "王小明", "born": "1990-01-31", "amount": "12.5", "phones": '["13800138000", "13900139000"]'},
    {"id": "A2", "name": "买买提·阿卜杜拉", "amount": "7", "member_names": '["李娜", null]', "member_ids": '["11", "12"]'},
    {"id": "A3", "name": "㛃𬱟ＡＢ１", "born": "2026-03-02"},
)


def contract_of(case: Case, **changed: Any) -> Contract:
    columns = tuple(
        Column(
            name=name,
            physical_name=physical,
            business_name=name,
            logical_type=kind,
            is_key=name == "id",
            is_required=name in ("id", "name"),
            byte_width=width,
        )
        for name, physical, kind, width in zip(COLUMNS, case.names, KINDS, WIDTHS, strict=True)
    )
    values: dict[str, Any] = {
        "path": Path("made_up.odcs.yaml"),
        "dataset": DatasetName("test", "made_up"),
        "layers": (Layer.BRONZE, Layer.SILVER),
        "version": "1.0.0",
        "status": "active",
        "title": "",
        "purpose": "",
        "grain": "",
        "owner": None,
        "columns": columns,
        "quality": (),
        "frequency": None,
        "delivery_format": DeliveryFormat(**copy.deepcopy(dict(case.layout))),
    }
    return Contract(**values | changed)


def content_of(contract: Contract, rows: Sequence[Mapping[str, str]], operations: Sequence[str] | None = None) -> Content:
    assert contract.delivery_format is not None
    columns = {column.physical_name: texts([row.get(column.name, "") for row in rows]) for column in contract.columns}
    return Content(contract, columns, operations, contract.delivery_format.encoding)


def write(case: Case, rows: Sequence[Mapping[str, str]] = ROWS, operations: Sequence[str] | None = None) -> bytes:
    return render(content_of(contract_of(case), rows, operations))


def read(path: Path, contract: Contract, data: bytes, mode: str = "full") -> list[dict[str, Any]]:
    """As the landing step reads a file: its encoding, then all its rows."""
    path.write_bytes(data)
    return list(_read(path, contract, mode))


def _read(path: Path, contract: Contract, mode: str) -> Iterator[dict[str, Any]]:
    assert contract.delivery_format is not None
    check_encoding(path, contract.delivery_format, contract.tolerance)
    for batch in read_rows(path, contract, mode):
        assert batch.schema.names == [*COLUMNS[: len(contract.columns)], "_op", "_row_number", "_raw"]
        yield from batch.to_pylist()


def expected(case: Case, rows: Sequence[Mapping[str, str]] = ROWS) -> list[dict[str, Any]]:
    """What the reader must give for ``rows``: absent is null, or empty where a format cannot tell."""
    found = []
    for row in rows:
        values: dict[str, Any] = {}
        for name, kind in zip(COLUMNS, KINDS, strict=True):
            absent = None if case.keeps_null else "[]" if kind == "array" else ""
            values[name] = row.get(name) or absent
        found.append(values)
    return found


def values(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{name: row[name] for name in COLUMNS} for row in rows]
