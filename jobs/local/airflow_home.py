"""Airflow's home on this box: its settings, given by the environment alone, its secrets and its database."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import subprocess
import sys
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from jobs.io.spark import driver_environment
from jobs.settings import PROJECT, Settings
from schemas.errors import GovlakeError

HOST = "127.0.0.1"
USER = "admin"
WAIT_SECONDS = 30
"""How long whoever writes into Airflow's database waits for another who does; SQLite's own 5 are few where 25 sources run."""

PRELOAD = """\
# Tasks are forked from the scheduler's workers: what is imported and read here, each task has for nothing.
import sys

if sys.argv[1:2] == ["scheduler"]:
    from importlib import import_module

    steps = ("s1_land", "s2_bronze", "s3_silver", "s4_link", "s5_master", "s5_derive", "s6_release", "s7_extract", "promote")
    for name in ("great_expectations", "pyspark.sql.connect.session", *(f"jobs.steps.{step}" for step in steps)):
        import_module(name)
    import_module("schemas.catalog").load_catalog()
"""


class BoxError(GovlakeError):
    """A process of this box does not start or answer; the message names its log."""


def home_of(settings: Settings) -> Path:
    """The folder that holds all of Airflow's state on this box."""
    return settings.airflow.home.resolve()


def log_folder(settings: Settings) -> Path:
    """Where the box's processes, and Airflow's tasks, write their logs."""
    return home_of(settings) / "logs"


def airflow_url(settings: Settings) -> str:
    """Where Airflow's pages and its REST API are."""
    return f"http://{HOST}:{settings.airflow.port}"


def connect_address(settings: Settings) -> str:
    """The address of this box's Spark Connect server."""
    return f"sc://{HOST}:{settings.airflow.connect_port}"


def airflow_password(settings: Settings) -> str:
    """The password of ``admin``, made at the first start and kept in Airflow's home."""
    path = home_of(settings) / "passwords.json"
    text = _kept_secret(path, json.dumps({USER: secrets.token_urlsafe(12)}))
    return str(json.loads(text)[USER])


def airflow_environment(settings: Settings) -> dict[str, str]:
    """The environment of Airflow's processes and of the tasks they run."""
    home = home_of(settings)
    airflow_password(settings)
    sections = {
        "CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": str(settings.airflow.parallelism),
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "CORE__EXECUTION_API_SERVER_URL": f"{airflow_url(settings)}/execution/",
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{_database(settings)}?timeout={WAIT_SECONDS}",
        "API__HOST": HOST,
        "API__PORT": str(settings.airflow.port),
        "API__WORKERS": "1",
        "API__BASE_URL": airflow_url(settings),
        "API_AUTH__JWT_SECRET": _kept_secret(home / "jwt_secret", secrets.token_urlsafe(64)),
        "LOGGING__WORKER_LOG_SERVER_PORT": str(settings.airflow.log_port),
        "LOGGING__TRIGGER_LOG_SERVER_PORT": str(settings.airflow.log_port + 1),
        "USAGE_DATA_COLLECTION__ENABLED": "False",
        # A killed scheduler's tasks are taken up within half a minute. It looks for work once a second: each look costs a third
        # of a second when 25 sources run, and tasks need the two cores more.
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "5",
        "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "15",
        "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "1",
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
    }
    airflow = {f"AIRFLOW__{name}": value for name, value in sections.items()} | {"AIRFLOW_HOME": str(home)}
    lake = {
        "GOVLAKE_HOME": settings.root,
        "GOVLAKE_LANDING": str(settings.landing_root),
        "GOVLAKE_KEYS": str(settings.keys_root),
        "GOVLAKE_SPARK__REMOTE": settings.spark.remote or connect_address(settings),
    }
    own_box = f"{HOST},localhost"
    passwords = home / "pgpass"  # of this box's PostgreSQL, see jobs.local.postgres
    others = {
        **({"PGPASSFILE": str(passwords)} if passwords.is_file() and "PGPASSFILE" not in os.environ else {}),
        "PYSPARK_PYTHON": sys.executable,
        "GX_ANALYTICS_ENABLED": "false",
        "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY"), own_box])),
        "no_proxy": ",".join(filter(None, [os.environ.get("no_proxy"), own_box])),
    }
    return {**os.environ, **driver_environment(), **airflow, **lake, **others}


def prepare_database(settings: Settings, environment: dict[str, str]) -> None:
    """Make or migrate Airflow's database, once a version. One that was cut off while it was made is begun anew. Raises BoxError."""
    preload = home_of(settings) / "config" / "airflow_local_settings.py"
    preload.parent.mkdir(parents=True, exist_ok=True)
    preload.write_text(PRELOAD, encoding="utf-8")
    database, done = _database(settings), home_of(settings) / "airflow.db.version"
    if database.is_file() and done.is_file() and done.read_text(encoding="utf-8") == version("apache-airflow"):
        return
    if not done.is_file():
        database.unlink(missing_ok=True)
    command = (sys.executable, "-m", "airflow", "db", "migrate")
    migrated = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if migrated.returncode:
        said = migrated.stdout[-2000:] + migrated.stderr[-2000:]
        raise BoxError(f"Airflow's database {database} could not be prepared. `make clean-lake` removes it. Airflow said:\n{said}")
    _let_readers_and_writer_be(database)
    done.write_text(version("apache-airflow"), encoding="utf-8")


def _let_readers_and_writer_be(database: Path) -> None:
    """Have SQLite keep a write-ahead log: whoever reads does not wait for whoever writes. The file remembers it."""
    with closing(sqlite3.connect(database, timeout=WAIT_SECONDS)) as connection:
        connection.execute("pragma journal_mode = wal")


def _database(settings: Settings) -> Path:
    return home_of(settings) / "airflow.db"


def _kept_secret(path: Path, new: str) -> str:
    """The secret in ``path``, which only its owner may read; ``new`` if there is none yet."""
    if not path.is_file() or not path.stat().st_size:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(new, encoding="utf-8")
    return path.read_text(encoding="utf-8")
