"""What a level's condition becomes before Spark runs it."""

import pytest

from jobs.linkage.compare import bounded


@pytest.mark.parametrize(
    ("condition", "asked"),
    [
        ("damerau_levenshtein(a_l, a_r) <= 1", "(levenshtein(a_l, a_r, 2) >= 0 and damerau_levenshtein(a_l, a_r) <= 1)"),
        ("damerau_levenshtein(a_l, a_r) = 2", "(levenshtein(a_l, a_r, 4) >= 0 and damerau_levenshtein(a_l, a_r) = 2)"),
        ("x and damerau_levenshtein(a_l, a_r) > 1", "x and damerau_levenshtein(a_l, a_r) > 1"),
        ("a_l = a_r", "a_l = a_r"),
    ],
)
def test_a_quick_distance_is_asked_first_where_it_bounds_the_slow_one(condition: str, asked: str) -> None:
    assert bounded(condition) == asked
