"""Readers: any text comes through unchanged, and a row that cannot be split costs no other row."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.io import landing
from jobs.io.readers import read_rows
from jobs.io.readers.delimited import Grammar, Splitter
from jobs.io.readers.record_hash import record_hashes
from jobs.io.text import encode, repair
from schemas.catalog import Catalog
from schemas.contract import Column, Contract
from schemas.delivery_format import DeliveryFormat

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\ufeff"), max_size=12).map(repair)
"""Any text but the private-use characters that the 2022 edition of GB 18030 reads as the real ones."""
QUOTED_CELLS = st.text(st.sampled_from('ab|,"\r\n王\\\t\0'), max_size=6)


@pytest.fixture(scope="module")
def contract(catalog: Catalog) -> Contract:
    columns = tuple(
        Column(name=name, physical_name=name.upper(), business_name="", logical_type="string", is_required=name == "a")
        for name in ("a", "b", "c")
    )
    return catalog.sources[0].model_copy(update={"columns": columns})


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("readers") / "file"


def read(file: Path, contract: Contract, data: bytes, mode: str = "full", **layout: Any) -> list[dict[str, Any]]:
    file.write_bytes(data)
    delivered = contract.model_copy(update={"delivery_format": DeliveryFormat(**{"type": "csv"} | layout)})
    return [row for batch in read_rows(file, delivered, mode) for row in batch.to_pylist()]


def values(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(row["a"], row["b"], row["c"]) for row in rows]


@pytest.mark.parametrize("delimiter", [",", "|", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS) | st.tuples(QUOTED_CELLS, QUOTED_CELLS, QUOTED_CELLS), max_size=6),
    strict=st.booleans(),
)
def test_any_text_comes_through_csv_unchanged(
    file: Path, contract: Contract, encoding: str, delimiter: str, rows: list[tuple[str, str, str]], strict: bool
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL if strict else csv.QUOTE_MINIMAL)
    writer.writerows([("A", "B", "C"), *rows])
    found = read(file, contract, encode(out.getvalue(), encoding), encoding=encoding, delimiter=delimiter)
    assert values(found) == rows
    assert [row["_row_number"] for row in found] == list(range(1, len(rows) + 1))
    assert {row["_raw"] for row in found} <= {None}


@given(rows=st.lists(st.tuples(QUOTED_CELLS, QUOTED_CELLS, QUOTED_CELLS), max_size=8), size=st.integers(1, 40))
def test_where_a_block_ends_makes_no_difference(
    file: Path, contract: Contract, rows: list[tuple[str, str, str]], size: int
) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)
    grammar = Grammar(",")
    file.write_bytes(out.getvalue().encode())
    splitter = Splitter(grammar, 3)
    blocks = list(landing.file_blocks(file, size))
    found = [record for n, block in enumerate(blocks) for record in splitter.split(block, is_last=n == len(blocks) - 1).single]
    assert [tuple(grammar.fields(record)) for record in found] == rows


@given(data=st.binary(max_size=200))
def test_no_bytes_whatever_break_the_csv_reader(file: Path, contract: Contract, data: bytes) -> None:
    for encoding in ("utf-8", "gb18030"):
        rows = read(file, contract, b"A,B,C\n1,2,3\n" + data + b"\n4,5,6\n", encoding=encoding)
        assert values(rows)[0] == ("1", "2", "3")
        assert values(rows)[-1] == ("4", "5", "6") or b'"' in data
        for row in rows:
            assert (row["_raw"] is None) == (row["a"] is not None)


@pytest.mark.parametrize(
    ("line", "raw"),
    [
        (b"1,2", "1,2"),
        (b"1,2,3,4", "1,2,3,4"),
        (b'1,"2,3', '1,"2,3'),
        (b'"1"x,2,3', '"1"x,2,3'),
        (b'1,2,"3"x', '1,2,"3"x'),
        (b'"1,2,3', '"1,2,3'),
        (b"1,\xff,3", r"1,\xff,3"),
        (b'1,"\xff",3', r'1,"\xff",3'),
        (b"\x00", "\x00"),
    ],
)
def test_a_row_that_cannot_be_split_costs_no_neighbour(file: Path, contract: Contract, line: bytes, raw: str) -> None:
    good = b'g,"h,\r\nh",i\r\n'
    rows = read(file, contract, b"A,B,C\r\na,b,c\r\n" + good + line + b"\r\nd,e,f\r\n" + good)
    expected = [("a", "b", "c"), ("g", "h,\r\nh", "i"), (None, None, None), ("d", "e", "f"), ("g", "h,\r\nh", "i")]
    assert values(rows) == expected
    assert [row["_raw"] for row in rows] == [None, None, raw, None, None]
    assert [row["_row_number"] for row in rows] == [1, 2, 3, 4, 5]


def test_a_quote_that_is_never_closed_does_not_swallow_the_file(
    file: Path, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.io.readers.delimited.RECORD_LIMIT", 100)
    blocks = [f"{n},b,c\n".encode() * 10 for n in range(20)]
    splitter = Splitter(Grammar(","), 3)
    found = [splitter.split(block, is_last=False) for block in [b'0,"b,c\n', *blocks]]
    assert sum(records.plain.count for records in found) == 200
    found.append(splitter.split(b"x,y,z\n", is_last=True))
    assert sum(records.plain.count for records in found) == 201
    assert [record for records in found for record in records.bad] == ['0,"b,c']


def test_a_second_byte_that_looks_like_a_delimiter_or_a_backslash_is_none(file: Path, contract: Contract) -> None:
    cells = [bytes([lead, trail]) for trail in (0x7C, 0x5C) for lead in range(0x81, 0xFE)]
    data = b"A|B|C\n" + b"".join(cell + b"|x|y\n" for cell in cells)
    rows = read(file, contract, data, encoding="gb18030", delimiter="|")
    assert [encode(row["a"], "gb18030") for row in rows] == cells


def test_blank_lines_are_no_rows_and_the_last_line_needs_no_end(file: Path, contract: Contract) -> None:
    assert values(read(file, contract, b"A,B,C\n\n1,2,3\r\n\r\n4,5,")) == [("1", "2", "3"), ("4", "5", "")]


def test_quotes_and_control_characters_within_a_field_are_text(file: Path, contract: Contract) -> None:
    data = b'A,B,C\n5" pipe,\x00\x1b,a\rb\n'
    assert values(read(file, contract, data)) == [('5" pipe', "\x00\x1b", "a\rb")]


def test_the_operation_of_a_delta_and_the_order_of_columns(file: Path, contract: Contract) -> None:
    (row,) = read(file, contract, b"op, C ,A,B\nD,3,1,2\n", mode="delta")
    assert (row["_op"], *values([row])[0]) == ("D", "1", "2", "3")


JSON_TEXT = st.text(max_size=12)


@given(rows=st.lists(st.tuples(JSON_TEXT, JSON_TEXT | st.none(), st.lists(JSON_TEXT, max_size=3)), max_size=6))
def test_any_text_comes_through_json_unchanged(
    file: Path, contract: Contract, rows: list[tuple[str, str | None, list[str]]]
) -> None:
    nested = with_paths(contract, "a", "p.b", "l[].c")
    lines = [
        json.dumps({"a": a, "p": {} if b is None else {"b": b}, "l": [{"c": c} for c in cs]}, ensure_ascii=n % 2 == 0)
        for n, (a, b, cs) in enumerate(rows)
    ]
    data = "".join(f"{line}\n" for line in lines).encode()
    found = read(file, nested, data, type="jsonl")
    assert [(row["a"], row["b"], json.loads(row["c"])) for row in found] == rows


def with_paths(contract: Contract, *paths: str) -> Contract:
    columns = tuple(c.model_copy(update={"physical_name": path}) for c, path in zip(contract.columns, paths, strict=True))
    return contract.model_copy(update={"columns": columns})


@pytest.mark.parametrize(
    "line",
    [
        b'{"a": "1"',
        b"[1]",
        b'"a"',
        b'{"a": {"x": 1}}',
        b'{"a": "1", "p": "x"}',
        b'{"a": "1", "l": {"c": 1}}',
        b'{"a": "1", "l": ["x"]}',
        b'{"a": NaN}',
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
        b'{"a": "1"} {"a": "2"}',
    ],
)
def test_a_line_that_is_not_such_an_object_costs_no_neighbour(file: Path, contract: Contract, line: bytes) -> None:
    nested = with_paths(contract, "a", "p.b", "l[].c")
    rows = read(file, nested, b'{"a": "x"}\n' + line + b'\n\n{"a": "y"}\n', type="jsonl")
    assert [row["a"] for row in rows] == ["x", None, "y"]
    assert [row["_raw"] for row in rows] == [None, line.decode("utf-8", "backslashreplace"), None]
    assert [row["_row_number"] for row in rows] == [1, 2, 3]


def test_values_of_json_keep_the_text_they_were_written_with(file: Path, contract: Contract) -> None:
    nested = with_paths(contract, "a", "p.b", "l[].c")
    lines = [
        b'\xef\xbb\xbf{"a": 1.10, "p": {"b": true}, "l": [{"c": 13800138000}, {"d": null, "c": null}, {}]}',
        b'{"a": "", "p": null, "l": []}',
    ]
    evolving = nested.model_copy(update={"schema_drift": "evolve"})
    rows = read(file, evolving, b"\n".join(lines), type="jsonl")
    assert values(rows) == [("1.10", "true", '["13800138000", null, null]'), ("", None, "[]")]


def test_equal_rows_have_equal_hashes_and_no_others(file: Path, contract: Contract) -> None:
    file.write_bytes(b'A,B,C\nab,c,\na,bc,\n"1:a",,\n,1:a,\nab,c,\nx,y\nx,z\n')
    delivered = contract.model_copy(update={"delivery_format": DeliveryFormat(type="csv")})
    (batch,) = read_rows(file, delivered, "full")
    hashes = record_hashes(batch, ["a", "b", "c"]).to_pylist()
    assert len(hashes) == 7
    assert len(set(hashes)) == 6
    assert hashes[0] == hashes[4]
    assert {len(value) for value in hashes} == {64}
