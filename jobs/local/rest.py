"""Airflow's REST API (v2), as far as a night needs it."""

from __future__ import annotations

import time
from typing import Any

import requests

from jobs.local.box import USER, airflow_password, airflow_url, log_file
from jobs.settings import Settings
from schemas.errors import GovlakeError

TIMEOUT_SECONDS = 60


class AirflowError(GovlakeError):
    """Airflow refuses or does not answer; the message says what was asked and what it said."""


class Airflow:
    """A logged-in client of this box's Airflow. Methods raise AirflowError."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._base = airflow_url(settings)
        self._session = requests.Session()
        self._log_in()

    def wait_until_ready(self, dag_ids: set[str], seconds: float = 180) -> None:
        """Wait until the scheduler is alive and every DAG is known and unpaused."""
        deadline = time.monotonic() + seconds
        while True:
            health = self._call("GET", "/api/v2/monitor/health")
            known = {dag["dag_id"] for dag in self._call("GET", "/api/v2/dags?limit=1000")["dags"]}
            if health["scheduler"]["status"] == "healthy" and dag_ids <= known:
                return
            if time.monotonic() > deadline:
                lacking = ", ".join(sorted(dag_ids - known)) or f"scheduler is {health['scheduler']['status']}"
                raise AirflowError(f"Airflow is not ready: {lacking}. Its logs: {log_file(self._settings, 'scheduler').parent}")
            time.sleep(1)

    def trigger(self, dag_id: str, partition_key: str) -> None:
        """Start the run of a DAG for a partition; nothing if it was started already."""
        run = {"logical_date": None, "dag_run_id": run_name(partition_key), "partition_key": partition_key}
        self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=run, allow=(409,))

    def runs(self, dag_id: str, partition_key: str) -> list[dict[str, Any]]:
        """Runs of a DAG for a partition, oldest first."""
        runs = self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns?limit=100&order_by=id")["dag_runs"]
        return [run for run in runs if run.get("partition_key") == partition_key]

    def tasks(self, dag_id: str, run_id: str) -> dict[str, str]:
        """States of a run's tasks by task ID."""
        found = self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=100")
        return {task["task_id"]: task["state"] for task in found["task_instances"]}

    def clear(self, dag_id: str, run_id: str) -> None:
        """Let a run's failed tasks run again."""
        self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/clear", json={"dry_run": False, "only_failed": True})

    def post_asset_event(self, asset: str, partition_key: str, extra: dict[str, str]) -> None:
        """Announce an asset's partition in place of a DAG that could not."""
        found = self._call("GET", f"/api/v2/assets?limit=1000&name_pattern={asset}")["assets"]
        asset_id = next(item["id"] for item in found if item["name"] == asset)
        self._call("POST", "/api/v2/assets/events", json={"asset_id": asset_id, "partition_key": partition_key, "extra": extra})

    def _log_in(self) -> None:
        login = {"username": USER, "password": airflow_password(self._settings)}
        token = self._call("POST", "/auth/token", json=login)["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def _call(self, method: str, path: str, *, json: Any = None, allow: tuple[int, ...] = ()) -> Any:
        try:
            answer = self._session.request(method, self._base + path, json=json, timeout=TIMEOUT_SECONDS)
        except requests.ConnectionError as error:
            raise AirflowError(f"Airflow does not answer at {self._base}. Start it with `govlake up`.") from error
        if answer.status_code >= 400 and answer.status_code not in allow:
            raise AirflowError(f"Airflow refused {method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None


def run_name(partition_key: str) -> str:
    """The name of the run that the nightly driver starts for a business date."""
    return f"night-{partition_key}"
