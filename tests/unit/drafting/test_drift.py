"""A column that the contract does not know: refused, set aside with its rows, or passed over and proposed to a person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from datacontract.data_contract import DataContract

from jobs.drafting.proposals import accept, proposals, with_columns
from jobs.io.delta import read_table
from jobs.io.run_context import RunContext
from jobs.io.state import delivery_states
from jobs.steps.s1_land import land
from jobs.steps.s2_bronze import load_bronze
from schemas.catalog import Catalog
from schemas.contract import Contract, load_contract
from schemas.errors import UsageError
from schemas.names import DatasetName, Layer
from schemas.odcs import ContractError
from tests.landing_area import FIRST_DAY, HOUSEHOLDS, RESIDENCES, Contents, LandingArea, household, residence

TakeWith = Callable[[str, str, list[dict[str, Any]]], list[dict[str, Any]]]

HOUSEHOLD_ROWS = [household(0, BZ=""), household(1, BZ="13800138000"), household(2, BZ="13900139000")]
RESIDENCE_ROWS = [residence(0), residence(1, remark="13800138000"), residence(2, remark="13900139000")]
CASES = [(HOUSEHOLDS, "BZ", HOUSEHOLD_ROWS), (RESIDENCES, "remark", RESIDENCE_ROWS)]


def evolving(catalog: Catalog, dataset: str, policy: str) -> Catalog:
    """The catalogue, with another ``schemaDrift`` for one source."""
    return Catalog(
        tuple(
            contract.model_copy(update={"schema_drift": policy}) if str(contract.dataset) == dataset else contract
            for contract in catalog.contracts
        )
    )


def add_column(name: str) -> Callable[[Contents], None]:
    return lambda contents: contents.columns.append(name)


@pytest.fixture
def take(ctx: RunContext, catalog: Catalog) -> TakeWith:
    def take(policy: str, dataset: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Land and load one delivery under a policy; its rows in bronze."""
        changed = evolving(catalog, dataset, policy)
        night = RunContext(ctx.settings, changed, ctx.business_date, ctx.run_id)
        column = "BZ" if dataset == HOUSEHOLDS else "remark"
        LandingArea(night, changed).deliver(dataset, rows=rows, before=[add_column(column)])
        land(night, DatasetName.parse(dataset))
        load_bronze(night, DatasetName.parse(dataset))
        [state] = delivery_states(ctx.settings.root)
        if state.status == "stopped":
            assert state.reason_code == "extra_column"
            return []
        assert (state.status, state.rows_bronze) == ("received", len(rows))
        found = read_table(ctx.path(DatasetName.parse(dataset).in_layer(Layer.BRONZE))).to_pylist()
        return sorted(found, key=lambda row: int(row["_row_number"]))

    return take


@pytest.mark.parametrize(("dataset", "column", "rows"), CASES)
def test_reject_stops_the_delivery(take: TakeWith, ctx: RunContext, dataset: str, column: str, rows: list[dict[str, Any]]) -> None:
    assert take("reject", dataset, rows) == []
    assert proposals(ctx.settings.root) == []


@pytest.mark.parametrize(("dataset", "column", "rows"), CASES)
def test_quarantine_sets_aside_the_rows_that_fill_the_column(
    take: TakeWith, ctx: RunContext, catalog: Catalog, dataset: str, column: str, rows: list[dict[str, Any]]
) -> None:
    found = take("quarantine", dataset, rows)
    key = catalog.find(dataset).keys[0]
    assert [row["_raw"] is not None for row in found] == [False, True, True]
    assert all(row[key] for row in found)
    assert f'"{column}": "13800138000"' in found[1]["_raw"]
    assert "王伟" in found[1]["_raw"]
    assert [proposal.physical_name for proposal in proposals(ctx.settings.root)] == [column]


@pytest.mark.parametrize(("dataset", "column", "rows"), CASES)
def test_evolve_takes_every_row_and_proposes_the_column(
    take: TakeWith, ctx: RunContext, dataset: str, column: str, rows: list[dict[str, Any]]
) -> None:
    found = take("evolve", dataset, rows)
    assert [row["_raw"] for row in found] == [None] * 3
    [proposal] = proposals(ctx.settings.root)
    assert (proposal.dataset, proposal.physical_name, proposal.name) == (dataset, column, column.lower())
    assert proposal.delivery_id == f"{dataset}/{FIRST_DAY}/1"
    assert "phone numbers" in proposal.note
    first = (Path(ctx.settings.root) / "drift" / f"{dataset}.yaml").read_bytes()
    land(RunContext(ctx.settings, ctx.catalog, ctx.business_date, ctx.run_id), DatasetName.parse(dataset))
    assert (Path(ctx.settings.root) / "drift" / f"{dataset}.yaml").read_bytes() == first


@pytest.fixture
def contract(catalog: Catalog, tmp_path: Path) -> Contract:
    """A copy of a contract that may be written to."""
    original = catalog.find(HOUSEHOLDS)
    path = tmp_path / original.path.name
    path.write_text(original.path.read_text(encoding="utf-8"), encoding="utf-8")
    return load_contract(path, original.dataset, original.layers)


def test_an_accepted_column_stands_in_the_contract_and_breaks_nothing(
    take: TakeWith, ctx: RunContext, contract: Contract, catalog: Catalog
) -> None:
    take("evolve", HOUSEHOLDS, HOUSEHOLD_ROWS)
    accept(ctx.settings.root, contract, ["BZ"], "remark_phone")
    evolved = load_contract(contract.path, contract.dataset, contract.layers)
    assert [column.name for column in evolved.columns] == [*(column.name for column in contract.columns), "remark_phone"]
    assert (contract.version, evolved.version) == ("1.0.0", "1.1.0")
    assert evolved.quality == contract.quality
    assert proposals(ctx.settings.root) == []
    assert broken(catalog.find(HOUSEHOLDS).path, contract.path) == []
    with pytest.raises(UsageError, match="no proposal for BZ"):
        accept(ctx.settings.root, contract, ["BZ"])


def broken(old: Path, new: Path) -> list[str]:
    """What in a new version of a contract breaks who relies on the old one, as datacontract sees it."""
    changes = DataContract(data_contract_file=str(old)).breaking(DataContract(data_contract_file=str(new)))
    return [entry.message for entry in changes.entries if entry.level.value == "error"]


def test_a_column_renamed_or_taken_away_breaks_a_contract(contract: Contract, catalog: Catalog) -> None:
    text = contract.path.read_text(encoding="utf-8")
    contract.path.write_text(text.replace("physicalName: XM\n", "physicalName: XM2\n").replace("name: sex_code", "name: sex"))
    messages = " ".join(broken(catalog.find(HOUSEHOLDS).path, contract.path))
    assert "from 'XM' to 'XM2'" in messages
    assert "Removed property sex_code" in messages


def test_a_name_that_cannot_be_leaves_the_contract_as_it_was(take: TakeWith, ctx: RunContext, contract: Contract) -> None:
    take("evolve", HOUSEHOLDS, HOUSEHOLD_ROWS)
    before = contract.path.read_bytes()
    contract.path.write_bytes(before.replace(b"version: 1.0.0", b"version: one"))
    with pytest.raises(ContractError, match="version"):
        accept(ctx.settings.root, contract, [])
    assert b"physicalName: BZ" not in contract.path.read_bytes()
    assert len(proposals(ctx.settings.root)) == 1


@pytest.mark.parametrize("end", ["", "\n", "\n    quality: []\n"])
def test_columns_are_added_below_the_last_whatever_follows(end: str) -> None:
    text = "version: 2.3.4\nschema:\n  - name: a\n    properties:\n      - name: x  # why\n        logicalType: string" + end
    added = with_columns(text, [{"name": "y", "businessName": "备注"}], "here")
    assert added.startswith("version: 2.4.0\n")
    assert "      - name: x  # why\n        logicalType: string\n      - name: y\n        businessName: 备注\n" in added
    assert added.rstrip("\n").endswith(end.strip("\n") or "备注")
