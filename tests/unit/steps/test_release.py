from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from jobs.io.control import record
from jobs.io.run_context import RunContext
from jobs.io.state import DeliveryState, GateResult, releases
from jobs.steps.derived_inputs import derived_inputs_digest
from jobs.steps.s5_master import is_built, master_inputs_digest
from jobs.steps.s6_release import ReleaseError, exit_code_of, release, status_of_sources
from schemas.errors import UsageError
from schemas.names import TableName

DAY = date(2026, 3, 3)
REGISTER = "public_security/household_register"


def _delivery(status: str, day: int = 3, sequence: int = 1) -> DeliveryState:
    business_date = date(2026, 3, day)
    return DeliveryState(
        delivery_id=f"{REGISTER}/{business_date}/{sequence}",
        dataset=REGISTER,
        business_date=business_date,
        sequence=sequence,
        mode="delta",
        previous=None,
        digest=None,
        status=status,
        rows_delivered=1,
        rows_bronze=1,
        rows_accepted=0,
        rows_quarantined=0,
        reason_code=None,
        reason=None,
        night_date=DAY,
        run_id="night/2026-03-03/1",
    )


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([_delivery("published")], "published"),
        ([_delivery("published"), _delivery("duplicate", sequence=2)], "published"),
        ([_delivery("duplicate")], "duplicate"),
        ([_delivery("superseded"), _delivery("published", sequence=2)], "published"),
        ([_delivery("superseded"), _delivery("stopped", sequence=2)], "stopped"),
        ([_delivery("published", day=2, sequence=2), _delivery("stopped")], "stopped"),
        ([_delivery("published", day=2), _delivery("missing", sequence=0)], "missing"),
    ],
)
def test_what_a_source_did_in_a_night(states: list[DeliveryState], expected: str) -> None:
    assert status_of_sources(states, DAY) == {REGISTER: expected}
    assert status_of_sources(states[::-1], DAY) == {REGISTER: expected}


def _gate(decision: str) -> GateResult:
    return GateResult("r", DAY, "gold.population__person", None, "X", None, "fail", False, 1, 1, decision, None, datetime.now(UTC))


def test_exit_code() -> None:
    assert exit_code_of([_delivery("published"), _delivery("duplicate", sequence=2), _delivery("missing", sequence=0)], []) == 0
    assert exit_code_of([_delivery("stopped"), _delivery("published", sequence=2)], []) == 3
    assert exit_code_of([], [_gate("stopped")]) == 3
    assert exit_code_of([], [_gate("stopped"), _gate("published")]) == 0, "a gate that was passed in a later run is passed"


def _write(ctx: RunContext, table: str) -> None:
    write_deltalake(ctx.path(TableName.parse(table)), pa.table({"a": [1]}), mode="overwrite")


def _event(ctx: RunContext, table: str, **values: Any) -> None:
    record(ctx.settings.root, table, [{"run_id": ctx.run_id, "business_date": ctx.business_date} | values])


@pytest.fixture
def linked(ctx: RunContext) -> RunContext:
    """A lake with gold, silver and linkage tables; the linked table has a version that belongs to no state."""
    for table in ("gold.population__person", "silver.public_security__household_register", *["linked.population__crosswalk"] * 2):
        _write(ctx, table)
    _event(
        ctx, "linkage_states", master="population", tables={"linked.population__crosswalk": 0}, model_digest="m", input_digest="i"
    )
    return ctx


def _mark_built(ctx: RunContext) -> None:
    _event(ctx, "runs", step="master", dataset="population", status="succeeded", detail=master_inputs_digest(ctx, "population"))


def _mark_derived(ctx: RunContext) -> None:
    for group in ctx.catalog.derived:
        _event(ctx, "runs", step="derive", dataset=group, status="succeeded", detail=derived_inputs_digest(ctx, group))


def test_a_release_names_versions_that_belong_together_and_is_made_once(linked: RunContext) -> None:
    _mark_built(linked)
    _mark_derived(linked)
    made = release(linked)
    assert made.release_id == "2026-03-02/1"
    assert made.tables == {
        "gold.population__person": 0,
        "linked.population__crosswalk": 0,
        "silver.public_security__household_register": 0,
    }
    _write(linked, "gold.population__person")
    assert release(linked) == made
    assert releases(linked.settings.root) == [made]


def test_master_data_that_lags_behind_the_linkage_is_not_released(linked: RunContext) -> None:
    with pytest.raises(ReleaseError, match="run master --dataset population"):
        release(linked)
    _mark_built(linked)
    assert is_built(linked, "population")
    _event(linked, "linkage_states", master="population", tables={"linked.population__crosswalk": 1}, model_digest="m")
    assert not is_built(linked, "population")
    assert releases(linked.settings.root) == []


def test_what_is_derived_and_lags_behind_master_data_is_not_released(linked: RunContext) -> None:
    _mark_built(linked)
    with pytest.raises(ReleaseError, match="run derive --dataset credit"):
        release(linked)
    _mark_derived(linked)
    _write(linked, "gold.population__person")
    with pytest.raises(ReleaseError, match="credit"):
        release(linked)
    _mark_derived(linked)
    assert release(linked).tables["gold.population__person"] == 1


def test_a_night_without_any_table_is_released_empty(ctx: RunContext) -> None:
    assert release(ctx).tables == {}


def test_a_date_older_than_the_newest_release_is_refused(ctx: RunContext) -> None:
    release(ctx)
    with pytest.raises(UsageError, match="2026-03-02 is released already"):
        release(replace(ctx, business_date=date(2026, 3, 1)))
