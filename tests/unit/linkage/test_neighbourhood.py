from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from jobs.linkage.neighbourhood import Hashes, is_in, reach

NOTHING = np.empty(0, np.int64)


def _hashes(*numbers: int) -> Hashes:
    return np.array(numbers, np.int64)


def test_whoever_is_tied_to_a_seed_by_pairs_or_by_a_shared_value_is_reached() -> None:
    ties = [(_hashes(1, 2, 7), _hashes(2, 3, 8))]
    values = [(_hashes(3, 4, 9), _hashes(100, 100, 200)), (_hashes(5), _hashes(100))]
    assert reach(_hashes(1), ties, values).tolist() == [1, 2, 3, 4, 5]
    assert reach(_hashes(9), ties, values).tolist() == [9]


def test_a_seed_that_nothing_is_tied_to_is_reached_itself_and_no_seed_reaches_nobody() -> None:
    assert reach(_hashes(42, 42), [(_hashes(1), _hashes(2))]).tolist() == [42]
    assert reach(NOTHING, [(_hashes(1), _hashes(2))], [(_hashes(1), _hashes(5))]).tolist() == []


def test_a_value_is_no_record_though_it_may_have_the_same_hash() -> None:
    assert reach(_hashes(1), [(_hashes(5), _hashes(6))], [(_hashes(1), _hashes(5))]).tolist() == [1]


hashes = st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3).map(lambda number: number << 40), max_size=20)


@given(hashes, hashes)
def test_a_hash_is_among_others_only_if_all_its_bits_are(some: list[int], few: list[int]) -> None:
    both = [*some, *few]
    assert is_in(_hashes(*both), _hashes(*few)).tolist() == [number in few for number in both]


pairs = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=12)


@given(st.lists(st.integers(0, 12), max_size=3), pairs)
def test_nothing_leads_out_of_a_neighbourhood_and_nothing_in_it_is_apart_from_the_seeds(
    seeds: list[int], ties: list[tuple[int, int]]
) -> None:
    found = set(reach(_hashes(*seeds), [(_hashes(*(a for a, _ in ties)), _hashes(*(b for _, b in ties)))]).tolist())
    grown = set(seeds)
    for _ in ties:
        grown |= {end for pair in ties if grown & set(pair) for end in pair}
    assert found == grown
