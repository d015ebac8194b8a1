"""A lake of one synthetic country, first night, up to silver: for benchmarks of the linkage. What is there already is kept.

Only the sources that name an entity of the masters asked for are taken. The two tables that are pulled are landed from the
generator's change log as a pull of the first night would land them, so that no database has to run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from jobs.io.landing import MANIFEST, Manifest, describe_file, pull_time
from jobs.io.run_context import RunContext
from jobs.io.state import open_run_id
from jobs.samples.country import generate, load_noise
from jobs.samples.databases import OPERATION, log_file
from jobs.settings import Settings, load_settings
from jobs.steps.s1_land import land
from jobs.steps.s2_bronze import load_bronze
from jobs.steps.s3_silver import has_pending, refine
from schemas.catalog import Catalog, load_catalog
from schemas.contract import Contract
from schemas.names import DatasetName
from schemas.record_keys import dataset_of

DAY = date(2026, 3, 2)


@dataclass(frozen=True)
class Country:
    """Which country: equal ones are the same, byte for byte."""

    people: int
    seed: int
    noise: str

    @property
    def name(self) -> str:
        """A folder's name for it."""
        return f"{self.noise}-{self.people}-{self.seed}"


@dataclass(frozen=True)
class CountryLake:
    """Where the lake of a country is, and the hidden truth beside it."""

    settings: Settings
    truth: Path

    def context(self, catalog: Catalog) -> RunContext:
        """The run of the first night."""
        return RunContext(self.settings, catalog, DAY, open_run_id(self.settings.root, DAY))


def settings_below(home: Path) -> Settings:
    """The settings, with lake, deliveries and keys below ``home``; not by the environment, which names another lake."""
    places = {"home": str(home / "lake"), "landing": home / "landing", "keys": home / "keys"}
    return load_settings().model_copy(update=places)


def prepare(spark: SparkSession, country: Country, folder: Path, masters: tuple[str, ...]) -> CountryLake:
    """The lake of ``country`` below ``folder``, with every source of ``masters`` in silver."""
    home = folder / country.name
    settings = settings_below(home)
    lake, catalog = CountryLake(settings, home / "truth"), load_catalog()
    if not all((lake.truth / f"{master}.parquet").is_file() for master in masters):
        noise = load_noise(country.noise)
        generate(country.people, 1, country.seed, DAY, noise, [], settings.landing_root, lake.truth, lambda _: None)
    ctx = lake.context(catalog)
    for name in sorted({dataset_of(contract) for master in masters for contract in catalog.sources_of(master)}):
        source = DatasetName.parse(name)
        land_pull(settings.landing_root, catalog.by_dataset[source])
        land(ctx, source)
        load_bronze(ctx, source)
        if has_pending(ctx, source):
            refine(spark, ctx, source)
    return lake


def land_pull(landing: Path, contract: Contract) -> None:
    """The first pull of a table, made from the log of its changes; nothing for a source that is sent."""
    place = landing / str(contract.dataset) / DAY.isoformat() / "1"
    if contract.pull is None or (place / MANIFEST).is_file():
        return
    place.mkdir(parents=True, exist_ok=True)
    rows = pq.read_table(log_file(landing, str(contract.dataset), DAY)).drop_columns([OPERATION])
    path = place / f"{contract.dataset.table}.parquet"
    pq.write_table(rows, path, compression="zstd")
    manifest = Manifest(
        dataset=str(contract.dataset),
        business_date=DAY,
        sequence=1,
        mode="full",
        files=(describe_file(path, rows.num_rows),),
        sender=contract.owner or contract.dataset.group,
        sent_at=pull_time(DAY),
        pulled_at=pull_time(DAY),
    )
    (place / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
