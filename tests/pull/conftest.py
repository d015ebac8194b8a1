"""A real PostgreSQL of this machine, with one department's table made from a contract and filled from a change log."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from jobs.io.control import record
from jobs.io.landing import Manifest
from jobs.io.run_context import RunContext
from jobs.local.departments import open_departments
from jobs.local.postgres import PostgresUnavailableError, find_binaries, owner_password, reader_password, stop
from jobs.settings import Settings, load_settings
from jobs.steps.s0_pull import pull
from schemas.catalog import Catalog, load_catalog
from schemas.contract import Contract
from schemas.names import DatasetName
from tests.pull.insurance import CONTRACT, DATASET, DELETION_MARK, FIRST_DAY, TABLE


@dataclass
class Department:
    """The department's side: its table, which only its owner writes."""

    settings: Settings
    catalog: Catalog

    def execute(self, statement: str, *values: Any) -> None:
        with psycopg.connect(**self.address("govlake_owner", owner_password(self.settings))) as connection:
            connection.execute(statement.encode(), values)

    def put(self, number: int, name: str, updated_at: str, *, deleted: bool = False) -> None:
        """Write a person's row as the department does; ``updated_at`` without zone is China's time."""
        at = f"{updated_at}+08:00"
        self.execute(
            f"insert into {TABLE} (grsbh, xm, updated_at, {DELETION_MARK}) values (%s, %s, %s, %s) on conflict (grsbh) do update "
            f"set xm = excluded.xm, updated_at = excluded.updated_at, {DELETION_MARK} = excluded.{DELETION_MARK}",
            f"P{number:04d}",
            name,
            at,
            at if deleted else None,
        )

    def address(self, user: str, password: str) -> dict[str, Any]:
        database = self.settings.databases["human_resources"]
        return {"host": database.host, "port": database.port, "dbname": database.database, "user": user, "password": password}


@dataclass
class Nights:
    """Our side: a lake of its own that pulls on the nights it is told."""

    settings: Settings
    catalog: Catalog
    reasons: list[str | None] = field(default_factory=list)

    @property
    def contract(self) -> Contract:
        return self.catalog.find(DATASET)

    def context(self, day: date = FIRST_DAY) -> RunContext:
        return RunContext(self.settings, self.catalog, day, f"night/{day}/1")

    def pull(self, day: date = FIRST_DAY) -> str | None:
        return pull(self.context(day), self.contract)

    def folder(self, day: date = FIRST_DAY) -> Path:
        return self.settings.landing_root / DATASET / day.isoformat() / "1"

    def manifest(self, day: date = FIRST_DAY) -> Manifest:
        return Manifest.model_validate_json((self.folder(day) / "manifest.json").read_bytes())

    def rows(self, day: date = FIRST_DAY) -> list[dict[str, Any]]:
        import pyarrow.parquet as pq

        return pq.read_table(self.folder(day) / f"{DatasetName.parse(DATASET).table}.parquet").to_pylist()

    def stop(self, day: date) -> None:
        """Record that the delivery of ``day`` was stopped."""
        event = {"delivery_id": f"{DATASET}/{day}/1", "dataset": DATASET, "business_date": day, "sequence": 1, "night_date": day}
        stopped = {"status": "stopped", "reason_code": "tolerance_exceeded", "reason": "too many", "run_id": f"night/{day}/1"}
        record(self.settings.root, "deliveries", [event | stopped])

    def names(self, day: date = FIRST_DAY) -> dict[str, str]:
        """Person number → name, or its operation where it is a deletion."""
        return {row["grsbh"]: "deleted" if row.get("op") == "D" else row["xm"] for row in self.rows(day)}


@pytest.fixture(scope="session")
def insurance_catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    home = tmp_path_factory.mktemp("contracts")
    path = home / "sources" / f"{DATASET}.odcs.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(CONTRACT, encoding="utf-8")
    return load_catalog(home)


@pytest.fixture(scope="session")
def server(insurance_catalog: Catalog) -> Iterator[Settings]:
    """A server of our own on a free port; skipped where PostgreSQL is not installed."""
    try:
        find_binaries()
    except PostgresUnavailableError as error:
        pytest.skip(str(error))
    with tempfile.TemporaryDirectory() as home:
        settings = load_settings(home=f"{home}/lake", airflow={"home": f"{home}/airflow"}, databases=database_at(free_port()))
        open_departments(settings, insurance_catalog, print)
        try:
            yield settings
        finally:
            stop(settings, print, with_data=True)


@pytest.fixture
def department(server: Settings, insurance_catalog: Catalog) -> Department:
    found = Department(server, insurance_catalog)
    found.execute(f"truncate {TABLE}")
    return found


@pytest.fixture
def nights(server: Settings, insurance_catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    monkeypatch.setenv("GOVLAKE_DATABASES__HUMAN_RESOURCES__PASSWORD", reader_password(server))
    settings = load_settings(home=str(tmp_path / "lake"), databases=database_at(server.databases["human_resources"].port))
    return Nights(settings, insurance_catalog)


def database_at(port: int, **changed: Any) -> dict[str, Any]:
    return {
        "human_resources": {
            "host": "127.0.0.1",
            "port": port,
            "database": "human_resources",
            "user": "govlake_reader",
            "ssl_mode": "disable",
            "connect_timeout_seconds": 2,
        }
        | changed
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
