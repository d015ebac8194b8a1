"""Say in words why a master was created, merged, split or retired: from the pairs that joined records or no longer do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from jobs.linkage.block import HASH_PAIR
from jobs.linkage.cluster import STEWARD, HeldLink, Links
from jobs.linkage.entities import SAME, Findings
from jobs.linkage.explain import explain_edge
from jobs.linkage.identify import MERGED, MOVED, RECORD, RETIRED, Identity
from jobs.linkage.model import Model
from jobs.linkage.standardise import RECORD_HASH

EdgesOf = Callable[[pd.DataFrame], pd.DataFrame]
"""Finds the edges of a few pairs (`HASH_PAIR`), as contract linked/edges has them."""


def with_reasons(
    identity: Identity, held: tuple[HeldLink, ...], findings: Findings, edges_of: EdgesOf, model: Model
) -> pd.DataFrame:
    """The events of ``identity`` with a ``reason`` each. ``findings``: tonight's; a steward's word comes before a weight."""
    events = identity.events
    joining = _joining_links(identity, findings.pairs)
    merges = joining[joining["ended"].isin(_of(events, MERGED))].drop_duplicates(["ended", "master_id"])
    moves = joining.merge(events.loc[events["event"] == MOVED, RECORD], on=RECORD).drop_duplicates(RECORD)
    words = _link_words(pd.concat([merges, moves]), edges_of, model)
    merged = _worded(merges, ["ended", "master_id"], words) | _steward_words(identity, findings.decided(SAME))
    told = _Told(merged, _worded(moves, RECORD, words), _rules_between(identity, held))
    columns = ["event", "master_id", "other_id", *RECORD]
    return events.assign(reason=[told.reason(*event) for event in events[columns].itertuples(index=False, name=None)])


@dataclass(frozen=True)
class _Told:
    """What is known of a night's events: words for masters that ended in another, and for records that moved; rules between
    masters."""

    merged: Mapping[tuple[str, str], str]
    moved: Mapping[tuple[str, str], str]
    apart: Mapping[tuple[str, str], str]

    def reason(self, event: str, master: str, other: str | None, dataset: str | None, key: str | None) -> str:
        if event == "created":
            return "no earlier master holds any of its records"
        if event == RETIRED:
            return "its last records are gone"
        if event == MERGED:
            return self.merged.get((master, str(other)), f"most of its records now belong to {other}")
        if event == "split":
            return _parted(self.apart.get((master, str(other))), other)
        link = self.moved.get((str(dataset), str(key)))
        return self.merged.get((str(other), master)) or link or _parted(self.apart.get((master, str(other))), other)


def _parted(rule: str | None, other: str | None) -> str:
    if rule == STEWARD:
        return f"a steward decided that records of it and of {other} are different"
    return f"kept apart: {rule}" if rule else f"no link to the records that stay with {other} reaches the threshold"


def _joining_links(identity: Identity, pairs: pd.DataFrame) -> pd.DataFrame:
    """The links within masters that gained records of another, between records that were not one master's before.

    Columns: dataset, record_key and ``ended`` (the master that the record was of), ``master_id``, `HASH_PAIR`; a row for each end
    of a link, the heaviest first.
    """
    events, members = identity.events, identity.members
    gaining = {*events.loc[events["event"] == MERGED, "other_id"], *_of(events, MOVED)}
    touched = members.loc[members["master_id"].isin(gaining), [RECORD_HASH, *RECORD, "old_id", "master_id"]]
    links = pairs[pairs["is_link"].astype(bool)].merge(touched.add_suffix("_l"), on=HASH_PAIR[0])
    links = links.merge(touched.add_suffix("_r"), on=HASH_PAIR[1])
    links = links[(links["master_id_l"] == links["master_id_r"]) & (links["old_id_l"] != links["old_id_r"])]
    of_side = {"old_id": "ended", "master_id": "master_id", **{name: name for name in RECORD}}
    sides = [links.rename(columns={f"{old}_{side}": new for old, new in of_side.items()}) for side in ("l", "r")]
    named = pd.concat([side[[*RECORD, "ended", "master_id", *HASH_PAIR, "match_weight"]] for side in sides], ignore_index=True)
    return named.sort_values(["match_weight", *HASH_PAIR], ascending=[False, True, True], kind="stable")


def _of(events: pd.DataFrame, event: str) -> set[str]:
    """The masters of all events of a kind."""
    return set(events.loc[events["event"] == event, "master_id"])


def _link_words(links: pd.DataFrame, edges_of: EdgesOf, model: Model) -> dict[tuple[int, int], str]:
    """What each link rests on, by its `HASH_PAIR`; the numbers add up."""
    if links.empty:
        return {}
    words = {}
    for edge in edges_of(links[HASH_PAIR].drop_duplicates()).to_dict("records"):
        pair = explain_edge({str(name): value for name, value in edge.items()}, model)
        of = f"two records picked at random {pair.prior_weight:+.1f}, {pair.words}"
        text = f"{pair.record_id_l} and {pair.record_id_r} are linked: weight {pair.match_weight:.1f} ({of})"
        words[edge[HASH_PAIR[0]], edge[HASH_PAIR[1]]] = text
    return words


def _worded(links: pd.DataFrame, by: list[str], words: Mapping[tuple[int, int], str]) -> dict[tuple[str, str], str]:
    """The words of links, by two columns."""
    rows = links[[*by, *HASH_PAIR]].itertuples(index=False, name=None)
    return {(one, other): words[left, right] for one, other, left, right in rows}


def _steward_words(identity: Identity, same: Links) -> dict[tuple[str, str], str]:
    """What a steward said of records that were two masters', by the one that ended and the one that goes on."""
    columns = identity.members[[*RECORD, "old_id", "master_id"]]
    members = list(columns.itertuples(index=False, name=None)) if len(same) else []
    words: dict[tuple[str, str], str] = {}
    for left, right in zip(same.left.tolist(), same.right.tolist(), strict=True):
        (dataset, key, old, master), (other_dataset, other_key, other_old, other_master) = members[left], members[right]
        if master == other_master and old != other_old:
            told = f"a steward decided that {dataset}|{key} and {other_dataset}|{other_key} are the same"
            words |= {(ended, master): told for ended in (old, other_old) if ended != master}
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
