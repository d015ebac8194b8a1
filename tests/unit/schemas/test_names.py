from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.names import DatasetName, DeliveryId, InvalidNameError, Layer, TableName, control_table, gold_table, linked_table

parts = st.from_regex(r"[a-z][a-z0-9]{0,6}(_[a-z0-9]{1,5}){0,2}", fullmatch=True)


@given(parts, parts)
def test_a_dataset_is_found_under_one_name_in_every_layer(group: str, table: str) -> None:
    dataset = DatasetName.parse(f"{group}/{table}")
    for layer in set(Layer) - {Layer.CONTROL}:
        assert TableName.parse(str(dataset.in_layer(layer))).dataset == dataset


@given(parts, parts, st.dates(), st.integers(0, 99))
def test_a_delivery_id_reads_back(group: str, table: str, day: date, sequence: int) -> None:
    delivery = DeliveryId(DatasetName(group, table), day, sequence)
    assert DeliveryId.parse(str(delivery)) == delivery


def test_a_table_lies_where_any_delta_reader_finds_it() -> None:
    assert gold_table("population", "person").path("s3://lake/") == "s3://lake/gold/population__person"
    assert str(linked_table("population", "crosswalk")) == "linked.population__crosswalk"
    assert control_table("deliveries").path("lake") == "lake/control/deliveries"


@pytest.mark.parametrize("text", ["household_register", "a/b/c", "A/b", "a/b-c", "/b", "a/"])
def test_a_malformed_dataset_is_refused_with_the_form_to_write(text: str) -> None:
    with pytest.raises(InvalidNameError, match=r"public_security/household_register"):
        DatasetName.parse(text)


@pytest.mark.parametrize("text", ["gold", "platinum.population__person", "gold.Population__person"])
def test_a_malformed_table_is_refused_with_the_form_to_write(text: str) -> None:
    with pytest.raises(InvalidNameError, match=r"gold\.population__person"):
        TableName.parse(text)


@pytest.mark.parametrize("text", ["a/b/2026-03-02", "a/b/2026-02-30/1", "a/b/2026-03-02/x"])
def test_a_malformed_delivery_is_refused(text: str) -> None:
    with pytest.raises(InvalidNameError, match="is not a delivery"):
        DeliveryId.parse(text)
