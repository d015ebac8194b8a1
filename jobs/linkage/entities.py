"""From scored pairs to entities: what stewards decided, what the identity rules forbid, and what is left to a person."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from jobs.linkage.cluster import STEWARD, Constraint, HeldLink, Links, cluster
from jobs.linkage.identify import RECORD
from jobs.linkage.model import Model

OTHER = ["other_dataset", "other_record_key"]
"""The two columns that name the other record of a pair."""

SAME, DIFFERENT = "same", "different"
"""What a steward can decide about a pair."""

NEAR = "near threshold"
"""The kind of a review case whose weight lies between the review and the link threshold."""


PAIR = ["record_id_l", "record_id_r"]
"""The two columns that name the records of a pair, each by dataset and record key joined by ``|``."""


@dataclass(frozen=True)
class Entities:
    """``members``: dataset, record_key, component. ``held``: links not taken because of a rule, as pairs of positions."""

    members: pd.DataFrame
    held: tuple[HeldLink, ...]


def group_records(records: pd.DataFrame, pairs: pd.DataFrame, decisions: pd.DataFrame, model: Model) -> Entities:
    """Entities among ``records`` (dataset, record_key, record_id and the identity rules' columns).

    ``pairs``: record_id_l, record_id_r, match_weight, is_link. ``decisions``: record_id_l, record_id_r, ``decision``, oldest
    first; of two on one pair the last counts, and those on records that are gone wait.
    """
    index = pd.Index(records["record_id"])
    last = decisions.drop_duplicates(PAIR, keep="last")
    same, different = (_links(index, last[last["decision"] == d].assign(match_weight=np.inf)) for d in (SAME, DIFFERENT))
    scored = _links(index, pairs[pairs["is_link"].astype(bool)])
    links = Links(
        np.concatenate([scored.left, same.left]),
        np.concatenate([scored.right, same.right]),
        np.concatenate([scored.weight, same.weight]),
    )
    constraints = [Constraint(r.name, pd.factorize(records[r.column])[0].astype(np.int64)) for r in model.rules.identity_rules]
    found = cluster(len(records), links, constraints, different)
    return Entities(records[RECORD].assign(component=found.component), found.held)


def _links(index: pd.Index, pairs: pd.DataFrame) -> Links:
    left, right = (index.get_indexer(pd.Index(pairs[side])) for side in PAIR)
    known = (left >= 0) & (right >= 0)
    low, high = np.minimum(left, right)[known], np.maximum(left, right)[known]
    return Links(low.astype(np.int64), high.astype(np.int64), pairs["match_weight"].to_numpy(np.float64)[known])


def review_cases(
    held: Sequence[HeldLink],
    masters: np.ndarray,
    records: pd.DataFrame,
    pairs: pd.DataFrame,
    model: Model,
    open_cases: pd.DataFrame,
    business_date: date,
) -> pd.DataFrame:
    """Open cases, one row each, as contract linked/review has them; a case known already keeps its ``opened_on``.

    ``masters``: the master of each of the ``records``, in their order; ``open_cases``: case_id, opened_on.
    """
    found = [_held_cases(held, model), _near_cases(records, pairs, model), *_shared_cases(records, masters, model)]
    cases = pd.concat(found, ignore_index=True).sort_values("match_weight", ascending=False, kind="stable")
    cases = cases.drop_duplicates(["left", "right"])
    cases = cases[masters[cases["left"]] != masters[cases["right"]]].reset_index(drop=True)
    keys = records[RECORD].astype(object)
    for columns, side in ((RECORD, "left"), (OTHER, "right")):
        cases[columns] = keys.iloc[cases[side]].to_numpy()
    cases["master_id"], cases["other_id"] = masters[cases["left"]], masters[cases["right"]]
    named = cases[["kind", *RECORD, *OTHER]].agg("|".join, axis=1) if len(cases) else pd.Series(dtype=object)
    cases["case_id"] = [hashlib.sha256(name.encode()).hexdigest()[:16] for name in named]
    cases["opened_on"] = cases["case_id"].map(dict(zip(open_cases["case_id"], open_cases["opened_on"], strict=True)))
    cases["opened_on"] = cases["opened_on"].astype(object).where(cases["opened_on"].notna(), business_date)
    columns = ["case_id", "kind", *RECORD, *OTHER, "master_id", "other_id", "match_weight", "detail", "opened_on"]
    return cases[columns].sort_values("case_id", ignore_index=True)


def _cases(
    left: Sequence[int],
    right: Sequence[int],
    weight: Sequence[float],
    kind: str | Sequence[str],
    detail: str | Sequence[str],
) -> pd.DataFrame:
    columns = {"left": np.asarray(left, np.int64), "right": np.asarray(right, np.int64)}
    return pd.DataFrame(columns).assign(match_weight=np.asarray(weight, np.float64), kind=kind, detail=detail)


def _held_cases(held: Sequence[HeldLink], model: Model) -> pd.DataFrame:
    """A case for each link that an identity rule held back; what a steward decided needs no second look."""
    reasons = {rule.name: rule.reason for rule in model.rules.identity_rules}
    by_rule = [link for link in held if link.rule != STEWARD]
    return _cases(
        [link.left for link in by_rule],
        [link.right for link in by_rule],
        [link.weight for link in by_rule],
        [link.rule for link in by_rule],
        [f"held back: {reasons[link.rule]}" for link in by_rule],
    )


def _near_cases(records: pd.DataFrame, pairs: pd.DataFrame, model: Model) -> pd.DataFrame:
    limits = model.rules.thresholds
    near = _links(pd.Index(records["record_id"]), pairs[~pairs["is_link"].astype(bool)])
    detail = [f"weight {weight:.1f}, and {limits.link:.1f} links" for weight in near.weight]
    return _cases(near.left.tolist(), near.right.tolist(), near.weight.tolist(), NEAR, detail)


def _shared_cases(records: pd.DataFrame, masters: np.ndarray, model: Model) -> list[pd.DataFrame]:
    """A case for each further master that carries a value which only one entity should have."""
    cases = []
    for rule in model.rules.identity_rules:
        values = pd.DataFrame({"value": records[rule.column].to_numpy(object), "master": masters, "at": np.arange(len(records))})
        firsts = values.dropna(subset=["value"]).drop_duplicates(["value", "master"])
        shared = firsts[firsts.duplicated("value", keep=False)]
        first = shared.drop_duplicates("value").set_index("value")["at"]
        others = shared[shared.duplicated("value")]
        left = others["value"].map(first).tolist()
        cases.append(
            _cases(left, others["at"].tolist(), [np.nan] * len(others), f"shared {rule.column}", "two entities carry one value")
        )
    return cases
