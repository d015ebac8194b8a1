"""A steward decides a case; the next night obeys, and the explanation says who, when and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from jobs.io.control import read_events, record
from jobs.io.run_context import RunContext
from jobs.io.state import linkage_state
from jobs.portal.explanation import explain_master, render_explanation
from jobs.portal.review import find_case, list_cases, pair_of
from jobs.steps.s4_link import link
from jobs.steps.stewards import decisions_of, make_decision, record_decision, require_no_contradiction
from schemas.errors import UsageError
from tests.linkage_lake import write_silver
from tests.linkage_people import RESIDENCE, citizen_id

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FIRST = date(2026, 3, 2)
BORN = date(1980, 2, 29)


def _residence(key: str, number: str, name: str = "欧阳静姝") -> dict[str, Any]:
    told = {"citizen_id": number, "citizen_id_class": "valid", "person_name": name, "sex_code": "2", "phones": ["13800000001"]}
    told |= {"birth_date": BORN, "birth_year": BORN.year, "region_code": "420106", "current_address": "中山路1号"}
    return {"dataset": RESIDENCE, "record_key": key, "updated_on": FIRST} | told


def _night(spark: SparkSession, ctx: RunContext, day: date) -> None:
    """Link, and release what was linked."""
    tonight = replace(ctx, business_date=day, run_id=f"night/{day}/1")
    link(spark, tonight, "population")
    state = linkage_state(ctx.settings.root, "population")
    assert state is not None
    release = {"release_id": f"{day}/1", "business_date": day, "number": 1, "exit_code": 0, "run_id": tonight.run_id}
    record(ctx.settings.root, "releases", [release | {"tables": state.tables, "sources": {}}])


def _decide(spark: SparkSession, ctx: RunContext, case: dict[str, Any], verdict: str, why: str, day: date) -> None:
    decision = make_decision(pair_of(case), verdict, "Wang Fang", why, day)
    require_no_contradiction(ctx.settings.root, "population", decision, overturns=why == "looked again")
    record_decision(
        spark, replace(ctx, business_date=day, run_id=f"review/{case['case_id']}"), "population", case["case_id"], decision
    )


@pytest.mark.slow
def test_the_nights_obey_what_a_steward_decides(spark: SparkSession, ctx: RunContext) -> None:
    one, two = citizen_id("420106", BORN, 12), citizen_id("420106", BORN, 34)
    write_silver(ctx, [_residence("a", one), _residence("b", two)])
    _night(spark, ctx, FIRST)
    (case,) = list_cases(ctx.settings)
    assert (case["kind"], case["decision"]) == ("two valid numbers", None)

    _decide(spark, ctx, case, "same", "one woman, registered twice", FIRST + timedelta(days=1))
    assert find_case(ctx.settings, case["case_id"])["decision"] == "same, by Wang Fang from 2026-03-03"
    waiting = explain_master(ctx.settings, "population", case["master_id"])
    assert "(one woman, registered twice; the next night takes it)" in render_explanation(waiting)
    with pytest.raises(UsageError, match="would contradict what was decided"):
        _decide(spark, ctx, case, "different", "no", FIRST + timedelta(days=1))

    _night(spark, ctx, FIRST + timedelta(days=1))
    assert list_cases(ctx.settings) == []
    merged = explain_master(ctx.settings, "population", case["other_id"])
    kept = merged["master_id"]
    (ended,) = {case["master_id"], case["other_id"]} - {kept}
    assert len(merged["records"]) == 2
    text = render_explanation(merged)
    assert f"Wang Fang decided: {RESIDENCE}|a and {RESIDENCE}|b are same (one woman, registered twice)" in text
    assert f"{ended} was merged into {kept}" in text

    _night(spark, ctx, FIRST + timedelta(days=2))
    assert len(explain_master(ctx.settings, "population", kept)["records"]) == 2, "a decision outlives the run"

    _decide(spark, ctx, case, "different", "looked again", FIRST + timedelta(days=3))
    assert [decision.verdict for decision in decisions_of(ctx.settings.root, "population")] == ["same", "different"]
    audit = [(event["who"], event["subject"], event["reason"]) for event in read_events(ctx.settings.root, "audit")]
    assert audit == [
        ("Wang Fang", f"population/{case['case_id']}: same", "one woman, registered twice"),
        ("Wang Fang", f"population/{case['case_id']}: different", "looked again"),
    ]
