"""The database pull against a real PostgreSQL: nothing lost, nothing doubled, nothing written, and no night held up."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from jobs.io import database
from jobs.io.database import Window, open_snapshot, stream_rows
from jobs.io.state import delivery_states
from jobs.local.postgres import reader_password
from jobs.settings import SettingsError, load_settings
from jobs.steps import s0_pull
from jobs.steps.s1_land import land
from schemas.names import DatasetName
from tests.pull.conftest import Department, Nights, database_at, free_port
from tests.pull.insurance import DATASET, FIRST_DAY, TABLE, later


def test_first_all_rows_then_what_was_written_since(department: Department, nights: Nights) -> None:
    department.put(1, "王伟", "2026-03-02T10:00:00")
    department.put(2, "李娜", "2026-03-02T11:00:00")
    department.put(3, "张敏", "2026-03-02T12:00:00", deleted=True)
    assert nights.pull() is None
    first = nights.manifest()
    assert (first.mode, first.previous, first.rows, first.sender) == ("full", None, 2, "人力资源和社会保障局")
    assert first.sent_at.isoformat() == "2026-03-03T05:59:00+08:00"
    assert first.pulled_at is not None
    assert nights.names() == {"P0001": "王伟", "P0002": "李娜"}

    department.put(1, "王伟伟", "2026-03-03T10:00:00")
    department.put(2, "李娜", "2026-03-03T11:00:00", deleted=True)
    department.put(4, "刘洋", "2026-03-03T12:00:00")
    assert nights.pull(later(1)) is None
    second = nights.manifest(later(1))
    assert (second.mode, second.previous) == ("delta", f"{DATASET}/2026-03-02")
    assert nights.names(later(1)) == {"P0001": "王伟伟", "P0002": "deleted", "P0003": "deleted", "P0004": "刘洋"}
    assert second.watermark == datetime(2026, 3, 3, 4, tzinfo=UTC)


def test_rows_written_late_are_caught_by_the_overlap_and_no_further_back(department: Department, nights: Nights) -> None:
    department.put(1, "王伟", "2026-03-02T12:00:00")
    nights.pull()
    department.put(2, "within the hour", "2026-03-02T11:00:01")
    department.put(3, "an hour before", "2026-03-02T11:00:00")
    nights.pull(later(1))
    assert set(nights.names(later(1))) == {"P0001", "P0002"}


def test_a_night_without_changes_keeps_the_watermark(department: Department, nights: Nights) -> None:
    department.put(1, "王伟", "2026-03-02T12:00:00")
    nights.pull()
    department.execute(f"delete from {TABLE}")
    nights.pull(later(1))
    assert (nights.manifest(later(1)).rows, nights.manifest(later(1)).watermark) == (0, nights.manifest().watermark)


def test_what_is_written_after_the_cut_off_comes_the_next_night(department: Department, nights: Nights) -> None:
    department.put(1, "in time", "2026-03-03T05:58:59")
    department.put(2, "too late", "2026-03-03T05:59:00")
    department.put(3, "clock ahead", "2026-03-04T04:00:00")
    nights.pull()
    assert nights.names() == {"P0001": "in time"}
    nights.pull(later(1))
    assert set(nights.names(later(1))) == {"P0001", "P0002", "P0003"}


def test_rows_that_change_while_they_are_pulled_are_seen_as_they_were(
    department: Department, nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "ROWS_A_TIME", 2)
    for number in range(10):
        department.put(number, "before", f"2026-03-02T10:00:{number:02d}")
    source, contract = nights.settings.databases["human_resources"], nights.contract
    assert contract.pull is not None
    window = Window(None, s0_pull.pull_time(FIRST_DAY), with_deleted=False)
    seen: list[Any] = []
    with open_snapshot("human_resources", source) as connection:
        batches = stream_rows(connection, contract.pull, ["grsbh", "xm", "updated_at"], ["grsbh"], window)
        seen += next(batches)
        department.put(9, "after", "2026-03-02T20:00:00")
        department.put(11, "new", "2026-03-02T20:00:00")
        department.execute(f"delete from {TABLE} where grsbh = 'P0005'")
        for batch in batches:
            seen += batch
    assert [row[1] for row in seen] == ["before"] * 10
    nights.pull()
    nights.pull(later(1))
    assert nights.names(later(1))["P0009"] == "after"


def test_columns_that_the_contract_does_not_know_are_landed_too(department: Department, nights: Nights) -> None:
    department.execute(f"alter table {TABLE} add column bz text default '备注'")
    try:
        department.put(1, "王伟", "2026-03-02T10:00:00")
        nights.pull()
        assert nights.rows()[0]["bz"] == "备注"
        assert "deleted_at" not in nights.rows()[0]
    finally:
        department.execute(f"alter table {TABLE} drop column bz")


KILLED = """
import os, signal, sys
from jobs.steps import s0_pull
from tests.pull.conftest import Nights
from jobs.settings import load_settings
from schemas.catalog import load_catalog
from tests.pull.conftest import database_at
from pathlib import Path

lake, contracts, port = sys.argv[1:]
def die(path, rows):
    os.kill(os.getpid(), signal.SIGKILL)
s0_pull.describe_file = die
Nights(load_settings(home=lake, databases=database_at(int(port))), load_catalog(Path(contracts))).pull()
"""


def test_a_pull_killed_between_data_and_manifest_leaves_nothing_and_is_made_again(department: Department, nights: Nights) -> None:
    department.put(1, "王伟", "2026-03-02T10:00:00")
    contracts = nights.contract.path.parents[2]
    port = nights.settings.databases["human_resources"].port
    killed = subprocess.run([sys.executable, "-c", KILLED, nights.settings.root, str(contracts), str(port)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert list((nights.settings.landing_root / "_pull").rglob("*.parquet"))
    assert not nights.folder().exists()
    assert nights.pull() is None
    assert nights.names() == {"P0001": "王伟"}
    assert [path.name for path in nights.folder().parent.iterdir()] == ["1"]


def test_two_pulls_at_once_land_one_delivery(department: Department, nights: Nights) -> None:
    department.put(1, "王伟", "2026-03-02T10:00:00")
    threads = [threading.Thread(target=nights.pull) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.name for path in nights.folder().parent.iterdir()] == ["1"]
    assert nights.names() == {"P0001": "王伟"}


def test_a_landed_pull_is_not_repeated_and_needs_no_database(department: Department, nights: Nights, tmp_path: Path) -> None:
    department.put(1, "王伟", "2026-03-02T10:00:00")
    nights.pull()
    landed = (nights.folder() / "manifest.json").read_bytes()
    department.put(2, "李娜", "2026-03-02T11:00:00")
    assert nights.pull() is None
    assert (nights.folder() / "manifest.json").read_bytes() == landed
    settings = load_settings(home=str(tmp_path / "again"), databases=database_at(free_port()))
    shutil.copytree(nights.settings.landing_root, settings.landing_root)
    again = Nights(settings, nights.catalog)
    assert again.pull() is None
    assert again.names() == {"P0001": "王伟"}


def test_what_was_stopped_is_pulled_again(department: Department, nights: Nights) -> None:
    department.put(1, "王伟", "2026-03-02T10:00:00")
    nights.pull()
    department.put(2, "李娜", "2026-03-03T10:00:00")
    nights.pull(later(1))
    nights.stop(later(1))
    nights.pull(later(2))
    assert nights.manifest(later(2)).previous == f"{DATASET}/{FIRST_DAY}"
    assert set(nights.names(later(2))) == {"P0001", "P0002"}


def test_the_role_that_reads_cannot_write(department: Department, nights: Nights) -> None:
    address = department.address("govlake_reader", reader_password(department.settings))
    with psycopg.connect(**address) as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute(f"delete from {TABLE}".encode())
    address |= {"options": "-c default_transaction_read_only=off"}
    with psycopg.connect(**address) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(f"delete from {TABLE}".encode())
    with open_snapshot("human_resources", nights.settings.databases["human_resources"]) as connection:
        assert connection.read_only


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"port": None}, "database human_resources at 127.0.0.1:{port} cannot be reached as govlake_reader"),
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
        ({"user": "nobody_known"}, "cannot be reached as nobody_known"),
    ],
)
def test_a_source_that_cannot_be_reached_is_missing_and_says_what_to_do(
    nights: Nights, changed: dict[str, Any], words: str
) -> None:
    port = free_port() if "port" in changed else nights.settings.databases["human_resources"].port
    settings = load_settings(home=nights.settings.root, databases=database_at(**{"port": port} | changed | {"port": port}))
    land(Nights(settings, nights.catalog).context(), DatasetName.parse(DATASET))
    [state] = delivery_states(settings.root)
    assert (state.status, state.sequence) == ("missing", 0)
    assert words.format(port=port) in (state.reason or "")
    assert "Check that it runs" in (state.reason or "")
    assert os.environ["GOVLAKE_DATABASES__HUMAN_RESOURCES__PASSWORD"] not in (state.reason or "")


@pytest.mark.parametrize(
    ("statement", "undo", "words"),
    [
        (f"alter table {TABLE} rename to other", f"alter table other rename to {TABLE}", "has no table shbx"),
        (
            f"alter table {TABLE} rename updated_at to gxsj",
            f"alter table {TABLE} rename gxsj to updated_at",
            "has no column updated_at (pull.watermark of the contract)",
        ),
        (f"revoke select on {TABLE} from govlake_reader", f"grant select on {TABLE} to govlake_reader", "permission denied"),
    ],
)
def test_a_table_that_is_not_as_agreed_is_missing_in_words(
    department: Department, nights: Nights, statement: str, undo: str, words: str
) -> None:
    department.execute(statement)
    try:
        assert words in (nights.pull() or "")
    finally:
        department.execute(undo)
    assert not nights.folder().exists()
    assert not list((nights.settings.landing_root / "_pull").rglob("*.parquet"))


def test_a_database_without_settings_is_missing_in_words(nights: Nights) -> None:
    settings = nights.settings.model_copy(update={"databases": {}})
    reason = Nights(settings, nights.catalog).pull()
    assert "there is no setting databases.human_resources" in (reason or "")


def test_a_password_in_a_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "base.yaml").write_text("databases: {hr: {host: h, database: d, user: u, password: secret-word}}", encoding="utf-8")
    (tmp_path / "test.yaml").touch()
    monkeypatch.setenv("GOVLAKE_CONF", str(tmp_path))
    with pytest.raises(SettingsError, match="GOVLAKE_DATABASES__HR__PASSWORD") as refused:
        load_settings()
    assert "secret-word" not in str(refused.value)


def test_a_password_is_not_shown_with_the_settings(nights: Nights) -> None:
    secret = os.environ["GOVLAKE_DATABASES__HUMAN_RESOURCES__PASSWORD"]
    assert nights.settings.databases["human_resources"].password is not None
    assert secret not in repr(nights.settings) + nights.settings.model_dump_json()


def test_a_wrong_setting_does_not_show_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVLAKE_DATABASES__HR__PASSWORD", "secret-word")
    with pytest.raises(SettingsError, match=r"databases\.hr\.host") as refused:
        load_settings()
    assert "secret-word" not in str(refused.value)
