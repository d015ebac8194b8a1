from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from jobs.io.delta import handed_over, read_table


def test_rows_are_handed_over_and_leave_nothing(tmp_path: Path) -> None:
    place = tmp_path / "handed_over"
    place.mkdir()
    (place / "part-left-by-a-killed-process.parquet").write_bytes(b"")
    for rows in (pa.table({"a": [1, 2]}), pa.table({"b": ["x"]})):
        with handed_over(str(place), rows) as path:
            assert read_table(path).to_pylist() == rows.to_pylist()
        assert not list(place.glob("*.parquet"))
