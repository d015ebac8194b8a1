"""Independent pieces of a step at the same time: Spark plans in one thread, and a small table is mostly planning."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

AT_ONCE = 2
"""More would wait for one another: each piece holds Spark's own threads too."""


def side_by_side(pieces: Iterable[Callable[[], object]], at_once: int = AT_ONCE) -> None:
    """Run ``pieces`` that do not depend on one another. All come to their end; then the first error is raised."""
    with ThreadPoolExecutor(at_once) as threads:
        runs = [threads.submit(piece) for piece in pieces]
    for run in runs:
        run.result()
