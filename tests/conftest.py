"""Shared by all suites: one Spark session for the whole run, and a lake of its own for each test."""

from __future__ import annotations

import os
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


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    from jobs.io.spark import open_session

    session = open_session(load_settings())
    yield session
    session.stop()


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=str(tmp_path / "lake"))


@pytest.fixture
def ctx(settings: Settings, catalog: Catalog) -> RunContext:
    return RunContext(settings, catalog, date(2026, 3, 2), "night/2026-03-02/1")
