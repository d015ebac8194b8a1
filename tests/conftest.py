"""Shared by all suites: one Spark session for the whole run, and a lake of its own for each test."""

from __future__ import annotations

import logging
import math
import os
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from jobs.io.run_context import RunContext
from jobs.settings import Settings, load_settings
from schemas.catalog import Catalog, load_catalog

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

for name in [name for name in os.environ if name.startswith("GOVLAKE_")]:
    del os.environ[name]  # tests must not touch the lake of whoever runs them
os.environ["GOVLAKE_PROFILE"] = "test"

hypothesis.settings.register_profile("govlake", deadline=None)  # a slow machine is no failure
hypothesis.settings.load_profile("govlake")


SECONDS = "govlake/seconds"
"""Where pytest's cache keeps how long each file took when `make` last ran it."""
took: Counter[str] = Counter()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """New files come first, then those that took longest: so both processes end at about the same time."""
    cache = getattr(config, "cache", None)
    seconds = cache.get(SECONDS, {}) if cache else {}
    items.sort(key=lambda item: -seconds.get(item.location[0], math.inf))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    took[report.location[0]] += report.duration


def pytest_sessionfinish(session: pytest.Session) -> None:
    cache = getattr(session.config, "cache", None)
    if cache and session.config.getoption("numprocesses", None):  # what starts the processes hears of all tests
        cache.set(SECONDS, cache.get(SECONDS, {}) | took)


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    from jobs.io.spark import open_session

    session = open_session(load_settings())
    yield session
    session.stop()
    logging.getLogger("py4j").setLevel(logging.WARNING)  # it tells of each connection it closes when pytest's streams are closed


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture(scope="session")
def small_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake of `tests.small_register`, linked and released: to be copied, not to be changed."""
    from tests.small_register import write_linkage_state, write_release, write_sources

    settings = load_settings(home=str(tmp_path_factory.mktemp("small") / "lake"))
    write_sources(settings)
    write_linkage_state(settings)
    write_release(settings)
    return Path(settings.root)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=str(tmp_path / "lake"))


@pytest.fixture
def ctx(settings: Settings, catalog: Catalog) -> RunContext:
    return RunContext(settings, catalog, date(2026, 3, 2), "night/2026-03-02/1")
