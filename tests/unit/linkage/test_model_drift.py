"""What another model would change, counted on a handful of pairs and masters."""

from __future__ import annotations

import math
from datetime import date

import pandas as pd
import pytest

from jobs.linkage.drift import Churn, measure_churn, measure_drift
from jobs.linkage.identify import identify

DAY = date(2026, 3, 2)


def _cell(live: float, candidate: float, pairs: int, links: str, difference: float) -> dict[str, object]:
    return {
        "live_bin": live,
        "candidate_bin": candidate,
        "pairs": pairs,
        "is_live_link": links[0] == "x",
        "is_candidate_link": links[1] == "x",
        "difference": difference,
        "absolute_difference": abs(difference),
    }


def test_drift_of_a_few_pairs() -> None:
    cells = pd.DataFrame(
        [
            _cell(-1, -1, 60, "..", 30.0),
            _cell(1, 1, 20, "xx", -10.0),
            _cell(0, 1, 10, ".x", 20.0),
            _cell(1, 0, 5, "x.", -15.0),
            _cell(math.nan, 1, 5, ".x", 0.0),
        ]
    )
    drift = measure_drift(cells)
    assert (drift.pairs, drift.links_kept, drift.links_gained, drift.links_lost) == (100, 20, 15, 5)
    assert (drift.mean_difference, drift.mean_absolute_difference) == pytest.approx((0.25, 0.75))
    assert drift.weights == (
        {"from_bits": -5, "to_bits": 0, "live": 60, "candidate": 60},
        {"from_bits": 0, "to_bits": 5, "live": 10, "candidate": 5},
        {"from_bits": 5, "to_bits": 10, "live": 25, "candidate": 35},
    )
    assert drift.stability_index == pytest.approx(-0.05 * math.log(0.5) + 0.1 * math.log(1.4))


def _churn(components: list[int]) -> Churn:
    """Five records, of which the first two are master A's, the next two B's, the last C's, found to be these components."""
    records = pd.DataFrame({"dataset": "d", "record_key": list("12345")})
    crosswalk = records.assign(master_id=list("AABBC"), valid_from=DAY)
    masters = pd.DataFrame({"master_id": list("ABC"), "status": "active", "merged_into": None, "first_business_date": DAY})
    return measure_churn(identify(records.assign(component=components), crosswalk, masters, DAY, lambda text: f"new|{text}"))


@pytest.mark.parametrize(
    ("components", "churn"),
    [
        pytest.param([0, 0, 2, 2, 4], Churn(3, 3, 0, 0, 0, 0, 0, 0), id="nothing changes"),
        pytest.param([0, 0, 0, 0, 4], Churn(3, 2, 1, 0, 0, 0, 2, 2), id="two merge"),
        pytest.param([0, 1, 2, 2, 4], Churn(3, 4, 0, 1, 0, 0, 1, 1), id="one splits"),
        pytest.param([0, 0, 2, 0, 4], Churn(3, 3, 0, 0, 0, 0, 1, 2), id="a record moves"),
    ],
)
def test_churn_of_three_masters(components: list[int], churn: Churn) -> None:
    assert _churn(components) == churn
