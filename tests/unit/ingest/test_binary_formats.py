"""XLSX and Parquet: what only they can hold, and what only they can get wrong."""

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from jobs.io.landing import DeliveryRefusedError
from tests.unit.ingest.delivered import BY_NAME, COLUMNS, Case, contract_of, read, values, write

EXCEL = BY_NAME["xlsx"]
FLAT = Case("xlsx", {"type": "xlsx"}, ("ID", "NAME", "BORN", "AMOUNT", "PHONES[]", "M[].a", "M[].b"))
FLAT_TITLES = ["ID", "NAME", "BORN", "AMOUNT", "PHONES", "M"]
PARQUET = BY_NAME["parquet"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "delivered"


def book(fill: Callable[[Worksheet], None], titles: list[str] | None = None) -> bytes:
    """A workbook as Excel itself would write it, by openpyxl."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    if titles:
        sheet.append(titles)
    fill(sheet)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def refused(file: Path, case: Case, data: bytes) -> DeliveryRefusedError:
    with pytest.raises(DeliveryRefusedError) as error:
        read(file, contract_of(case), data)
    assert file.name in error.value.reason
    return error.value


def test_openpyxl_sees_what_the_samples_wrote() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(write(EXCEL)))["名单"]
    assert [cell.value for cell in sheet[1]] == ["编号", "本人", None, "金额", "电话", "成员"]
    assert [cell.value for cell in sheet[2]] == [None, "姓名", "出生日期", None, None, None]
    assert {str(merged) for merged in sheet.merged_cells.ranges} == {"A1:A2", "B1:C1", "D1:D2", "E1:E2", "F1:F2"}
    assert [cell.value for cell in sheet[3]][:4] == ["A1", "王小明", datetime(1990, 1, 31), 12.5]  # noqa: DTZ001 - Excel knows no zones


def test_the_same_rows_give_the_same_bytes() -> None:
    for case in (EXCEL, PARQUET):
        assert write(case) == write(case)


@pytest.mark.parametrize(
    ("cell", "number_format", "text"),
    [
        (datetime(2026, 3, 2), None, "2026-03-02"),  # noqa: DTZ001 - Excel knows no zones
        (datetime(2026, 3, 2, 10, 30), None, "2026-03-02T10:30:00"),  # noqa: DTZ001 - Excel knows no zones
        (date(2026, 3, 2), 'yyyy"年"m"月"d"日"', "2026-03-02"),
        (time(10, 30), None, "10:30:00"),
        (46083, "yyyy/mm/dd", "2026-03-02"),
        (46083, "#,##0", "46083"),
        (10**10, "yyyy/mm/dd", "10000000000"),
        (370102199001011234, None, "370102199001011000"),
        (12.0, None, "12"),
        (0.1 + 0.2, None, "0.3"),
        (-1.5, None, "-1.5"),
        (1e20, None, "100000000000000000000"),
        (True, None, "true"),
        ("007", None, "007"),
        ("#N/A", None, "#N/A"),
        ("=1+1", None, None),
        ("  a\n b ", None, "  a\n b "),
    ],
)
def test_a_cell_reads_as_excel_shows_it(file: Path, cell: Any, number_format: str | None, text: str | None) -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.append(["A1", "王", cell])
        if number_format:
            sheet["C2"].number_format = number_format

    (row,) = read(file, contract_of(FLAT), book(fill, FLAT_TITLES))
    assert row["born"] == text


def test_blank_rows_are_none_and_a_cell_under_no_title_costs_its_row(file: Path) -> None:
    def fill(sheet: Worksheet) -> None:
        sheet["A2"], sheet["B2"] = "A1", "王"
        sheet["A5"], sheet["B5"], sheet["H5"] = "A2", "李", "?"
        sheet["A6"], sheet["B6"] = "A3", "张"

    rows = read(file, contract_of(FLAT), book(fill, FLAT_TITLES))
    assert [(row["id"], row["name"], row["_row_number"]) for row in rows] == [("A1", "王", 1), (None, None, 2), ("A3", "张", 3)]
    assert rows[1]["_raw"] == '["A2", "李", null, null, null, null, null, "?"]'


def test_cells_that_are_merged_over_rows_belong_to_each(file: Path) -> None:
    def fill(sheet: Worksheet) -> None:
        for row in (["A1", "王", "2026-03-02"], ["A2"], ["A3"]):
            sheet.append(row)
        sheet.merge_cells("B2:B3")
        sheet.merge_cells("C2:C4")
        sheet["B4"] = "张"

    rows = read(file, contract_of(FLAT), book(fill, FLAT_TITLES))
    assert [(row["name"], row["born"]) for row in rows] == [("王", "2026-03-02"), ("王", "2026-03-02"), ("张", "2026-03-02")]


def test_the_sheet_is_found_by_its_name(file: Path) -> None:
    assert "名单" in refused(file, EXCEL, book(lambda sheet: sheet.append([]), FLAT_TITLES)).reason


def test_dates_of_1904_are_dates_of_1904(file: Path) -> None:
    workbook = openpyxl.Workbook()
    workbook.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    workbook.active.append(FLAT_TITLES)
    workbook.active.append(["A1", "王", date(2026, 3, 2)])
    out = io.BytesIO()
    workbook.save(out)
    assert read(file, contract_of(FLAT), out.getvalue())[0]["born"] == "2026-03-02"


def repacked(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """A container whose parts went through ``change``."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return out.getvalue()


def test_a_zip_bomb_is_not_unpacked(file: Path) -> None:
    def blow_up(name: str, part: bytes) -> bytes:
        return part.replace(b"</sheetData>", b" " * 64_000_000 + b"</sheetData>") if "sheet1" in name else part

    assert "would unpack" in refused(file, EXCEL, repacked(write(EXCEL), blow_up)).reason


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"?>", b'?><!DOCTYPE x [<!ENTITY a "b">]>'),
        (b"</sheetData>", b""),
        (b'<row r="3"', b'<row r="x"'),
        (b'<c r="A3" t="inlineStr"', b'<c r="A3" t="s"><v>9</v></c><c t="inlineStr"'),
        (b'<c r="A3" t="inlineStr"', b'<c r="A3" t="s"><v>-1</v></c><c t="inlineStr"'),
        (b'r="A3"', b'r="ZZZ3"'),
        (b"<mergeCells", b"<mergeCells>" + b'<mergeCell ref="A1:XFD1048576"/>' * 500 + b"</mergeCells><x"),
    ],
)
def test_a_sheet_of_another_making_is_refused(file: Path, old: bytes, new: bytes) -> None:
    data = repacked(write(EXCEL), lambda name, part: part.replace(old, new, 1) if "sheet1" in name else part)
    assert refused(file, EXCEL, data).code == "unreadable_file"


def table(**columns: pa.Array) -> bytes:
    rows = len(next(iter(columns.values())))
    names = ("ID", "NAME", "BORN", "AMOUNT", "PHONES", "MEMBERS")
    out = io.BytesIO()
    pq.write_table(pa.table({name: columns.get(name, pa.nulls(rows, pa.string())) for name in names}), out)
    return out.getvalue()


MOMENT = datetime(2026, 3, 2, 10, 30)  # noqa: DTZ001 - a timestamp without a zone is what is tested


@pytest.mark.parametrize(
    ("values_", "texts"),
    [
        (pa.array([date(2026, 3, 2), None]), ["2026-03-02", None]),
        (pa.array([MOMENT, None], pa.timestamp("ns")), ["2026-03-02 10:30:00", None]),
        (pa.array([MOMENT.replace(microsecond=120000)], pa.timestamp("us")), ["2026-03-02 10:30:00.12"]),
        (pa.array([MOMENT.replace(tzinfo=UTC)], pa.timestamp("us", "Asia/Shanghai")), ["2026-03-02 18:30:00+08:00"]),
        (pa.array([1, -2]), ["1", "-2"]),
        (pa.array([1.0, 0.1, 1e20, None]), ["1", "0.1", "100000000000000000000", None]),
        (pa.array([Decimal("1.50")]), ["1.50"]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array(["王", "王"]).dictionary_encode(), ["王", "王"]),
        (pa.array(["王"], pa.large_string()), ["王"]),
        (pa.array(["王".encode()]), ["王"]),
        (pa.array([{"x": 1}]), ['{"x": 1}']),
    ],
)
def test_a_column_of_any_type_is_written_as_a_person_would(file: Path, values_: pa.Array, texts: list[str | None]) -> None:
    rows = read(file, contract_of(PARQUET), table(ID=pa.array(["A"] * len(values_)), BORN=values_))
    assert [row["born"] for row in rows] == texts


def test_numbers_in_lists_are_texts_and_nulls_stay(file: Path) -> None:
    members = pa.array([[{"a": "李", "b": 1}, {"a": None, "b": 2}], []])
    data = table(ID=pa.array(["A", "B"]), PHONES=pa.array([[13800138000, None], None]), MEMBERS=members)
    rows = values(read(file, contract_of(PARQUET), data))
    assert [[row[name] for name in COLUMNS[4:]] for row in rows] == [
        ['["13800138000", null]', '["李", null]', '["1", "2"]'],
        [None, "[]", "[]"],
    ]


def test_bytes_that_are_no_text_cost_one_row_of_parquet(file: Path) -> None:
    names = pa.array(["王".encode(), b"\xff\xfe", "李".encode()])
    rows = read(file, contract_of(PARQUET), table(ID=pa.array(["A", "B", "C"]), NAME=names))
    assert [(row["id"], row["name"], row["_row_number"]) for row in rows] == [("A", "王", 1), (None, None, 2), ("C", "李", 3)]
    assert rows[1]["_raw"] == r'["B", "\xff\xfe", null, null, null, null]'
