from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from jobs.io.delta import table_version
from jobs.io.run_context import RunContext
from jobs.io.state import linkage_state
from jobs.linkage.model import load_model
from jobs.settings import PROJECT
from jobs.steps.linkage_night import LinkageNight
from jobs.steps.linkage_state import DECISIONS, is_linked, record_state
from schemas.names import linked_table

MASTER = "population"
TABLE = linked_table(MASTER, DECISIONS)


def _decide(ctx: RunContext, decision: str) -> None:
    write_deltalake(ctx.path(TABLE), pa.table({"decision": [decision]}), mode="append")


@pytest.fixture
def night(ctx: RunContext) -> LinkageNight:
    _decide(ctx, "same")
    no_spark = cast("Any", None)
    return LinkageNight(
        no_spark, ctx, MASTER, load_model(PROJECT / "conf/linkage/population"), {}, table_version(ctx.path(TABLE)), None
    )


def test_a_decision_taken_while_the_night_runs_belongs_to_the_next(ctx: RunContext, night: LinkageNight) -> None:
    _decide(ctx, "different")
    record_state(night)
    state = linkage_state(ctx.settings.root, MASTER)
    assert state is not None
    assert state.tables[str(TABLE)] == 0
    assert is_linked(ctx, MASTER, night.input_digest)
    assert not is_linked(ctx, MASTER, replace(night, decisions=1).input_digest), "run again, the night takes it"
