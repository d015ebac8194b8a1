"""The credit register's rules that need no Spark: working days, and how a record stands on a day."""

from __future__ import annotations

from datetime import date

import pytest

from jobs.io.delta import duckdb_connection
from jobs.transforms.credit.record import ENDS_ON, STATUS
from jobs.transforms.credit.working_days import known_years, working_days_after

TODAY = date(2026, 3, 2)
PAST, EARLIER, FUTURE = date(2026, 2, 1), date(2026, 1, 1), date(2026, 5, 1)


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (date(2026, 3, 2), date(2026, 3, 2), 0),
        (date(2026, 3, 2), date(2026, 3, 9), 5),
        (date(2026, 3, 6), date(2026, 3, 8), 0),
        # 2026-02-14 and 02-28 are Saturdays that make up for the Spring Festival of 02-15 to 02-23.
        (date(2026, 2, 13), date(2026, 2, 23), 1),
        (date(2026, 2, 13), date(2026, 3, 2), 7),
        (date(2025, 9, 30), date(2025, 10, 9), 1),
    ],
)
def test_working_days_follow_the_notices_of_the_state_council(start: date, end: date, days: int) -> None:
    assert working_days_after(start, end) == days


def test_a_year_without_a_notice_is_not_guessed() -> None:
    assert 2023 in known_years()
    assert 2026 in known_years()
    beyond = date(known_years().stop, 1, 4)
    assert working_days_after(TODAY, beyond) is None
    assert working_days_after(date(1999, 1, 1), TODAY) is None


def _status(**days: date | None) -> tuple[str, date | None]:
    """Status and end of a listing with these days; the others are not known."""
    values = dict.fromkeys(("time_over_on", "withdrawn_on", "repaired_on", "left_on")) | days
    columns = ", ".join(f"cast(${name} as date) as {name}" for name in values)
    asked = f"""select {STATUS}, ends_on from (
        select *, {ENDS_ON} as ends_on, cast($today as date) as today, true as is_listing from (select {columns}))"""
    with duckdb_connection() as connection:
        (found,) = connection.execute(asked, values | {"today": TODAY}).fetchall()
    return found


@pytest.mark.parametrize(
    ("days", "status", "ends_on"),
    [
        ({}, "current", None),
        ({"time_over_on": FUTURE}, "current", FUTURE),
        ({"time_over_on": TODAY}, "expired", TODAY),
        ({"time_over_on": FUTURE, "withdrawn_on": PAST}, "withdrawn", PAST),
        ({"withdrawn_on": FUTURE}, "current", FUTURE),
        ({"withdrawn_on": PAST, "repaired_on": PAST}, "repaired", PAST),
        ({"withdrawn_on": EARLIER, "repaired_on": PAST}, "withdrawn", EARLIER),
        ({"time_over_on": PAST, "left_on": TODAY}, "expired", PAST),
        ({"time_over_on": FUTURE, "left_on": TODAY}, "removed", TODAY),
    ],
)
def test_a_listing_ends_on_the_first_day_that_ends_it(days: dict[str, date], status: str, ends_on: date | None) -> None:
    assert _status(**days) == (status, ends_on)
