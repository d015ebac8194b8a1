from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from deltalake import write_deltalake

from jobs.io.delta import handed_over, read_among, read_table


def test_rows_are_handed_over_and_leave_nothing(tmp_path: Path) -> None:
    place = tmp_path / "handed_over"
    place.mkdir()
    (place / "part-left-by-a-killed-process.parquet").write_bytes(b"")
    for rows in (pa.table({"a": [1, 2]}), pa.table({"b": ["x"]})):
        with handed_over(str(place), rows) as path:
            assert read_table(path).to_pylist() == rows.to_pylist()
        assert not list(place.glob("*.parquet"))


def _table(folder: Path) -> str:
    rows = {
        "key": ["it's one", "two", "three", "four"],
        "open": [True, False, True, True],
        "seen": [{"by": "a"}, {"by": "b"}, {"by": "c"}, None],
    }
    write_deltalake(folder / "rows", pa.table(rows))
    return str(folder / "rows")


def test_rows_are_found_that_agree_with_one_of_a_few(tmp_path: Path) -> None:
    few = pa.table({"key": ["it's one", "two", "two", "four", "nobody"]})
    found = read_among(_table(tmp_path), 'key, seen."by"', few, where="open")
    assert sorted(found.to_pylist(), key=lambda row: row["key"]) == [{"key": "four", "by": None}, {"key": "it's one", "by": "a"}]
    both = pa.table({"key": ["two", "three"], "open": [True, True]})
    assert read_among(_table(tmp_path / "again"), "key", both).to_pylist() == [{"key": "three"}]


def test_there_may_be_more_of_the_few_than_a_condition_can_hold(tmp_path: Path) -> None:
    many = pa.table({"key": [*map(str, range(100_000)), "three"]})
    assert read_among(_table(tmp_path), "key", many).to_pylist() == [{"key": "three"}]


def test_nothing_is_found_among_none(tmp_path: Path) -> None:
    assert read_among(_table(tmp_path), "key", pa.table({"key": pa.array([], pa.string())})).num_rows == 0
