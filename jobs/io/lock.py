"""Locks between processes of one machine: a file below the lake's root, held by the operating system.

The lock ends with its process, however that ends; what the file says is only for people. A lake in an object store keeps its
locks on the machine that runs the night.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from schemas.errors import GovlakeError

PAUSE_SECONDS = 0.05
A_MOMENT = 3 * PAUSE_SECONDS
"""`locks` looks at a lock by taking it for a moment: who meets that moment tries again."""


class LockHeldError(GovlakeError):
    """Another process holds the lock; the message says which, since when, and what to do."""


@dataclass(frozen=True)
class Lock:
    """What a lock's file says. ``is_held`` is false for one left by a process that died: harmless. ``since`` is ISO 8601, UTC."""

    name: str
    pid: int
    host: str
    what: str
    since: str
    is_held: bool


@contextmanager
def hold(root: str, name: str, what: str = "", wait_seconds: float = A_MOMENT) -> Iterator[None]:
    """Hold the lock ``name`` of a lake; ``what`` tells others what for.

    Raises LockHeldError if another process still holds it after ``wait_seconds``.
    """
    path = _folder(root) / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        if not _take(file, wait_seconds):
            raise LockHeldError(_explain(name, _read(path, is_held=True)))
        mine = Lock(
            name, os.getpid(), socket.gethostname(), what or name, datetime.now(UTC).isoformat(timespec="seconds"), is_held=True
        )
        _write(file, json.dumps({key: value for key, value in asdict(mine).items() if key != "is_held"}))
        try:
            yield
        finally:
            _write(file, "")


def locks(root: str) -> list[Lock]:
    """Locks that are held, and stale ones whose process died without letting go."""
    found = []
    for path in sorted(_folder(root).glob("*.lock")):
        with path.open(encoding="utf-8") as file:
            lock = _read(path, is_held=not _try(file, fcntl.LOCK_SH))
        if lock is not None:
            found.append(lock)
    return found


def _folder(root: str) -> Path:
    if "://" not in root:
        return Path(root) / ".locks"
    return Path(tempfile.gettempdir()) / "govlake-locks" / hashlib.sha256(root.encode()).hexdigest()[:16]


def _take(file: IO[str], wait_seconds: float) -> bool:
    until = time.monotonic() + wait_seconds
    while not _try(file, fcntl.LOCK_EX):
        if time.monotonic() > until:
            return False
        time.sleep(PAUSE_SECONDS)
    return True


def _try(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(path: Path, *, is_held: bool) -> Lock | None:
    """What the file says; None if the lock was let go, or its holder has not yet written."""
    text = path.read_text(encoding="utf-8")
    return Lock(**json.loads(text), is_held=is_held) if text else None


def _write(file: IO[str], text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()


def _explain(name: str, lock: Lock | None) -> str:
    if lock is None:
        return f"the lock {name} is held by another process. Wait until it is done, then try again."
    return (
        f"{lock.what} is running: process {lock.pid} on {lock.host} has held the lock {name} since {lock.since}. "
        f"Wait until it is done, or end that process; the lock ends with it."
    )
