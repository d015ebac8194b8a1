"""Link what a night changed: compare new and changed records alone, and name anew only the entities that this can reach.

The tables end as a full run with the same frozen frequencies would leave them; `govlake audit-identity` checks it. Records that
are alike in all compared columns are not collapsed first: an edge between each two records is what explanations, reviews
and the greedy order under identity rules rest on, and a night compares few records anyhow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from jobs.io.delta import row_count, table_columns
from jobs.linkage.block import HASH_PAIR, KEYS
from jobs.linkage.changes import among_hashes, changed_records, with_hashes, with_record_hash
from jobs.linkage.comparable import COMPARED, as_compared, as_linked, comparable, compared_columns_of
from jobs.linkage.compare import both_sides_of_few
from jobs.linkage.frequencies import counted_records, frequencies_of, must_recount
from jobs.linkage.identify import RECORD
from jobs.linkage.model import Model
from jobs.linkage.reblock import large_changed_blocks_sql, outgrown_pairs_sql, pairs_to_compare_sql, pairs_within_caps
from jobs.linkage.score import scored_columns
from jobs.linkage.standardise import HASHES, RECORD_HASH, with_record_id
from jobs.linkage.standing import is_among, touches
from jobs.steps.changed_blocks import changed_blocks
from jobs.steps.link_all import report_capped, score_sides
from jobs.steps.link_scope import GROUPED_BY, Scope, scope_around, written_pairs
from jobs.steps.linkage_night import LinkageNight, local, local_hashes
from jobs.steps.linkage_state import state_version
from jobs.steps.todays_records import Touched

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

NEEDED = ("records", "term_frequencies", "edges", "crosswalk", "master", "review")
"""Tables of the night before without which all is linked anew."""

FEW_RECORDS = 30_000
"""Up to so many, all are linked anew: finding out what changed is some forty Spark queries more, whatever the size (ADR 10)."""

SENT_RECORDS, SENT_PAIRS = 200_000, 2_000_000
"""So many records, with all that they are compared by, and so many pairs every executor can hold. Of more, Spark sorts both sides
of a join, and finds the same."""

KEPT_RECORDS = 200_000
"""Up to so many, all of today's records are kept on local disk while changes are looked for, instead of read from the sources
again."""


@dataclass(frozen=True)
class Changes:
    """Records that are not as they were: ``hashes`` of all, ``came`` as they are tonight, ``left`` names and keys (``dataset
    record_key record_hash block_keys value_keys``) of those that were there before.

    ``frequencies``: those that were counted on ``counted`` records, and stand.
    """

    hashes: npt.NDArray[np.int64]
    came: DataFrame
    left: DataFrame
    frequencies: DataFrame
    counted: int | None


def find_changes(
    night: LinkageNight, today: Callable[[], DataFrame], touched: Callable[[], Touched | None] = lambda: None
) -> Changes | None:
    """What tonight's records change in the state of the night before; None if all must be linked anew.

    Only those ``touched`` are looked at, if it is known which they are; else all of ``today``.
    """
    if night.is_new_model or any(state_version(night.base, night.master, name) is None for name in NEEDED):
        return None
    known = row_count(night.path("records"))
    if known <= FEW_RECORDS or not all(_has_columns(night, name) for name in NEEDED) or not _are_compared_alike(night):
        return None
    before, some = night.read_before("records").select(*RECORD, *HASHES, *KEYS), touched()
    records = with_hashes(today() if some is None else some.came, night.model)
    if some is None and known <= KEPT_RECORDS:
        records = records.hint("rebalance").localCheckpoint()
    # A checkpoint: of these few, the keys of those that changed are asked for next.
    compared = before if some is None else _as_they_were(some, before).localCheckpoint()
    hashes, is_today, was_before = local_hashes(changed_records(records, compared))
    frequencies = night.read_before("term_frequencies")
    counted = counted_records(frequencies)
    if must_recount(counted, known + int(is_today.sum() - was_before.sum())):
        return None
    named = night.hashes(hashes)
    # Checkpoints: each is asked for several times, and what they are read from is about to change. Rebalanced, because the
    # records come in as many parts as there are sources, and every later step would have a task for each.
    keys = compared.select(*RECORD, RECORD_HASH, *KEYS)
    came, left = (among_hashes(rows, named).hint("rebalance").localCheckpoint() for rows in (records, keys))
    return Changes(hashes, came, left, frequencies, counted)


def _as_they_were(touched: Touched, before: DataFrame) -> DataFrame:
    """Those of ``before`` (names, hashes and keys of all records) that are touched, or of datasets that tell of no changes."""
    from pyspark.sql import functions as f

    is_untold = f.col("dataset").isin(*touched.untold)
    named = touched.came.where(~is_untold).select(*RECORD).unionByName(touched.ended)
    told = among_hashes(before.where(~is_untold), with_record_hash(named).select(RECORD_HASH).distinct())
    return told.unionByName(before.where(is_untold)) if touched.untold else told


def _has_columns(night: LinkageNight, name: str) -> bool:
    """Whether a linked table has the columns that its contract names; one that an older govlake wrote may have others."""
    return set(table_columns(night.path(name))) == {column.name for column in night.contract(name).columns}


def _are_compared_alike(night: LinkageNight) -> bool:
    """Whether the records of the night before hold what this govlake compares them by."""
    return set(night.read_before("records").select(f"{COMPARED}.*").columns) == {*compared_columns_of(night.model)}


def link_changes(night: LinkageNight, changes: Changes) -> Scope:
    """Bring records and edges up to date. Raises PromotionStoppedError."""
    model, linked = night.model, _as_linked(changes, night.model)
    night.write("records", linked, night.hashes(changes.hashes))
    standardised, came = as_compared(night.table("records")), as_compared(linked)
    with changed_blocks(night, came, changes.left, len(changes.hashes)) as ask:
        report_capped(night, ask(large_changed_blocks_sql(model)), standardised)
        pairs = ask(pairs_to_compare_sql(model)).localCheckpoint()
        found = _new_edges(night, changes, pairs, came, standardised).localCheckpoint()
        before, scored = written_pairs(night), local(found.select(*GROUPED_BY))
        renewed = pd.concat([scored[HASH_PAIR], _lapsed(night, ask(outgrown_pairs_sql(model)), standardised)])
    is_lost = touches(before, changes.hashes) | is_among(before, renewed)
    lost = before.loc[is_lost, HASH_PAIR]
    night.write("edges", found, night.pairs(lost))
    ends = np.concatenate([scored[HASH_PAIR].to_numpy().ravel(), lost.to_numpy().ravel()])
    edges = pd.concat([before[~is_lost], scored], ignore_index=True)
    return scope_around(night, np.concatenate([changes.hashes, ends]), edges, changes.left)


def _as_linked(changes: Changes, model: Model) -> DataFrame:
    """The new and changed records, with what they are compared by and the frozen term frequencies."""
    made = comparable(changes.came, model).localCheckpoint()
    frequencies = frequencies_of(made, changes.frequencies, model).localCheckpoint()
    return as_linked(made, frequencies, model).localCheckpoint()


def _new_edges(night: LinkageNight, changes: Changes, pairs: DataFrame, came: DataFrame, standardised: DataFrame) -> DataFrame:
    """The edges of the ``pairs`` that are to be compared tonight. ``came``: the new and changed records, as they are compared."""
    from pyspark.sql import functions as f

    model = night.model
    ones, all_records = (with_record_id(records) for records in (came, standardised))
    (reopened,) = local_hashes(pairs.where("is_reopened").select("one").distinct())
    if len(reopened):
        ones = ones.unionByName(among_hashes(all_records, night.hashes(reopened)).select(*ones.columns))
    if len(changes.hashes) + len(reopened) <= SENT_RECORDS:
        ones = f.broadcast(ones)
    if pairs.count() <= SENT_PAIRS:
        pairs = f.broadcast(pairs)
    return score_sides(both_sides_of_few(pairs, ones, all_records, scored_columns(model)), changes.counted, model)


def _lapsed(night: LinkageNight, outgrown: DataFrame, standardised: DataFrame) -> pd.DataFrame:
    """Those of the edges between ``outgrown`` pairs that no other block within its cap holds: `HASH_PAIR`, as edges have them."""
    from pyspark.sql import functions as f

    if not outgrown.head(1):
        return pd.DataFrame({side: np.empty(0, np.int64) for side in HASH_PAIR})
    low, high = HASH_PAIR
    in_order = night.table("edges").select(*HASH_PAIR, f.least(low, high).alias("low"), f.greatest(low, high).alias("high"))
    named = f.broadcast(outgrown.toDF("low", "high"))
    doubtful = in_order.join(named, ["low", "high"], "left_semi").select(*HASH_PAIR).localCheckpoint()
    return local(doubtful.join(pairs_within_caps(doubtful, standardised, night.model), HASH_PAIR, "left_anti"))
