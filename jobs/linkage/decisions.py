"""What stewards decided about pairs of records: whether a new decision can stand beside the old ones. Pure, knows no domain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from jobs.linkage.entities import DIFFERENT, SAME

VERDICTS = (SAME, DIFFERENT)
"""What a steward can decide about two records."""


@dataclass(frozen=True)
class Decision:
    """One decision on two records, each named by its dataset and record key joined by ``|``."""

    left: str
    right: str
    verdict: str
    decided_by: str
    decided_on: date
    reason: str

    @property
    def pair(self) -> frozenset[str]:
        """The two records, in no order."""
        return frozenset((self.left, self.right))

    @property
    def words(self) -> str:
        """The decision in a sentence."""
        return (
            f"{self.left} and {self.right} are {self.verdict}, decided by {self.decided_by} for {self.decided_on} ({self.reason})"
        )


def standing(decisions: Iterable[Decision]) -> list[Decision]:
    """The decisions that count: of each pair the last. ``decisions``: oldest first."""
    last = {decision.pair: decision for decision in decisions}
    return list(last.values())


def contradicted(new: Decision, decisions: Iterable[Decision]) -> list[Decision]:
    """The decisions that ``new`` cannot stand beside; empty if it can. ``decisions``: oldest first.

    The same pair decided otherwise; *different* where a chain of *same* joins the two; *same* where it would join, by such
    chains, two records that are decided to be *different*. Several decisions are a chain, with the one that breaks it, after
    the pair's own.
    """
    others = [decision for decision in standing(decisions) if decision.pair != new.pair]
    opposite = [decision for decision in standing(decisions) if decision.pair == new.pair and decision.verdict != new.verdict]
    return opposite + _broken_chain(new, others)


def _broken_chain(new: Decision, others: list[Decision]) -> list[Decision]:
    """Decisions on other pairs that ``new`` contradicts."""
    same = [decision for decision in others if decision.verdict == SAME]
    if new.verdict == DIFFERENT:
        return _chain(new.left, new.right, same)
    for apart in (decision for decision in others if decision.verdict == DIFFERENT):
        chain = _chain(apart.left, apart.right, [*same, new])
        if chain:
            return [*(decision for decision in chain if decision is not new), apart]
    return []


def _chain(start: str, end: str, same: list[Decision]) -> list[Decision]:
    """The shortest chain of decisions that makes two records one entity; empty if there is none."""
    steps: dict[str, list[Decision]] = defaultdict(list)
    for decision in same:
        for record in decision.pair:
            steps[record].append(decision)
    reached: dict[str, list[Decision]] = {start: []}
    frontier = [start]
    while frontier and end not in reached:
        found = [(record, decision) for record in frontier for decision in steps[record]]
        frontier = []
        for record, decision in found:
            for other in decision.pair - reached.keys():
                reached[other] = [*reached[record], decision]
                frontier.append(other)
    return reached.get(end, [])
