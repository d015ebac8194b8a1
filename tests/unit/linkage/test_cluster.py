from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from jobs.linkage.cluster import STEWARD, Clustering, Constraint, Links, cluster


def _links(*pairs: tuple[int, int, float]) -> Links:
    left, right, weight = zip(*pairs, strict=True) if pairs else ((), (), ())
    return Links(np.array(left, np.int64), np.array(right, np.int64), np.array(weight, np.float64))


def _one_number(*values: int) -> Constraint:
    return Constraint("one number", np.array(values, np.int64))


def _groups(found: Clustering) -> list[set[int]]:
    return [set(np.flatnonzero(found.component == label).tolist()) for label in np.unique(found.component)]


def test_linked_records_are_one_entity_named_by_the_smallest() -> None:
    found = cluster(5, _links((1, 2, 9.0), (2, 4, 9.0)))
    assert found.component.tolist() == [0, 1, 1, 3, 1]
    assert found.held == ()


def test_a_rule_cuts_the_lightest_bridge_and_reports_it() -> None:
    links = _links((0, 1, 20.0), (1, 2, 6.0), (2, 3, 20.0))
    found = cluster(4, links, [_one_number(7, -1, -1, 8)])
    assert _groups(found) == [{0, 1}, {2, 3}]
    assert [(link.left, link.right, link.weight, link.rule) for link in found.held] == [(1, 2, 6.0, "one number")]


def test_components_that_break_no_rule_are_left_alone() -> None:
    found = cluster(5, _links((0, 1, 20.0), (2, 3, 6.0), (3, 4, 7.0)), [_one_number(7, 8, 5, -1, 5)])
    assert _groups(found) == [{0}, {1}, {2, 3, 4}]


def test_stewards_outrank_weights_and_rules_but_not_each_other() -> None:
    found = cluster(3, _links((0, 1, 30.0), (1, 2, np.inf)), [_one_number(1, 2, 3)], apart=_links((0, 1, np.inf)))
    assert _groups(found) == [{0}, {1, 2}]
    found = cluster(3, _links((0, 1, np.inf), (1, 2, np.inf)), apart=_links((0, 2, np.inf)))
    assert _groups(found) == [{0, 1}, {2}]
    assert [link.rule for link in found.held] == [STEWARD]


records = st.integers(2, 12)
pairs = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11), st.integers(5, 30)), max_size=30)
numbers = st.lists(st.integers(-1, 3), min_size=12, max_size=12)


@given(pairs, numbers, st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=4), st.randoms())
def test_no_entity_breaks_a_rule_and_the_order_of_links_does_not_matter(
    edges: list[tuple[int, int, int]], values: list[int], parted: list[tuple[int, int]], shuffled: Random
) -> None:
    edges = [edge for edge in edges if edge[0] != edge[1]]
    apart = _links(*((a, b, np.inf) for a, b in parted if a != b))
    found = cluster(12, _links(*edges), [_one_number(*values)], apart)
    for group in _groups(found):
        assert len({values[record] for record in group} - {-1}) <= 1
        assert not any({a, b} <= group for a, b in parted if a != b)
    shuffled.shuffle(edges)
    again = cluster(12, _links(*edges), [_one_number(*values)], apart)
    assert again.component.tolist() == found.component.tolist()


@given(pairs)
def test_without_rules_entities_are_what_a_walk_along_the_links_reaches(edges: list[tuple[int, int, int]]) -> None:
    found = cluster(12, _links(*edges))
    reach = {record: {record} for record in range(12)}
    for _ in range(12):
        for a, b, _weight in edges:
            reach[a] = reach[b] = reach[a] | reach[b]
    for a, b, _weight in edges:
        assert found.component[a] == found.component[b]
    assert all(min(reach[record]) == found.component[record] for record in range(12))
