from __future__ import annotations

from pathlib import Path

import pytest

from jobs.portal.evaluation import evaluate
from jobs.settings import Settings
from schemas.errors import UsageError
from tests.small_register import write_linkage_state, write_release, write_sources, write_truth


@pytest.fixture
def lake(settings: Settings) -> Settings:
    write_sources(settings)
    write_linkage_state(settings)
    write_release(settings)
    return settings


def test_the_small_register_by_hand(lake: Settings, tmp_path: Path) -> None:
    measures = evaluate(lake, write_truth(tmp_path / "truth"))["population"]
    # Seven records: 李明 4, 王芳 2, 赵云 1 (quarantined, alone). R3 is of tomorrow, R0 of a day that was never delivered, R9 dead.
    assert measures["records"] == 7
    assert (measures["entities_found"], measures["entities_true"]) == (3, 3)
    perfect = {"precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert measures["pairwise"] == measures["pairwise_linkable"] == measures["bcubed"] == perfect
    # Of the 7 true pairs, equal delivered IDs find one: 王芳's. 李明's are 15 digits here, 18 there, mistyped, and absent.
    assert measures["baseline_exact_id"] == {"precision": 1.0, "recall": pytest.approx(1 / 7), "f1": pytest.approx(0.25)}
    # Six records have a partner, five of them are linkable.
    assert measures["linkable_share"] == pytest.approx(5 / 6)


def test_a_folder_without_truth_is_refused(lake: Settings, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"expected population\.parquet"):
        evaluate(lake, tmp_path)
