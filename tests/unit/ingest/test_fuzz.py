"""Spoilt files, whatever is wrong with them, end in rows or in a reason: no crash, no hang, no memory without bound."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MEMORY_MB = 700


def fuzz(first: int, count: int, seconds: int) -> None:
    """Read ``count`` mutations in a process of its own, which a crash or a hang cannot take this one down with."""
    command = [sys.executable, "-m", "tests.unit.ingest.fuzz", str(first), str(count)]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as late:
        pytest.fail(f"mutation {_last(late.stdout)} took too long")
    assert done.returncode == 0, f"mutation {_last(done.stdout)} ended the process: {done.stderr[-2000:]}"
    outcome = json.loads(_last(done.stdout))
    assert outcome["problems"] == []
    assert outcome["peak_mb"] < MEMORY_MB


def _last(output: str | bytes | None) -> str:
    text = output.decode() if isinstance(output, bytes) else output or "none"
    return text.strip().rpartition("\n")[2]


def test_spoilt_files_end_in_rows_or_a_reason() -> None:
    fuzz(0, 200, 120)


@pytest.mark.slow
def test_many_spoilt_files_end_in_rows_or_a_reason() -> None:
    fuzz(200, 2_000, 900)
