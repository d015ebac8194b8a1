"""Give entities IDs that last: match tonight's components to the masters of the night before, one to one.

A component claims the master with which it shares most records, a master goes to the component that holds most of its
records; ties go to the master of which more is shared (so that a record that joins another entity takes no ID along), then to
the older master, then to the smaller ID. Who is left gets a new ID, drawn from the lake's key, so that a replay draws the same
one and nothing of a record can be read from it. No ID is ever used again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from jobs.security.pseudonym import keyed_pseudonym
from schemas.errors import GovlakeError

RECORD = ["dataset", "record_key"]
"""The two columns that name a record."""

ID_LENGTH = 16
"""Characters of an ID after its prefix: 80 bits. Of a billion, one in a million may be drawn twice; then it is drawn again."""

ACTIVE, MERGED, RETIRED = "active", "merged", "retired"
MOVED = "moved"
"""The event of a record that is another master's than the night before."""


class CrosswalkError(GovlakeError):
    """A record is two masters' at once; the message names it and says what to do."""


@dataclass(frozen=True)
class Identity:
    """Tonight's IDs, and the rows that tell what changed since the night before.

    ``members``: every record with its master (dataset, record_key, component, master_id, old_id: last night's or null).
    ``crosswalk``: rows to add or close (dataset, record_key, master_id, valid_from, valid_to).
    ``masters``: rows to add or change (master_id, status, merged_into, first_business_date, ended_on).
    ``events``: (event, master_id, other_id, dataset, record_key).
    """

    members: pd.DataFrame
    crosswalk: pd.DataFrame
    masters: pd.DataFrame
    events: pd.DataFrame


def identify(
    members: pd.DataFrame, crosswalk: pd.DataFrame, masters: pd.DataFrame, business_date: date, draw: Callable[[str], str]
) -> Identity:
    """Assign IDs. ``members``: dataset, record_key, component (one row a record, no two alike).

    ``crosswalk``: the open rows of the night before (dataset, record_key, master_id, valid_from); ``masters``: every master
    there ever was. ``draw`` makes an ID from a text (see `id_drawer`). Raises ValueError if a record stands twice,
    CrosswalkError if one is two masters'.
    """
    if members.duplicated(RECORD).any():
        raise ValueError(f"a record stands twice: {members[members.duplicated(RECORD)].iloc[0][RECORD].tolist()}")
    # An empty frame has no types of its own, and frames merge only on columns of one type.
    members, crosswalk, masters = (members.astype(dict.fromkeys(RECORD, object)), crosswalk.astype(object), masters.astype(object))
    known = members.merge(crosswalk[[*RECORD, "master_id"]].rename(columns={"master_id": "old_id"}), on=RECORD, how="left")
    if len(known) > len(members):
        raise CrosswalkError(_two_masters(known))
    overlaps = _overlaps(known, crosswalk, masters)
    kept = _keep(overlaps)
    drawn = _draw_new(known, kept, masters, business_date, draw)
    known["master_id"] = known["component"].map({**kept, **drawn})
    ended = _ended(known, crosswalk, kept, overlaps)
    return Identity(
        known,
        _crosswalk_changes(known, crosswalk, business_date),
        _master_changes(drawn, ended, masters, business_date),
        _events(known, drawn, ended, overlaps),
    )


def _two_masters(known: pd.DataFrame) -> str:
    dataset, key = known[known.duplicated(RECORD)].iloc[0][RECORD]
    return (
        f"the record {dataset}|{key} has two open rows in the crosswalk, as two processes leave it that link one master at once. "
        "Restore linked.<master>__crosswalk to a version before them (its _delta_log tells when rows were added), and run again."
    )


def id_drawer(key: bytes, prefix: str) -> Callable[[str], str]:
    """How IDs are made from texts: ``<prefix>-`` and the first characters of the text's pseudonym under the lake's key."""
    return lambda text: f"{prefix}-{keyed_pseudonym(key, text)[:ID_LENGTH]}"


def _overlaps(known: pd.DataFrame, crosswalk: pd.DataFrame, masters: pd.DataFrame) -> pd.DataFrame:
    """What each component shares with each master: component, old_id, records, their share of the master's, first_business_date."""
    shared = known.dropna(subset=["old_id"]).groupby(["component", "old_id"], sort=True).size().rename("records").reset_index()
    shared["share"] = shared["records"] / shared["old_id"].map(crosswalk["master_id"].value_counts()).astype(float)
    return shared.merge(
        masters[["master_id", "first_business_date"]].rename(columns={"master_id": "old_id"}), on="old_id", how="left"
    )


def _keep(overlaps: pd.DataFrame) -> dict[int, str]:
    """Components that keep a master's ID."""
    claims = _first(overlaps, "component", ["records", "share", "first_business_date", "old_id"], [False, False, True, True])
    claimed = set(zip(claims["component"], claims["old_id"], strict=True))
    is_claimed = [pair in claimed for pair in zip(overlaps["component"], overlaps["old_id"], strict=True)]
    wins = _first(overlaps.assign(is_claimed=is_claimed), "old_id", ["records", "is_claimed", "component"], [False, False, True])
    return {c: old for c, old in zip(wins["component"], wins["old_id"], strict=True) if (c, old) in claimed}


def _first(rows: pd.DataFrame, group: str, by: list[str], ascending: list[bool]) -> pd.DataFrame:
    """The first row of every group in the given order."""
    return rows.sort_values([group, *by], ascending=[True, *ascending], kind="stable").drop_duplicates(group)


def _draw_new(
    known: pd.DataFrame, kept: dict[int, str], masters: pd.DataFrame, business_date: date, draw: Callable[[str], str]
) -> dict[int, str]:
    """New IDs for the components that keep none: each named by its founding record, the smallest of it."""
    new = known[~known["component"].isin(kept)]
    founders = _first(new, "component", RECORD, [True, True]).sort_values(RECORD)
    used = set(masters["master_id"])
    drawn = {}
    for component, dataset, record_key in founders[["component", *RECORD]].itertuples(index=False):
        counter = 0
        while (drawn_id := draw(f"{dataset}|{record_key}|{business_date.isoformat()}|{counter}")) in used:
            counter += 1
        used.add(drawn_id)
        drawn[component] = drawn_id
    return drawn


def _ended(known: pd.DataFrame, crosswalk: pd.DataFrame, kept: dict[int, str], overlaps: pd.DataFrame) -> pd.DataFrame:
    """Masters that no component keeps: master_id, merged_into (who holds most of its records; null if nobody does)."""
    gone = sorted(set(crosswalk["master_id"]) - set(kept.values()))
    held = _first(overlaps[overlaps["old_id"].isin(gone)], "old_id", ["records", "component"], [False, True])
    heirs = known.drop_duplicates("component").set_index("component")["master_id"]
    merged_into = dict(zip(held["old_id"], held["component"].map(heirs), strict=True))
    return pd.DataFrame({"master_id": gone, "merged_into": [merged_into.get(old) for old in gone]}, dtype=object)


def _crosswalk_changes(known: pd.DataFrame, crosswalk: pd.DataFrame, business_date: date) -> pd.DataFrame:
    opened = known[known["old_id"] != known["master_id"]][[*RECORD, "master_id"]]
    opened = opened.assign(valid_from=business_date, valid_to=None)
    now = crosswalk.merge(known[[*RECORD, "master_id"]].rename(columns={"master_id": "new_id"}), on=RECORD, how="left")
    closed = now[now["new_id"] != now["master_id"]][[*RECORD, "master_id", "valid_from"]].assign(valid_to=business_date)
    return _sorted([closed, opened], [*RECORD, "valid_from"])


def _master_changes(drawn: dict[int, str], ended: pd.DataFrame, masters: pd.DataFrame, business_date: date) -> pd.DataFrame:
    new = pd.DataFrame({"master_id": list(drawn.values())}, dtype=object)
    new = new.assign(status=ACTIVE, merged_into=None, first_business_date=business_date, ended_on=None)
    old = ended.merge(masters[["master_id", "first_business_date"]], on="master_id", how="left")
    old = old.assign(status=np.where(old["merged_into"].isna(), RETIRED, MERGED), ended_on=business_date)
    return _sorted([new, old[new.columns]], ["master_id"])


def _events(known: pd.DataFrame, drawn: dict[int, str], ended: pd.DataFrame, overlaps: pd.DataFrame) -> pd.DataFrame:
    """What happened to masters (created, split, merged, retired), and to records that changed hands (moved)."""
    origin = _first(overlaps, "component", ["records", "old_id"], [False, True]).set_index("component")["old_id"]
    founders = _first(known[known["component"].isin(drawn)], "component", RECORD, [True, True])
    new = founders[["master_id", *RECORD]].assign(other_id=founders["component"].map(origin).astype(object))
    new = new.assign(event=np.where(new["other_id"].isna(), "created", "split"))
    over = ended.rename(columns={"merged_into": "other_id"}).assign(dataset=None, record_key=None)
    over = over.assign(event=np.where(over["other_id"].isna(), RETIRED, MERGED))
    moved = known[known["old_id"].notna() & (known["old_id"] != known["master_id"])]
    moved = moved[["master_id", "old_id", *RECORD]].rename(columns={"old_id": "other_id"}).assign(event=MOVED)
    columns = ["event", "master_id", "other_id", *RECORD]
    return _sorted([new[columns], over[columns], moved[columns]], ["event", "master_id", *RECORD])


def _sorted(parts: list[pd.DataFrame], by: list[str]) -> pd.DataFrame:
    together = pd.concat([part.astype(object) for part in parts], ignore_index=True)
    together = together.sort_values(by, kind="stable", ignore_index=True)
    return together.where(together.notna(), None)
