"""Chinese working days: weekdays without public holidays, and the days at weekends that make up for these (调休).

Source: the yearly notices of the State Council (国务院办公厅关于部分节假日安排的通知), as ``chinesecalendar`` has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

import pyarrow as pa
from chinese_calendar import is_workday
from chinese_calendar.constants import holidays

from jobs.io.frames import frame_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@cache
def known_years() -> range:
    """The years of which the calendar knows the holidays; the notice for a year comes in autumn of the year before."""
    years = {day.year for day in holidays}
    return range(min(years), max(years) + 1)


def numbered_days() -> Iterator[tuple[date, int]]:
    """Every day of the known years, with the number of working days up to and including it."""
    years, count = known_years(), 0
    day, end = date(years.start, 1, 1), date(years.stop, 1, 1)
    while day < end:
        count += int(is_workday(day))
        yield day, count
        day += timedelta(days=1)


def working_days_after(start: date, end: date) -> int | None:
    """The number of working days after ``start`` up to and including ``end``; None if the calendar does not know both years."""
    known = dict(_numbers())
    return known[end] - known[start] if start in known and end in known else None


@cache
def _numbers() -> tuple[tuple[date, int], ...]:
    return tuple(numbered_days())


def with_working_days(rows: DataFrame, start: str, end: str, name: str) -> DataFrame:
    """``rows`` with the column ``name``: the working days after the date ``start`` up to ``end``; null as `working_days_after`."""
    from pyspark.sql import functions as f

    days = _calendar(rows.sparkSession)
    found = rows
    for side in (start, end):
        numbered = days.toDF("_day", f"_number_{side}")
        found = found.join(f.broadcast(numbered), f.col(side) == f.col("_day"), "left").drop("_day")
    between = f.col(f"_number_{end}") - f.col(f"_number_{start}")
    return found.withColumn(name, between.cast("int")).drop(f"_number_{start}", f"_number_{end}")


def _calendar(spark: SparkSession) -> DataFrame:
    days, numbers = zip(*_numbers(), strict=True)
    return frame_of(spark, pa.table({"day": pa.array(days, pa.date32()), "number": pa.array(numbers, pa.int32())}))
