"""The secret keys of a lake: one of its own, and one for each agency that receives pseudonyms.

A key is 32 random bytes in a file of ``settings.keys_root`` that only its owner can read, made on first use. Whoever has
the same deliveries and the same keys gets the same tables; whoever loses a key loses every pseudonym made with it.
"""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from pathlib import Path

from jobs.settings import Settings
from schemas.errors import GovlakeError

KEY_BYTES = 32
"""Length of a key: that of the hash, as RFC 2104 §3 advises for HMAC."""


class KeyFileError(GovlakeError):
    """A key file that cannot be trusted: of a wrong length, or readable by others. The message names the file."""


def lake_key(settings: Settings) -> bytes:
    """The lake's own key, which master IDs are drawn from. Raises KeyFileError."""
    return _read_or_create(settings.keys_root / "lake.key")


def consumer_key(settings: Settings, agency: str) -> bytes:
    """The key behind the pseudonyms that ``agency`` receives; no two agencies share one. Raises KeyFileError."""
    return _read_or_create(settings.keys_root / "consumers" / f"{agency}.key")


def _read_or_create(path: Path) -> bytes:
    if not path.exists():
        _create(path)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise KeyFileError(f"key {path} can be read by others: run `chmod 600 {path}`, and replace the key if it may be known.")
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise KeyFileError(f"key {path} has {len(key)} bytes, not {KEY_BYTES}: restore it from its backup.")
    return key


def _create(path: Path) -> None:
    """Two processes may create the same key at once: each writes a file of its own, and the first to link it wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        Path(path).hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        Path(draft).unlink()
