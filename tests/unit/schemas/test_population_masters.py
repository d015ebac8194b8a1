from __future__ import annotations

from schemas.catalog import Catalog
from schemas.names import DatasetName


def test_the_history_has_every_golden_column_of_a_person_under_its_name_and_type(catalog: Catalog) -> None:
    person, history = (catalog.by_dataset[DatasetName("population", table)] for table in ("person", "person_history"))
    golden = [column for column in person.columns if column.survivorship or column.name == "is_deceased"]
    shown = [column for column in history.columns if column.name not in ("master_id", "valid_from", "valid_to", "changed_columns")]
    assert [(c.name, c.logical_type, c.code_table, c.classification) for c in shown] == [
        (c.name, c.logical_type, c.code_table, c.classification) for c in golden
    ]
    (check,) = [check for check in history.quality if check.code == "NOW_DIFFERS_FROM_PERSON"]
    assert all(f"h.{column.name} <=> p.{column.name}" in check.query for column in golden)


def test_every_golden_column_of_a_person_is_compared_with_the_values_on_offer(catalog: Catalog) -> None:
    person, value = (catalog.by_dataset[DatasetName("population", table)] for table in ("person", "value"))
    (check,) = [check for check in value.quality if check.code == "GOLDEN_VALUE_NOT_FIRST"]
    assert [
        column.name for column in person.columns if column.survivorship and f"when '{column.name}' then" not in check.query
    ] == []


def test_a_record_that_gives_a_birth_date_gives_the_year_too(catalog: Catalog) -> None:
    roles = [role.fields for source in catalog.sources_of("population") for role in source.record_roles]
    assert [fields for fields in roles if "birth_date" in fields and "birth_year" not in fields] == []
