"""A contract that is wrong is refused with the file, the line and what to write instead."""

import re
import shutil
from pathlib import Path

import pytest

from schemas.catalog import HOME, Catalog, load_catalog
from schemas.contract import Contract, load_contract
from schemas.names import DatasetName, Layer
from schemas.odcs import ContractError

PLACE = "sources/public_security/residence_registration.odcs.yaml"
DATASET = DatasetName.parse("public_security/residence_registration")


@pytest.fixture
def text() -> str:
    return (HOME / PLACE).read_text(encoding="utf-8")


def load(tmp_path: Path, text: str) -> Contract:
    path = tmp_path / PLACE
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return load_catalog(tmp_path).by_dataset[DATASET]


def replaced(text: str, old: str, new: str) -> tuple[str, int]:
    """The text with the first ``old`` replaced, and the line where that is."""
    assert old in text
    return text.replace(old, new, 1), text[: text.index(old)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("dataGranularityDescription:", "dataGranularityDescripton:", "Did you mean 'dataGranularityDescription'"),
        ("property: deliveryModes", "property: deliveryMode", "Did you mean 'deliveryModes'"),
        ("encoding: utf-8}", "encodng: utf-8}", "Did you mean 'encoding'"),
        ("type: jsonl", "type: jsonlines", "Input should be"),
        ("value: [full, delta]", "value: [full, deltas]", "Input should be"),
        ("value: citizen_id", "value: citizenid", "Did you mean 'citizen_id'"),
        ("value: sex_gbt_2261_1", "value: sex_gbt_2261", "Did you mean 'sex_gbt_2261_1'"),
        ("logicalType: array", "logicalType: list", "Input should be"),
        ("id: public_security/residence_registration", "id: public_security/residence", "Make them equal"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_a_hint(tmp_path: Path, text: str, old: str, new: str, hint: str) -> None:
    broken, line = replaced(text, old, new)
    with pytest.raises(ContractError) as raised:
        load(tmp_path, broken)
    assert hint in str(raised.value)
    assert str(raised.value).startswith(f"{tmp_path / PLACE}:{line}: ")


def test_broken_yaml_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(ContractError, match=r"residence_registration\.odcs\.yaml:\d+: not YAML"):
        load(tmp_path, text.replace("description:", "description: [", 1))


def test_two_contracts_of_one_name_are_refused(tmp_path: Path, text: str) -> None:
    load(tmp_path, text)
    with pytest.raises(ContractError, match="already defined"):
        load_catalog(HOME, tmp_path)


def test_the_typed_contract_says_what_the_file_says(catalog: Catalog) -> None:
    contract = catalog.find("public_security/household_register")
    assert contract.keys == ("police_person_number",)
    assert contract.delivery_format is not None
    assert contract.delivery_format.encoding == "gb18030"
    assert contract.frequency == "1d"
    assert contract.column("citizen_id").physical_name == "GMSFHM"
    assert contract.table(Layer.SILVER).path("lake") == "lake/silver/public_security__household_register"
    with pytest.raises(ContractError, match="Did you mean 'citizen_id'"):
        contract.column("citizenid")


def test_a_role_may_name_any_number_of_entities_of_a_row(catalog: Catalog) -> None:
    roles = catalog.find("civil_affairs/marriage_register").record_roles
    assert [role.role for role in roles] == ["male", "female"]
    assert {role.master for role in roles} == {"population"}


def test_a_dataset_that_is_not_there_is_answered_with_the_nearest(catalog: Catalog) -> None:
    with pytest.raises(ContractError, match="Did you mean 'civil_affairs/marriage_register'"):
        catalog.find("civil_affairs/marriage_registry")
    assert catalog.find("silver.civil_affairs__marriage_register").dataset.table == "marriage_register"


def test_every_contract_classifies_every_column_and_says_its_grain(catalog: Catalog) -> None:
    for contract in catalog.contracts:
        assert contract.grain, contract.path
        assert contract.owner, contract.path
        for column in contract.columns:
            assert column.classification, f"{contract.path}: {column.name}"
            assert column.business_name, f"{contract.path}: {column.name}"


def test_a_contract_is_read_by_itself(text: str) -> None:
    assert load_contract(HOME / PLACE, DATASET, (Layer.SILVER,)).grain.startswith("one registration")


@pytest.mark.parametrize("followed", ["birth_dat", "birth_year"])
def test_a_golden_column_follows_one_that_follows_none(tmp_path: Path, followed: str) -> None:
    for layer in ("sources", "masters"):
        shutil.copytree(HOME / layer, tmp_path / layer)
    person = tmp_path / "masters/population/person.odcs.yaml"
    broken, _ = replaced(person.read_text(encoding="utf-8"), "follows: birth_date}", f"follows: {followed}}}")
    person.write_text(broken, encoding="utf-8")
    with pytest.raises(ContractError, match=f"no golden column to follow called '{followed}'. Did you mean 'birth_date'"):
        load_catalog(tmp_path)


def test_a_credit_record_is_read_from_the_contract(catalog: Catalog) -> None:
    record = catalog.find("credit/repair").credit_record
    assert record is not None
    assert record.repairs is not None
    assert (record.kind, record.role, record.decided_on) == ("repair", "counterparty", "decided_on")
    assert record.repairs.lists["行政处罚"] == "credit/administrative_penalty"
    penalty = catalog.find("credit/administrative_penalty").credit_record
    assert penalty is not None
    assert penalty.publish_within_working_days == 7
    assert catalog.derived[:1] == ("credit",)


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("kind: penalty", "kind: penality", "no kind 'penality'. Did you mean 'penalty'?"),
        (
            "          role: counterparty\n          number:",
            "          role: counterpart\n          number:",
            "no role 'counterpart'",
        ),
        ("          decided_on: decided_on\n          ends_on", "          ends_on", "say with decided_on when that was"),
        ("publish_within_working_days: 7", "publish_within_working_days: 0", "greater than or equal to 1"),
        ("authority_name: authority_name", "authority: authority_name", "unknown key 'authority'"),
    ],
)
def test_a_mistake_in_a_credit_record_is_named_with_a_hint(tmp_path: Path, old: str, new: str, hint: str) -> None:
    place = "sources/credit/administrative_penalty.odcs.yaml"
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    broken, _ = replaced((HOME / place).read_text(encoding="utf-8"), old, new)
    path.write_text(broken, encoding="utf-8")
    with pytest.raises(ContractError, match=re.escape(hint)):
        load_catalog(tmp_path)


def test_a_repair_of_a_list_that_is_no_credit_register_is_refused(tmp_path: Path) -> None:
    place = "sources/credit/repair.odcs.yaml"
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    path.write_text((HOME / place).read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(ContractError, match="no credit dataset 'credit/administrative_penalty'"):
        load_catalog(tmp_path)
