"""Every format of delivery: what it may hold comes through, what is wrong with it is said, and a bad row costs no other."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from jobs.io.landing import DeliveryRefusedError, file_blocks
from jobs.samples.deliveries import EXTRA_COLUMN
from jobs.samples.formats import render
from jobs.samples.formats.content import Content
from jobs.samples.streams import texts
from schemas.contract import Contract
from schemas.delivery_format import DeliveryFormat
from schemas.errors import UsageError
from tests.unit.ingest.delivered import (
    BY_NAME,
    ROWS,
    TRAILER,
    Case,
    content_of,
    contract_of,
    every_format,
    expected,
    read,
    some_formats,
    values,
    write,
)

AWKWARD = ('O\'Neil, "Al"', "a|b^c", "<&>", "全角　ＡＢ", "a\\b", "😀𠮷", "=1+1", "007", "1e5", "NaN", "null", "{r}")
SELF_NAMING = ("csv", "csv-gb18030", "jsonl", "json", "json-below", "geojson", "xml", "xlsx", "parquet")
POSITIONAL = ("pipe", "fixed")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "delivered"


def refused(file: Path, contract: Contract, data: bytes, mode: str = "full") -> DeliveryRefusedError:
    with pytest.raises(DeliveryRefusedError) as error:
        read(file, contract, data, mode)
    assert file.name in error.value.reason
    return error.value


@every_format
def test_rows_come_back_as_they_were_delivered(file: Path, case: Case) -> None:
    rows = read(file, contract_of(case), write(case))
    assert values(rows) == expected(case)
    assert [(row["_op"], row["_row_number"], row["_raw"]) for row in rows] == [(None, n, None) for n in (1, 2, 3)]


@every_format
def test_a_delta_says_what_is_done_with_each_row(file: Path, case: Case) -> None:
    rows = read(file, contract_of(case), write(case, operations=["I", "U", "D"]), "delta")
    assert values(rows) == expected(case)
    assert [row["_op"] for row in rows] == ["I", "U", "D"]


@every_format
def test_awkward_text_is_only_text(file: Path, case: Case) -> None:
    delivered = [{"id": f"B{n}", "name": text} for n, text in enumerate(AWKWARD)]
    rows = read(file, contract_of(case), write(case, delivered))
    assert [row["name"] for row in rows] == list(AWKWARD)


@some_formats("csv", "pipe", "jsonl", "json", "geojson", "xml", "xlsx", "parquet")
def test_a_text_may_have_line_ends(file: Path, case: Case) -> None:
    delivered = [{"id": "B1", "name": "一\n二"}, {"id": "B2", "name": "三\r\n四"}, {"id": "B3", "name": "五"}]
    rows = read(file, contract_of(case), write(case, delivered))
    assert [row["name"] for row in rows] == ["一\n二", "三\r\n四", "五"]


@some_formats(*SELF_NAMING)
def test_the_order_of_columns_is_free(file: Path, case: Case) -> None:
    contract = contract_of(case)
    content = content_of(contract, ROWS)
    first, *names = content.columns
    turned = {name: content.columns[name] for name in [*names[2:], *names[:2], first]}
    rows = read(file, contract, render(Content(contract, turned, None, content.encoding)))
    assert values(rows) == expected(case)


@every_format
def test_a_required_column_that_is_missing_stops_the_file(file: Path, case: Case) -> None:
    contract = contract_of(case)
    content = content_of(contract, ROWS)
    left = {name: column for name, column in content.columns.items() if name != case.names[1]}
    assert refused(file, contract, render(Content(contract, left, None, content.encoding))).code == "missing_column"


@every_format
def test_a_column_that_nobody_declared_stops_the_file(file: Path, case: Case) -> None:
    contract = contract_of(case)
    content = content_of(contract, ROWS)
    more = {**content.columns, EXTRA_COLUMN: texts(["备注"] * 3)}
    error = refused(file, contract, render(Content(contract, more, None, content.encoding)))
    assert error.code == "extra_column"
    assert case.is_positional or EXTRA_COLUMN in error.reason


@some_formats(*SELF_NAMING)
def test_a_column_that_nobody_declared_may_be_left_out(file: Path, case: Case) -> None:
    contract = contract_of(case, schema_drift="evolve")
    content = content_of(contract, ROWS)
    more = {**content.columns, EXTRA_COLUMN: texts(["备注"] * 3)}
    assert values(read(file, contract, render(Content(contract, more, None, content.encoding)))) == expected(case)


@some_formats(*SELF_NAMING)
def test_a_renamed_column_is_named(file: Path, case: Case) -> None:
    contract = contract_of(case)
    content = content_of(contract, ROWS)
    old = case.names[1]
    columns = {f"{old}1" if name == old else name: column for name, column in content.columns.items()}
    error = refused(file, contract, render(Content(contract, columns, None, content.encoding)))
    assert error.code == "renamed_column"
    assert f"{old}1" in error.reason


@some_formats("json", "json-below", "geojson", "xml", "xml-gb18030", "xlsx", "parquet")
def test_a_document_that_is_cut_short_is_unreadable_wherever_it_is_cut(file: Path, case: Case) -> None:
    data = write(case).rstrip()
    contract = contract_of(case)
    for end in {1, 2, *range(3, len(data), max(1, len(data) // 40)), len(data) - 1}:
        assert refused(file, contract, data[:end]).code in ("unreadable_file", "wrong_encoding")


@every_format
def test_a_file_of_no_bytes(file: Path, case: Case) -> None:
    if case.name in ("fixed", "jsonl"):
        assert read(file, contract_of(case), b"") == []
    else:
        assert refused(file, contract_of(case), b"").code in ("empty_file", "file_cut_short", "unreadable_file")


@every_format
def test_a_file_without_rows_is_no_fault_of_the_file(file: Path, case: Case) -> None:
    assert read(file, contract_of(case), write(case, [])) == []
    assert read(file, contract_of(case), write(case, [], []), "delta") == []


@some_formats("csv", "pipe", "fixed", "jsonl", "json", "json-below", "geojson", "xml", "xml-gb18030")
def test_another_encoding_than_declared_stops_the_file(file: Path, case: Case) -> None:
    contract = contract_of(case)
    content = content_of(contract, ROWS)
    other = "gb18030" if content.encoding == "utf-8" else "utf-8"
    assert refused(file, contract, render(Content(contract, content.columns, None, other))).code == "wrong_encoding"


@some_formats("csv", "jsonl", "json", "geojson", "xml")
def test_a_byte_order_mark_is_no_text(file: Path, case: Case) -> None:
    assert values(read(file, contract_of(case), b"\xef\xbb\xbf" + write(case))) == expected(case)


@some_formats("csv", "pipe", "fixed", "jsonl", "json", "geojson", "xml", "xml-gb18030")
def test_bytes_that_are_no_text_cost_one_row(file: Path, case: Case) -> None:
    delivered = [{"id": f"B{n:03d}", "name": "王"} for n in range(100)]
    encoding = case.layout.get("encoding", "utf-8")
    good = b"B050"
    data = write(case, delivered).replace(good, b"B0\xff0", 1)
    rows = read(file, contract_of(case), data)
    assert [row["_row_number"] for row in rows] == list(range(1, 101))
    assert [row["id"] for row in rows] == [None if n == 50 else f"B{n:03d}" for n in range(100)]
    assert r"B0\xff0" in rows[50]["_raw"]
    assert "王" in rows[50]["_raw"] or encoding == "gb18030"


UNSPLITTABLE: tuple[tuple[str, bytes, bytes, str], ...] = (
    ("csv", b"A2,", b"A2,,,,,,,", "A2,,,,,,,"),
    ("csv", "李娜^11".encode(), "李娜^11^x".encode(), "李娜^11^x"),
    ("pipe", b"A2|", b"A2|||", "A2|||"),
    ("fixed", b"A2    ", b"A2   ", "A2   "),
    ("fixed", b"A2    ", b"A2       ", "A2      "),
    ("fixed", b"A2    ", b"A2   \x81", "A2   "),
    ("jsonl", b'"id": "A2"', b'"id": {"x": "A2"}', '"id": {"x": "A2"}'),
    ("json", b'"id": "A2"', b'"id": {"x": "A2"}', '"id": {"x": "A2"}'),
    ("json", b'"id": "A2"', b'"id": NaN', '"id": NaN'),
    ("json", b'"id": "A2"', b'"id": "A\\ud800"', '"id": "A\\ud800"'),
    ("json-below", b'"members": [', b'"members": ["x", ', '["x", {"name"'),
    ("geojson", b'"properties": {"ID": "A2"', b'"properties": {"ID": ["A2"]', '"ID": ["A2"]'),
    ("xml", b"<b:No>A2</b:No>", b"<b:No>A2</b:No><b:No>A9</b:No>", "<b:No>A2</b:No><b:No>A9</b:No>"),
    ("xml", b"<b:Record><b:No>A2", b"<b:Record>x<b:No>A2", ">x<b:No>A2"),
)


@pytest.mark.parametrize(("name", "good", "bad", "raw"), UNSPLITTABLE)
def test_a_row_of_another_shape_is_kept_as_it_came_and_costs_no_other(
    file: Path, name: str, good: bytes, bad: bytes, raw: str
) -> None:
    case = BY_NAME[name]
    data = write(case)
    place = data.index(good, data.index(b"A1") if b"A1" in data else 0)
    rows = read(file, contract_of(case), data[:place] + bad + data[place + len(good) :])
    number = next(n for n, row in enumerate(rows) if row["_raw"] is not None)
    assert raw in rows[number]["_raw"]
    assert all(rows[number][column] is None for column in ("id", "name", "_op"))
    others = [place for place in range(3) if place != number]
    assert [values(rows)[place] for place in others] == [expected(case)[place] for place in others]
    assert [row["_row_number"] for row in rows] == [1, 2, 3]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n\r\n"])
def test_the_trailer_is_no_row_and_must_agree(file: Path, end: bytes) -> None:
    case = BY_NAME["pipe"]
    contract, data = contract_of(case), write(case).rstrip() + end
    assert b"\r\nT|3|19.5" in data
    assert len(read(file, contract, data)) == 3
    for wrong in (b"T|4|19.5", b"T|3|19.6", b"T|3", b"T|3|19.5|1", b"T|x|19.5", b"T||19.5"):
        error = refused(file, contract, data.replace(b"T|3|19.5", wrong))
        assert error.code == "control_total_mismatch"
    assert refused(file, contract, data[: data.index(b"T|3")]).code == "file_cut_short"


def test_a_sum_is_not_told_where_a_row_cannot_be_read(file: Path) -> None:
    case = BY_NAME["pipe"]
    data = write(case)
    assert len(read(file, contract_of(case), data.replace(b"|12.5|", b"|l2.5|"))) == 3
    assert len(read(file, contract_of(case), data.replace(b"|12.5|", b"|12.5||"))) == 3
    assert refused(file, contract_of(case), data.replace(b"|12.5|", b"|13.5|")).code == "control_total_mismatch"


def test_thousands_separators_and_full_width_digits_count(file: Path) -> None:
    case = BY_NAME["pipe"]
    delivered = [{"id": "A1", "name": "王", "amount": "1,200.50"}, {"id": "A2", "name": "李", "amount": "３"}]
    data = write(case, delivered)
    assert b"T|2|1203.50" in data
    assert [row["amount"] for row in read(file, contract_of(case), data)] == ["1,200.50", "３"]


def test_fixed_width_also_has_trailers(file: Path) -> None:
    case = Case("fixed", BY_NAME["fixed"].layout | BY_NAME["pipe"].layout | {"type": "fixed_width"}, BY_NAME["fixed"].names)
    data = write(case)
    assert len(read(file, contract_of(case), data)) == 3
    assert refused(file, contract_of(case), data.replace(b"T|3", b"T|2")).code == "control_total_mismatch"


@pytest.mark.parametrize(
    "document",
    [
        '<!DOCTYPE b:Batch [<!ENTITY who "王">]>',
        '<!DOCTYPE b:Batch [<!ENTITY who SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE b:Batch SYSTEM "http://localhost/batch.dtd">',
        '<!DOCTYPE b:Batch [<!ENTITY a "' + "x" * 99 + '"><!ENTITY who "' + "&a;" * 99 + '">]>',
    ],
)
def test_no_document_type_and_no_entity_is_taken(file: Path, document: str) -> None:
    case = BY_NAME["xml"]
    data = write(case).replace(b"?>\n", b"?>\n" + document.encode(), 1)
    assert refused(file, contract_of(case), data).code == "unreadable_file"
    assert refused(file, contract_of(case), data.replace("王小明".encode(), b"&who;")).code == "unreadable_file"
    assert refused(file, contract_of(case), write(case).replace("王小明".encode(), b"&who;")).code == "unreadable_file"


def test_xml_takes_comments_and_nil_and_another_prefix(file: Path) -> None:
    case = BY_NAME["xml"]
    nil = b'<b:Amount xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>'
    data = write(case).replace("王小明".encode(), "王<!-- x -->小<?x y?>明".encode()).replace(b"<b:Amount>7</b:Amount>", nil)
    rows = read(file, contract_of(case), data.replace(b"b:", b"q:").replace(b"xmlns:b=", b"xmlns:q="))
    assert (rows[0]["name"], rows[1]["amount"]) == ("王小明", None)


def test_xml_of_another_root_is_refused(file: Path) -> None:
    case = BY_NAME["xml"]
    assert refused(file, contract_of(case), b"<html><body>502</body></html>").code == "unreadable_file"


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b'[{"id": "A1"},\n{"id" "A2"}]', "line 2"),
        (b'[{"id": "A1"}\n{"id": "A2"}]', "line 2"),
        (b'[{"id": "A1"}]]', "line 1"),
        (b'{"rows": []}', "line 1"),
        (b"[" * 100_000, "line 1"),
        (b'[{"id": "A1"},\n\n' + b'{"id": ' * 100_000, "line 3"),
    ],
)
def test_what_is_no_json_is_refused_with_its_line(file: Path, data: bytes, place: str) -> None:
    error = refused(file, contract_of(BY_NAME["json"]), data)
    assert error.code == "unreadable_file"
    assert place in error.reason


def test_json_numbers_and_control_characters_stay_as_they_were_written(file: Path) -> None:
    data = b'[{"id": 12345678901234567890, "person": {"name": "a\x01b"}, "amount": 1.10}]'
    (row,) = read(file, contract_of(BY_NAME["json"]), data)
    assert (row["id"], row["name"], row["amount"]) == ("12345678901234567890", "a\x01b", "1.10")


def test_a_geometry_is_its_json_text(file: Path) -> None:
    case = Case("geojson", {"type": "geojson"}, ("ID", "NAME", "geometry", "AMOUNT", "P[]", "M[].a", "M[].b"))
    polygon = '{"type":"Polygon","coordinates":[[[117.10,36.6500],[117.2,36.65],[117.2,36.7],[117.10,36.6500]]]}'
    delivered = [{"id": "A1", "name": "一", "born": polygon}, {"id": "A2", "name": "二"}]
    rows = read(file, contract_of(case), write(case, delivered))
    assert [row["born"] for row in rows] == [polygon, None]


def test_where_a_block_ends_makes_no_difference(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("csv", "pipe", "fixed", "jsonl", "json-below", "geojson", "xml-gb18030"):
        case = BY_NAME[name]
        data, whole = write(case), read(file, contract_of(case), write(case))
        for size in (1, 7, 64):
            with monkeypatch.context() as patch:
                _small_blocks(patch, size)
                assert read(file, contract_of(case), data) == whole


def _small_blocks(patch: pytest.MonkeyPatch, size: int) -> None:
    def blocks(path: Path, _: int = 0, end: bytes = b"\n") -> Iterator[bytes]:
        return file_blocks(path, size, end)

    for module in ("delimited", "fixed_width", "json_lines", "json_text", "xml_records"):
        patch.setattr(f"jobs.io.readers.{module}.file_blocks", blocks)


def test_a_piece_without_end_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.io.landing.LONGEST_PIECE", 1000)
    assert refused(file, contract_of(BY_NAME["csv"]), b"x" * 5_000_000).code == "unreadable_file"


def test_columns_that_share_a_field_must_follow_one_another(file: Path) -> None:
    case = BY_NAME["csv"]
    turned = Case("csv", case.layout, [*case.names[:4], case.names[5], case.names[4], case.names[6]])
    with pytest.raises(UsageError, match="must follow one another"):
        read(file, contract_of(turned), b"ID\n")


@pytest.mark.parametrize("layout", [{"type": "xml"}, {"type": "jsonl", "trailer": TRAILER}, {"type": "xlsx", "trailer": TRAILER}])
def test_a_contract_that_cannot_be_read_by_is_refused_at_once(layout: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"record_path|has no trailer"):
        DeliveryFormat(**layout)
