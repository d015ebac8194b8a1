"""Records of which too little shows to be told apart by weight alone: they join an entity only if it is the only one in question.

A masked number fits several entities; the heaviest of them is a guess. So such a record is left alone, and its links go to review,
wherever more than one entity is paired with it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jobs.linkage.cluster import Clustering, Constraint, HeldLink, Integers, Links, by_smallest


def are_in_doubt(record_count: int, doubts: Sequence[Constraint]) -> npt.NDArray[np.bool_]:
    """Which records a rule doubts."""
    found = np.zeros(record_count, bool)
    for doubt in doubts:
        found |= doubt.values >= 0
    return found


def attach_unique(sure: Clustering, links: Links, pairs: Links, doubts: Sequence[Constraint], apart: Links) -> Clustering:
    """The entities of ``sure``, joined by the records in doubt that only one of them comes into question for.

    ``sure``: what the other links make of the records, those in doubt alone unless a steward joined them. ``links``: of records in
    doubt; ``pairs``: all pairs worth a look. ``doubts``: each rule, with a value of 0 or more for a record that it doubts.
    ``apart``: pairs that a steward holds to be different; of two such records that would join one entity neither does. Links not
    taken are held by the name of the rule.
    """
    in_doubt = are_in_doubt(len(sure.component), doubts)
    sizes = np.bincount(sure.component, minlength=len(sure.component))
    is_single = in_doubt & (sizes[sure.component] == 1)
    linked = _entities_of(links, in_doubt, ~in_doubt, sure.component)
    excluded = _entities_of(apart, is_single, ~is_single, sure.component)
    joins = {}
    for record, entities in _entities_of(pairs, in_doubt, ~in_doubt, sure.component).items():
        possible = entities - excluded.get(record, set())
        if is_single[record] and len(possible) == 1 and possible <= linked.get(record, set()):
            joins[record] = possible.pop()
    component = sure.component.copy()
    for record in joins.keys() - _rivals(joins, apart):
        component[record] = joins[record]
    return Clustering(by_smallest(component), (*sure.held, *_held(links, component, doubts)))


def _rivals(joins: dict[int, int], apart: Links) -> set[int]:
    """Records that would join one entity although a steward holds them to be different: whose it is cannot be said."""
    pairs = zip(apart.left.tolist(), apart.right.tolist(), strict=True)
    return {record for pair in pairs if joins.get(pair[0], -1) == joins.get(pair[1], -2) for record in pair}


def _entities_of(
    pairs: Links, ones: npt.NDArray[np.bool_], others: npt.NDArray[np.bool_], component: Integers
) -> dict[int, set[int]]:
    """The entities that each record of ``ones`` is paired with, by records of ``others``."""
    found: dict[int, set[int]] = {}
    for one, other in ((pairs.left, pairs.right), (pairs.right, pairs.left)):
        chosen = ones[one] & others[other]
        for record, entity in zip(one[chosen].tolist(), component[other[chosen]].tolist(), strict=True):
            found.setdefault(record, set()).add(entity)
    return found


def _held(links: Links, component: Integers, doubts: Sequence[Constraint]) -> list[HeldLink]:
    """Links between records that are different entities, heaviest first."""
    held = []
    for at in np.lexsort((links.right, links.left, -links.weight)):
        left, right = int(links.left[at]), int(links.right[at])
        if component[left] != component[right]:
            rule = next(d.name for d in doubts if d.values[left] >= 0 or d.values[right] >= 0)
            held.append(HeldLink(left, right, float(links.weight[at]), rule))
    return held
