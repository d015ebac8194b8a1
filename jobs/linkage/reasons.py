"""Say in words why a master was created, merged, split or retired: from the pairs that joined records or no longer do."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from jobs.linkage.cluster import HeldLink
from jobs.linkage.explain import explain_edge
from jobs.linkage.identify import MERGED, RETIRED, Identity
from jobs.linkage.model import Model


def with_reasons(identity: Identity, held: tuple[HeldLink, ...], edges: pd.DataFrame, model: Model) -> pd.DataFrame:
    """The events of ``identity`` with a ``reason`` each. ``edges``: tonight's, as contract linked/edges has them."""
    joined = _joining_words(identity, edges, model)
    kept_apart = _rules_between(identity, held)
    reasons = [
        _reason(event, master, other, joined, kept_apart)
        for event, master, other in identity.events[["event", "master_id", "other_id"]].itertuples(index=False)
    ]
    return identity.events.assign(reason=reasons)


def _reason(
    event: str, master: str, other: str | None, joined: Mapping[tuple[str, str], str], apart: Mapping[tuple[str, str], str]
) -> str:
    if event == "created":
        return "no earlier master holds any of its records"
    if event == RETIRED:
        return "its last records are gone"
    if event == MERGED:
        return joined.get((master, str(other)), f"most of its records now belong to {other}")
    if event == "split":
        rule = apart.get((master, str(other)))
        return f"kept apart: {rule}" if rule else f"no link to the records that stay with {other} reaches the threshold"
    return f"its entity is no longer that of {other}"


def _joining_words(identity: Identity, edges: pd.DataFrame, model: Model) -> dict[tuple[str, str], str]:
    """For each master that ended in another: the heaviest link between a record of the one and the rest of the other."""
    merged = identity.events[identity.events["event"] == MERGED]
    if merged.empty:
        return {}
    members = identity.members
    touched = members[members["master_id"].isin(set(merged["other_id"]))]
    touched = touched.assign(record_id=touched["dataset"] + "|" + touched["record_key"])[["record_id", "old_id", "master_id"]]
    links = edges[edges["is_link"].astype(bool)].merge(touched.add_suffix("_l"), on="record_id_l")
    links = links.merge(touched.add_suffix("_r"), on="record_id_r")
    links = links[(links["master_id_l"] == links["master_id_r"]) & (links["old_id_l"] != links["old_id_r"])]
    links = links.sort_values(["match_weight", "record_id_l", "record_id_r"], ascending=[False, True, True], kind="stable")
    words: dict[tuple[str, str], str] = {}
    for row in links.to_dict("records"):
        edge = {str(name): value for name, value in row.items()}
        pair = explain_edge(edge, model)
        text = f"{pair.record_id_l} and {pair.record_id_r} are linked: weight {pair.match_weight:.1f} ({pair.words})"
        for ended in (edge["old_id_l"], edge["old_id_r"]):
            words.setdefault((ended, edge["master_id_l"]), text)
    return words


def _rules_between(identity: Identity, held: tuple[HeldLink, ...]) -> dict[tuple[str, str], str]:
    """The rule that keeps two masters apart, both ways round."""
    masters = identity.members["master_id"].to_numpy(object)
    rules: dict[tuple[str, str], str] = {}
    for link in held:
        left, right = masters[link.left], masters[link.right]
        rules.setdefault((left, right), link.rule)
        rules.setdefault((right, left), link.rule)
    return rules
