"""What is derived of all masters: in which order, and when it has to be done again. No Spark."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from jobs.io.control import record
from jobs.io.run_context import RunContext
from jobs.steps.derived_inputs import derived_inputs_digest, made_before
from jobs.steps.s5_derive import STEP, in_order, is_derived, is_linked_at_all
from jobs.steps.s5_master import MasterDataError, record_built
from schemas.catalog import Catalog
from schemas.contract import Contract
from schemas.names import TableName


def _with_source(contract: Contract, table: str) -> Contract:
    first, *others = contract.columns
    return contract.model_copy(update={"columns": (first.model_copy(update={"source_tables": (table,)}), *others)})


def test_a_table_comes_after_those_of_its_group_that_it_is_made_of(catalog: Catalog) -> None:
    record_, debtor = catalog.find("gold.credit__record"), catalog.find("gold.credit__debtor")
    subject = catalog.find("gold.credit__subject")
    assert in_order([debtor, record_, subject]) == [[record_], [debtor, subject]], "two of one table are made at the same time"
    assert in_order([record_]) == [[record_]]
    circle = [debtor, _with_source(record_, "gold.credit__debtor")]
    with pytest.raises(MasterDataError, match=r"gold\.credit__debtor, gold\.credit__record name one another"):
        in_order(circle)


def test_a_group_reads_masters_and_the_groups_before_it(ctx: RunContext) -> None:
    groups = {contract.dataset.group for contract in made_before(ctx, "credit")}
    assert groups == {"legal_entity", "population"}
    assert {contract.dataset.group for contract in made_before(ctx, "relation")} == groups | {"credit"}
    assert [str(contract.dataset) for contract in ctx.catalog.gold_of("relation")] == ["relation/edge"]


def test_it_is_done_again_for_another_date_or_other_inputs(ctx: RunContext) -> None:
    assert not is_linked_at_all(ctx)
    record(ctx.settings.root, "linkage_states", [{"master": "population", "business_date": ctx.business_date, "tables": {}}])
    assert is_linked_at_all(ctx)
    assert not is_derived(ctx, "credit")
    record_built(ctx, STEP, "credit", derived_inputs_digest(ctx, "credit"))
    assert is_derived(ctx, "credit")
    assert not is_derived(replace(ctx, business_date=date(2026, 3, 3)), "credit"), "a listing may end by its date alone"
    person = TableName.parse("gold.population__person")
    write_deltalake(ctx.path(person), pa.table({"master_id": ["pop-1"]}))
    assert not is_derived(ctx, "credit")
