"""One night at a time: held by the operating system, so that a killed process holds nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest

from jobs.io.lock import LockHeldError, hold, locks

HOLDER = """
import sys, time
from jobs.io.lock import hold
with hold(sys.argv[1], "night", "the night of 2026-03-02"):
    print("held", flush=True)
    time.sleep(60)
"""


def start_holder(root: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(root)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_lock_held_by_another_process_says_by_whom_and_ends_with_it(tmp_path: Path) -> None:
    holder = start_holder(tmp_path)
    with (
        pytest.raises(
            LockHeldError, match=rf"the night of 2026-03-02 is running: process {holder.pid} on .+ since 20.+ Wait until"
        ),
        hold(str(tmp_path), "night"),
    ):
        pass
    (lock,) = locks(str(tmp_path))
    assert (lock.name, lock.pid, lock.is_held) == ("night", holder.pid, True)

    holder.send_signal(signal.SIGKILL)
    holder.wait()
    (lock,) = locks(str(tmp_path))
    assert (lock.pid, lock.is_held) == (holder.pid, False)
    with hold(str(tmp_path), "night", "another night"):
        (lock,) = locks(str(tmp_path))
        assert (lock.pid, lock.what, lock.is_held) == (os.getpid(), "another night", True)
    assert locks(str(tmp_path)) == []


def test_who_waits_for_a_lock_gets_it_when_its_holder_ends(tmp_path: Path) -> None:
    holder = start_holder(tmp_path)
    Timer(0.3, holder.kill).start()
    with hold(str(tmp_path), "night", wait_seconds=30):
        assert holder.wait() == -signal.SIGKILL, "not before"


def test_a_lock_is_let_go_when_its_work_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), hold(str(tmp_path), "night"):
        _ = 1 / 0
    with hold(str(tmp_path), "night"):
        pass


def test_locks_of_other_names_and_lakes_do_not_meet(tmp_path: Path) -> None:
    with hold(str(tmp_path / "a"), "night"), hold(str(tmp_path / "a"), "set-up"), hold(str(tmp_path / "b"), "night"):
        assert [lock.name for lock in locks(str(tmp_path / "a"))] == ["night", "set-up"]


def test_a_lake_in_an_object_store_keeps_its_locks_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with hold("s3://lake/a", "night"):
        assert [lock.name for lock in locks("s3://lake/a")] == ["night"]
        assert locks("s3://lake/b") == []
