"""What something costs: CPU seconds and the most memory of this process and all that it started, its JVM included."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

TICKS, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
EVERY_SECONDS = 0.5


class Meter:
    """Measures a ``with`` block. ``peak_bytes``: the largest sum of resident sets seen, looked at twice a second."""

    def __enter__(self) -> Self:
        self.peak_bytes = 0
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        self._before = _cpu_seconds()
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu_seconds = _cpu_seconds() - self._before
        self._over.set()
        self._watcher.join()

    def _watch(self) -> None:
        while True:
            self.peak_bytes = max(self.peak_bytes, sum(int(fields[21]) * PAGE for fields in _tree()))
            if self._over.wait(EVERY_SECONDS):
                return


def _cpu_seconds() -> float:
    """Of what lives, and of the children that the living have waited for."""
    return sum(int(ticks) for fields in _tree() for ticks in fields[11:15]) / TICKS


def _tree() -> Iterator[list[str]]:
    """The fields of ``/proc/<pid>/stat`` behind the command's name (proc(5), from ``state`` on), of each process of the tree."""
    stats = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            stats[int(entry.parent.name)] = entry.read_text().rpartition(")")[2].split()
        except OSError:  # a process that has ended meanwhile
            continue
    mine = newest = {os.getpid()}
    while newest:
        newest = {pid for pid, fields in stats.items() if int(fields[1]) in newest}
        mine = mine | newest
    return (stats[pid] for pid in mine if pid in stats)
