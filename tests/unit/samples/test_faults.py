"""Each fault looks on disk as it should, and its correction comes the next day."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from jobs.io.text import decode
from jobs.samples.faults import Fault, FaultKind, parse_fault
from schemas.errors import UsageError
from tests.unit.samples.conftest import Generated, generate_into
from tests.unit.samples.replay import (
    DATASETS,
    ENCODINGS,
    FIRST,
    HOUSEHOLDS,
    MARRIAGES,
    RESIDENCES,
    data_file,
    folder_of,
    manifest_of,
    read_rows,
)

DAY = FIRST.replace(day=3)
REQUIRED = {HOUSEHOLDS: "XM", RESIDENCES: "person.name", MARRIAGES: "NAN_XM"}


PEOPLE = 1500
Deliver = Callable[[str, str], Path]


@pytest.fixture(scope="module")
def deliver(tmp_path_factory: pytest.TempPathFactory) -> Deliver:
    """Makes a country where all deliveries of the day have a fault and are corrected; gives a dataset's folder of the day."""

    @cache
    def country_with(kind: str) -> Path:
        faults = [f"{kind}:{dataset}:{DAY}:corrected" for dataset in DATASETS]
        return generate_into(tmp_path_factory.mktemp(kind), people=PEOPLE, days=2, faults=faults).landing

    return lambda kind, dataset: country_with(kind) / dataset / DAY.isoformat()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    """The country where nothing goes wrong, for a day more."""
    return generate_into(tmp_path_factory.mktemp("sound"), people=PEOPLE, days=3)


@pytest.fixture(scope="module")
def right(sound: Generated) -> dict[str, bytes]:
    """What its departments send."""
    return {dataset: data_file(folder_of(sound.landing, dataset, DAY)).read_bytes() for dataset in DATASETS}


def sent_at(folder: Path) -> datetime:
    return datetime.fromisoformat(manifest_of(folder)["sent_at"])


def digest_fits(folder: Path) -> bool:
    data = data_file(folder).read_bytes()
    stated = manifest_of(folder)["files"][0]
    assert (stated["sha256"] == hashlib.sha256(data).hexdigest()) == (stated["sm3"] == hashlib.new("sm3", data).hexdigest())
    return bool(stated["sha256"] == hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("dataset", DATASETS)
def test_truncated(deliver: Deliver, right: dict[str, bytes], dataset: str) -> None:
    folder = deliver("truncated", dataset) / "1"
    data = data_file(folder).read_bytes()
    assert 0 < len(data) < len(right[dataset])
    assert right[dataset].startswith(data)
    assert manifest_of(folder)["files"][0]["bytes"] == len(right[dataset])


@pytest.mark.parametrize("dataset", DATASETS)
def test_wrong_digest(deliver: Deliver, right: dict[str, bytes], dataset: str) -> None:
    folder = deliver("wrong-digest", dataset) / "1"
    data = data_file(folder).read_bytes()
    assert len(data) == len(right[dataset]) == manifest_of(folder)["files"][0]["bytes"]
    assert sum(a != b for a, b in zip(data, right[dataset], strict=True)) == 1
    assert not digest_fits(folder)


@pytest.mark.parametrize("dataset", DATASETS)
def test_missing_column(deliver: Deliver, dataset: str) -> None:
    folder = deliver("missing-column", dataset) / "1"
    assert digest_fits(folder)
    assert all(REQUIRED[dataset] not in row for row in read_rows(folder, dataset))


@pytest.mark.parametrize("dataset", DATASETS)
def test_extra_column(deliver: Deliver, dataset: str) -> None:
    folder = deliver("extra-column", dataset) / "1"
    assert digest_fits(folder)
    rows = read_rows(folder, dataset)
    assert rows
    assert all(row["BZ"] == "备注" and REQUIRED[dataset] in row for row in rows)


@pytest.mark.parametrize("dataset", DATASETS)
def test_wrong_encoding(deliver: Deliver, right: dict[str, bytes], dataset: str) -> None:
    folder = deliver("wrong-encoding", dataset) / "1"
    data = data_file(folder).read_bytes()
    assert digest_fits(folder)
    declared = ENCODINGS[dataset]
    text = data.decode("utf-8") if declared == "gb18030" else decode(data, "gb18030")
    assert text.removeprefix("\ufeff") == decode(right[dataset], declared).removeprefix("\ufeff")
    if declared != "gb18030":
        with pytest.raises(UnicodeDecodeError):
            data.decode("utf-8")


def test_duplicate_is_the_same_delivery_again(deliver: Deliver) -> None:
    folder = deliver("duplicate", HOUSEHOLDS)
    first, second = manifest_of(folder / "1"), manifest_of(folder / "2")
    assert data_file(folder / "1").read_bytes() == data_file(folder / "2").read_bytes()
    assert first["files"] == second["files"]
    assert second["sequence"] == 2
    assert sent_at(folder / "1") < sent_at(folder / "2") < datetime.fromisoformat("2026-03-04T06:00:00+08:00")


def test_missing_does_not_come(tmp_path: Path) -> None:
    made = generate_into(tmp_path, people=50, days=2, faults=[f"missing:{HOUSEHOLDS}:{DAY}"])
    assert folder_of(made.landing, HOUSEHOLDS, FIRST).exists()
    assert not folder_of(made.landing, HOUSEHOLDS, DAY).parent.exists()


def test_missing_and_corrected_comes_a_day_late(deliver: Deliver, right: dict[str, bytes]) -> None:
    folder = deliver("missing", HOUSEHOLDS)
    assert [path.name for path in folder.iterdir()] == ["1"]
    assert data_file(folder / "1").read_bytes() == right[HOUSEHOLDS]
    assert_sent_in_the_next_night(folder / "1")


@pytest.mark.parametrize("kind", sorted(set(FaultKind) - {FaultKind.MISSING, FaultKind.DUPLICATE}))
def test_the_correction_is_right_and_is_sent_the_next_day(deliver: Deliver, right: dict[str, bytes], kind: str) -> None:
    folder = deliver(kind, HOUSEHOLDS)
    manifest = manifest_of(folder / "2")
    assert (manifest["business_date"], manifest["sequence"]) == (DAY.isoformat(), 2)
    assert manifest["previous"] == f"{HOUSEHOLDS}/{FIRST}"
    assert data_file(folder / "2").read_bytes() == right[HOUSEHOLDS]
    assert digest_fits(folder / "2")
    assert_sent_in_the_next_night(folder / "2")


def assert_sent_in_the_next_night(folder: Path) -> None:
    opens, closes = (datetime.fromisoformat(f"2026-03-0{day}T06:00:00+08:00") for day in (4, 5))
    assert opens <= sent_at(folder) < closes


def test_a_fault_leaves_the_truth_and_other_deliveries_alone(sound: Generated, tmp_path: Path) -> None:
    faulty = generate_into(tmp_path, people=PEOPLE, faults=[f"truncated:{HOUSEHOLDS}:{DAY}", f"missing:{MARRIAGES}:{FIRST}"])
    assert sound.truth.equals(faulty.truth)
    other = folder_of(sound.landing, RESIDENCES, DAY)
    assert data_file(other).read_bytes() == data_file(folder_of(faulty.landing, RESIDENCES, DAY)).read_bytes()
    assert json.loads(json.dumps(faulty.summary.faults)) == [f"truncated:{HOUSEHOLDS}:{DAY}", f"missing:{MARRIAGES}:{FIRST}"]


def test_parse_fault_reads_what_str_writes() -> None:
    fault = Fault(FaultKind.WRONG_DIGEST, MARRIAGES, DAY, is_corrected=True)
    assert parse_fault(str(fault)) == fault


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("truncate:civil_affairs/marriage_register:2026-03-03", "truncated"),
        ("truncated:civil_affairs/marriage_registr:2026-03-03", "civil_affairs/marriage_register"),
        ("truncated:civil_affairs/marriage_register:3 March", "yyyy-mm-dd"),
        ("truncated:civil_affairs/marriage_register", "KIND:DATASET:DATE"),
        ("truncated:civil_affairs/marriage_register:2026-03-03:fixed", "corrected"),
    ],
)
def test_a_fault_that_cannot_be_read_says_what_to_write(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_fault(text)


def test_a_fault_outside_the_days_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="2026-03-02 to 2026-03-04"):
        generate_into(tmp_path, people=50, faults=[f"truncated:{HOUSEHOLDS}:2026-04-01"])


def test_two_faults_of_one_delivery_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one fault a delivery"):
        generate_into(tmp_path, people=50, faults=[f"truncated:{HOUSEHOLDS}:{DAY}", f"duplicate:{HOUSEHOLDS}:{DAY}"])


def test_a_file_without_rows_cannot_be_spoilt(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no rows"):
        generate_into(tmp_path, people=10, days=2, faults=[f"wrong-digest:{MARRIAGES}:{DAY}"])
