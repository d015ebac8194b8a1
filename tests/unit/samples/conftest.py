"""Countries that several tests look at; each is made once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.samples.country import Summary, generate, load_noise, parse_fault
from jobs.samples.settings import load_country
from jobs.samples.streams import Streams
from jobs.samples.world import World, create_world
from schemas.catalog import load_catalog
from tests.unit.samples.replay import DATASETS, FIRST, Replayed, replay

DAYS = 3


@dataclass(frozen=True)
class Generated:
    """A country on disk."""

    landing: Path
    truth_folder: Path
    summary: Summary

    @property
    def truth(self) -> pa.Table:
        return pq.read_table(self.truth_folder / "population.parquet")


Generate = Callable[..., Generated]


def generate_into(
    folder: Path,
    *,
    people: int = 1000,
    days: int = DAYS,
    seed: int = 7,
    start: date = FIRST,
    noise: str = "typical",
    faults: Sequence[str] = (),
) -> Generated:
    landing, truth = folder / "landing", folder / "truth"
    planted = [parse_fault(text) for text in faults]
    summary = generate(people, days, seed, start, load_noise(noise), planted, landing, truth, lambda _: None)
    return Generated(landing, truth, summary)


@pytest.fixture(scope="session")
def country(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    """5,000 people over three days, typical errors."""
    return generate_into(tmp_path_factory.mktemp("country"), people=5000)


@pytest.fixture(scope="session")
def registers(country: Generated) -> dict[str, Replayed]:
    """What the country's deliveries come to."""
    return {dataset: replay(country.landing, dataset, DAYS) for dataset in DATASETS}


@pytest.fixture(scope="session")
def world() -> World:
    """The first day of a harsh country of 20,000 people, before anything is written."""
    return create_world(20_000, FIRST, load_country(), load_noise("harsh"), Streams(3), load_catalog())
