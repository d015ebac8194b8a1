"""What a linkage got wrong, by cause: which records were not joined with their entity's others, and which links join two entities.

Pure: pandas frames in, frames out. The evidence is told by the levels of the comparisons that a pair reached.
"""

from __future__ import annotations

import pandas as pd

from jobs.linkage.model import Model
from jobs.linkage.model_settings import NULL_LEVEL

PAIR = ["record_id_l", "record_id_r"]


def missed_records(records: pd.DataFrame, pairs: pd.DataFrame, model: Model) -> pd.DataFrame:
    """Records outside the largest cluster of their entity, counted by ``source``, ``is_linkable`` and ``cause``; most first.

    ``records``: record_id, entity_id, master_id, linkable. ``pairs``: scored pairs, as the edges table has them (from the
    review threshold up): a pair that is not there shared no block or weighed less.
    """
    counts = records.groupby(["entity_id", "master_id"]).size().rename("n").reset_index()
    main = counts.sort_values(["n", "master_id"], ascending=[False, True]).drop_duplicates("entity_id").set_index("entity_id")
    home = records["entity_id"].map(main["master_id"])
    missed = records[records["master_id"] != home]
    both = pd.concat([pairs, pairs.rename(columns=dict(zip(PAIR, reversed(PAIR), strict=True)))], ignore_index=True)
    found = both.merge(missed[["record_id", "entity_id"]], left_on=PAIR[0], right_on="record_id")
    other = records.set_index("record_id")[["entity_id", "master_id"]].add_prefix("other_")
    found = found.join(other, on=PAIR[1])
    found = found[(found["entity_id"] == found["other_entity_id"])]
    best = found.sort_values("match_weight", ascending=False).drop_duplicates("record_id").set_index("record_id")
    causes = pd.Series([_cause(best.loc[r] if r in best.index else None, model) for r in missed["record_id"]], missed.index)
    told = pd.DataFrame({"source": _source(missed["record_id"]), "is_linkable": missed["linkable"], "cause": causes})
    return _counted(told)


def false_links(records: pd.DataFrame, pairs: pd.DataFrame, model: Model) -> pd.DataFrame:
    """Links within one cluster that join two entities, counted by their evidence (``cause``); most first."""
    known = records.set_index("record_id")[["entity_id", "master_id"]]
    links = pairs[pairs["is_link"].astype(bool)].join(known.add_suffix("_l"), on=PAIR[0]).join(known.add_suffix("_r"), on=PAIR[1])
    wrong = links[(links["master_id_l"] == links["master_id_r"]) & (links["entity_id_l"] != links["entity_id_r"])]
    wrong = wrong.dropna(subset=["entity_id_l", "entity_id_r"])
    return _counted(pd.DataFrame({"cause": [_evidence(row, model) for _, row in wrong.iterrows()]}))


def _cause(pair: pd.Series | None, model: Model) -> str:
    """Why a record was not joined with any of its entity's, by the heaviest pair that it has with one of them."""
    if pair is None:
        return "no pair above the review threshold"
    prefix = "held back by an identity rule" if pair["is_link"] else "weighs too little"
    return f"{prefix}: {_evidence(pair, model)}"


def _evidence(pair: pd.Series, model: Model) -> str:
    """The levels that a pair reached, in words; what could not be compared is left out."""
    reached = {c.output_column_name: int(pair[f"gamma_{c.output_column_name}"]) for c in model.comparisons}
    told = [c.levels[reached[c.output_column_name]] for c in model.comparisons if reached[c.output_column_name] != NULL_LEVEL]
    return ", ".join(level.label_for_charts if not level.is_else else f"({level.label_for_charts})" for level in told)


def _source(record_ids: pd.Series) -> pd.Series:
    """The dataset and the role of a record, out of its ID ``<dataset>|<key>#<role>-<n>``."""
    dataset = record_ids.str.split("|").str[0]
    role = record_ids.str.extract(r"#([a-z]+)", expand=False)
    return dataset.where(role.isna(), dataset + " " + role.fillna(""))


def _counted(rows: pd.DataFrame) -> pd.DataFrame:
    columns = list(rows.columns)
    counted = rows.groupby(columns, dropna=False).size().rename("records").reset_index()
    return counted.sort_values(["records", *columns], ascending=[False, *([True] * len(columns))], ignore_index=True)
