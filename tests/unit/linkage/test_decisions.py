from __future__ import annotations

from datetime import date

import pytest

from jobs.linkage.decisions import Decision, contradicted, standing


def _decide(pair: str, verdict: str, reason: str = "seen") -> Decision:
    left, right = pair
    return Decision(left, right, verdict, "wang", date(2026, 3, 3), reason)


TAKEN = [_decide("ab", "same"), _decide("bc", "same"), _decide("de", "same"), _decide("ad", "different")]


@pytest.mark.parametrize(
    ("new", "against"),
    [
        pytest.param(_decide("ba", "different"), ["ab"], id="the same pair otherwise, whichever way round"),
        pytest.param(_decide("ac", "different"), ["ab", "bc"], id="apart, though a chain of decisions joins them"),
        pytest.param(_decide("be", "same"), ["ab", "de", "ad"], id="joined, though that would join two decided different"),
        pytest.param(_decide("ab", "same"), [], id="the same again"),
        pytest.param(_decide("ce", "different"), [], id="apart as they are already"),
        pytest.param(_decide("cx", "same"), [], id="a record that nobody decided on"),
        pytest.param(_decide("xy", "different"), [], id="two of those"),
    ],
)
def test_what_a_decision_contradicts(new: Decision, against: list[str]) -> None:
    found = contradicted(new, TAKEN)
    assert sorted("".join(sorted(decision.pair)) for decision in found) == sorted(against)


def test_an_overturned_decision_must_still_stand_beside_the_others() -> None:
    against = contradicted(_decide("ad", "same"), [*TAKEN, _decide("ae", "different")])
    assert sorted("".join(sorted(decision.pair)) for decision in against) == ["ad", "ae", "de"]


def test_only_the_last_decision_on_a_pair_stands() -> None:
    overturned = [*TAKEN, _decide("ba", "different", "looked again")]
    assert [decision.reason for decision in standing(overturned) if decision.pair == {"a", "b"}] == ["looked again"]
    assert contradicted(_decide("ac", "different"), overturned) == [], "the chain is broken"
