"""What is wrong with this machine and lake, and how to mend it. Each look is a function that returns a finding."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jobs.io.java import JavaNotFoundError, find_java
from jobs.io.lock import locks
from jobs.io.spark import JARS
from jobs.local.box import HOST, is_running
from jobs.local.departments import local_databases
from jobs.local.postgres import PostgresUnavailableError, find_binaries, folder_of
from jobs.local.postgres import is_running as is_postgres_running
from jobs.settings import Settings
from schemas.catalog import load_catalog

DISK_GIB, MEMORY_GIB = 5, 6
"""What a night of 20,000 people and set-up need with room to spare."""

GIB = 1024**3


@dataclass(frozen=True)
class Finding:
    """One look at one thing: its state, what was seen, and what to do if it is not right."""

    subject: str
    state: Literal["right", "wrong", "note"]
    detail: str
    remedy: str | None = None


def examine(settings: Settings) -> list[Finding]:
    """Look at everything a night depends on."""
    looks: tuple[Callable[[Settings], Finding], ...] = (_java, _jars, _disk, _memory, _lake, _ports, _postgres)
    return [*(look(settings) for look in looks), *_locks(settings)]


def _java(_settings: Settings) -> Finding:
    try:
        return Finding("Java", "right", str(find_java()))
    except JavaNotFoundError as error:
        return Finding("Java", "wrong", "no Java 17 or 21", str(error))


def _jars(_settings: Settings) -> Finding:
    found = len(list(JARS.glob("*.jar")))
    return (
        Finding("jars", "right", f"{found} in {JARS}") if found else Finding("jars", "wrong", f"none in {JARS}", "run `make setup`")
    )


def _disk(settings: Settings) -> Finding:
    place = next(path for path in (Path(settings.root), *Path(settings.root).parents) if path.exists())
    free = shutil.disk_usage(place).free / GIB
    detail = f"{free:.1f} GiB free at {place}"
    return (
        Finding("disk", "right", detail)
        if free >= DISK_GIB
        else Finding("disk", "wrong", detail, f"free {DISK_GIB} GiB, or move GOVLAKE_HOME")
    )


def _memory(_settings: Settings) -> Finding:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    detail = f"{total:.1f} GiB"
    if total >= MEMORY_GIB:
        return Finding("memory", "right", detail)
    return Finding("memory", "wrong", detail, f"{MEMORY_GIB} GiB are needed; lower spark.driver.memory in conf/laptop.yaml")


def _lake(settings: Settings) -> Finding:
    exists = (Path(settings.root) / "control").is_dir()
    return Finding(
        "lake",
        "right" if exists else "note",
        settings.root + ("" if exists else " is empty"),
        None if exists else "govlake generate, then govlake night",
    )


def _ports(settings: Settings) -> Finding:
    ports = (settings.airflow.port, settings.airflow.connect_port)
    if is_running(settings):
        return Finding("ports", "right", f"{ports[0]}, {ports[1]}: used by this box's own Airflow and Spark Connect")
    taken = [port for port in ports if _is_taken(port)]
    if not taken:
        return Finding("ports", "right", f"{ports[0]}, {ports[1]} are free")
    return Finding(
        "ports", "wrong", f"taken: {taken}", "stop that program, or set GOVLAKE_AIRFLOW__PORT / GOVLAKE_AIRFLOW__CONNECT_PORT"
    )


def _postgres(settings: Settings) -> Finding:
    """Whether tables can be pulled from databases of this box; without, those sources are missing and nights go on."""
    databases = local_databases(settings, load_catalog())
    if not databases:
        return Finding("PostgreSQL", "note", "no contract pulls from a database of this box")
    try:
        detail = f"{find_binaries()}, data in {folder_of(settings)}"
    except PostgresUnavailableError as error:
        return Finding("PostgreSQL", "note", f"{error} Missing each night: what is pulled from {', '.join(databases)}")
    if is_postgres_running(settings):
        return Finding("PostgreSQL", "right", f"{detail}, running")
    taken = sorted(port for port in {database.port for database in databases.values()} if _is_taken(port))
    if taken:
        remedy = "stop that program, or set GOVLAKE_DATABASES__<NAME>__PORT for each of them"
        return Finding("PostgreSQL", "wrong", f"port taken by another program: {taken}", remedy)
    return Finding("PostgreSQL", "note", f"{detail}, not running", "make postgres-up (make run does so itself)")


def _locks(settings: Settings) -> list[Finding]:
    return [
        Finding(
            f"lock {lock.name}",
            "note",
            f"{lock.what}, process {lock.pid} on {lock.host} since {lock.since}",
            "wait for it, or end that process" if lock.is_held else "left by a process that died: harmless, the next run takes it",
        )
        for lock in locks(settings.root)
    ]


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
