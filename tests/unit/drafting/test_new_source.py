"""A contract drafted from a sample says of the file what is sure, guesses the rest, and marks what a person must write."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.drafting.draft import TO_FILL_IN, draft_contract
from jobs.drafting.profile import guess, is_citizen_id, is_credit_code
from jobs.drafting.sample import read_sample
from jobs.io.readers import read_rows
from schemas.catalog import Catalog
from schemas.contract import Contract, load_contract
from schemas.errors import UsageError
from schemas.names import DatasetName, Layer
from tests.landing_area import household

DATASET = DatasetName("education", "school")
HEADER = ["XXBM", "XXMC", "XB", "JXNY", "DH"]
ROWS = [[f"S{n:03d}", f"第{n}中学", "12"[n % 2], f"19{50 + n}0901", f"1380013{n:04d}"] for n in range(12)]


def as_csv(rows: list[list[str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


def draft(tmp_path: Path, catalog: Catalog, data: bytes, name: str = "sample.txt") -> tuple[Contract, tuple[str, ...]]:
    file = tmp_path / name
    file.write_bytes(data)
    drafted = draft_contract(DATASET, file, catalog, tmp_path / "contracts")
    return load_contract(drafted.path, DATASET, (Layer.BRONZE, Layer.SILVER, Layer.QUARANTINE)), drafted.to_look_at


@pytest.mark.parametrize(
    ("encoding", "delimiter", "rows", "expected"),
    [
        ("gb18030", ",", [HEADER, *ROWS], {"encoding": "gb18030", "delimiter": ",", "has_header": True}),
        ("utf-8-sig", "|", [HEADER, *ROWS], {"encoding": "utf-8-sig", "delimiter": "|", "has_header": True}),
        ("utf-8", "\t", ROWS, {"encoding": "utf-8", "delimiter": "\t", "has_header": False}),
    ],
)
def test_delimited_text_is_told_apart(
    tmp_path: Path, catalog: Catalog, encoding: str, delimiter: str, rows: list[list[str]], expected: dict[str, object]
) -> None:
    contract, _ = draft(tmp_path, catalog, as_csv(rows, delimiter).encode(encoding))
    assert contract.delivery_format is not None
    assert {name: getattr(contract.delivery_format, name) for name in expected} == expected
    assert len(contract.columns) == len(HEADER)


def test_a_draft_reads_the_sample_it_was_made_from(tmp_path: Path, catalog: Catalog) -> None:
    contract, to_look_at = draft(tmp_path, catalog, as_csv([HEADER, *ROWS]).encode("gb18030"))
    assert sum(batch.num_rows for batch in read_rows(tmp_path / "sample.txt", contract, "full")) == len(ROWS)
    assert contract.keys == ("xxbm",)
    assert {c.name: (c.semantic_type, c.code_table) for c in contract.columns}["sex_code"] == ("code", "sex_gbt_2261_1")
    assert contract.column("jxny").logical_type == "date"
    assert (contract.title, contract.status) == (TO_FILL_IN, "draft")
    assert any("key: xxbm was taken, but xxmc" in line for line in to_look_at)
    with pytest.raises(UsageError, match="is there already"):
        draft(tmp_path, catalog, b"a,b\n1,2\n")


def test_columns_of_other_contracts_are_called_as_there(tmp_path: Path, catalog: Catalog) -> None:
    rows = [household(number) for number in range(5)]
    text = as_csv([list(rows[0]), *(list(row.values()) for row in rows)])
    contract, _ = draft(tmp_path, catalog, text.encode())
    original = catalog.find("public_security/household_register")
    assert [column.name for column in contract.columns] == [column.name for column in original.columns]
    assert [column.semantic_type for column in contract.columns] == [column.semantic_type for column in original.columns]


def json_lines(path: Path) -> None:
    rows = [{"id": str(n), "person": {"name": "王伟"}, "contacts": [{"phone": "13800138000"}]} for n in range(3)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def json_array(path: Path) -> None:
    path.write_text(json.dumps([{"id": n, "person": {"name": "王伟"}} for n in range(3)], ensure_ascii=False), encoding="utf-8")


def geojson(path: Path) -> None:
    feature = {"type": "Feature", "properties": {"code": "1"}, "geometry": {"type": "Point", "coordinates": [1, 2]}}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")


def xml(path: Path) -> None:
    record = '<a:record no="1"><a:name>王伟</a:name><a:mother><a:id>1</a:id></a:mother></a:record>'
    path.write_text(f'<?xml version="1.0"?><a:batch xmlns:a="urn:a">{record * 3}</a:batch>', encoding="utf-8")


def workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["学籍号", "学生", None], [None, "姓名", "性别"], ["001", "王伟", "1"], ["002", "李娜", "2"]):
        sheet.append(row)
    sheet.merge_cells("A1:A2")
    sheet.merge_cells("B1:C1")
    book.save(path)


def parquet(path: Path) -> None:
    pq.write_table(pa.table({"nsrsbh": ["1", "2"], "nsrmc": ["甲", "乙"]}), path)


@pytest.mark.parametrize(
    ("write", "layout", "columns"),
    [
        (json_lines, {"type": "jsonl"}, ["id", "person.name", "contacts[].phone"]),
        (json_array, {"type": "json"}, ["id", "person.name"]),
        (geojson, {"type": "geojson"}, ["code", "geometry"]),
        (
            xml,
            {"type": "xml", "record_path": "a:batch/a:record", "namespaces": {"a": "urn:a"}},
            ["@no", "a:name", "a:mother/a:id"],
        ),
        (workbook, {"type": "xlsx", "header_rows": 2}, ["学籍号", "学生/姓名", "学生/性别"]),
        (parquet, {"type": "parquet"}, ["nsrsbh", "nsrmc"]),
    ],
)
def test_every_format_is_told_apart(
    tmp_path: Path, catalog: Catalog, write: Callable[[Path], None], layout: dict[str, object], columns: list[str]
) -> None:
    file = tmp_path / "sample"
    write(file)
    sample = read_sample(file)
    assert layout.items() <= sample.layout.items()
    assert list(sample.columns) == columns
    drafted = draft_contract(DATASET, file, catalog, tmp_path / "contracts")
    assert [column.physical_name for column in drafted.columns] == columns


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\xff\xff\xff\n\xff", "neither UTF-8 nor GB 18030"),
        (b"0001ABC\n0002DEF\n", "no delimiter"),
        (b'{"a": ', "no JSON"),
        (b"PAR1 no parquet", "Give one that opens"),
        (b"PK\x03\x04 no workbook", "Give one that opens"),
        (b"<a><b>", "Give one that opens"),
    ],
)
def test_what_cannot_be_told_is_said(tmp_path: Path, catalog: Catalog, data: bytes, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        draft(tmp_path, catalog, data)


@pytest.mark.parametrize(
    ("title", "values", "semantic_type", "logical_type"),
    [
        ("SFZH", ["11010519491231002X", "440524188001010014"], "citizen_id", "string"),
        ("CSRQ", ["19491231", "20000229"], "birth_date", "date"),
        ("DJRQ", ["2026-03-02", "2026/3/2"], "date", "date"),
        ("GXSJ", ["20260302101112", "2026-03-02 10:11:12"], "timestamp", "timestamp"),
        ("HKQH", ["110105", "310115"], "region_code", "string"),
        ("XM", ["王伟", "阿不都·热依木"], "person_name", "string"),
        ("ZZ", ["北京市朝阳区建国路1号", "上海市浦东新区世纪大道2号"], "address", "string"),
        ("BZ", ["", ""], "text", "string"),
        ("NUM", ["20261301", "20260230"], "text", "string"),
    ],
)
def test_meanings_are_guessed_from_values_and_titles(title: str, values: list[str], semantic_type: str, logical_type: str) -> None:
    found = guess(title, values)
    assert (found.semantic_type, found.logical_type) == (semantic_type, logical_type)


def test_check_characters_decide() -> None:
    assert is_citizen_id("11010519491231002X")
    assert not is_citizen_id("110105194912310020")
    assert is_credit_code("91350100M000100Y43")
    assert not is_credit_code("91350100M000100Y44")
