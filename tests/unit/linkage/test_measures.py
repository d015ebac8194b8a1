from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.linkage.measures import Agreement, bcubed, clusters, pairwise, sizes

# Records a b c | d e | f are three entities; found are a b | c d e | f.
TRUE = np.array(["x", "x", "x", "y", "y", "z"])
FOUND = np.array([1, 1, 2, 2, 2, 3])


def test_pairwise_by_hand() -> None:
    # Found pairs: ab, cd, ce, de; true pairs: ab, ac, bc, de; both: ab, de.
    assert pairwise(FOUND, TRUE) == Agreement(precision=2 / 4, recall=2 / 4)


def test_bcubed_by_hand() -> None:
    # Precision of a b c d e f: 1, 1, 1/3, 2/3, 2/3, 1; recall: 2/3, 2/3, 1/3, 1, 1, 1.
    found = bcubed(FOUND, TRUE)
    assert found.precision == pytest.approx((1 + 1 + 1 / 3 + 2 / 3 + 2 / 3 + 1) / 6)
    assert found.recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1 + 1) / 6)


def test_all_apart_finds_no_pair_and_gets_none_wrong() -> None:
    assert pairwise(np.arange(6), TRUE) == Agreement(precision=1.0, recall=0.0)
    assert pairwise(np.arange(6), TRUE).f1 == 0.0


def test_no_record_at_all() -> None:
    empty = np.array([])
    assert pairwise(empty, empty) == bcubed(empty, empty) == Agreement(1.0, 1.0)


def test_clusterings_of_different_records_are_refused() -> None:
    with pytest.raises(ValueError, match="not 6 and 2"):
        pairwise(TRUE, FOUND[:2])


def test_sizes_and_clusters() -> None:
    assert sizes(TRUE).tolist() == [3, 3, 3, 2, 2, 1]
    assert clusters(TRUE) == 3


records = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40)


@given(records)
def test_pairwise_equals_counting_pairs_one_by_one(labels: list[tuple[int, int]]) -> None:
    pairs = list(combinations(labels, 2))
    together = sum(a[0] == b[0] for a, b in pairs)
    belong = sum(a[1] == b[1] for a, b in pairs)
    both = sum(a == b for a, b in pairs)
    found, true = (np.array(side) for side in zip(*labels, strict=True))
    measured = pairwise(found, true)
    assert measured.precision == pytest.approx(both / together if together else 1)
    assert measured.recall == pytest.approx(both / belong if belong else 1)


@given(records)
def test_bcubed_equals_looking_at_each_record(labels: list[tuple[int, int]]) -> None:
    precision = recall = 0.0
    for record in labels:
        same = sum(other == record for other in labels)
        precision += same / sum(other[0] == record[0] for other in labels)
        recall += same / sum(other[1] == record[1] for other in labels)
    found, true = (np.array(side) for side in zip(*labels, strict=True))
    measured = bcubed(found, true)
    assert measured.precision == pytest.approx(precision / len(labels))
    assert measured.recall == pytest.approx(recall / len(labels))


@given(records)
def test_names_of_clusters_and_order_of_records_do_not_matter(labels: list[tuple[int, int]]) -> None:
    shuffled = labels[::-1]
    found, true = (np.array(side) for side in zip(*labels, strict=True))
    other_found, other_true = (np.array(side) for side in zip(*shuffled, strict=True))
    renamed = np.array([f"c{label * 7 % 11}" for label in other_found])
    assert pairwise(found, true) == pairwise(renamed, other_true)
