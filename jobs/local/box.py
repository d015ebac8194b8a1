"""Start and stop what a night needs on one box: Airflow's own processes and a Spark Connect server, all on the loopback address."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jobs.io.spark import driver_conf, driver_environment
from jobs.settings import PROJECT, Settings
from schemas.errors import GovlakeError

Progress = Callable[[str], None]

HOST = "127.0.0.1"
USER = "admin"
START_SECONDS, STOP_SECONDS = 240, 20
"""How long a process may take to answer after its start, and to end after it was asked to."""

PRELOAD = """\
# Tasks are forked from the scheduler's workers: what is imported here, each task has for nothing.
import sys

if sys.argv[1:2] == ["scheduler"]:
    import great_expectations  # noqa: F401
    import pyspark.sql.connect.session  # noqa: F401
"""


class BoxError(GovlakeError):
    """A process of this box does not start or answer; the message names its log."""


@dataclass(frozen=True)
class Process:
    """One process of the box; ``port`` is where it answers once it is ready, if it does."""

    name: str
    command: tuple[str, ...]
    port: int | None = None


def start(settings: Settings, progress: Progress) -> None:
    """Start what is not running and wait until it answers. Raises BoxError."""
    running = _running(settings)
    if set(running) == {process.name for process in _processes(settings)}:
        return
    stop(settings, progress)
    _require_free_ports(settings)
    environment = airflow_environment(settings)
    _prepare_airflow(settings, environment, progress)
    for process in _processes(settings):
        progress(f"start {process.name}" + (f" on {HOST}:{process.port}" if process.port else ""))
        _spawn(settings, process, environment)
    for process in _processes(settings):
        if process.port:
            _wait_for_port(settings, process)


def stop(settings: Settings, progress: Progress) -> None:
    """Stop what was started, the scheduler first, with every task it has left behind."""
    running = _running(settings)
    for name in sorted(running, key=lambda name: name != "scheduler"):
        progress(f"stop {name}")
        _end(running[name])
        _pid_file(settings, name).unlink(missing_ok=True)


def is_running(settings: Settings) -> bool:
    """Whether anything that `start` starts runs."""
    return bool(_running(settings))


def airflow_url(settings: Settings) -> str:
    """Where Airflow's pages and its REST API are."""
    return f"http://{HOST}:{settings.airflow.port}"


def airflow_password(settings: Settings) -> str:
    """The password of ``admin``, made at the first start and kept in Airflow's home."""
    path = _home(settings) / "passwords.json"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({USER: secrets.token_urlsafe(12)}), encoding="utf-8")
        path.chmod(0o600)
    return str(json.loads(path.read_text(encoding="utf-8"))[USER])


def connect_address(settings: Settings) -> str:
    """The address of this box's Spark Connect server."""
    return f"sc://{HOST}:{settings.airflow.connect_port}"


def airflow_environment(settings: Settings) -> dict[str, str]:
    """The environment of Airflow's processes and of the tasks they run."""
    home = _home(settings)
    airflow_password(settings)
    core = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": str(settings.airflow.parallelism),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{airflow_url(settings)}/execution/",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(settings.airflow.port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__BASE_URL": airflow_url(settings),
        "AIRFLOW__API_AUTH__JWT_SECRET": _secret(home / "jwt_secret"),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(settings.airflow.log_port),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(settings.airflow.log_port + 1),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        # A killed scheduler's tasks are taken up within half a minute, and an idle one looks often.
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "5",
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "15",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
        "GX_ANALYTICS_ENABLED": "false",
    }
    lake = {
        "GOVLAKE_HOME": settings.root,
        "GOVLAKE_LANDING": str(settings.landing_root),
        "GOVLAKE_KEYS": str(settings.keys_root),
        "GOVLAKE_SPARK__REMOTE": settings.spark.remote or connect_address(settings),
    }
    return {**os.environ, **driver_environment(), **core, **lake}


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
    conf = driver_conf(settings.spark) | {
        "spark.connect.grpc.binding.address": HOST,
        "spark.connect.grpc.binding.port": str(settings.airflow.connect_port),
    }
    submit = Path(driver_environment()["SPARK_HOME"]) / "bin" / "spark-submit"
    options = [word for key, value in conf.items() for word in ("--conf", f"{key}={value}")]
    server = "org.apache.spark.sql.connect.service.SparkConnectServer"
    return (str(submit), "--class", server, *options, "spark-internal")


def _prepare_airflow(settings: Settings, environment: dict[str, str], progress: Progress) -> None:
    preload = _home(settings) / "config" / "airflow_local_settings.py"
    preload.parent.mkdir(parents=True, exist_ok=True)
    preload.write_text(PRELOAD, encoding="utf-8")
    progress("prepare Airflow's database")
    command = (sys.executable, "-m", "airflow", "db", "migrate")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BoxError(
            f"Airflow's database in {_home(settings)} could not be prepared:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )


def _spawn(settings: Settings, process: Process, environment: dict[str, str]) -> None:
    log = log_file(settings, process.name)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        started = subprocess.Popen(
            process.command,
            env=environment,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            cwd=PROJECT,
        )
    _pid_file(settings, process.name).write_text(str(started.pid), encoding="utf-8")


def log_file(settings: Settings, name: str) -> Path:
    """Where a process of the box writes what it says."""
    return _home(settings) / "logs" / f"{name}.log"


def _wait_for_port(settings: Settings, process: Process) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(process.port or 0):
        if process.name not in _running(settings) or time.monotonic() > deadline:
            raise BoxError(f"{process.name} did not start. Its log: {log_file(settings, process.name)}")
        time.sleep(0.5)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def _require_free_ports(settings: Settings) -> None:
    named = {"GOVLAKE_AIRFLOW__PORT": settings.airflow.port, "GOVLAKE_AIRFLOW__CONNECT_PORT": settings.airflow.connect_port}
    for variable, port in named.items():
        if _answers(port):
            raise BoxError(f"port {port} is taken by another program. Stop it, or choose another port: {variable}=…")


def _running(settings: Settings) -> dict[str, int]:
    """Session IDs of the processes that were started and live, by name."""
    found = {}
    for path in sorted(_home(settings).glob("*.pid")):
        pid = int(path.read_text(encoding="utf-8") or 0)
        if pid and _session_members(pid):
            found[path.stem] = pid
    return found


def _session_members(session: int) -> list[int]:
    """Processes of a session: the one that was started and whatever it has left behind."""
    members = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        if fields[0] != "Z" and int(fields[3]) == session:
            members.append(int(stat.parent.name))
    return members


def _end(session: int) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while members := _session_members(session):
        kind = signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL
        for pid in members:
            try:
                os.kill(pid, kind)
            except ProcessLookupError:
                continue  # it ended meanwhile, which is what was wanted
        time.sleep(0.5)


def _secret(path: Path) -> str:
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(secrets.token_urlsafe(64), encoding="utf-8")
        path.chmod(0o600)
    return path.read_text(encoding="utf-8")


def _pid_file(settings: Settings, name: str) -> Path:
    return _home(settings) / f"{name}.pid"


def _home(settings: Settings) -> Path:
    return settings.airflow.home.resolve()
