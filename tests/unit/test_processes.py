"""Processes of a box are found again by whoever comes next, with all that they leave behind; and nobody else's are touched."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.local.processes import end, is_alive, running, spawn

SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")
PARENT = (sys.executable, "-c", f"import subprocess, time; subprocess.Popen({list(SLEEPER)!r}); time.sleep(600)")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    end(tmp_path, [path.stem for path in tmp_path.glob("*.pid")])


def start(folder: Path, name: str, command: tuple[str, ...], processes: int) -> list[int]:
    """Start a command and wait until it has as many processes as it will have."""
    spawn(folder, name, command, os.environ, folder / "logs" / f"{name}.log")
    for _ in range(300):
        if len(running(folder).get(name, [])) == processes:
            break
        time.sleep(0.05)
    return running(folder)[name]


def test_a_started_process_is_found_and_ended(folder: Path) -> None:
    start(folder, "one", SLEEPER, 1)
    assert is_alive(folder, "one")
    end(folder, ["one"])
    assert running(folder) == {}
    assert not is_alive(folder, "one")


def test_children_of_a_killed_process_are_found_and_ended(folder: Path) -> None:
    pids = start(folder, "parent", PARENT, 2)
    leader = min(pid for pid in pids if os.getsid(pid) == pid)
    os.kill(leader, signal.SIGKILL)
    os.waitpid(leader, 0)
    assert not is_alive(folder, "parent")
    assert running(folder) == {"parent": [pid for pid in pids if pid != leader]}
    end(folder, ["parent"])
    assert running(folder) == {}


def test_a_number_that_another_process_has_since_is_left_alone(folder: Path) -> None:
    [pid] = start(folder, "ours", SLEEPER, 1)
    written = (folder / "ours.pid").read_text()
    boot, _, stat = written.partition("\n")
    fields = stat.rpartition(")")[2].split()
    stale = stat.replace(f" {fields[19]} ", f" {int(fields[19]) - 1} ", 1)
    (folder / "stale.pid").write_text(f"{boot}\n{stale}")
    (folder / "earlier_boot.pid").write_text(f"another boot\n{stat}")
    assert running(folder) == {"ours": [pid]}
    end(folder, ["stale", "earlier_boot"])
    assert is_alive(folder, "ours")
