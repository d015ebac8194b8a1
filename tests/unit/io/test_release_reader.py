from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from jobs.io.control import record
from jobs.io.release_reader import QueryError, find_release, open_release, quarantined_rows, query_release
from jobs.settings import Settings, load_settings
from schemas.errors import UsageError
from schemas.names import TableName

PERSON = TableName.parse("gold.population__person")
EDGES = TableName.parse("linked.population__edges")


def _write(settings: Settings, table: TableName, rows: list[dict[str, Any]]) -> None:
    write_deltalake(table.path(settings.root), pa.Table.from_pylist(rows), mode="overwrite")


def _release(settings: Settings, day: int, tables: dict[str, int]) -> None:
    event = {"release_id": f"2026-03-0{day}/1", "business_date": date(2026, 3, day), "number": 1, "exit_code": 0, "run_id": "r"}
    record(settings.root, "releases", [event | {"tables": tables, "sources": {}}])


@pytest.fixture(scope="module")
def two_releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One person in the first, two in the second; a third version that no release names."""
    settings = load_settings(home=str(tmp_path_factory.mktemp("releases") / "lake"))
    for number, names in enumerate((["李明"], ["李明", "王伟"], ["李明", "王伟", "赵云"])):
        _write(settings, PERSON, [{"full_name": name} for name in names])
        if number < 2:
            _release(settings, number + 2, {str(PERSON): number})
    return Path(settings.root)


@pytest.fixture
def lake(settings: Settings, two_releases: Path) -> Settings:
    shutil.copytree(two_releases, settings.root)
    return settings


def test_a_query_sees_the_current_release_and_not_the_newest_version(lake: Settings) -> None:
    assert query_release(lake, "select full_name from gold.population__person order by 1").to_pydict() == {
        "full_name": ["李明", "王伟"]
    }


def test_an_older_release_can_be_read_again(lake: Settings) -> None:
    assert query_release(lake, "from GOLD.population__person", "2026-03-02/1").num_rows == 1


def test_a_table_the_release_lacks_is_named_with_those_it_has(lake: Settings) -> None:
    with pytest.raises(QueryError, match=r"population__persons.*Release 2026-03-03/1 has: gold.population__person"):
        query_release(lake, "select * from gold.population__persons")


def test_a_query_that_is_wrong_says_what_is_wrong(lake: Settings) -> None:
    with pytest.raises(QueryError, match="syntax error"):
        query_release(lake, "selec 1")


@pytest.mark.parametrize("sql", ["copy (select 1) to '{file}'", "", "create table t as select 1", "attach '{file}' as other"])
def test_what_is_not_a_query_is_refused_and_writes_nothing(lake: Settings, tmp_path: Path, sql: str) -> None:
    file = tmp_path / "written"
    with pytest.raises(QueryError, match="a query is one SELECT"):
        query_release(lake, sql.format(file=file))
    assert not file.exists()


def test_a_pivot_is_a_query(lake: Settings) -> None:
    assert query_release(lake, "pivot gold.population__person on full_name using count(*)").to_pylist() == [{"李明": 1, "王伟": 1}]


def test_a_release_that_is_not_there_is_refused_with_a_hint(lake: Settings) -> None:
    with pytest.raises(UsageError, match="Did you mean '2026-03-03/1'"):
        find_release(lake, "2026-03-03/11")


def test_a_lake_without_a_release_says_what_to_do(settings: Settings) -> None:
    with pytest.raises(UsageError, match="govlake night"):
        query_release(settings, "select 1")


def test_open_release_shows_all_tables(lake: Settings) -> None:
    _write(lake, EDGES, [{"weight": 3.5}])
    _release(lake, 4, {str(PERSON): 2, str(EDGES): 0})
    with open_release(lake) as connection:
        counted = connection.sql(
            "select (select count(*) from gold.population__person), (select sum(weight) from linked.population__edges)"
        )
        assert counted.fetchall() == [(3, 3.5)]


def test_quarantined_rows_of_a_day(settings: Settings) -> None:
    told = {"check_codes": ["key_null"], "reasons": ["the key is empty"], "raw_row": "…", "state": "open"}
    places = [(f"public_security/household_register/2026-03-0{day}/1", day) for day in (2, 3)]
    stored = [
        {"_delivery_id": delivery, "_business_date": date(2026, 3, day), "_file": "f", "_row_number": day} | told
        for delivery, day in places
    ]
    rows = [{"delivery_id": delivery, "row_number": day} | told for delivery, day in places]
    _write(settings, TableName.parse("quarantine.public_security__household_register"), stored)
    assert [row["row_number"] for row in quarantined_rows(settings, None, None, 50)] == [2, 3]
    (found,) = quarantined_rows(settings, "public_security/household_register", date(2026, 3, 3), 50)
    assert found == {"table": "quarantine.public_security__household_register"} | rows[1]
    assert quarantined_rows(settings, "civil_affairs/marriage_register", None, 50) == []
    assert len(quarantined_rows(settings, None, None, 1)) == 1
    with pytest.raises(UsageError, match="Did you mean 'public_security/household_register'"):
        quarantined_rows(settings, "public_security/household", None, 50)
