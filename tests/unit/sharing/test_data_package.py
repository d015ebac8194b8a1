from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from frictionless import validate
from pyarrow import parquet

from jobs.io.delta import duckdb_connection
from jobs.sharing.changes import Changes, changes_between, control_totals
from jobs.sharing.data_package import describe_package, write_data_files, write_descriptor
from jobs.sharing.outbox import READY, draft, extracts_of
from schemas.catalog import Catalog
from schemas.contract import Contract
from schemas.names import DatasetName

DATASET = DatasetName("health_commission", "person")
DAY = date(2026, 3, 2)
SCHEMA = pa.schema(
    [
        ("person_ref", pa.string()),
        ("full_name", pa.string()),
        ("sex_code", pa.string()),
        ("birth_date", pa.date32()),
        ("registered_region_code", pa.string()),
        ("is_deceased", pa.bool_()),
    ]
)
LI = ("AAA", '李, "小"\n明', "1", date(1980, 2, 29), "420106", False)
ZHAO = ("BBB", "赵㛃·𠮷", "2", None, None, True)
WANG = ("CCC", "王伟", None, date(1999, 12, 31), "420102", False)


@pytest.fixture
def contract(catalog: Catalog) -> Contract:
    return catalog.by_dataset[DATASET]


def _table(*rows: tuple[Any, ...]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], schema=SCHEMA)


def _package(folder: Path, contract: Contract) -> Path:
    rows = write_data_files(_table(LI, ZHAO).to_reader(), folder, "person")
    return write_descriptor(
        folder, describe_package(contract, folder, "health-commission-person", rows, {"release_id": "2026-03-02/1"})
    )


def test_frictionless_accepts_the_package(tmp_path: Path, contract: Contract) -> None:
    report = validate(str(_package(tmp_path, contract)))
    assert report.valid, report.to_summary()
    assert report.tasks[0].stats["rows"] == 2
    assert parquet.read_table(tmp_path / "person.parquet").equals(_table(LI, ZHAO))


@pytest.mark.parametrize("name", ["person.csv", "person.parquet"])
def test_frictionless_finds_a_byte_that_was_changed_on_the_way(tmp_path: Path, contract: Contract, name: str) -> None:
    descriptor = _package(tmp_path, contract)
    sent = (tmp_path / name).read_bytes()
    at = sent.index(b"AAA")
    (tmp_path / name).write_bytes(sent[:at] + b"B" + sent[at + 1 :])
    report = validate(str(descriptor))
    assert [error.type for task in report.tasks for error in task.errors] == ["hash-count"]


def test_the_csv_is_utf8_with_bom_and_the_schema_is_the_contracts(tmp_path: Path, contract: Contract) -> None:
    descriptor = json.loads(_package(tmp_path, contract).read_text(encoding="utf-8"))
    assert (tmp_path / "person.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    fields = descriptor["resources"][0]["schema"]["fields"]
    assert [(f["name"], f["type"]) for f in fields] == [
        ("person_ref", "string"),
        ("full_name", "string"),
        ("sex_code", "string"),
        ("birth_date", "date"),
        ("registered_region_code", "string"),
        ("is_deceased", "boolean"),
    ]
    assert fields[1]["title"] == "姓名"


def test_changes_and_totals_between_two_versions(tmp_path: Path, contract: Contract) -> None:
    path = str(tmp_path / "shared")
    married = (*ZHAO[:1], "钱㛃", *ZHAO[2:])
    write_deltalake(path, _table(LI, ZHAO))
    write_deltalake(path, _table(married, WANG), mode="overwrite")
    with duckdb_connection() as lake:
        found = changes_between(lake, contract, path, "health_commission/person/2026-03-02/1", 0, 1)
        assert found == Changes("health_commission/person/2026-03-02/1", added=1, changed=1, unchanged=0, removed=1)
        totals = control_totals(lake, contract, path, 0)
    assert totals["is_deceased"] == {"filled": 2, "true": 1}
    assert totals["birth_date"] == {"filled": 1, "distinct": 1}


def test_a_column_that_is_new_makes_every_row_a_changed_one(tmp_path: Path, contract: Contract) -> None:
    path = str(tmp_path / "shared")
    write_deltalake(path, _table(LI, ZHAO).drop_columns(["is_deceased"]))
    write_deltalake(path, _table(LI, ZHAO), mode="overwrite", schema_mode="overwrite")
    with duckdb_connection() as lake:
        assert changes_between(lake, contract, path, "before", 0, 1) == Changes(
            "before", added=0, changed=2, unchanged=0, removed=0
        )


def test_an_extract_appears_whole_or_not_at_all(tmp_path: Path, contract: Contract) -> None:
    def write(*, fails: bool) -> None:
        with draft(tmp_path, DATASET, DAY, 1) as folder:
            _package(folder, contract)
            if fails:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(fails=True)
    assert extracts_of(tmp_path, DATASET) == []
    write(fails=False)
    (extract,) = extracts_of(tmp_path, DATASET)
    assert sorted(path.name for path in extract.folder.iterdir()) == [READY, "datapackage.json", "person.csv", "person.parquet"]
    assert extract.facts == {"release_id": "2026-03-02/1"}
    assert [path.name for path in tmp_path.iterdir()] == ["health_commission"], "no draft is left"
