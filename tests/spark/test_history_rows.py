"""Which versions of a history were so on a date, and which began or ended between two."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from jobs.transforms.history import rows_changed, rows_ended, rows_on, versions_up_to

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SINCE, DAY = date(2026, 3, 2), date(2026, 3, 5)
VERSIONS = [
    ("lasts", date(2026, 3, 1), None),
    ("over before", date(2026, 3, 1), SINCE),
    ("ends between", date(2026, 3, 1), date(2026, 3, 3)),
    ("ends that day", SINCE, DAY),
    ("ends after", SINCE, date(2026, 3, 6)),
    ("begins between", date(2026, 3, 3), None),
    ("begins that day", DAY, None),
    ("begins and ends between", date(2026, 3, 3), DAY),
    ("begins after", date(2026, 3, 6), None),
]


@pytest.fixture(scope="module")
def versions(spark: SparkSession) -> DataFrame:
    return spark.createDataFrame(VERSIONS, "name string, _valid_from date, _valid_to date")


def _names(rows: DataFrame) -> set[str]:
    return set(rows.toArrow()["name"].to_pylist())


def test_what_changed_between_two_dates_is_what_was_so_on_one_of_them_alone(versions: DataFrame) -> None:
    before, after = _names(rows_on(versions, SINCE)), _names(rows_on(versions, DAY))
    assert before == {"lasts", "ends between", "ends that day", "ends after"}
    assert after == {"lasts", "ends after", "begins between", "begins that day"}
    assert _names(rows_changed(versions, SINCE, DAY)) == before ^ after
    assert _names(rows_ended(versions, SINCE, DAY)) == before - after


def test_the_history_up_to_a_date_holds_nothing_that_came_later(versions: DataFrame) -> None:
    found = versions_up_to(versions, DAY).toArrow().to_pylist()
    ends = {row["name"]: row["_valid_to"] for row in found}
    assert ends == {name: None if name == "ends after" else end for name, _, end in VERSIONS if name != "begins after"}
    assert _names(rows_on(versions_up_to(versions, DAY), DAY)) == _names(rows_on(versions, DAY))
