"""What is left to a person: links that a rule held back, pairs near the threshold, values that two entities share."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from jobs.linkage.cluster import STEWARD, HeldLink, Links
from jobs.linkage.entities import DIFFERENT, Findings
from jobs.linkage.identify import RECORD
from jobs.linkage.model import Model
from jobs.linkage.model_rules import IdentityRule

OTHER = ["other_dataset", "other_record_key"]
"""The two columns that name the other record of a pair."""

NEAR = "near threshold"
"""The kind of a case whose weight lies between the review and the link threshold."""


def kinds_of_cases(model: Model) -> list[str]:
    """Every kind that a case of a model can be of."""
    rules = model.rules
    return [*rules.reasons, *map(_shared, rules.identity_rules), NEAR]


def _shared(rule: IdentityRule) -> str:
    return f"shared {rule.column}"


def review_cases(
    findings: Findings,
    held: Sequence[HeldLink],
    masters: np.ndarray,
    model: Model,
    open_cases: pd.DataFrame,
    business_date: date,
) -> pd.DataFrame:
    """Open cases, one row each, as contract linked/review has them: a case asks whether two masters are one.

    It is named by these, so that it keeps its ID and ``opened_on`` when other records of theirs give it more weight.

    ``masters``: the master of each record, in the order of the records; ``open_cases``: case_id, opened_on. What a steward
    decided needs no second look.
    """
    records = findings.records
    found = [_held_cases(held, model), _near_cases(findings, model), *_shared_cases(records, masters, model)]
    cases = _one_a_pair(pd.concat(found, ignore_index=True), masters, findings.decided(DIFFERENT))
    keys = records[RECORD].astype(object)
    for columns, side in ((RECORD, "left"), (OTHER, "right")):
        cases[columns] = keys.iloc[cases[side]].to_numpy()
    asked = cases[["master_id", "other_id"]].itertuples(index=False, name=None)
    cases["case_id"] = [hashlib.sha256("|".join(sorted(masters)).encode()).hexdigest()[:16] for masters in asked]
    known = dict(zip(open_cases["case_id"], open_cases["opened_on"], strict=True))
    cases["opened_on"] = [known.get(case_id, business_date) for case_id in cases["case_id"]]
    columns = ["case_id", "kind", *RECORD, *OTHER, "master_id", "other_id", "match_weight", "detail", "opened_on"]
    return cases[columns].sort_values("case_id", ignore_index=True)


def _one_a_pair(cases: pd.DataFrame, masters: np.ndarray, decided: Links) -> pd.DataFrame:
    """Of all cases between the same two masters the heaviest; none where the two are one by now, or a steward parted them."""
    cases = cases.assign(master_id=masters[cases["left"]], other_id=masters[cases["right"]])
    cases = cases[cases["master_id"] != cases["other_id"]]
    cases = cases.sort_values(["match_weight", "left", "right"], ascending=[False, True, True], kind="stable")
    apart = {frozenset(pair) for pair in zip(masters[decided.left], masters[decided.right], strict=True)}
    kept = []
    for pair in zip(cases["master_id"], cases["other_id"], strict=True):
        kept.append(frozenset(pair) not in apart)
        apart.add(frozenset(pair))
    return cases[np.array(kept, dtype=bool)].reset_index(drop=True)


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
    """A case for each link that a rule held back."""
    by_rule = [link for link in held if link.rule != STEWARD]
    return _cases(
        [link.left for link in by_rule],
        [link.right for link in by_rule],
        [link.weight for link in by_rule],
        [link.rule for link in by_rule],
        [f"held back: {model.rules.reasons[link.rule]}" for link in by_rule],
    )


def _near_cases(findings: Findings, model: Model) -> pd.DataFrame:
    limits = model.rules.thresholds
    near = findings.links(findings.pairs[~findings.pairs["is_link"].astype(bool)])
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
        cases.append(_cases(left, others["at"].tolist(), [np.nan] * len(others), _shared(rule), "two entities carry one value"))
    return cases
