"""Every way in which a delivery can come, on the formats there are: what silver, quarantine and control hold in the end.

Silver is written as versions, ``1甲 0-2``: row 1 was called 甲 from day 0 until day 2. Control is written by day and sequence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jobs.samples.streams import Streams
from schemas.catalog import Catalog
from tests.small_office import Delivery, Office, delta, full, office_catalog
from tests.small_office_files import FORMS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class Case:
    """Deliveries, the formats they are tried on, and the lake after the last of their nights."""

    formats: Sequence[str]
    deliveries: Sequence[Delivery]
    control: Mapping[str, str]
    silver: set[str]
    quarantine: list[str] = field(default_factory=list)


CASES: dict[str, Case] = {
    "the same delivery twice": Case(
        ["csv", "xml"],
        [full(0, "1甲 2乙"), delta(1, "U1丙"), full(0, "1甲 2乙", sequence=2, sent=1), delta(1, "U1丙", sequence=2)],
        {"0/1": "published", "0/2": "duplicate duplicate", "1/1": "published", "1/2": "duplicate duplicate"},
        {"1甲 0-1", "1丙 1-", "2乙 0-"},
    ),
    "a correction with a higher sequence": Case(
        ["json", "parquet"],
        [full(0, "1甲 2乙"), delta(1, "U1丙 D2乙"), delta(1, "U1丁 I3戊", sequence=2, sent=2), delta(2, "U3己")],
        {"0/1": "published", "1/1": "superseded corrected", "1/2": "published", "2/1": "published"},
        {"1甲 0-1", "1丁 1-", "2乙 0-", "3戊 1-2", "3己 2-"},
    ),
    "a correction that comes before what it corrects": Case(
        ["geojson", "jsonl"],
        [full(0, "1甲 2乙", sequence=2), full(0, "1丙 2丙", sent=1)],
        {"0/1": "superseded corrected", "0/2": "published", "1/0": "missing missing"},
        {"1甲 0-", "2乙 0-"},
    ),
    "an older date after newer ones": Case(
        ["fixed_width", "jsonl"],
        [full(0, "1甲 2乙 3丙"), delta(1, "U1丁 D2乙", sent=3), delta(2, "U1戊 I2己"), full(3, "1戊 2己")],
        {"0/1": "published", "1/0": "missing missing", "1/1": "published", "2/1": "published", "3/1": "published"},
        {"1甲 0-1", "1丁 1-2", "1戊 2-", "2乙 0-1", "2己 2-", "3丙 0-3"},
    ),
    "a night without a delivery": Case(
        ["xlsx", "csv"],
        [full(0, "1甲 2乙"), delta(2, "U1丙", previous=0)],
        {"0/1": "published", "1/0": "missing missing", "2/1": "published"},
        {"1甲 0-2", "1丙 2-", "2乙 0-"},
    ),
    "a delta lost, then the next full": Case(
        ["xml", "parquet"],
        [full(0, "1甲 2乙"), delta(1, "U1丙 D2乙", is_tampered=True), delta(2, "I3丁"), full(3, "1丙 3丁")],
        {
            "0/1": "published",
            "1/1": "stopped digest_mismatch",
            "2/1": "published incomplete since 1",
            "3/1": "published",
        },
        {"1甲 0-3", "1丙 3-", "2乙 0-3", "3丁 2-"},
    ),
    "a lost delta that comes after all": Case(
        ["csv", "geojson"],
        [full(0, "1甲 2乙"), delta(1, "U1丙", is_tampered=True), delta(2, "U2丁"), delta(1, "U1丙", sequence=2, sent=3)],
        {
            "0/1": "published",
            "1/1": "stopped digest_mismatch",
            "1/2": "published",
            "2/1": "published",
            "3/0": "missing missing",
        },
        {"1甲 0-1", "1丙 1-", "2乙 0-2", "2丁 2-"},
    ),
    "a full that drops rows": Case(
        ["xlsx", "json"],
        [full(0, "1甲 2乙 3丙"), full(1, "1甲 3丁")],
        {"0/1": "published", "1/1": "published"},
        {"1甲 0-", "2乙 0-1", "3丙 0-1", "3丁 1-"},
    ),
    "rows that cannot be": Case(
        ["fixed_width", "parquet"],
        [full(0, "1甲 2乙 3丙"), delta(1, "U1丁 U2? U3戊 U3己 I4庚 I4庚 X5辛")],
        {"0/1": "published", "1/1": "published"},
        {"1甲 0-1", "1丁 1-", "2乙 0-", "3丙 0-", "4庚 1-"},
        [
            "1 2 untypable:entered_on",
            "1 3 key_duplicate",
            "1 3 key_duplicate",
            "1 4 identical_copy",
            "1 5 operation_unknown",
        ],
    ),
}

IN_FULL_SIZE = [pytest.mark.slow]
RUNS = [
    pytest.param(case, kind, id=f"{name}-{kind}", marks=IN_FULL_SIZE if number else [])
    for name, case in CASES.items()
    for number, kind in enumerate(case.formats)
]
"""The first format of each case always, the second in the slow suite."""

DRIFTING = [pytest.param(kind, marks=[] if kind in ("csv", "xml", "fixed_width") else IN_FULL_SIZE) for kind in FORMS]
"""Text with column names, text without, and a tree always; the other formats in the slow suite."""


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return office_catalog(tmp_path_factory.mktemp("office"))


@pytest.mark.parametrize(("case", "kind"), RUNS)
def test_a_case_ends_as_it_should(spark: SparkSession, contracts: Catalog, tmp_path: Path, case: Case, kind: str) -> None:
    office = Office(spark, contracts, tmp_path, kind)
    office.live(case.deliveries)
    assert office.control() == case.control
    assert office.silver() == case.silver
    assert office.quarantine() == case.quarantine
    assert office.reconciles()


def with_another_column(names: list[str]) -> dict[str, str | None]:
    """A column that the contract does not know."""
    return {**{name: name for name in names}, _beside(names[1], "BZ"): None}


def without_a_column(names: list[str]) -> dict[str, str | None]:
    """The title is not there."""
    return {name: name for name in names if name != names[1]}


def with_a_new_name(names: list[str]) -> dict[str, str | None]:
    """The title stands under a name that is nearly its own."""
    return {f"{name}1" if name == names[1] else name: name for name in names}


def in_another_order(names: list[str]) -> dict[str, str | None]:
    """The columns of the contract the other way round."""
    return {name: name for name in reversed(names)}


def _beside(name: str, other: str) -> str:
    """A name in the same place as ``name``, as its format writes it."""
    place = max(name.rfind(mark) for mark in "./:") + 1
    return name[:place] + other


DISAGREEING = {
    "0/1": "published",
    "1/1": "stopped row_count_mismatch",
    "2/1": "stopped digest_mismatch",
    "3/1": "stopped extra_column",
    "4/1": "stopped missing_column",
    "5/1": "stopped renamed_column",
}
"""What becomes of deliveries whose counts, digest or columns disagree, a day each."""

REORDERED = DISAGREEING | {"6/1": "published incomplete since 5"}
"""Columns with names may come in any order."""

REORDERED_WITHOUT_NAMES = DISAGREEING | {"5/1": "stopped missing_column", "6/1": "stopped unreadable_file"}
"""Fixed width has no names: a column that is not as wide as agreed is not the column, and in another order no line can be cut."""


@pytest.mark.parametrize("kind", DRIFTING)
def test_counts_digests_and_columns_that_disagree(spark: SparkSession, contracts: Catalog, tmp_path: Path, kind: str) -> None:
    office = Office(spark, contracts, tmp_path, kind)
    change = delta(1, "U1丙 I3丁")
    office.live(
        [
            full(0, "1甲 2乙"),
            replace(change, rows_more=1),
            replace(change, day=2, previous=1, is_tampered=True),
            replace(change, day=3, previous=2, columns=with_another_column),
            replace(change, day=4, previous=3, columns=without_a_column),
            replace(change, day=5, previous=4, columns=with_a_new_name),
            replace(change, day=6, previous=5, columns=in_another_order),
        ]
    )
    has_names = kind != "fixed_width"
    assert office.control() == (REORDERED if has_names else REORDERED_WITHOUT_NAMES)
    assert office.silver() == ({"1甲 0-6", "1丙 6-", "2乙 0-", "3丁 6-"} if has_names else {"1甲 0-", "2乙 0-"})
    assert office.quarantine() == []
    assert office.reconciles()


TEN_DAYS = [
    full(0, "1甲 2乙 3丙 4丁"),
    delta(1, "U1乙 I5甲"),
    delta(2, "D2乙 U3?"),
    delta(3, "U1丙 I2甲"),
    full(4, "1丙 2甲 4戊 5甲 6甲"),
    delta(5, "D6甲 U4己"),
    delta(6, "I6乙 U1丁 U1丁"),
    delta(7, "U5乙 U5丙 I7甲"),
    full(8, "1丁 4己 5乙 6乙 7甲 8甲"),
    delta(9, "D1丁 U8乙"),
]
"""Ten days of fulls, deltas, rows that come back, and rows that are set aside."""


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "seed"), [("csv", 1), ("parquet", 2), ("xml", 3)])
def test_ten_nights_in_any_order_end_in_the_same_silver(
    spark: SparkSession, contracts: Catalog, tmp_path: Path, kind: str, seed: int
) -> None:
    """In the other lake nothing comes until the tenth day is over; then one delivery comes a night, in an order drawn by lot."""
    proper = Office(spark, contracts, tmp_path / "proper", kind)
    proper.live(TEN_DAYS)
    shuffled = Office(spark, contracts, tmp_path / "shuffled", kind)
    order = Streams(seed).named("order of arrival").permutation(len(TEN_DAYS)).tolist()
    late = [replace(delivery, sent=10 + place) for delivery, place in zip(TEN_DAYS, order, strict=True)]
    shuffled.live(late, nights=range(10, 20))
    assert shuffled.silver() == proper.silver()
    assert shuffled.silver_rows() == proper.silver_rows()
    assert shuffled.quarantine() == proper.quarantine()
