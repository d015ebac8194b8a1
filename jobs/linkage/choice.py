"""Why a golden value won: the choice of `jobs.linkage.survive` for one entity, made again in Python and put into words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from schemas.contract import Survivorship

REASONS = {
    "is_apart": "the record that gives {rule.follows}",
    "rank": "a source of more authority",
    "is_second": "a record where {rule.prefer_when}",
    "age": "a newer record",
    "disagreement": "a value that more records agree on",
    "record_key": "the smaller record key, all else being equal",
}
"""What decides between two offers, in order, and how it is said of the winner."""


@dataclass(frozen=True)
class Offer:
    """What one record offers for a column. The least, field by field down to ``record_key``, wins."""

    is_apart: bool
    rank: int
    is_second: bool
    age: int
    disagreement: int
    record_key: str
    value: Any
    dataset: str
    updated_on: date | None

    @property
    def order(self) -> tuple[Any, ...]:
        """What offers are compared by."""
        return tuple(getattr(self, name) for name in REASONS)

    def beats_by(self, other: Offer, rule: Survivorship) -> str:
        """What first decides for this offer against ``other``, in words."""
        decisive = next(name for name in REASONS if getattr(self, name) != getattr(other, name))
        return REASONS[decisive].format(rule=rule)


@dataclass(frozen=True)
class Candidate:
    """A record's value for a column, and whether it meets the rule's two conditions."""

    record: Mapping[str, Any]
    is_valid: bool
    is_preferred: bool


def rank_offers(candidates: Mapping[str, Sequence[Candidate]], rules: Mapping[str, Survivorship], column: str) -> list[Offer]:
    """The offers of an entity's records for one column, winner first. Records that may not supply it offer nothing.

    ``candidates``: the records, by column, for they meet the conditions of one and not of another.
    """
    rule = rules[column]
    leading = rank_offers(candidates, rules, rule.follows)[:1] if rule.follows else []
    leader = {(offer.dataset, offer.record_key) for offer in leading}
    able = [
        c for c in candidates[column] if c.is_valid and c.record[rule.attribute] is not None and c.record["dataset"] in rule.sources
    ]
    values = [c.record[rule.attribute] for c in able]
    offers = [
        Offer(
            is_apart=(c.record["dataset"], c.record["record_key"]) not in leader,
            rank=rule.sources.index(c.record["dataset"]),
            is_second=not c.is_preferred,
            age=-c.record["updated_on"].toordinal() if c.record["updated_on"] else 0,
            disagreement=-values.count(c.record[rule.attribute]),
            record_key=c.record["record_key"],
            value=c.record[rule.attribute],
            dataset=c.record["dataset"],
            updated_on=c.record["updated_on"],
        )
        for c in able
    ]
    return sorted(offers, key=lambda offer: offer.order)
