"""From scored pairs to entities: links, what stewards decided, and what the identity rules forbid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from jobs.linkage.block import HASH_PAIR
from jobs.linkage.cluster import Constraint, HeldLink, Links, cluster
from jobs.linkage.identify import RECORD
from jobs.linkage.model import Model
from jobs.linkage.standardise import RECORD_HASH
from jobs.linkage.unique import are_in_doubt, attach_unique
from schemas.errors import GovlakeError

SAME, DIFFERENT = "same", "different"
"""What a steward can decide about a pair."""


class HashCollisionError(GovlakeError):
    """Two records have one hash, by which pairs name them; the message names both and says what to do."""


@dataclass(frozen=True)
class Findings:
    """What a night knows of its records, one frame each; pairs name records by their hashes (`HASH_PAIR`).

    ``records``: dataset, record_key, record_hash and the columns of the rules (``grouped_by``). ``pairs``: `HASH_PAIR`,
    match_weight, is_link. ``decisions`` of stewards, oldest first: `HASH_PAIR`, ``decision``.
    """

    records: pd.DataFrame
    pairs: pd.DataFrame
    decisions: pd.DataFrame

    def decided(self, decision: str) -> Links:
        """Pairs that stewards decided so; of two decisions on a pair the last counts, and those on records that are gone wait."""
        sides = np.sort(self.decisions[HASH_PAIR].to_numpy(np.int64), axis=1)
        last = pd.DataFrame(sides, columns=HASH_PAIR).assign(decision=self.decisions["decision"].to_numpy(object))
        last = last.assign(match_weight=np.inf).drop_duplicates(HASH_PAIR, keep="last")
        return self.links(last[last["decision"] == decision])

    def links(self, pairs: pd.DataFrame) -> Links:
        """Pairs as links between positions in ``records``, the smaller first; pairs of others are left out.

        Raises HashCollisionError.
        """
        left, right = (self._places.get_indexer(pd.Index(pairs[side].to_numpy(np.int64))) for side in HASH_PAIR)
        known = (left >= 0) & (right >= 0)
        low, high = np.minimum(left, right)[known], np.maximum(left, right)[known]
        return Links(low.astype(np.int64), high.astype(np.int64), pairs["match_weight"].to_numpy(np.float64)[known])

    @cached_property
    def _places(self) -> pd.Index:
        """The hashes of the records in their order; made once, for several kinds of pairs are looked up in it."""
        places = pd.Index(self.records[RECORD_HASH].to_numpy(np.int64))
        if places.has_duplicates:
            raise HashCollisionError(_collision(self.records[places.duplicated(keep=False)]))
        return places


@dataclass(frozen=True)
class Entities:
    """``members``: dataset, record_key, record_hash, component. ``held``: links that a rule held back, as pairs of positions."""

    members: pd.DataFrame
    held: tuple[HeldLink, ...]


def group_records(findings: Findings, model: Model) -> Entities:
    """Entities among the records: what the links and stewards join, less what the model's rules and stewards forbid."""
    records = findings.records
    scored = findings.links(findings.pairs[findings.pairs["is_link"].astype(bool)])
    same = findings.decided(SAME)
    links = Links(
        np.concatenate([scored.left, same.left]),
        np.concatenate([scored.right, same.right]),
        np.concatenate([scored.weight, same.weight]),
    )
    constraints = [Constraint(r.name, pd.factorize(records[r.column])[0].astype(np.int64)) for r in model.rules.identity_rules]
    apart = findings.decided(DIFFERENT)
    doubts = [Constraint(r.name, records[r.column].notna().to_numpy(np.int64) - 1) for r in model.rules.unique_rules]
    in_doubt = are_in_doubt(len(records), doubts)
    is_sure = ~(in_doubt[links.left] | in_doubt[links.right]) | np.isinf(links.weight)
    sure = cluster(len(records), links.take(is_sure), constraints, apart)
    found = attach_unique(sure, links.take(~is_sure), findings.links(findings.pairs), doubts, apart)
    return Entities(records[[*RECORD, RECORD_HASH]].assign(component=found.component), found.held)


def _collision(records: pd.DataFrame) -> str:
    first = records.sort_values([RECORD_HASH, *RECORD]).head(2)
    one, other = (first[RECORD[0]] + "|" + first[RECORD[1]]).tolist()
    return (
        f"the records {one} and {other} have the same 64-bit hash, and pairs of records are named by hashes. If they are two, give "
        "one another name: rename its role in the recordRoles of its contract. If they are one, its key stands twice in silver."
    )
