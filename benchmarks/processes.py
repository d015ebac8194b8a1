"""What a process takes. CPU seconds with all that it started: a Spark driver's JVM and its Python workers are children of ours."""

from __future__ import annotations

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds_of_tree() -> float:
    """CPU seconds so far of this process and all that it started, which live as long as it does."""
    stats = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:  # a process that has ended meanwhile
            continue
        stats[int(entry.parent.name)] = (int(fields[1]), int(fields[11]) + int(fields[12]))
    mine = newest = {os.getpid()}
    while newest:
        newest = {pid for pid, (parent, _) in stats.items() if parent in newest}
        mine = mine | newest
    return sum(stats[pid][1] for pid in mine) / TICKS


def peak_mb() -> int:
    """The most memory this program had; ``ru_maxrss`` would begin at what the process had that started it."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) // 1024
