"""Say in words why a master was created, merged, split or retired: from the pairs that joined records or no longer do."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from jobs.linkage.block import HASH_PAIR
from jobs.linkage.cluster import STEWARD, HeldLink, Links
from jobs.linkage.entities import SAME, Findings
from jobs.linkage.explain import explain_edge
from jobs.linkage.identify import MERGED, RETIRED, Identity
from jobs.linkage.model import Model
from jobs.linkage.standardise import RECORD_HASH

EdgesOf = Callable[[pd.DataFrame], pd.DataFrame]
"""Finds the edges of a few pairs (`HASH_PAIR`), as contract linked/edges has them."""


def with_reasons(
    identity: Identity, held: tuple[HeldLink, ...], findings: Findings, edges_of: EdgesOf, model: Model
) -> pd.DataFrame:
    """The events of ``identity`` with a ``reason`` each. ``findings``: tonight's; a steward's word comes before a weight."""
    joined = _joining_words(_joining_links(identity, findings.pairs), edges_of, model)
    joined |= _steward_words(identity, findings.decided(SAME))
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
        if rule == STEWARD:
            return f"a steward decided that records of it and of {other} are different"
        return f"kept apart: {rule}" if rule else f"no link to the records that stay with {other} reaches the threshold"
    return f"its entity is no longer that of {other}"


def _joining_links(identity: Identity, pairs: pd.DataFrame) -> pd.DataFrame:
    """For each master that ended in another, the heaviest link between a record of the one and the rest of the other.

    Columns: ``ended``, ``master_id`` and `HASH_PAIR`.
    """
    merged = identity.events[identity.events["event"] == MERGED]
    members = identity.members
    touched = members[members["master_id"].isin(set(merged["other_id"]))]
    touched = touched[[RECORD_HASH, "old_id", "master_id"]]
    links = pairs[pairs["is_link"].astype(bool)].merge(touched.add_suffix("_l"), on=HASH_PAIR[0])
    links = links.merge(touched.add_suffix("_r"), on=HASH_PAIR[1])
    links = links[(links["master_id_l"] == links["master_id_r"]) & (links["old_id_l"] != links["old_id_r"])]
    sides = [links.rename(columns={f"old_id_{side}": "ended", "master_id_l": "master_id"}) for side in ("l", "r")]
    named = pd.concat([side[["ended", "master_id", *HASH_PAIR, "match_weight"]] for side in sides], ignore_index=True)
    named = named[named["ended"].isin(set(merged["master_id"]))]
    named = named.sort_values(["match_weight", *HASH_PAIR], ascending=[False, True, True], kind="stable")
    return named.drop_duplicates(["ended", "master_id"])


def _joining_words(joining: pd.DataFrame, edges_of: EdgesOf, model: Model) -> dict[tuple[str, str], str]:
    """What each of the joining links rests on, by the master that ended and the one that goes on."""
    if joining.empty:
        return {}
    words = {}
    for edge in edges_of(joining[HASH_PAIR].drop_duplicates()).to_dict("records"):
        pair = explain_edge({str(name): value for name, value in edge.items()}, model)
        text = f"{pair.record_id_l} and {pair.record_id_r} are linked: weight {pair.match_weight:.1f} ({pair.words})"
        words[edge[HASH_PAIR[0]], edge[HASH_PAIR[1]]] = text
    return {
        (ended, master): words[left, right]
        for ended, master, left, right in joining[["ended", "master_id", *HASH_PAIR]].itertuples(index=False)
    }


def _steward_words(identity: Identity, same: Links) -> dict[tuple[str, str], str]:
    """What a steward said of records that were two masters', by the one that ended and the one that goes on."""
    columns = identity.members[["dataset", "record_key", "old_id", "master_id"]].itertuples(index=False, name=None)
    members = list(columns) if len(same) else []
    words: dict[tuple[str, str], str] = {}
    for sides in zip(same.left.tolist(), same.right.tolist(), strict=True):
        (one, other) = ((f"{dataset}|{key}", old, master) for dataset, key, old, master in (members[side] for side in sides))
        told = f"a steward decided that {one[0]} and {other[0]} are the same"
        words |= {(old, master): told for _, old, master in (one, other) if old != master}
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
