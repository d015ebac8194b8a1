"""What a level's condition becomes before Spark runs it."""

import pytest

from jobs.linkage.compare import bounded

MAY_BE_TRANSPOSED = "length(a_l) = length(a_r) and translate(a_l, a_r, '') = ''"


@pytest.mark.parametrize(
    ("condition", "asked"),
    [
        (
            "damerau_levenshtein(a_l, a_r) <= 1",
            "(levenshtein(a_l, a_r, 2) between 0 and 1 or levenshtein(a_l, a_r, 2) = 2"
            f" and {MAY_BE_TRANSPOSED} and damerau_levenshtein(a_l, a_r) <= 1)",
        ),
        (
            "x and damerau_levenshtein(a_l, a_r) = 1",
            "x and (levenshtein(a_l, a_r, 2) = 1 or levenshtein(a_l, a_r, 2) = 2"
            f" and {MAY_BE_TRANSPOSED} and damerau_levenshtein(a_l, a_r) = 1)",
        ),
        ("damerau_levenshtein(a_l, a_r) = 2", "(levenshtein(a_l, a_r, 4) >= 0 and damerau_levenshtein(a_l, a_r) = 2)"),
        ("x and damerau_levenshtein(a_l, a_r) > 1", "x and damerau_levenshtein(a_l, a_r) > 1"),
        ("a_l = a_r", "a_l = a_r"),
    ],
)
def test_a_quick_distance_is_asked_first_where_it_bounds_the_slow_one(condition: str, asked: str) -> None:
    assert bounded(condition) == asked
