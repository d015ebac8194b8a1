from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from jobs.io.delta import duckdb_connection
from jobs.portal.evaluation import _delivered_text, evaluate
from jobs.settings import Settings
from schemas.catalog import Catalog
from schemas.errors import UsageError
from tests.small_register import DAY, LI, WANG, write_derived, write_truth


@pytest.fixture
def lake(settings: Settings, small_lake: Path) -> Settings:
    shutil.copytree(small_lake, settings.root)
    return settings


def test_the_small_register_by_hand(lake: Settings, tmp_path: Path) -> None:
    measures = evaluate(lake, write_truth(tmp_path / "truth"))["population"]
    # Seven records: 李明 4, 王芳 2, 赵云 1 (quarantined, alone). R3 is of tomorrow, R0 of a day that was never delivered, R9 dead.
    assert measures["records"] == 7
    assert (measures["entities_found"], measures["entities_true"]) == (3, 3)
    perfect = {"precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert measures["pairwise"] == measures["pairwise_linkable"] == measures["bcubed"] == perfect
    # Of the 7 true pairs, equal delivered IDs find one: 王芳's. 李明's are 15 digits here, 18 there, mistyped, and absent.
    assert measures["baseline_exact_id"] == {"precision": 1.0, "recall": pytest.approx(1 / 7), "f1": pytest.approx(0.25)}
    # Six records have a partner, five of them are linkable.
    assert measures["linkable_share"] == pytest.approx(5 / 6)


def test_a_folder_without_truth_is_refused(lake: Settings, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"expected .*population\.parquet"):
        evaluate(lake, tmp_path)
    (tmp_path / "population.parquet").write_text("no parquet", encoding="utf-8")
    with pytest.raises(UsageError, match=r"population\.parquet is not what `govlake generate` writes"):
        evaluate(lake, tmp_path)


@pytest.mark.parametrize(
    ("dataset", "column", "place", "delivered", "text"),
    [
        ("public_security/household_register", "citizen_id", None, "420106800229001", "420106800229001"),
        ("public_security/household_register", "citizen_id", None, "", None),
        ("civil_affairs/assistance_member", "member_citizen_id", 1, '["110105194912310021", null, "", "x"]', "110105194912310021"),
        ("civil_affairs/assistance_member", "member_citizen_id", 2, '["110105194912310021", null, "", "x"]', None),
        ("civil_affairs/assistance_member", "member_citizen_id", 3, '["110105194912310021", null, "", "x"]', None),
        ("civil_affairs/assistance_member", "member_citizen_id", 4, '["110105194912310021", null, "", "x"]', "x"),
        ("civil_affairs/assistance_member", "member_citizen_id", 5, '["110105194912310021", null, "", "x"]', None),
    ],
)
def test_what_was_delivered_for_an_identifier(
    catalog: Catalog, dataset: str, column: str, place: int | None, delivered: str, text: str | None
) -> None:
    contract = catalog.find(dataset)
    name = contract.column(column).physical_name if contract.repeated_group else column
    with duckdb_connection() as lake:
        found = lake.execute(
            f"select {_delivered_text(contract, column)} "
            f"from (select $place::int as member_position) silver, (select $text as {name}) bronze",
            {"place": place, "text": delivered},
        ).fetchall()
    assert found == [(text,)]


DEBTORS, LICENCES = "court/dishonest_debtor", "credit/administrative_licence"
CREDIT = [
    # Dataset, record key, entity, masked; and what the register says: master, how.
    (DEBTORS, "C1", "e1", True, LI, "linked"),
    (DEBTORS, "C2", "e2", True, LI, "linked"),
    (DEBTORS, "C3", "e2", True, None, "unresolved"),
    (DEBTORS, "C4", "e9", True, None, "unresolved"),
    (LICENCES, "L1", "e2", False, WANG, "linked"),
    (LICENCES, "L2", "e2", False, "pop-NEW", "alone"),
    (LICENCES, "L3", "e1", False, LI, "linked"),
    (LICENCES, "L4", "e9", False, LI, "linked"),
]


def test_whom_credit_records_are_about_by_hand(lake: Settings, tmp_path: Path) -> None:
    truth = write_truth(tmp_path / "truth")
    rows = [
        {"dataset": dataset, "record_key": key, "entity_id": entity, "subject_master": "population", "is_masked": is_masked}
        | {"first_business_date": DAY, "last_business_date": None}
        for dataset, key, entity, is_masked, _, _ in CREDIT
    ]
    text = {name: pa.string() for name in ("dataset", "record_key", "entity_id", "subject_master")}
    days = {"first_business_date": pa.date32(), "last_business_date": pa.date32()}
    schema = pa.schema([*text.items(), ("is_masked", pa.bool_()), *days.items()])
    parquet.write_table(pa.Table.from_pylist(rows, schema=schema), truth / "credit.parquet")
    told = ("dataset", "record_key", "subject_master", "master_id", "match_code")
    found = (dict(zip(told, (d, key, "population", master, how), strict=True)) for d, key, _, _, master, how in CREDIT)
    write_derived(lake, "gold.credit__record", found)
    measures = evaluate(lake, truth)["credit"]
    # L4 is about somebody whom no other register knows, and attached all the same: wrong. L2 is not attached.
    assert measures["attachment"] == {
        "precision": pytest.approx(2 / 3), "recall": pytest.approx(2 / 3), "f1": pytest.approx(2 / 3),
        "records": 4, "attached": 3, "due": 3,
    }  # fmt: skip
    assert measures["masked"] == {
        "precision": 0.5, "recall": pytest.approx(1 / 3), "f1": pytest.approx(0.4),
        "records": 4, "attached": 2, "due": 3, "unresolved": 2,
    }  # fmt: skip
