"""The engine links whatever contracts and a model file describe: what they name stands nowhere in its code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jobs import linkage
from jobs.linkage.model import load_model
from jobs.settings import PROJECT
from schemas.catalog import load_catalog

MODELS = PROJECT / "conf" / "linkage"
ENGINE = sorted(Path(linkage.__path__[0]).glob("*.py"))

OF_THE_ENGINE = {"updated_on"}
"""The attribute that dates a record: survivorship asks every model for it."""

OF_STATISTICS = "population stability index"
"""The one term that has a register's name in it."""


def _domain_words() -> set[str]:
    catalog = load_catalog()
    words = {word for contract in catalog.sources for word in (contract.dataset.group, contract.dataset.table)}
    for master in catalog.masters:
        words |= {master, *load_model(MODELS / master).rules.attributes}
    return words - OF_THE_ENGINE


@pytest.mark.parametrize("file", ENGINE, ids=lambda file: file.name)
def test_it_names_no_register_no_source_and_no_attribute(file: Path) -> None:
    text = file.read_text("utf-8").lower().replace(OF_STATISTICS, "")
    assert set(re.findall(r"[a-z_0-9]+", text)) & _domain_words() == set()


def test_the_words_it_must_not_name_are_those_of_both_registers() -> None:
    assert {"population", "legal_entity", "citizen_id", "unified_code", "court", "marriage_register"} <= _domain_words()
