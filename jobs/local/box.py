"""Start and stop what a night needs on one box: Airflow's own processes and a Spark Connect server, all on the loopback address."""

from __future__ import annotations

import hashlib
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jobs.io.spark import driver_conf, driver_environment
from jobs.local.airflow_home import (
    HOST,
    USER,
    BoxError,
    airflow_environment,
    airflow_password,
    airflow_url,
    connect_address,
    home_of,
    log_folder,
    prepare_database,
)
from jobs.local.processes import end, is_alive, running, spawn
from jobs.settings import PROJECT, Settings

__all__ = [
    "HOST",
    "USER",
    "BoxError",
    "airflow_password",
    "airflow_url",
    "connect_address",
    "is_running",
    "log_file",
    "start",
    "stop",
]

Progress = Callable[[str], None]

START_SECONDS = 240
"""How long a process may take to answer after its start."""

CODE = ("schemas", "quality", "jobs", "dags", "conf")


@dataclass(frozen=True)
class Process:
    """One process of the box; ``port`` is where it answers once it is ready, if it does."""

    name: str
    command: tuple[str, ...]
    port: int | None = None


def start(settings: Settings, progress: Progress) -> None:
    """Start what the settings ask for and wait until it answers; nothing if just that runs already.

    What was left behind by a start that was killed, or runs with other settings or code, is stopped first. Raises BoxError.
    """
    home, processes = home_of(settings), _processes(settings)
    if _is_up(settings, processes):
        return
    stop(settings, progress)
    _require_free_ports(settings)
    environment = airflow_environment(settings)
    progress("prepare Airflow's database")
    prepare_database(settings, environment)
    for process in processes:
        progress(f"start {process.name}" + (f" on {HOST}:{process.port}" if process.port else ""))
        spawn(home, process.name, process.command, environment, log_file(settings, process.name))
    _fingerprint_file(settings).write_text(_fingerprint(settings), encoding="utf-8")
    for process in processes:
        _wait_for(settings, process)


def stop(settings: Settings, progress: Progress) -> None:
    """Stop what was started, with every task it has left behind. The scheduler goes first, so that nothing new begins."""
    home = home_of(settings)
    names = list(running(home))
    if names:
        progress(f"stop {', '.join(names)}")
    end(home, [name for name in names if name == "scheduler"])
    end(home, [name for name in names if name != "scheduler"])
    _fingerprint_file(settings).unlink(missing_ok=True)


def is_running(settings: Settings) -> bool:
    """Whether anything that `start` starts runs."""
    return bool(running(home_of(settings)))


def log_file(settings: Settings, name: str) -> Path:
    """Where a process of the box writes what it says."""
    return log_folder(settings) / f"{name}.log"


def _is_up(settings: Settings, processes: list[Process]) -> bool:
    file = _fingerprint_file(settings)
    is_same = file.is_file() and file.read_text(encoding="utf-8") == _fingerprint(settings)
    return is_same and all(is_alive(home_of(settings), process.name) for process in processes)


def _fingerprint(settings: Settings) -> str:
    """What running processes depend on: the settings, and the code and contracts as they lie on disk."""
    digest = hashlib.sha256(settings.model_dump_json().encode() + settings.root.encode())
    for path in sorted(
        path for room in CODE for path in (PROJECT / room).rglob("*") if path.suffix in (".py", ".yaml", ".json", ".csv")
    ):
        stat = path.stat()
        digest.update(f"{path} {stat.st_mtime_ns} {stat.st_size}\n".encode())
    return digest.hexdigest()


def _fingerprint_file(settings: Settings) -> Path:
    return home_of(settings) / "box.fingerprint"


def _processes(settings: Settings) -> list[Process]:
    airflow = (sys.executable, "-m", "airflow")
    processes = [
        Process("api-server", (*airflow, "api-server"), settings.airflow.port),
        Process("scheduler", (*airflow, "scheduler")),
        Process("dag-processor", (*airflow, "dag-processor")),
    ]
    if settings.spark.remote is None:
        processes.insert(0, Process("spark-connect", _connect_command(settings), settings.airflow.connect_port))
    return processes


def _connect_command(settings: Settings) -> tuple[str, ...]:
    conf = (
        driver_conf(settings.spark)
        | settings.spark.server_conf
        | {
            "spark.connect.grpc.binding.address": HOST,
            "spark.connect.grpc.binding.port": str(settings.airflow.connect_port),
        }
    )
    submit = Path(driver_environment()["SPARK_HOME"]) / "bin" / "spark-submit"
    options = [word for key, value in conf.items() for word in ("--conf", f"{key}={value}")]
    server = "org.apache.spark.sql.connect.service.SparkConnectServer"
    return (str(submit), "--class", server, *options, "spark-internal")


def _wait_for(settings: Settings, process: Process) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not (process.port is None or _answers(process.port)) or not is_alive(home_of(settings), process.name):
        started = (home_of(settings) / f"{process.name}.pid").is_file()
        if (started and not is_alive(home_of(settings), process.name)) or time.monotonic() > deadline:
            raise BoxError(f"{process.name} did not start. Its log says why: {log_file(settings, process.name)}")
        time.sleep(0.5)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def _require_free_ports(settings: Settings) -> None:
    named = {
        "GOVLAKE_AIRFLOW__PORT": settings.airflow.port,
        "GOVLAKE_AIRFLOW__CONNECT_PORT": settings.airflow.connect_port,
        "GOVLAKE_AIRFLOW__LOG_PORT": settings.airflow.log_port,
    }
    for variable, port in named.items():
        if _answers(port):
            raise BoxError(f"port {port} is taken by another program. Stop it, or choose another port: {variable}=…")
