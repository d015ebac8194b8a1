"""When a dataset's rows in silver tell by their dates what changed since a night, and when all of it must be looked through."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from jobs.io import control
from jobs.io.run_context import RunContext
from jobs.linkage.model import ModelError, load_model
from jobs.linkage.roles import BEYOND_ITS_ROW
from jobs.steps.todays_records import require_attributes, silver_digests
from schemas.catalog import Catalog
from schemas.contract import RecordRole

HOUSEHOLD, RESIDENCE, MARRIAGE = (
    "public_security/household_register",
    "public_security/residence_registration",
    "civil_affairs/marriage_register",
)
HOLDERS, REAL_ESTATE = "natural_resources/real_estate_holder", "natural_resources/real_estate"
FIRST, SECOND = date(2026, 3, 2), date(2026, 3, 3)


def _deliver(ctx: RunContext, dataset: str, day: date, sequence: int = 1, status: str = "published", digest: str = "x") -> None:
    event: dict[str, Any] = {"delivery_id": f"{dataset}/{day}/{sequence}", "dataset": dataset, "business_date": day}
    event |= {"sequence": sequence, "mode": "full", "digest": digest, "status": status, "night_date": day, "run_id": "r"}
    control.record(ctx.settings.root, "deliveries", [event])


def _now(ctx: RunContext, day: date = FIRST) -> dict[str, str]:
    return silver_digests(ctx, "population", day)


@pytest.fixture
def before(ctx: RunContext) -> dict[str, str]:
    """Two registers as they were known in the first night."""
    for dataset in (MARRIAGE, RESIDENCE):
        _deliver(ctx, dataset, FIRST)
    return _now(ctx)


def test_what_comes_later_leaves_a_night_as_it_was(ctx: RunContext, before: dict[str, str]) -> None:
    assert set(before) == {MARRIAGE, RESIDENCE}, "of what never delivered nothing can be said"
    _deliver(ctx, MARRIAGE, SECOND)
    assert _now(ctx) == before
    assert _now(ctx, SECOND)[MARRIAGE] != before[MARRIAGE]


@pytest.mark.parametrize(
    ("sequence", "status", "digest"),
    [(2, "published", "y"), (1, "superseded", "x"), (1, "published", "y")],
    ids=["a correction", "superseded", "other bytes"],
)
def test_what_comes_late_changes_the_night_that_it_is_of(
    ctx: RunContext, before: dict[str, str], sequence: int, status: str, digest: str
) -> None:
    _deliver(ctx, MARRIAGE, FIRST, sequence, status, digest)
    now = _now(ctx)
    assert now.get(MARRIAGE) != before[MARRIAGE]
    assert now[RESIDENCE] == before[RESIDENCE]


def test_a_stopped_delivery_changes_nothing_until_it_is_let_through(ctx: RunContext, before: dict[str, str]) -> None:
    _deliver(ctx, MARRIAGE, FIRST, 2, "stopped")
    assert _now(ctx) == before
    _deliver(ctx, MARRIAGE, FIRST, 2, "published")
    assert _now(ctx)[MARRIAGE] != before[MARRIAGE]


def test_another_contract_makes_other_records(ctx: RunContext, before: dict[str, str]) -> None:
    narrower = _now(_with(ctx, MARRIAGE, tolerance=0.5))
    assert narrower[MARRIAGE] != before[MARRIAGE]
    assert narrower[RESIDENCE] == before[RESIDENCE]
    fewer = _now(_with(ctx, RESIDENCE, record_roles=()))
    assert set(fewer) == {MARRIAGE}
    assert fewer[MARRIAGE] != before[MARRIAGE], "the records of a source that is one no longer have to go"


def _with(ctx: RunContext, dataset: str, **update: Any) -> RunContext:
    contracts = (c.model_copy(update=update) if str(c.dataset) == dataset else c for c in ctx.catalog.contracts)
    return replace(ctx, catalog=Catalog(tuple(contracts)))


def test_items_do_not_tell(ctx: RunContext, before: dict[str, str]) -> None:
    for dataset in (HOLDERS, REAL_ESTATE):
        _deliver(ctx, dataset, FIRST)
    assert _now(ctx) == before


def test_a_dataset_whose_records_are_made_of_several_rows_does_not_tell(ctx: RunContext, before: dict[str, str]) -> None:
    _deliver(ctx, HOUSEHOLD, FIRST)
    assert _now(ctx) == before, "who is in the household changes one's relatives"


def test_what_was_formerly_so_tells_unless_it_is_made_of_other_rows(ctx: RunContext, before: dict[str, str]) -> None:
    (role,) = ctx.catalog.find(RESIDENCE).record_roles
    assert role.formerly
    assert RESIDENCE in before
    beyond = role.model_copy(update={"formerly": {"former_addresses": "max(current_address) over (partition by citizen_id)"}})
    assert set(_now(_with(ctx, RESIDENCE, record_roles=(beyond,)))) == {MARRIAGE}


@pytest.mark.parametrize(
    ("fills", "error"),
    [
        ({"fields": {"shoe_size": "citizen_id"}}, "fills shoe_size, which the model of population does not know"),
        ({"fields": {}, "formerly": {"old_homes": "citizen_id"}}, "fills old_homes, which the model of population does not know"),
        ({"fields": {}, "formerly": {"former_name": "person_name"}}, "fills former_name with what was so formerly"),
    ],
)
def test_a_contract_that_fills_what_the_model_cannot_take_is_named(ctx: RunContext, fills: dict[str, Any], error: str) -> None:
    model = load_model(ctx.settings.linkage.models / "population")
    source = ctx.catalog.find(RESIDENCE)
    require_attributes(source, "population", model)
    role = RecordRole(master="population", **fills)
    with pytest.raises(ModelError, match=f"residence_registration.*{error}.*`attributes`"):
        require_attributes(source.model_copy(update={"record_roles": (role,)}), "population", model)


@pytest.mark.parametrize(
    ("sql", "sees_others"),
    [
        ("max(name) over (partition by town)", True),
        ("sum(n) OVER w", True),
        ("(select 1)", True),
        ("concat(overtime, selected)", False),
    ],
)
def test_an_expression_that_sees_other_rows_is_known_by_its_form(sql: str, sees_others: bool) -> None:
    assert bool(BEYOND_ITS_ROW.search(sql)) == sees_others
