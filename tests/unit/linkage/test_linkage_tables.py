"""The contracts of the linkage tables whose columns are the model's: every model that ships can have its tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jobs.linkage.model import ModelError, load_model
from jobs.linkage.tables import records_contract
from jobs.settings import PROJECT
from schemas.catalog import load_catalog
from schemas.names import DatasetName, Layer

MODELS = sorted((PROJECT / "conf" / "linkage").glob("*/"))


@pytest.mark.parametrize("folder", MODELS, ids=lambda folder: folder.name)
def test_every_attribute_of_a_shipped_model_becomes_a_column(folder: Path) -> None:
    model = load_model(folder)
    base = load_catalog().by_dataset[DatasetName(Layer.LINKED, "records")]
    added = [column.name for column in records_contract(base, model).columns[len(base.columns) :]]
    assert added == list(model.rules.attributes)


def test_a_type_that_no_contract_knows_is_refused() -> None:
    model = load_model(MODELS[0])
    rules = model.rules.model_copy(update={"attributes": {"picture": "binary"}})
    base = load_catalog().by_dataset[DatasetName(Layer.LINKED, "records")]
    with pytest.raises(ModelError, match="column picture: no contract has a type 'binary'"):
        records_contract(base, replace(model, rules=rules))
