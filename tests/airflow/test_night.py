"""Nights of every silo through real Airflow and Spark Connect, as ``make run`` takes them, in lakes and on ports of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from pathlib import Path

import pytest

from jobs.io.state import current_release, delivery_states
from jobs.local.airflow_home import airflow_environment
from jobs.local.processes import running
from jobs.local.rest import Airflow
from jobs.plan import MASTERS_DAG, source_dag
from jobs.settings import PROJECT, Settings, load_settings
from schemas.catalog import load_catalog
from schemas.names import DatasetName
from tests.night.lakes import contents

pytestmark = pytest.mark.slow

NIGHTS = [date(2026, 3, 2), date(2026, 3, 3)]
BROKEN = DatasetName("public_security", "household_register")
GOVLAKE = str(Path(sys.executable).with_name("govlake"))
WAIT_SECONDS = 1200
KILLED_AT = ("silver               done", "population.link      done", "release              done")
"""What the driver says just before all is killed: of a source, of the link and of the release."""


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


@dataclass
class Box:
    """A lake with an Airflow of its own; its keys are shared, so that lakes can be compared."""

    folder: Path
    keys: Path
    variables: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        web, connect, logs = _free_ports(3)
        self.variables = {
            "GOVLAKE_HOME": str(self.folder / "lake"),
            "GOVLAKE_KEYS": str(self.keys),
            "GOVLAKE_AIRFLOW__HOME": str(self.folder / "airflow"),
            "GOVLAKE_AIRFLOW__PORT": str(web),
            "GOVLAKE_AIRFLOW__CONNECT_PORT": str(connect),
            "GOVLAKE_AIRFLOW__LOG_PORT": str(logs),
        }

    @property
    def settings(self) -> Settings:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.variables.items():
                patch.setenv(name, value)
            return load_settings()

    @property
    def command(self) -> list[str]:
        return [GOVLAKE, "demo", "--people", "800", "--nights", str(len(NIGHTS))]

    def govlake(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The command as a person gives it; ``demo`` if no words are given."""
        command = [GOVLAKE, *words] if words else self.command
        environment = os.environ | self.variables
        return subprocess.run(
            command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=WAIT_SECONDS, check=False
        )

    def demo_killed_at(self, sign: str) -> None:
        """Begin the nights and kill the driver and everything it started, as soon as it says ``sign``."""
        environment = os.environ | self.variables
        with subprocess.Popen(self.command, cwd=PROJECT, env=environment, stderr=subprocess.PIPE, text=True) as driver:
            said = next((line for line in driver.stderr or () if sign in line), None)
            for process in [driver.pid, *chain.from_iterable(running(self.settings.airflow.home.resolve()).values())]:
                with suppress(ProcessLookupError):  # a child may end with its parent
                    os.kill(process, signal.SIGKILL)
        assert said is not None, f"the driver came to its end without saying {sign!r}"


@contextmanager
def _box(folder: Path, keys: Path) -> Iterator[Box]:
    box = Box(folder, keys)
    try:
        yield box
    finally:
        box.govlake("down")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Iterator[Box]:
    with _box(tmp_path_factory.mktemp("box"), keys) as made:
        done = made.govlake()
        assert done.returncode == 0, done.stderr[-3000:]
        assert "the nights are done" in done.stdout
        yield made


def test_the_second_night_releases_in_spite_of_its_broken_delivery(box: Box) -> None:
    release = current_release(box.settings.root)
    assert release is not None
    assert (release.release_id, release.exit_code) == (f"{NIGHTS[1]}/1", 3)
    states = delivery_states(box.settings.root)
    assert [state.delivery_id for state in states if state.status == "stopped"] == [f"{BROKEN}/{NIGHTS[1]}/1"]
    assert {state.dataset for state in states} == {str(source.dataset) for source in load_catalog().sources}


def test_every_row_of_every_silo_is_accounted_for(box: Box) -> None:
    """The test profile has no databases: what is pulled is missing, and the night goes on."""
    pulled = {str(source.dataset) for source in load_catalog().sources if source.pull}
    for state in delivery_states(box.settings.root):
        if state.dataset in pulled:
            assert (state.status, state.rows_delivered) == ("missing", 0)
        elif state.status != "stopped":
            assert state.status == "published"
            assert state.rows_delivered == state.rows_bronze == state.rows_accepted + state.rows_quarantined


def test_the_stop_shows_red_in_its_dag_and_the_masters_go_on(box: Box) -> None:
    airflow, key = Airflow(box.settings), NIGHTS[1].isoformat()
    broken, masters = (airflow.newest_run(dag, key) for dag in (source_dag(BROKEN), MASTERS_DAG))
    assert broken is not None
    assert masters is not None
    assert airflow.tasks(source_dag(BROKEN), broken["dag_run_id"])["report_stops"] == "failed"
    assert (broken["state"], masters["state"]) == ("failed", "success")


def test_airflow_imports_every_dag(box: Box) -> None:
    command = [sys.executable, "-m", "airflow", "dags", "list-import-errors"]
    listed = subprocess.run(command, env=airflow_environment(box.settings), capture_output=True, text=True, check=True)
    assert "No data found" in listed.stdout


def test_again_there_is_nothing_to_do(box: Box) -> None:
    again = box.govlake()
    assert again.returncode == 0
    assert "nothing to do" in again.stdout


def test_nights_killed_and_begun_again_end_as_if_they_had_not_been(box: Box, keys: Path, tmp_path: Path) -> None:
    box.govlake("down")
    with _box(tmp_path, keys) as other:
        for sign in KILLED_AT:
            other.demo_killed_at(sign)
        done = other.govlake()
        assert done.returncode == 0, done.stderr[-3000:]
        ours, theirs = (contents(Path(made.settings.root)) for made in (box, other))
        assert set(ours) == set(theirs)
        assert {name for name in ours if ours[name] != theirs[name]} == set()
