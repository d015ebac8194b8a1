"""Several processes at once: every event is kept, and a delivery is appended once. Real processes, real tables."""

import multiprocessing
from collections.abc import Iterator
from datetime import date
from multiprocessing.pool import Pool
from pathlib import Path

import pyarrow as pa
import pytest

from jobs.io.control import read_events, record
from jobs.io.delta import append_once, read_table

PROCESSES = 3


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as processes:
        yield processes


def record_some(task: tuple[str, int]) -> None:
    root, process = task
    for step in range(4):
        event = {"run_id": f"night/2026-03-02/{process}", "business_date": date(2026, 3, 2), "step": f"s{step}", "status": "done"}
        record(root, "runs", [event])


def append_same(path: str) -> bool:
    return append_once(path, pa.table({"a": ["x", "y"], "day": ["1", "1"]}), "a/b/2026-03-02/1", ["day"])


def append_own(task: tuple[str, int]) -> bool:
    path, process = task
    return append_once(path, pa.table({"a": ["x", "y"], "day": ["1", "1"]}), f"a/b/2026-03-02/{process}", ["day"])


def test_events_of_several_processes_are_all_kept(pool: Pool, tmp_path: Path) -> None:
    pool.map(record_some, [(str(tmp_path), process) for process in range(PROCESSES)], chunksize=1)
    kept = [(event["run_id"], event["step"]) for event in read_events(str(tmp_path), "runs")]
    assert sorted(kept) == sorted((f"night/2026-03-02/{p}", f"s{s}") for p in range(PROCESSES) for s in range(4))
    for process in range(PROCESSES):
        assert [step for run, step in kept if run.endswith(str(process))] == ["s0", "s1", "s2", "s3"]


@pytest.mark.parametrize("attempt", range(3))
def test_a_delivery_that_several_processes_append_at_once_is_there_once(pool: Pool, tmp_path: Path, attempt: int) -> None:
    path = str(tmp_path / "bronze")
    wrote = pool.map(append_same, [path] * 2 * PROCESSES, chunksize=1)
    assert wrote.count(True) == 1
    assert read_table(path).num_rows == 2


def test_who_asked_before_another_committed_does_not_append_a_second_copy(pool: Pool, tmp_path: Path) -> None:
    path = str(tmp_path / "bronze")
    rows = pa.table({"a": ["x", "y"], "day": ["1", "1"]})

    def overtaken() -> Iterator[pa.RecordBatch]:
        assert pool.apply(append_same, [path])
        yield from rows.to_batches()

    assert not append_once(path, pa.RecordBatchReader.from_batches(rows.schema, overtaken()), "a/b/2026-03-02/1", ["day"])
    assert read_table(path).num_rows == 2


def test_deliveries_that_several_processes_append_at_once_are_all_there(pool: Pool, tmp_path: Path) -> None:
    path = str(tmp_path / "bronze")
    assert all(pool.map(append_own, [(path, process) for process in range(2 * PROCESSES)], chunksize=1))
    assert read_table(path).num_rows == 4 * PROCESSES


def test_a_column_that_the_contract_gains_is_null_in_older_rows(tmp_path: Path) -> None:
    path = str(tmp_path / "bronze")
    append_once(path, pa.table({"a": ["x"], "day": ["1"]}), "first", ["day"])
    append_once(path, pa.table({"a": ["y"], "b": ["new"], "day": ["2"]}), "second", ["day"])
    rows = read_table(path).to_pylist()
    assert sorted((row["a"], row["b"]) for row in rows if row["b"]) == [("y", "new")]
    assert [row["b"] for row in rows if row["a"] == "x"] == [None]
