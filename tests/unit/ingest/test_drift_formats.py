"""A column that the contract does not know, in every format: its rows set aside, or taken without it, as the contract says."""

import json
from pathlib import Path

import pytest

from jobs.io.landing import DeliveryRefusedError
from jobs.io.readers import read_rows, unknown_in
from jobs.samples.formats import render
from jobs.samples.streams import texts
from schemas.contract import Column, Contract
from tests.unit.ingest.delivered import CASES, ROWS, Case, content_of, contract_of, expected, some_formats, values

named, positional = (
    some_formats(*(case.name for case in CASES if case.is_positional == is_positional)) for is_positional in (False, True)
)
EXTRA = {"xml": "b:Extra"}
FILLED = 1
"""The row that has a value in the unknown column."""


def delivered(case: Case, file: Path) -> str:
    """Write a file with a column more than the contract has; its delivered name."""
    name = EXTRA.get(case.layout["type"], "BZ")
    known = contract_of(case)
    more = Column(name="extra", physical_name=name, business_name="", logical_type="string", byte_width=12)
    wide = known.model_copy(update={"columns": (*known.columns, more)})
    content = content_of(wide, ROWS)
    content.columns[name] = texts(["备注" if place == FILLED else "" for place in range(len(ROWS))])
    file.write_bytes(render(content))
    return name


def with_policy(case: Case, policy: str) -> Contract:
    return contract_of(case, schema_drift=policy)


@named
def test_evolve_takes_all_rows_and_names_the_column(tmp_path: Path, case: Case) -> None:
    name = delivered(case, tmp_path / "file")
    contract = with_policy(case, "evolve")
    assert unknown_in(tmp_path / "file", contract, "full") == (name,)
    rows = [row for batch in read_rows(tmp_path / "file", contract, "full") for row in batch.to_pylist()]
    assert values(rows) == expected(case)
    assert [row["_raw"] for row in rows] == [None] * len(ROWS)


@named
def test_quarantine_sets_aside_the_row_that_fills_it_and_keeps_its_key(tmp_path: Path, case: Case) -> None:
    name = delivered(case, tmp_path / "file")
    contract = with_policy(case, "quarantine")
    rows = [row for batch in read_rows(tmp_path / "file", contract, "full") for row in batch.to_pylist()]
    assert values(rows) == expected(case)
    assert [row["_raw"] is not None for row in rows] == [place == FILLED for place in range(len(ROWS))]
    assert json.loads(rows[FILLED]["_raw"])[name] == "备注"


@pytest.mark.parametrize("policy", ["reject", "quarantine", "evolve"])
@positional
def test_a_file_that_names_no_columns_is_refused(tmp_path: Path, case: Case, policy: str) -> None:
    """Where columns are told by their place alone nobody can say which one is new."""
    delivered(case, tmp_path / "file")
    with pytest.raises(DeliveryRefusedError) as refused:
        list(read_rows(tmp_path / "file", with_policy(case, policy), "full"))
    assert refused.value.code == "extra_column"
