"""What a process takes. CPU seconds with all that it started: a Spark driver's JVM and its Python workers are children of ours."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from signal import SIGCHLD
from typing import Self

TICKS, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
EVERY_SECONDS = 0.5

PARENT, TIMES, STARTED, RESIDENT = 1, slice(11, 15), 19, 21
"""Fields of ``/proc/<pid>/stat`` behind the command's name (proc(5)), counted from ``state``: the parent; CPU ticks, user and
system, of the process and of the children that it has waited for; when it started; pages in memory."""


@dataclass(frozen=True)
class Process:
    """What a process took until it was looked at. ``cpu_seconds``: its own, and those of the children that it has waited for."""

    pid: int
    started: int
    parent: int
    cpu_seconds: float
    resident_bytes: int


class Meter:
    """Measures a ``with`` block, looking at the tree of processes twice a second.

    ``cpu_seconds``: of all that a look found. ``peak_bytes``: the largest sum of resident sets. Both are also there within, so far.
    A process that has ended is counted by its parent, which waited for it; but where the parent ignores the ends of its children,
    as the daemon does that starts Spark's Python workers and ends them after an idle minute, nobody counts what they took
    (getrusage(2)), so what they were last seen to have taken is kept.
    """

    def __enter__(self) -> Self:
        self.cpu_seconds, self.peak_bytes = 0.0, 0
        self._of_ended = 0.0
        self._uncounted: dict[tuple[int, int], Process] = {}
        self._over, self._looking = threading.Event(), threading.Lock()
        self._before = 0.0
        self._before = self.look()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watcher.join()
        self.look()

    def _watch(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            self.look()

    def look(self) -> float:
        """CPU seconds so far."""
        with self._looking:
            self.cpu_seconds = self._seconds_of_tree() - self._before
            return self.cpu_seconds

    def _seconds_of_tree(self) -> float:
        tree = {(process.pid, process.started): process for process in _tree()}
        self._of_ended += sum(process.cpu_seconds for key, process in self._uncounted.items() if key not in tree)
        careless = {pid for pid in {process.parent for process in tree.values()} if _ignores_ends_of_children(pid)}
        self._uncounted = {key: process for key, process in tree.items() if process.parent in careless}
        self.peak_bytes = max(self.peak_bytes, sum(process.resident_bytes for process in tree.values()))
        return self._of_ended + sum(process.cpu_seconds for process in tree.values())


def peak_mb() -> int:
    """The most memory this program had; ``ru_maxrss`` would begin at what the process had that started it."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) // 1024


def _tree() -> list[Process]:
    """This process and all that it started, of what lives."""
    processes = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:  # a process that has ended meanwhile
            continue
        pid, seconds = int(entry.parent.name), sum(map(int, fields[TIMES])) / TICKS
        processes[pid] = Process(pid, int(fields[STARTED]), int(fields[PARENT]), seconds, int(fields[RESIDENT]) * PAGE)
    mine = newest = {os.getpid()}
    while newest:
        newest = {pid for pid, process in processes.items() if process.parent in newest}
        mine = mine | newest
    return [processes[pid] for pid in mine if pid in processes]


def _ignores_ends_of_children(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:  # it has ended meanwhile
        return False
    (ignored,) = (int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigIgn:"))
    return bool(ignored >> (SIGCHLD - 1) & 1)
