"""PostgreSQL on this box: the departments' databases as the synthetic country has them, on a port and in a folder of its own.

Where no server is installed, or none may run, this says so, and the sources that are pulled are missing. The server listens on
the loopback address alone; its owner and the read-only role have passwords made at the first start, kept in a file that libpq
reads (``PGPASSFILE``).
"""

from __future__ import annotations

import hashlib
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jobs.local.airflow_home import HOST, home_of
from jobs.settings import Settings
from schemas.errors import GovlakeError

Progress = Callable[[str], None]

OWNER = "govlake_owner"
"""The role that owns the departments' tables on this box; only what stands for the departments uses it."""

SECONDS = "60"
"""How long the server may take to start or to stop."""

INSTALL = "install PostgreSQL (Debian: apt-get install postgresql), or put its initdb on PATH"


class PostgresUnavailableError(GovlakeError):
    """There can be no PostgreSQL on this box as things are; the message says why and what to do."""


@dataclass(frozen=True)
class Account:
    """The user of this machine that the server runs as: it refuses to run as root."""

    name: str
    uid: int
    gid: int


def start(settings: Settings, port: int, readers: Sequence[str], progress: Progress) -> None:
    """Start the server on ``port`` unless it runs, and write the passwords of its owner and ``readers`` for libpq.

    Raises PostgresUnavailableError.
    """
    home_of(settings).mkdir(parents=True, exist_ok=True)
    if not is_running(settings):
        binaries = find_binaries()
        _prepare(settings, binaries)
        progress(f"start PostgreSQL on {HOST}:{port}")
        options = f"-p {port} -c listen_addresses={HOST} -c unix_socket_directories= -c timezone=UTC"
        where = ("-D", _data(settings), "-l", _log(settings), "-o", options)
        _must_run(settings, (str(binaries / "pg_ctl"), "start", "-w", "-t", SECONDS, *where))
    _write_password_file(settings, port, readers)


def stop(settings: Settings, progress: Progress, *, with_data: bool = False) -> None:
    """Stop the server, if it runs; ``with_data`` removes all it holds, which `start` makes again."""
    if is_running(settings):
        progress("stop PostgreSQL")
        command = (str(find_binaries() / "pg_ctl"), "stop", "-m", "fast", "-w", "-t", SECONDS, "-D", _data(settings))
        _must_run(settings, command)
    if with_data:
        shutil.rmtree(folder_of(settings), ignore_errors=True)
        password_file(settings).unlink(missing_ok=True)


def is_running(settings: Settings) -> bool:
    """Whether the server of this box runs."""
    if not (Path(_data(settings)) / "postmaster.pid").is_file():
        return False
    return _run(settings, (str(find_binaries() / "pg_ctl"), "status", "-D", _data(settings))) is None


def find_binaries() -> Path:
    """The folder of ``initdb`` and ``pg_ctl``, the newest there is. Raises PostgresUnavailableError."""
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: _version(path.parent.name), reverse=True)
    for folder in candidates:
        if (folder / "initdb").is_file() and (folder / "pg_ctl").is_file():
            return folder
    raise PostgresUnavailableError(f"no PostgreSQL server on this machine: {INSTALL}.")


def password_file(settings: Settings) -> Path:
    """The passwords of the server's roles, in the form of libpq; only its owner may read it."""
    return home_of(settings) / "pgpass"


def owner_password(settings: Settings) -> str:
    """The password of ``OWNER``, made at the first use."""
    return _secret(settings, OWNER)


def reader_password(settings: Settings) -> str:
    """The password of the roles that read, made at the first use."""
    return _secret(settings, "reader")


def folder_of(settings: Settings) -> Path:
    """Where the server keeps its data: in Airflow's home, or, if the account it runs as cannot get there, with temporary files."""
    home = home_of(settings)
    if _account() is None or _is_open_to_all(home):
        return home / "postgres"
    return Path(tempfile.gettempdir()).resolve() / f"govlake-postgres-{hashlib.sha256(str(home).encode()).hexdigest()[:16]}"


def _prepare(settings: Settings, binaries: Path) -> None:
    """Make the server's folder and files, once. One that was cut off while they were made begins anew."""
    folder, account = folder_of(settings), _account()
    done = folder / "initialised"
    if done.is_file() and folder.stat().st_uid == (account.uid if account else os.geteuid()):
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    password = folder / "owner_password"
    password.touch(mode=0o600)
    password.write_text(owner_password(settings), encoding="utf-8")
    if account is not None:
        for path in (folder, password):
            os.chown(path, account.uid, account.gid)
    options = ("--username", OWNER, "--pwfile", str(password), "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale")
    _must_run(settings, (str(binaries / "initdb"), "-D", _data(settings), *options))
    password.unlink()
    done.touch()


def _account() -> Account | None:
    """Whom the server runs as; None: as whoever runs this. Raises PostgresUnavailableError."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise PostgresUnavailableError(
        "PostgreSQL refuses to run as root, and this machine has neither a user postgres nor nobody. Make one, or be another user."
    )


def _run(settings: Settings, command: Sequence[str]) -> str | None:
    """Run a program of the server as its account, from a folder it can get to; what it said if it failed."""
    account, folder = _account(), folder_of(settings)
    with tempfile.TemporaryFile() as said:  # not a pipe: the server would keep its end open
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd=folder if folder.is_dir() else "/",
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            check=False,
        )
        said.seek(0)
        return said.read().decode(errors="replace").strip()[-1000:] if ended.returncode else None


def _must_run(settings: Settings, command: Sequence[str]) -> None:
    words = _run(settings, command)
    if words is not None:
        raise PostgresUnavailableError(
            f"{Path(command[0]).name} failed: {words} {_end_of_log(settings)}\nIs the port of the databases free (conf/, "
            "databases)? `govlake postgres down --remove` begins anew."
        )


def _end_of_log(settings: Settings) -> str:
    path = Path(_log(settings))
    return path.read_text(encoding="utf-8", errors="replace")[-1000:].strip() if path.is_file() else ""


def _write_password_file(settings: Settings, port: int, readers: Sequence[str]) -> None:
    passwords = {OWNER: owner_password(settings)} | dict.fromkeys(readers, reader_password(settings))
    path = password_file(settings)
    path.touch(mode=0o600)
    path.write_text("".join(f"{HOST}:{port}:*:{role}:{password}\n" for role, password in passwords.items()), encoding="utf-8")


def _secret(settings: Settings, name: str) -> str:
    path = home_of(settings) / "postgres_secrets" / name
    if not path.is_file() or not path.stat().st_size:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24), encoding="utf-8")
    return path.read_text(encoding="utf-8")


def _is_open_to_all(folder: Path) -> bool:
    """Whether any user can get into a folder: it and each one above it that exists must let others pass."""
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents) if path.exists())


def _version(name: str) -> float:
    try:
        return float(name)
    except ValueError:
        return 0.0


def _data(settings: Settings) -> str:
    return str(folder_of(settings) / "data")


def _log(settings: Settings) -> str:
    return str(folder_of(settings) / "server.log")
