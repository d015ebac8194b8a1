"""What another model would change: how the weights of the same pairs move, and what becomes of the masters there are."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from jobs.linkage.identify import Identity

BIN_BITS = 5
"""Width of a bin of match weights."""

PART_UNSEEN = 1e-4
"""A share of 0 is taken for so much in the stability index, which knows no 0."""


EVENTS = ("merged", "split", "created", "retired", "moved")
"""What may happen to masters and, last, to records: see contract linked/events."""


@dataclass(frozen=True)
class Drift:
    """Pairs that share a block in either model, by their weights under both.

    ``stability_index``: sum over the bins of (share_then - share_now) * ln(share_then / share_now); above .1 is called a
    moderate, above .25 a large shift (Siddiqi 2006, population stability index). Differences are candidate less live, in bits.
    """

    pairs: int
    mean_difference: float
    mean_absolute_difference: float
    stability_index: float
    links_kept: int
    links_gained: int
    links_lost: int
    weights: tuple[dict[str, Any], ...]
    """One a bin: ``from_bits``, ``to_bits``, and the pairs of each model in it (``live``, ``candidate``)."""

    def as_dict(self) -> dict[str, Any]:
        """The figures under their names."""
        return asdict(self) | {"weights": list(self.weights)}


@dataclass(frozen=True)
class Churn:
    """What becomes of the masters of now. ``changed``: those whose records would not be exactly theirs any more."""

    masters_now: int
    masters_then: int
    merged: int
    split: int
    created: int
    retired: int
    moved_records: int
    changed: int


def measure_drift(cells: pd.DataFrame) -> Drift:
    """From counts: live_bin, candidate_bin (weight over `BIN_BITS`, rounded down), is_live_link, is_candidate_link, ``pairs``,
    ``difference`` and ``absolute_difference`` (sums of bits)."""
    pairs = int(cells["pairs"].sum())
    counts = {side: cells.groupby(f"{side}_bin")["pairs"].sum() for side in ("live", "candidate")}
    bins = sorted(set(counts["live"].index) | set(counts["candidate"].index))
    live, candidate = ([int(counts[side].get(place, 0)) for place in bins] for side in ("live", "candidate"))
    was, will = cells["is_live_link"].astype(bool), cells["is_candidate_link"].astype(bool)
    kept, gained, lost = (int(cells.loc[chosen, "pairs"].sum()) for chosen in (was & will, ~was & will, was & ~will))
    weights = [{"from_bits": int(n) * BIN_BITS, "to_bits": (int(n) + 1) * BIN_BITS} for n in bins]
    return Drift(
        pairs=pairs,
        mean_difference=float(cells["difference"].sum()) / max(pairs, 1),
        mean_absolute_difference=float(cells["absolute_difference"].sum()) / max(pairs, 1),
        stability_index=sum(_shift(a / pairs, b / pairs) for a, b in zip(live, candidate, strict=True)),
        links_kept=kept,
        links_gained=gained,
        links_lost=lost,
        weights=tuple(w | {"live": a, "candidate": b} for w, a, b in zip(weights, live, candidate, strict=True)),
    )


def _shift(now: float, then: float) -> float:
    now, then = max(now, PART_UNSEEN), max(then, PART_UNSEEN)
    return (then - now) * math.log(then / now)


def measure_churn(identity: Identity) -> Churn:
    """What `jobs.linkage.identify.identify` would do to the masters of the open crosswalk."""
    held, events = identity.members.dropna(subset=["old_id"]), identity.events["event"].value_counts()
    is_shared = held.groupby("component")["old_id"].transform("nunique") > 1
    is_parted = held.groupby("old_id")["component"].transform("nunique") > 1
    merged, split, created, retired, moved = (int(events.get(name, 0)) for name in EVENTS)
    return Churn(
        masters_now=int(held["old_id"].nunique()),
        masters_then=int(identity.members["master_id"].nunique()),
        merged=merged,
        split=split,
        created=created,
        retired=retired,
        moved_records=moved,
        changed=int(held.loc[is_shared | is_parted, "old_id"].nunique()),
    )
