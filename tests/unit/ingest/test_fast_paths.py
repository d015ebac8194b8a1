"""What Arrow reads a block at a time and what is read row by row are the same rows."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.io.readers import delimited, fixed_width, json_objects, read_rows
from schemas.contract import Column, Contract, LogicalType
from schemas.delivery_format import DeliveryFormat
from tests.unit.ingest.delivered import BY_NAME, contract_of

LINES = st.lists(
    st.sampled_from(
        [b"1,2,3", b"x,,", b"", b"\r", b"1,2", b"1,2,3,4", b'"1",2,3', b'"1,\n",2,3', b"a\rb,c,d", b"\xff,2,3", "王,李,㛃".encode()]
    ),
    max_size=8,
)
VALUES = (
    st.none() | st.text(max_size=4) | st.integers(-2, 2) | st.booleans() | st.lists(st.none() | st.text(max_size=2), max_size=2)
)
OBJECTS = st.fixed_dictionaries(
    {},
    optional={"a": VALUES, "n": VALUES, "p": st.fixed_dictionaries({}, optional={"b": VALUES}) | VALUES, "l": VALUES, "x": VALUES},
)


@pytest.fixture(scope="module")
def contract() -> Contract:
    named: tuple[tuple[str, str, LogicalType], ...]
    named = (("a", "a", "string"), ("b", "p.b", "string"), ("n", "n", "integer"), ("c", "l[]", "array"))
    columns = tuple(Column(name=name, physical_name=path, business_name="", logical_type=kind) for name, path, kind in named)
    return contract_of(BY_NAME["jsonl"]).model_copy(update={"columns": columns, "schema_drift": "evolve"})


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fast") / "file"


def read(file: Path, contract: Contract, data: bytes, **layout: Any) -> list[dict[str, Any]]:
    file.write_bytes(data)
    delivered = contract.model_copy(update={"delivery_format": DeliveryFormat(**layout)})
    return [row for batch in read_rows(file, delivered, "full") for row in batch.to_pylist()]


@given(lines=LINES, end=st.sampled_from([b"\n", b"\r\n"]))
def test_delimited_lines_split_together_or_one_by_one(file: Path, contract: Contract, lines: list[bytes], end: bytes) -> None:
    three = contract.model_copy(update={"columns": contract.columns[:3]})
    data = end.join([b"a,p.b,n", b"1,2,3", *lines])
    together = read(file, three, data, type="csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited.Grammar, "is_plain_utf8", lambda *_: False)
        patch.setattr(delimited, "_QUOTE", delimited._ANYTHING)
        patch.setattr(delimited, "_CAREFUL", delimited._ANYTHING)
        assert read(file, three, data, type="csv") == together


@given(objects=st.lists(OBJECTS, min_size=1, max_size=5), indent=st.sampled_from([None, 1]))
def test_objects_read_together_or_one_by_one(
    file: Path, contract: Contract, objects: list[dict[str, Any]], indent: int | None
) -> None:
    documents = {
        "jsonl": "".join(f"{json.dumps(found, ensure_ascii=False)}\n" for found in objects).encode(),
        "json": json.dumps(objects, ensure_ascii=indent is None, indent=indent).encode(),
    }
    for kind, data in documents.items():
        together = read(file, contract, data, type=kind)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(json_objects, "MOST_REFUSALS", 0)
            assert read(file, contract, data, type=kind) == together


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@given(
    rows=st.lists(st.sampled_from([b"ab12345678", b" b      x ", b"", b"short", "王李12   ".encode("gb18030"), b"\xffb12345678"]))
)
def test_fixed_lines_cut_together_or_one_by_one(file: Path, contract: Contract, rows: list[bytes], end: bytes) -> None:
    columns = tuple(
        column.model_copy(update={"byte_width": width}) for column, width in zip(contract.columns[:2], (4, 6), strict=True)
    )
    narrow = contract.model_copy(update={"columns": columns})
    data = end.join([b"1234567890", *rows])
    together = read(file, narrow, data, type="fixed_width", encoding="gb18030")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fixed_width, "cells_of", lambda *_: None)
        assert read(file, narrow, data, type="fixed_width", encoding="gb18030") == together


def test_a_clean_file_is_read_together(file: Path, contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a clean block was read row by row")

    monkeypatch.setattr("jobs.io.readers.json_lines._add_lines", refuse)
    monkeypatch.setattr("jobs.io.readers.fixed_width._table", refuse)
    monkeypatch.setattr("jobs.io.readers.delimited.Splitter._split_text", refuse)
    out = io.StringIO()
    csv.writer(out).writerows([("a", "p.b", "n"), ("王", "2", "3")])
    three = contract.model_copy(update={"columns": contract.columns[:3]})
    assert read(file, three, out.getvalue().encode(), type="csv")[0]["a"] == "王"
    assert read(file, contract, b'{"a": "1", "p": {"b": "x"}, "n": 7, "l": ["y", null]}\n', type="jsonl")[0]["n"] == "7"
