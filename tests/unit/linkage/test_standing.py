from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from jobs.linkage.block import HASH_PAIR
from jobs.linkage.standing import is_among, touches

FAR = 2**62


def _pairs(*pairs: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame(np.array(pairs, np.int64).reshape(-1, 2), columns=HASH_PAIR)


def test_a_pair_is_touched_by_either_of_its_records() -> None:
    pairs = _pairs((1, 2), (3, 1), (4, 5), (FAR, -FAR))
    assert touches(pairs, np.array([1, -FAR], np.int64)).tolist() == [True, True, False, True]
    assert touches(pairs, np.empty(0, np.int64)).tolist() == [False] * 4
    assert touches(_pairs(), np.array([1], np.int64)).tolist() == []


def test_a_pair_is_among_others_only_with_both_its_records_in_order() -> None:
    pairs = _pairs((1, 2), (1, 3), (2, 1), (FAR, FAR + 1))
    assert is_among(pairs, _pairs((1, 3), (FAR, FAR + 1), (9, 9))).tolist() == [False, True, False, True]
    assert is_among(pairs, _pairs()).tolist() == [False] * 4
    assert is_among(_pairs(), _pairs((1, 2))).tolist() == []


few_pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12)


@given(few_pairs, few_pairs, st.lists(st.integers(0, 4), max_size=3))
def test_both_agree_with_looking_at_pairs_one_by_one(
    pairs: list[tuple[int, int]], others: list[tuple[int, int]], hashes: list[int]
) -> None:
    assert is_among(_pairs(*pairs), _pairs(*others)).tolist() == [pair in others for pair in pairs]
    assert touches(_pairs(*pairs), np.array(hashes, np.int64)).tolist() == [bool({*pair} & {*hashes}) for pair in pairs]
