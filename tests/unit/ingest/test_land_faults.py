"""What can be wrong with a delivery as a whole: each fault is stopped with its code and in words, the rest goes on."""

from collections.abc import Sequence

import pytest

from jobs.io.delta import read_table, table_exists
from jobs.io.state import DeliveryState, delivery_states
from schemas.names import DatasetName, Layer
from tests.landing_area import (
    FIRST_DAY,
    HOUSEHOLDS,
    MARRIAGES,
    RESIDENCES,
    Change,
    Contents,
    LandingArea,
    later,
    residence,
)

DATASETS = (HOUSEHOLDS, RESIDENCES, MARRIAGES)


def cut(contents: Contents) -> None:
    contents.data = contents.data[: len(contents.data) // 2]


def empty(contents: Contents) -> None:
    contents.data = b""


def lengthen(contents: Contents) -> None:
    contents.data += b"\n"


def flip_digit(contents: Contents) -> None:
    contents.data = contents.data.replace(b"11010519491231002X", b"11010519491231003X", 1)


def state_more_rows(contents: Contents) -> None:
    contents.rows_stated = len(contents.rows) + 3


def rename(old: str, new: str) -> Change:
    def change(contents: Contents) -> None:
        contents.columns = [new if name == old else name for name in contents.columns]
        for row in contents.rows:
            holder, key = (row[old.split(".")[0]], old.split(".")[1]) if "." in old else (row, old)
            holder[new] = holder.pop(key)

    return change


def drop(name: str) -> Change:
    def change(contents: Contents) -> None:
        contents.columns = [column for column in contents.columns if column != name]
        for row in contents.rows:
            holder, key = (row[name.split(".")[0]], name.split(".")[1]) if "." in name else (row, name)
            del holder[key]

    return change


def add(name: str) -> Change:
    def change(contents: Contents) -> None:
        contents.columns = [*contents.columns, name]
        for row in contents.rows:
            row[name] = "x"

    return change


def written_in(encoding: str) -> Change:
    def change(contents: Contents) -> None:
        contents.encoding = encoding

    return change


FAULTS: list[tuple[str, str, Sequence[Change], Sequence[Change], str]] = [
    *(("file_cut_short", dataset, (), (cut,), "file cut short: ") for dataset in DATASETS),
    *(("digest_mismatch", dataset, (), (flip_digit,), "the contents are not what was sent") for dataset in DATASETS),
    *(("row_count_mismatch", dataset, (), (state_more_rows,), "10 rows, the manifest says 13") for dataset in DATASETS),
    *(("empty_file", dataset, (), (empty,), "it is empty, the manifest says") for dataset in DATASETS),
    *(("size_mismatch", dataset, (), (lengthen,), "the manifest says") for dataset in DATASETS),
    ("missing_column", HOUSEHOLDS, (drop("GMSFHM"),), (), "missing column GMSFHM (公民身份号码, citizen_id)"),
    ("missing_column", MARRIAGES, (drop("NV_XM"),), (), "missing column NV_XM (女方姓名, female_name)"),
    ("missing_column", RESIDENCES, (drop("person.name"),), (), "missing column person.name (姓名, person_name)"),
    ("missing_column", HOUSEHOLDS, (drop("GMSFHM"), add("REMARK")), (), "not in the contract: REMARK"),
    ("extra_column", HOUSEHOLDS, (add("BZ"),), (), "column BZ is not in the contract"),
    ("extra_column", MARRIAGES, (add("BZ"),), (), "schemas/sources/civil_affairs/marriage_register.odcs.yaml"),
    ("extra_column", RESIDENCES, (add("remark"),), (), "column remark is not in the contract"),
    (
        "renamed_column",
        HOUSEHOLDS,
        (rename("GMSFHM", "GMSFHM18"),),
        (),
        "GMSFHM (公民身份号码, citizen_id) is not there, but GMSFHM18 is",
    ),
    (
        "renamed_column",
        RESIDENCES,
        (rename("djbh", "djbhao"),),
        (),
        "djbh (登记编号, registration_number) is not there, but djbhao is",
    ),
    ("duplicate_column", HOUSEHOLDS, (add("XM"),), (), "column XM is there twice"),
    ("wrong_encoding", HOUSEHOLDS, (written_in("utf-8"),), (), "declared gb18030, but the whole file is UTF-8"),
    ("wrong_encoding", HOUSEHOLDS, (written_in("utf-8-sig"),), (), "declared gb18030, but the whole file is UTF-8"),
    ("wrong_encoding", RESIDENCES, (written_in("gb18030"),), (), "10 of 10 lines are not utf-8"),
    ("wrong_encoding", MARRIAGES, (written_in("gb18030"),), (), "10 of 11 lines are not utf-8-sig"),
]


@pytest.mark.parametrize(
    ("code", "dataset", "before", "after", "words"), FAULTS, ids=[f"{f[0]}-{f[1]}-{n}" for n, f in enumerate(FAULTS)]
)
def test_a_wrong_delivery_is_stopped_in_words_and_its_correction_taken(
    area: LandingArea, code: str, dataset: str, before: Sequence[Change], after: Sequence[Change], words: str
) -> None:
    wrong = area.deliver(dataset, before=before, after=after)
    ctx = area.night(dataset)

    stopped = only(area, wrong)
    assert (stopped.status, stopped.reason_code) == ("stopped", code)
    assert words in (stopped.reason or "")
    assert "Ask the sender" in (stopped.reason or "")
    assert (stopped.rows_bronze, stopped.rows_accepted, stopped.rows_quarantined) == (0, 0, 0)
    assert stopped.rows_delivered == (13 if code == "row_count_mismatch" else 10)
    bronze = ctx.path(DatasetName.parse(dataset).in_layer(Layer.BRONZE))
    assert not table_exists(bronze)

    corrected = area.deliver(dataset, FIRST_DAY, 2, sent_at="2026-03-03T22:00:00+08:00")
    area.night(dataset, later(1))
    assert only(area, wrong) == stopped
    assert only(area, corrected).status == "received"
    assert read_table(bronze).num_rows == only(area, corrected).rows_bronze == 10


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"dataset": RESIDENCES}, "it says dataset is public_security/residence_registration, but it lies in the folder of"),
        ({"business_date": "2026-03-01"}, "it says business_date is 2026-03-01"),
        ({"sequence": 2}, "it says sequence is 2"),
        ({"mode": "complete"}, "mode: Input should be 'full' or 'delta'"),
        ({"checksum": "x"}, "unknown key 'checksum'"),
        ({"sent_at": "2026-03-02T22:00:00"}, "sent_at: Input should have timezone info"),
        ({"files": []}, "files: Tuple should have at least 1 item"),
        ({"files": [{"name": "../x.csv", "bytes": 1, "rows": 1, "sha256": "0" * 64}]}, "files.0.name"),
        ({"previous": "public_security/household_register/2026-03-02"}, "previous"),
        ({"previous": "yesterday"}, "previous 'yesterday' is not <dataset>/<yyyy-mm-dd> of an earlier date"),
    ],
)
def test_a_manifest_that_cannot_be_right_stops_the_delivery(area: LandingArea, changed: dict[str, object], words: str) -> None:
    delivered = area.deliver(HOUSEHOLDS, manifest=changed)
    area.night(HOUSEHOLDS)
    stopped = only(area, delivered)
    assert (stopped.status, stopped.reason_code) == ("stopped", "bad_manifest")
    assert words in (stopped.reason or "")


def test_a_manifest_that_is_no_json_stops_the_delivery(area: LandingArea) -> None:
    delivered = area.deliver(HOUSEHOLDS)
    (area.ctx.settings.landing_root / delivered / "manifest.json").write_text('{"dataset": ', encoding="utf-8")
    area.night(HOUSEHOLDS)
    assert only(area, delivered).reason_code == "bad_manifest"
    assert "Invalid JSON" in (only(area, delivered).reason or "")


def test_a_file_of_the_manifest_that_is_not_there_stops_the_delivery(area: LandingArea) -> None:
    delivered = area.deliver(HOUSEHOLDS)
    (area.ctx.settings.landing_root / delivered / "household_register.csv").unlink()
    area.night(HOUSEHOLDS)
    assert only(area, delivered).reason_code == "missing_file"


def test_a_wrong_sm3_stops_the_delivery_though_its_sha256_is_right(area: LandingArea) -> None:
    delivered = area.deliver(HOUSEHOLDS)
    manifest = area.ctx.settings.landing_root / delivered / "manifest.json"
    text = manifest.read_text(encoding="utf-8")
    sm3 = text.partition('"sm3": "')[2][:64]
    manifest.write_text(text.replace(sm3, "0" * 64), encoding="utf-8")
    area.night(HOUSEHOLDS)
    assert "its SM3 is" in (only(area, delivered).reason or "")


def test_a_full_without_rows_is_stopped_and_a_delta_without_rows_is_not(area: LandingArea) -> None:
    full = area.deliver(HOUSEHOLDS, rows=0)
    delta = area.deliver(RESIDENCES, rows=0, mode="delta")
    area.night(HOUSEHOLDS)
    area.night(RESIDENCES)
    assert only(area, full).reason_code == "empty_file"
    assert (only(area, delta).status, only(area, delta).rows_bronze) == ("received", 0)


def test_a_mode_that_the_contract_does_not_allow_is_stopped(area: LandingArea) -> None:
    contract = area.catalog.find(HOUSEHOLDS).model_copy(update={"delivery_modes": ("full",)})
    area.catalog = type(area.catalog)((contract,))
    delivered = area.deliver(HOUSEHOLDS, later(1), mode="delta", previous=FIRST_DAY)
    area.night(HOUSEHOLDS, later(1))
    assert only(area, delivered).reason_code == "mode_not_allowed"


def test_columns_in_another_order_are_the_same_rows(area: LandingArea) -> None:
    def reverse(contents: Contents) -> None:
        contents.columns.reverse()

    area.deliver(HOUSEHOLDS)
    area.deliver(HOUSEHOLDS, FIRST_DAY, 2, before=(reverse,))
    ctx = area.night(HOUSEHOLDS)
    bronze = read_table(ctx.path(DatasetName.parse(HOUSEHOLDS).in_layer(Layer.BRONZE))).to_pylist()
    first, second = (sorted(row["_record_hash"] for row in bronze if row["_sequence"] == n) for n in (1, 2))
    assert first == second
    assert len(set(first)) == 10


def test_an_optional_column_that_no_row_has_is_missing_in_a_large_full_only(area: LandingArea) -> None:
    def without_phones(count: int) -> list[dict[str, object]]:
        rows = [residence(number) for number in range(count)]
        for row in rows:
            del row["contacts"]
        return rows

    small = area.deliver(RESIDENCES, rows=without_phones(199))
    large = area.deliver(RESIDENCES, FIRST_DAY, 2, rows=without_phones(200))
    area.night(RESIDENCES)
    assert only(area, small).status == "received"
    assert only(area, large).reason_code == "missing_column"


@pytest.mark.parametrize("dataset", [RESIDENCES, MARRIAGES])
@pytest.mark.parametrize(("rows", "status"), [(1, "stopped"), (5, "received")])
def test_one_row_in_another_encoding_stops_a_delivery_only_if_it_is_all_there_is(
    area: LandingArea, dataset: str, rows: int, status: str
) -> None:
    def spoil(contents: Contents) -> None:
        contents.data = contents.data.replace("王".encode(), "王".encode("gb18030"), 1)

    delivered = area.deliver(dataset, rows=rows, written=(spoil,))
    area.night(dataset)
    assert only(area, delivered).status == status


def test_a_few_rows_in_another_encoding_do_not_stop_a_delivery(area: LandingArea) -> None:
    def spoil(contents: Contents) -> None:
        lines = contents.data.split(b"\r\n")
        lines[5] = lines[5].decode("gb18030").encode("utf-8")
        lines[9] = lines[9].replace("王".encode("gb18030"), b"\xff\xff")
        contents.data = b"\r\n".join(lines)

    area.deliver(HOUSEHOLDS, rows=100, written=(spoil,))
    ctx = area.night(HOUSEHOLDS)
    bronze = read_table(ctx.path(DatasetName.parse(HOUSEHOLDS).in_layer(Layer.BRONZE))).to_pylist()
    unsplit = {row["_row_number"]: row["_raw"] for row in bronze if row["_raw"] is not None}
    assert unsplit.keys() == {5, 9}
    assert r"\xe7\x8e\x8b\xe4\xbc\x9f" in unsplit[5]
    assert r"\xff\xff伟" in unsplit[9]
    assert sum(row["person_name"] == "王伟" for row in bronze) == 98


def only(area: LandingArea, delivery_id: str) -> DeliveryState:
    return next(state for state in delivery_states(area.ctx.settings.root) if state.delivery_id == delivery_id)
