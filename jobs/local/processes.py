"""Long-lived processes of this box: each starts a session of its own, found again by the file that it writes at its start.

A process that is killed leaves its children behind in its session; they are ended with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

STOP_SECONDS = 15
"""How long a process may take to end after it was asked to."""

BOOT = Path("/proc/sys/kernel/random/boot_id")

_LAUNCH = 'cat "$0" /proc/$$/stat > "$1.new" && mv "$1.new" "$1" && shift && exec "$@"'
"""Written by the process itself, before it becomes what it shall be: whoever started it may die at any moment."""


@dataclass(frozen=True)
class _Stat:
    """What ``/proc/<pid>/stat`` says. ``started`` is in clock ticks since the machine's start."""

    pid: int
    state: str
    session: int
    started: int


def spawn(folder: Path, name: str, command: Iterable[str], environment: Mapping[str, str], log: Path) -> None:
    """Start ``command`` in a session of its own; what it prints is added to ``log``. Its file is ``<folder>/<name>.pid``."""
    log.parent.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.pid").unlink(missing_ok=True)
    with log.open("ab") as output:
        subprocess.Popen(
            ["/bin/sh", "-c", _LAUNCH, str(BOOT), str(folder / f"{name}.pid"), *command],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=folder,
        )


def running(folder: Path) -> dict[str, list[int]]:
    """Processes of every session that was started in ``folder`` and still has any, by name."""
    members = {path.stem: _members(path) for path in sorted(folder.glob("*.pid"))}
    return {name: pids for name, pids in members.items() if pids}


def is_alive(folder: Path, name: str) -> bool:
    """Whether the process that was started as ``name`` itself is alive; its children do not count."""
    return any(pid == _session(folder / f"{name}.pid") for pid in _members(folder / f"{name}.pid"))


def end(folder: Path, names: Iterable[str]) -> None:
    """Ask the sessions of ``names`` to end, and make them after ``STOP_SECONDS``."""
    paths = [folder / f"{name}.pid" for name in names]
    _signal((pid for path in paths for pid in _members(path)), signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while left := [pid for path in paths for pid in _members(path)]:
        if time.monotonic() > deadline:
            _signal(left, signal.SIGKILL)
        time.sleep(0.2)
    for path in paths:
        path.unlink(missing_ok=True)


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue  # it ended meanwhile, which is what was wanted


def _session(path: Path) -> int:
    """The session that a file stands for; 0 if there is none, or if it is of before the machine's last start."""
    written = _parse(path)
    return written.pid if written else 0


def _members(path: Path) -> list[int]:
    """Live processes of the session that a file stands for. A number that was given to another process since is not it."""
    written = _parse(path)
    if written is None:
        return []
    found = [stat for stat in _all_processes() if stat.session == written.pid and stat.state != "Z"]
    leader = next((stat for stat in found if stat.pid == written.pid), None)
    is_ours = leader.started == written.started if leader else all(stat.started >= written.started for stat in found)
    return [stat.pid for stat in found] if is_ours else []


def _parse(path: Path) -> _Stat | None:
    if not path.is_file():
        return None
    boot, _, stat = path.read_text(encoding="utf-8").partition("\n")
    return _read_stat(stat) if boot == BOOT.read_text(encoding="utf-8").strip() and stat else None


def _all_processes() -> list[_Stat]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            found.append(_read_stat(path.read_text(encoding="utf-8", errors="replace")))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
    return found


def _read_stat(text: str) -> _Stat:
    """Fields as ``proc(5)`` numbers them: 1 pid, 3 state, 6 session, 22 start. The second is a name that may hold anything."""
    pid, _, _ = text.partition(" ")
    fields = text.rpartition(")")[2].split()
    return _Stat(int(pid), fields[0], int(fields[3]), int(fields[19]))
