"""What a process takes. CPU seconds with all that it started: a Spark driver's JVM and its Python workers are children of ours."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

TICKS, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
EVERY_SECONDS = 0.5

PARENT, TIMES, RESIDENT = 1, slice(11, 15), 21
"""Fields of ``/proc/<pid>/stat`` behind the command's name (proc(5)), counted from ``state``: the parent; CPU ticks, user and
system, of the process and of the children that it has waited for; pages in memory."""


class Meter:
    """Measures a ``with`` block. ``peak_bytes``: the largest sum of resident sets of the tree, looked at twice a second."""

    def __enter__(self) -> Self:
        self.peak_bytes = 0
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        self._before = cpu_seconds_of_tree()
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu_seconds = cpu_seconds_of_tree() - self._before
        self._over.set()
        self._watcher.join()

    def _watch(self) -> None:
        while True:
            self.peak_bytes = max(self.peak_bytes, sum(int(fields[RESIDENT]) * PAGE for fields in _tree()))
            if self._over.wait(EVERY_SECONDS):
                return


def cpu_seconds_of_tree() -> float:
    """CPU seconds so far of this process and all that it started: of what lives, and of what the living have waited for."""
    return sum(int(ticks) for fields in _tree() for ticks in fields[TIMES]) / TICKS


def peak_mb() -> int:
    """The most memory this program had; ``ru_maxrss`` would begin at what the process had that started it."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) // 1024


def _tree() -> Iterator[list[str]]:
    """The fields of each process of the tree, as `PARENT` and the others number them."""
    stats = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            stats[int(entry.parent.name)] = entry.read_text().rpartition(")")[2].split()
        except OSError:  # a process that has ended meanwhile
            continue
    mine = newest = {os.getpid()}
    while newest:
        newest = {pid for pid, fields in stats.items() if int(fields[PARENT]) in newest}
        mine = mine | newest
    return (stats[pid] for pid in mine if pid in stats)
