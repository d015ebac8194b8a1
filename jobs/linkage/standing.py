"""Which of last night's edges still stand, worked out on the driver: of an edge it takes the two hashes, and nothing is joined."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from jobs.linkage.block import HASH_PAIR
from jobs.linkage.neighbourhood import Hashes, is_in

Mask = npt.NDArray[np.bool_]


def touches(pairs: pd.DataFrame, hashes: Hashes) -> Mask:
    """Of each pair (`HASH_PAIR`) whether one of its records is among ``hashes``."""
    left, right = (is_in(pairs[side].to_numpy(np.int64), hashes) for side in HASH_PAIR)
    return left | right


def is_among(pairs: pd.DataFrame, others: pd.DataFrame) -> Mask:
    """Of each pair whether ``others``, few, have it too, its records in the same order (both `HASH_PAIR`)."""
    found = is_in(*(rows[HASH_PAIR[0]].to_numpy(np.int64) for rows in (pairs, others)))
    few, wanted = (pd.MultiIndex.from_frame(rows[HASH_PAIR]) for rows in (pairs[found], others))
    found[found] = few.isin(wanted)
    return np.asarray(found)
