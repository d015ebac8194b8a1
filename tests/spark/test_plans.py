"""Planned for few rows or for many: the size of what is read decides how Spark runs a plan, never what comes out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jobs.io import spark as sessions
from jobs.io.spark import FEW_ROWS, FOR_FEW_ROWS, PARTS, ROWS_A_PART, plans_for
from tests.small_office import Office, delta, full, office_catalog

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DELIVERIES = [full(0, "1甲 2乙 3丙"), delta(1, "U1丁 D2乙 U3戊 U3己 I4庚 I4庚 I5? X6辛")]


def test_few_rows_are_planned_for_and_the_session_is_as_before_afterwards(spark: SparkSession) -> None:
    before = _settings(spark)
    assert before != FOR_FEW_ROWS
    with plans_for(spark, FEW_ROWS):
        assert _settings(spark) == FOR_FEW_ROWS
    assert _settings(spark) == before
    with plans_for(spark, FEW_ROWS + 1):
        assert _settings(spark) == before
    with pytest.raises(ZeroDivisionError), plans_for(spark, 0):
        _ = 1 / 0
    assert _settings(spark) == before


def test_the_more_rows_the_more_parts_but_no_fewer_than_the_settings_say(spark: SparkSession) -> None:
    before = _settings(spark)
    with plans_for(spark, 10 * ROWS_A_PART + 1):
        assert _settings(spark) == before | {PARTS: "11"}
    assert _settings(spark) == before


def _settings(spark: SparkSession) -> dict[str, str | None]:
    return {name: spark.conf.get(name) for name in FOR_FEW_ROWS}


def test_both_ways_make_the_same_silver(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = office_catalog(tmp_path / "contracts")
    few = Office(spark, catalog, tmp_path / "few", "csv")
    few.live(DELIVERIES)
    monkeypatch.setattr(sessions, "FEW_ROWS", -1)
    many = Office(spark, catalog, tmp_path / "many", "csv")
    many.live(DELIVERIES)
    assert many.silver_rows() == few.silver_rows()
    assert many.quarantine() == few.quarantine()
    assert len(many.silver()) == 5
