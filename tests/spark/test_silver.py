"""Silver: what of a delivery passes, what is set aside, and the history, in whatever order deliveries come."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jobs.io.release_reader import quarantined_rows
from jobs.io.run_context import RunContext
from jobs.io.state import delivery_states, gates
from jobs.settings import load_settings
from jobs.steps.override import override_gate
from jobs.steps.quarantine import supersede_rows
from jobs.steps.s3_silver import has_pending, refine
from quality.suite import checks_of
from schemas.catalog import Catalog
from schemas.errors import UsageError
from schemas.names import DatasetName, Layer
from schemas.silver import silver_columns
from tests.landing_area import FIRST_DAY, HOUSEHOLDS, LandingArea, household, later
from tests.night.lakes import contents, rows, sql, table_folders, versions

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DATASET = DatasetName.parse(HOUSEHOLDS)
SILVER, QUARANTINE = f"silver.{DATASET.group}__{DATASET.table}", f"quarantine.{DATASET.group}__{DATASET.table}"


class Silver:
    """A lake in which deliveries of the household register go to silver."""

    def __init__(self, spark: SparkSession, catalog: Catalog, folder: Path) -> None:
        self.spark = spark
        settings = load_settings(home=str(folder / "lake"), landing=folder / "landing")
        self.root = Path(settings.root)
        self.landing = LandingArea(RunContext(settings, catalog, FIRST_DAY, "night/2026-03-02/1"), catalog)

    def night(self, day: date = FIRST_DAY) -> None:
        ctx = self.landing.night(HOUSEHOLDS, day)
        assert has_pending(ctx, DATASET)
        refine(self.spark, ctx, DATASET)
        assert not has_pending(ctx, DATASET)

    def silver(self, query: str) -> list[tuple[Any, ...]]:
        return sql(table_folders(self.root)[SILVER], query)

    def states(self) -> dict[str, str]:
        return {state.delivery_id.removeprefix(f"{HOUSEHOLDS}/"): state.status for state in delivery_states(str(self.root))}


@pytest.fixture
def lake(spark: SparkSession, catalog: Catalog, tmp_path: Path) -> Silver:
    return Silver(spark, catalog, tmp_path)


def test_bad_rows_are_set_aside_with_their_reason_and_doubtful_ones_are_kept_and_marked(lake: Silver) -> None:
    good = [household(n) for n in range(200)]
    bad = [household(900, RYBH=""), household(901, GXSJ="yesterday"), household(902), household(902), household(903, XM="甲")]
    doubtful = [household(910, GMSFHM="110105194912310021"), household(911, XB="7"), household(912, CSRQ="19490230")]
    lake.landing.deliver(HOUSEHOLDS, rows=[*good, *bad, household(903, XM="乙"), *doubtful])
    lake.night()

    assert lake.silver("select count(*) from t") == [(200 + 1 + 3,)]
    aside = sql(table_folders(lake.root)[QUARANTINE], "select check_codes, count(*) from t group by 1 order by 1")
    assert aside == [(["identical_copy"], 1), (["key_duplicate"], 2), (["key_null"], 1), (["untypable:updated_at"], 1)]
    marked = dict(lake.silver("select police_person_number, _warnings from t where len(_warnings) > 0"))
    assert marked == {
        "R00000910": ["citizen_id_wrong_check_digit:citizen_id"],
        "R00000911": ["code_unknown:sex_code"],
        "R00000912": ["birth_impossible:birth_date"],
    }
    assert lake.silver("select birth_date, birth_year, birth_date_text from t where police_person_number = 'R00000912'") == [
        (None, 1949, "19490230")
    ]


def test_rows_of_a_corrected_delivery_are_no_longer_open(lake: Silver) -> None:
    good, bad = [household(n) for n in range(60)], household(900, RYBH="")
    lake.landing.deliver(HOUSEHOLDS, sequence=1, rows=[*good, bad, bad])
    lake.night()
    open_rows = quarantined_rows(lake.landing.ctx.settings, HOUSEHOLDS, FIRST_DAY, 10)
    assert [(row["row_number"], row["state"], row["check_codes"]) for row in open_rows] == [
        (61, "open", ["key_null"]),
        (62, "open", ["key_null"]),
    ]
    lake.landing.deliver(HOUSEHOLDS, sequence=3, rows=[*good, bad], sent_at=f"{later(1)}T22:00:00+08:00")
    lake.night(later(1))
    late = [*good, household(77, GXSJ="?")]
    lake.landing.deliver(HOUSEHOLDS, sequence=2, rows=late, sent_at=f"{later(2)}T22:00:00+08:00")
    lake.night(later(2))
    became = [lake.states()[f"{FIRST_DAY}/{sequence}"] for sequence in (1, 2, 3)]
    assert became == ["superseded", "superseded", "published"]
    found = [(row["delivery_id"][-1], row["state"]) for row in quarantined_rows(lake.landing.ctx.settings, HOUSEHOLDS, None, 10)]
    assert found == [("1", "superseded"), ("1", "superseded"), ("2", "superseded"), ("3", "open")]
    table, before = table_folders(lake.root)[QUARANTINE], versions(lake.root)
    lake.landing.deliver(HOUSEHOLDS, sequence=4, rows=good, sent_at=f"{later(3)}T22:00:00+08:00")
    lake.night(later(3))
    assert sql(table, "select distinct state from t") == [("superseded",)], "the correction has no row in quarantine"
    after, name = versions(lake.root), str(table.relative_to(lake.root))
    assert after[name] == before[name] + 1
    supersede_rows(lake.spark, lake.landing.catalog.find(HOUSEHOLDS), lake.landing.ctx, [f"{HOUSEHOLDS}/{FIRST_DAY}/3"])
    assert versions(lake.root) == after, "marked already"


def test_above_the_tolerance_nothing_is_published_and_yesterday_stays(lake: Silver) -> None:
    lake.landing.deliver(HOUSEHOLDS, rows=20)
    lake.night()
    before = lake.silver("select * from t order by all")
    lake.landing.deliver(HOUSEHOLDS, later(1), rows=[household(n, GXSJ="?") for n in range(20)], mode="full")
    lake.night(later(1))
    assert lake.states() == {f"{FIRST_DAY}/1": "published", f"{later(1)}/1": "stopped"}
    assert lake.silver("select * from t order by all") == before
    [stopped] = [state for state in delivery_states(str(lake.root)) if state.status == "stopped"]
    assert stopped.reason is not None
    assert "20 of 20 rows" in stopped.reason
    assert "untypable" in stopped.reason


def test_what_a_gate_stopped_is_published_when_a_person_says_so_and_nothing_else_is(lake: Silver) -> None:
    lake.landing.deliver(HOUSEHOLDS, rows=[*(household(n) for n in range(10)), household(10, GXSJ="?")])
    lake.night()
    assert lake.states() == {f"{FIRST_DAY}/1": "stopped"}
    delivery = f"{HOUSEHOLDS}/{FIRST_DAY}/1"
    with pytest.raises(UsageError, match=f"Stopped by a gate are: {delivery}"):
        override_gate(str(lake.root), f"{HOUSEHOLDS}/{FIRST_DAY}/2", "王芳", "a mistake")
    override_gate(str(lake.root), delivery, "王芳", "one of eleven, seen by hand")
    lake.landing.deliver(HOUSEHOLDS, later(1), rows=[household(77) | {"op": "I"}], mode="delta", previous=FIRST_DAY)
    lake.night(later(1))
    assert lake.states() == {f"{FIRST_DAY}/1": "published", f"{later(1)}/1": "published"}
    assert lake.silver("select count(*) from t") == [(11,)]
    assert sql(table_folders(lake.root)[QUARANTINE], "select check_codes from t") == [(["untypable:updated_at"],)]
    assert {gate.decision for gate in gates(str(lake.root)) if gate.delivery_id == delivery} == {"stopped", "overridden"}


def test_an_empty_delta_changes_nothing_and_an_absent_key_of_a_full_ends(lake: Silver) -> None:
    lake.landing.deliver(HOUSEHOLDS, rows=10)
    lake.night()
    lake.landing.deliver(HOUSEHOLDS, later(1), rows=[], mode="delta", previous=FIRST_DAY)
    lake.night(later(1))
    assert lake.silver("select count(*) from t where _valid_to is null") == [(10,)]
    lake.landing.deliver(HOUSEHOLDS, later(2), rows=[household(n) for n in range(9)])
    lake.night(later(2))
    assert lake.silver("select police_person_number, _valid_to from t where _valid_to is not null") == [("R00000009", later(2))]


def deliveries(landing: LandingArea, order: list[int]) -> None:
    """Four business dates, one of them delivered twice; ``order`` says on which night each one is sent."""
    changed = [household(3, XM="张伟") | {"op": "U"}, household(4) | {"op": "D"}, household(77) | {"op": "I"}]
    again = [household(3, XM="张炜") | {"op": "U"}, household(5, GXSJ="?") | {"op": "U"}, *(household(n) for n in range(100, 140))]
    back = [household(4, XM="李四") | {"op": "I"}, household(3, XM="张伟") | {"op": "U"}]
    for number, (day, sequence, mode, content) in enumerate(
        [
            (FIRST_DAY, 1, "full", [household(n) for n in range(60)]),
            (later(1), 1, "delta", changed),
            (later(1), 2, "delta", again),
            (later(2), 1, "delta", back),
            (later(3), 1, "full", [household(n) for n in range(5, 70)]),
        ]
    ):
        sent_at = f"{later(order[number])}T22:00:00+08:00"
        previous = None if mode == "full" else FIRST_DAY
        landing.deliver(HOUSEHOLDS, day, sequence, rows=content, mode=mode, previous=previous, sent_at=sent_at)


ORDERS = [
    pytest.param([0, 5, 4, 4, 3], id="reversed"),
    pytest.param([0, 1, 4, 2, 3], id="corrected late"),
    pytest.param([4, 2, 5, 3, 3], id="full last"),
]
"""The night on which each of the deliveries is sent."""


@pytest.mark.slow  # the orders of `tests/spark/test_delivery_cases.py`, on a small register, are always tried
@pytest.mark.parametrize("order", ORDERS)
def test_deliveries_in_any_order_end_in_the_same_history(
    spark: SparkSession, catalog: Catalog, tmp_path: Path, order: list[int]
) -> None:
    ends = {}
    for name, nights in (("proper", [0, 1, 1, 2, 3]), ("other", order)):
        lake = Silver(spark, catalog, tmp_path / name)
        deliveries(lake.landing, nights)
        for night in sorted(set(nights)):
            lake.night(later(night))
        ends[name] = {table: found for table, found in contents(lake.root).items() if table == SILVER}
        assert lake.silver("select count(*) from t where _valid_to <= _valid_from") == [(0,)]
    assert ends["proper"] == ends["other"]


def test_silver_has_the_columns_that_its_contract_derives(lake: Silver) -> None:
    lake.landing.deliver(HOUSEHOLDS, rows=3)
    lake.night()
    contract = lake.landing.catalog.find(HOUSEHOLDS)
    found = [name for (name, *_) in sql(table_folders(lake.root)[SILVER], "describe t")]
    assert found == [name for name, _ in silver_columns(contract)]
    assert rows(table_folders(lake.root)[SILVER])
    assert {check.code for check in checks_of(contract)} >= {"key_null", "key_duplicate", "untypable", "code_unknown"}
    assert contract.table(Layer.SILVER).path(str(lake.root)) == str(table_folders(lake.root)[SILVER])
