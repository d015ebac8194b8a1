"""Group records into entities: connected components of the links, split where stewards or identity rules forbid one.

Runs on the driver (SciPy): a million links take about a CPU-second, a twentieth of what the star algorithm takes on Spark.
Above `DRIVER_LIMIT` links the driver's memory, not its speed, is the limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from schemas.errors import GovlakeError

DRIVER_LIMIT = 50_000_000
"""Links that fit in the driver's memory (about 100 bytes each)."""

Integers = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float64]


class TooManyLinksError(GovlakeError):
    """More links than the driver can hold; the message says how many and what to change."""


@dataclass(frozen=True)
class Links:
    """Links between records, which are numbered from 0. ``weight`` is in bits; infinite where a steward decided."""

    left: Integers
    right: Integers
    weight: Weights

    def __len__(self) -> int:
        return len(self.left)

    def take(self, chosen: npt.NDArray[np.bool_] | Integers) -> Links:
        """The links at ``chosen``."""
        return Links(self.left[chosen], self.right[chosen], self.weight[chosen])


@dataclass(frozen=True)
class Constraint:
    """An entity has at most one value. ``values``: a number for each record's value, -1 where it has none."""

    name: str
    values: Integers


@dataclass(frozen=True)
class HeldLink:
    """A link that was not taken because of ``rule``, and whose records are therefore different entities."""

    left: int
    right: int
    weight: float
    rule: str


@dataclass(frozen=True)
class Clustering:
    """``component`` numbers the entity of each record: the smallest record of it. ``held``: heaviest first."""

    component: Integers
    held: tuple[HeldLink, ...]


STEWARD = "steward"
"""The rule named where a steward said that two records are not one entity."""


def cluster(record_count: int, links: Links, constraints: Sequence[Constraint] = (), apart: Links | None = None) -> Clustering:
    """Entities of ``record_count`` records. ``apart`` are pairs that a steward holds to be different.

    Where a component breaks no rule it is an entity. Else its links are taken again, heaviest first, each unless it would
    break one; ties go by record number, so that the result does not depend on the order of the links. A steward's own
    links (infinite weight) obey other stewards only: who joins two values by one makes them one entity's, and further records of
    either follow. Raises TooManyLinksError.
    """
    if len(links) > DRIVER_LIMIT:
        raise TooManyLinksError(f"{len(links)} links, and the driver holds {DRIVER_LIMIT}: raise the model's link threshold.")
    component = _components(record_count, links)
    forbidden = apart or Links(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64))
    broken = _broken(component, constraints, forbidden)
    if not len(broken):
        return Clustering(component, ())
    again = links.take(np.isin(component[links.left], broken))
    return _regroup(component, broken, again, constraints, forbidden)


def _components(record_count: int, links: Links) -> Integers:
    graph = coo_matrix((np.ones(len(links), np.int8), (links.left, links.right)), shape=(record_count, record_count))
    _, labels = connected_components(graph, directed=False)
    return by_smallest(labels.astype(np.int64))


def by_smallest(labels: Integers) -> Integers:
    """Labels renamed to the first position that carries them."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(first[inverse], np.int64)


def _broken(component: Integers, constraints: Sequence[Constraint], apart: Links) -> Integers:
    found = [component[apart.left][component[apart.left] == component[apart.right]]]
    for constraint in constraints:
        known = constraint.values >= 0
        pairs = np.unique(np.stack([component[known], constraint.values[known]]), axis=1)
        entities, counts = np.unique(pairs[0], return_counts=True)
        found.append(entities[counts > 1])
    return np.unique(np.concatenate(found))


def _regroup(component: Integers, broken: Integers, links: Links, constraints: Sequence[Constraint], apart: Links) -> Clustering:
    members = np.flatnonzero(np.isin(component, broken))
    groups = _Groups(members, constraints, apart)
    refused = []
    for at in np.lexsort((links.right, links.left, -links.weight)):
        left, right, weight = int(links.left[at]), int(links.right[at]), float(links.weight[at])
        rule = groups.join(left, right, is_steward=bool(np.isinf(weight)))
        if rule:
            refused.append(HeldLink(left, right, weight, rule))
    regrouped = component.copy()
    regrouped[members] = [groups.root(int(member)) for member in members]
    held = tuple(link for link in refused if regrouped[link.left] != regrouped[link.right])
    return Clustering(by_smallest(regrouped), held)


class _Groups:
    """Union-find over a few records; each group knows its values under every rule and the records it must not hold."""

    def __init__(self, members: Integers, constraints: Sequence[Constraint], apart: Links) -> None:
        self._parent = {int(member): int(member) for member in members}
        self._records = {member: {member} for member in self._parent}
        self._values = [(c.name, {m: {int(c.values[m])} if c.values[m] >= 0 else set() for m in self._parent}) for c in constraints]
        self._apart: dict[int, set[int]] = {member: set() for member in self._parent}
        for left, right in zip(apart.left.tolist(), apart.right.tolist(), strict=True):
            if left in self._parent and right in self._parent:
                self._apart[left].add(right)
                self._apart[right].add(left)

    def root(self, record: int) -> int:
        while self._parent[record] != record:
            self._parent[record] = self._parent[self._parent[record]]
            record = self._parent[record]
        return record

    def join(self, left: int, right: int, *, is_steward: bool) -> str | None:
        """Make one group of two records' groups, or return the rule that forbids it."""
        a, b = sorted((self.root(left), self.root(right)))
        if a == b:
            return None
        if self._apart[a] & self._records[b]:
            return STEWARD
        for name, values in self._values:
            both = values[a] | values[b]
            if not is_steward and both != values[a] and both != values[b]:
                return name
        self._parent[b] = a
        for sets in (self._records, self._apart, *(values for _, values in self._values)):
            sets[a] |= sets.pop(b)
        return None
