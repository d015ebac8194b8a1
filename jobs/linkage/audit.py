"""Compare two partitions of records: the entities that were found by recomputing all, and the masters as they are kept."""

from __future__ import annotations

from typing import Any

import pandas as pd

from jobs.linkage.identify import RECORD

Difference = dict[str, Any]


def partition_differences(members: pd.DataFrame, crosswalk: pd.DataFrame) -> list[Difference]:
    """The masters that are not exactly one entity, ordered by ID; empty if both are the same partition.

    ``members``: dataset, record_key, component; ``crosswalk``: dataset, record_key, master_id. Each difference is
    ``{"master_id", "records", "recomputed"}``: the records that the master holds, and the entities, as lists of records, that they
    belong to. ``master_id`` is None for entities whose records have no master.
    """
    both = members[[*RECORD, "component"]].merge(crosswalk[[*RECORD, "master_id"]], on=RECORD, how="outer")
    both = both.assign(record=both["dataset"] + "|" + both["record_key"]).sort_values("record", kind="stable")
    entities = both.dropna(subset=["component"]).groupby("component")["record"].agg(tuple)
    masters = both.dropna(subset=["master_id"]).groupby("master_id")["record"].agg(tuple)
    wrong = masters[~masters.isin(set(entities))]
    differences = [_difference(master, records, both[both["master_id"] == master], entities) for master, records in wrong.items()]
    orphans = both[both["master_id"].isna()]
    return differences + ([] if orphans.empty else [_difference(None, tuple(orphans["record"]), orphans, entities)])


def _difference(master: Any, records: tuple[str, ...], rows: pd.DataFrame, entities: pd.Series) -> Difference:
    found = [list(entities[component]) for component in rows["component"].dropna().unique()]
    return {"master_id": master, "records": list(records), "recomputed": sorted(found)}
