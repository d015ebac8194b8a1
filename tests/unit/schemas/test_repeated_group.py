"""A repeated group has a contract of its own, which is of a delivered dataset and is itself delivered by nobody."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from jobs.plan import plan_night
from schemas.catalog import load_catalog
from schemas.names import DatasetName, Layer
from schemas.odcs import ContractError
from schemas.record_keys import dataset_of, record_key

HOME = Path(__file__).parents[2] / "data" / "repeated_group"
CASE, MEMBER = DatasetName("welfare", "case"), DatasetName("welfare", "case_member")


def test_a_group_is_refined_but_not_delivered() -> None:
    catalog = load_catalog(HOME)
    assert [contract.dataset for contract in catalog.sources] == [CASE]
    assert [contract.dataset for contract in catalog.refined] == [CASE, MEMBER]
    assert [contract.dataset for contract in catalog.children_of(CASE)] == [MEMBER]
    assert catalog.children_of(MEMBER) == ()
    assert catalog.by_dataset[MEMBER].layers == (Layer.SILVER, Layer.QUARANTINE)
    assert [contract.dataset for contract in catalog.sources_of("population")] == [CASE, MEMBER]
    assert plan_night(catalog).sources == (CASE,)


def test_records_of_items_belong_to_the_row_that_holds_them() -> None:
    catalog = load_catalog(HOME)
    case, member = catalog.by_dataset[CASE], catalog.by_dataset[MEMBER]
    assert dataset_of(case) == dataset_of(member) == str(CASE)
    keys = "concat_ws('|', cast(case_number as string)) || "
    assert record_key(case, case.record_roles[0]) == keys + "'#head'"
    assert record_key(member, member.record_roles[0]) == keys + "'#member-' || cast(member_number as string)"


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("of: welfare/case,", "of: welfare/cases,", "Did you mean 'welfare/case'"),
        ("physicalName: member_names", "physicalName: member_nam", "Did you mean 'member_names'"),
        ("physicalName: case_number", "physicalName: head_name", "the key must be that of welfare/case"),
        ("{property: tolerance, value: 0.5}", "{property: deliveryModes, value: [full]}", "are not delivered"),
    ],
)
def test_a_mistake_in_a_group_is_named(tmp_path: Path, old: str, new: str, hint: str) -> None:
    shutil.copytree(HOME, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "sources" / "welfare" / "case_member.odcs.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContractError, match="case_member") as raised:
        load_catalog(tmp_path)
    assert hint in str(raised.value)


def test_a_list_that_drops_items_cannot_be_a_group(tmp_path: Path) -> None:
    shutil.copytree(HOME, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "sources" / "welfare" / "case.odcs.yaml"
    column = "logicalType: array, classification: 重要·个人}"
    phones = column.replace("}", ", customProperties: [{property: semanticType, value: phones}]}")
    path.write_text(path.read_text(encoding="utf-8").replace(column, phones, 1), encoding="utf-8")
    with pytest.raises(ContractError, match="phones, which may drop items"):
        load_catalog(tmp_path)
