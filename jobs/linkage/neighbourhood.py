"""The records that a night's changes can reach: everybody else keeps entity, master and review cases as they are.

Two records have to do with one another if an edge was kept between them (a link, held back or not, or a pair near the
threshold), if a steward decided about them, or if they carry a value that an entity has only once. Entities, the assignment
of masters and review cases never look further, so a part of the records that is closed under this can be worked out alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

Hashes = npt.NDArray[np.int64]


def reach(seeds: Hashes, ties: Sequence[tuple[Hashes, Hashes]], values: Sequence[tuple[Hashes, Hashes]] = ()) -> Hashes:
    """All records in the connected components of ``seeds``, seeds included; sorted, distinct.

    ``ties``: pairs of records, the two sides of each in arrays of one length. ``values``: records, and keys of values they
    carry, in the same way. Records and keys are 64-bit hashes; two that collide only make the neighbourhood larger.
    """
    left = np.concatenate([seeds, *(one for one, _ in ties), *(records for records, _ in values)])
    right = np.concatenate([seeds, *(other for _, other in ties)])
    # Numbered in the order in which they come, not sorted: of tens of millions, sorting takes most of the time.
    codes, records = pd.factorize(np.concatenate([left, right]))
    key_codes, keys = pd.factorize(np.concatenate([np.empty(0, np.int64), *(keys for _, keys in values)]))
    targets = np.concatenate([codes[len(left) :], len(records) + key_codes])
    size = len(records) + len(keys)
    graph = coo_matrix((np.ones(len(left), np.int8), (codes[: len(left)], targets)), shape=(size, size))
    _, component = connected_components(graph, directed=False)
    is_reached = np.zeros(size, bool)
    is_reached[component[codes[: len(seeds)]]] = True
    return np.sort(np.asarray(records[is_reached[component[: len(records)]]], np.int64))
