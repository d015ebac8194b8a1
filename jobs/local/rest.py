"""Airflow's REST API (v2), as far as a night needs it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import requests

from jobs.local.airflow_home import USER, airflow_password, airflow_url, log_folder
from jobs.settings import Settings
from schemas.errors import GovlakeError

TIMEOUT_SECONDS = 60
PAGE = 100
"""Airflow gives no more rows at a time (its ``maximum_page_limit``)."""
BUSY, ATTEMPTS = "Database error", 5
"""What Airflow answers when its database was busy for too long: nothing was done, and the call may be made again."""


class AirflowError(GovlakeError):
    """Airflow refuses or does not answer; the message says what was asked and what it said."""


class Airflow:
    """A logged-in client of this box's Airflow. Methods raise AirflowError."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._base = airflow_url(settings)
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy is no way to this very box
        self._log_in()

    def wait_until_ready(self, dag_ids: set[str], seconds: float = 180) -> None:
        """Wait until the scheduler is alive and every DAG is known and unpaused."""
        deadline = time.monotonic() + seconds
        while True:
            health = self._call("GET", "/api/v2/monitor/health")
            known = {dag["dag_id"] for dag in self._all("/api/v2/dags", "dags")}
            if health["scheduler"]["status"] == "healthy" and dag_ids <= known:
                return
            if time.monotonic() > deadline:
                lacking = ", ".join(sorted(dag_ids - known)) or f"scheduler is {health['scheduler']['status']}"
                raise AirflowError(f"Airflow is not ready: {lacking}. Its logs: {log_folder(self._settings)}")
            time.sleep(1)

    def trigger(self, dag_id: str, partition_key: str) -> None:
        """Start a new run of a DAG for a partition."""
        attempt = len(self._runs(dag_id, partition_key)) + 1
        run = {"logical_date": None, "dag_run_id": f"night-{partition_key}-{attempt}", "partition_key": partition_key}
        self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=run)

    def newest_run(self, dag_id: str, partition_key: str) -> dict[str, Any] | None:
        """The run of a DAG for a partition that was made last, with its ``dag_run_id`` and ``state``."""
        return next(iter(self._runs(dag_id, partition_key)), None)

    def newest_runs(self, partition_key: str) -> dict[str, dict[str, Any]]:
        """What `newest_run` says, of every DAG that has one: by DAG ID."""
        runs: dict[str, dict[str, Any]] = {}
        for run in self._runs("~", partition_key):
            runs.setdefault(run["dag_id"], run)
        return runs

    def tasks(self, dag_id: str, run_id: str) -> dict[str, str]:
        """States of a run's tasks by task ID."""
        found = self._all(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances", "task_instances")
        return {task["task_id"]: task["state"] for task in found}

    def _runs(self, dag_id: str, partition_key: str) -> list[dict[str, Any]]:
        """Runs for a partition, newest first; ``~`` stands for every DAG."""
        query = {"partition_key_pattern": partition_key, "order_by": "-id"}
        return self._all(f"/api/v2/dags/{dag_id}/dagRuns", "dag_runs", query)

    def _all(self, path: str, kind: str, query: Mapping[str, str] = MappingProxyType({})) -> list[dict[str, Any]]:
        """Every row of a listing, page by page."""
        rows: list[dict[str, Any]] = []
        while True:
            page = self._call("GET", f"{path}?{urlencode({**query, 'limit': PAGE, 'offset': len(rows)})}")
            rows += page[kind]
            if not page[kind] or len(rows) >= page["total_entries"]:
                return rows

    def _log_in(self) -> None:
        login = {"username": USER, "password": airflow_password(self._settings)}
        token = self._call("POST", "/auth/token", json=login)["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def _call(self, method: str, path: str, *, json: Any = None) -> Any:
        for attempt in range(1, ATTEMPTS + 1):
            answer = self._ask(method, path, json)
            if answer.status_code < 500 or BUSY not in answer.text or attempt == ATTEMPTS:
                break
            time.sleep(attempt)
        if answer.status_code >= 400:
            raise AirflowError(f"Airflow refused {method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None

    def _ask(self, method: str, path: str, json: Any) -> requests.Response:
        try:
            return self._session.request(method, self._base + path, json=json, timeout=TIMEOUT_SECONDS)
        except (requests.ConnectionError, requests.Timeout) as error:
            raise AirflowError(f"Airflow does not answer at {self._base} ({error}). Start it with `govlake up`.") from error
