"""From a linkage state to an agency's folder, through the real gates: s5, s6 and s7 one after the other."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from frictionless import validate
from pyarrow import csv, parquet

from jobs.io.delta import table_version
from jobs.io.run_context import RunContext
from jobs.io.state import runs
from jobs.security.keys import consumer_key
from jobs.security.pseudonym import keyed_pseudonym
from jobs.settings import load_settings
from jobs.steps.s5_master import build_master, is_built
from jobs.steps.s6_release import release
from jobs.steps.s7_extract import extract
from schemas.catalog import Catalog
from schemas.contract import Contract
from schemas.errors import UsageError
from schemas.names import DatasetName, Layer, TableName
from tests.small_register import DAY, LI, LI_OLD_ID, RECORDS, WANG, write_linkage_state, write_sources

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

EXTRACT = DatasetName("health_commission", "person")
PERSON = TableName.parse("gold.population__person")
MADE = ("person", "household", "identifier")


@pytest.fixture(scope="module")
def released(spark: SparkSession, catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> RunContext:
    """One lake for all tests here: a night linked, mastered and released."""
    settings = load_settings(home=str(tmp_path_factory.mktemp("night") / "lake"))
    # Without the tables of history and relations: the register's silver holds numbers only.
    kept = tuple(c for c in catalog.contracts if Layer.GOLD not in c.layers or c.dataset.table in MADE)
    ctx = RunContext(settings, Catalog(kept), DAY, "night/2026-03-02/1")
    write_sources(settings)
    write_linkage_state(settings)
    build_master(spark, ctx, "population")
    release(ctx)
    return ctx


@pytest.fixture
def contract(catalog: Catalog) -> Contract:
    return catalog.by_dataset[EXTRACT]


def _extract(spark: SparkSession, ctx: RunContext) -> Path:
    folder = extract(spark, ctx, EXTRACT)
    assert folder is not None
    return folder


def _contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in sorted(folder.iterdir())}


def _facts(folder: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))["govlake"]
    return facts


def test_master_data_is_built_once(spark: SparkSession, released: RunContext) -> None:
    path, built = released.path(PERSON), len(runs(released.settings.root))
    assert is_built(released, "population")
    assert table_version(path) == 0
    build_master(spark, released, "population")
    assert (table_version(path), len(runs(released.settings.root))) == (0, built)


def test_the_folder_is_a_data_package_that_frictionless_accepts(spark: SparkSession, released: RunContext) -> None:
    folder = _extract(spark, released)
    assert folder.relative_to(released.settings.outbox_root) == Path("health_commission/person/2026-03-02/1")
    assert sorted(path.name for path in folder.iterdir()) == ["_READY", "datapackage.json", "person.csv", "person.parquet"]
    report = validate(str(folder / "datapackage.json"))
    assert report.valid, report.to_summary()
    facts = _facts(folder)
    assert facts["release_id"] == "2026-03-02/1"
    assert facts["tables"] == {"gold.population__person": 0}
    assert facts["rows"] == {"checked": 2, "shared": 2, "quarantined": 0}
    assert facts["changes"] == {"since": None, "added": 2, "changed": 0, "unchanged": 0, "removed": 0}
    assert facts["control_totals"]["columns"]["is_deceased"] == {"filled": 2, "true": 1}


def test_persons_are_named_by_this_consumers_pseudonym(spark: SparkSession, released: RunContext) -> None:
    folder = _extract(spark, released)
    key = consumer_key(released.settings, "health_commission")
    rows = parquet.read_table(folder / "person.parquet").to_pylist()
    assert {row["person_ref"]: row["full_name"] for row in rows} == {
        keyed_pseudonym(key, LI): "李明",
        keyed_pseudonym(key, WANG): "王芳",
    }
    assert csv.read_csv(folder / "person.csv").num_rows == 2


def test_nothing_that_is_not_granted_leaves(spark: SparkSession, released: RunContext, contract: Contract) -> None:
    """Neither a name of a column that is withheld, nor a value of one, nor an ID of ours, in any byte of any file."""
    folder = _extract(spark, released)
    granted = [column.name for column in contract.columns]
    person = released.catalog.by_dataset[DatasetName("population", "person")]
    columns = [f'"{column.name}"' for column in person.columns if column.name not in granted]
    withheld = ("citizen_id", "former_name", "registered_address", "current_address")
    values = [str(row[name]) for rows in RECORDS.values() for row in rows for name in withheld if row.get(name)]
    assert parquet.read_schema(folder / "person.parquet").names == granted
    assert (folder / "person.csv").read_text(encoding="utf-8-sig").splitlines()[0] == ",".join(f'"{name}"' for name in granted)
    for path in folder.iterdir():
        content = path.read_bytes()
        found = [word for word in (*columns, *values, LI_OLD_ID, LI, WANG, "pop-", "master_id") if word.encode() in content]
        assert found == [], path


def test_the_same_release_is_extracted_once(spark: SparkSession, released: RunContext) -> None:
    folder = _extract(spark, released)
    before = _contents(folder)
    assert _extract(spark, released) == folder
    assert _contents(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["1"]


def test_the_next_extract_says_what_changed(spark: SparkSession, released: RunContext) -> None:
    _extract(spark, released)
    tomorrow = replace(released, business_date=date(2026, 3, 3), run_id="night/2026-03-03/1")
    release(tomorrow)
    facts = _facts(_extract(spark, tomorrow))
    assert facts["changes"] == {"since": f"{EXTRACT}/2026-03-02/1", "added": 0, "changed": 0, "unchanged": 2, "removed": 0}


def test_a_night_that_was_not_released_has_no_extract(spark: SparkSession, ctx: RunContext) -> None:
    with pytest.raises(UsageError, match="no release to extract from"):
        extract(spark, ctx, EXTRACT)


def test_before_anything_is_published_there_is_nothing_to_extract(spark: SparkSession, ctx: RunContext) -> None:
    release(ctx)
    assert extract(spark, ctx, EXTRACT) is None
