"""Link all records anew: the first night, a new model, or when too many records came since the values were last counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jobs.io import control
from jobs.linkage.block import blocking_keys, candidate_pairs, capped_blocks, large_blocks
from jobs.linkage.changes import among_hashes, with_hashes
from jobs.linkage.comparable import as_compared, as_linked, comparable
from jobs.linkage.compare import both_sides
from jobs.linkage.frequencies import count_frequencies, counted_records, must_recount
from jobs.linkage.model import Model
from jobs.linkage.score import edges_of, scored_columns, weigh
from jobs.linkage.standardise import RECORD_HASH, with_record_id
from jobs.steps.link_scope import Scope, whole_scope
from jobs.steps.linkage_night import LinkageNight
from schemas.names import linked_table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def link_all(night: LinkageNight, today: DataFrame) -> Scope:
    """Write records and edges whole, from the records of ``today``. Raises PromotionStoppedError."""
    model = night.model
    # A checkpoint: their values are counted before they can be written, and they are read from every source there is.
    made = comparable(with_hashes(today, model).localCheckpoint(), model)
    frequencies = _frequencies(night, made)
    standardised = as_compared(night.write_whole("records", as_linked(made, frequencies, model)))
    keys = blocking_keys(standardised)
    large = large_blocks(keys, model).localCheckpoint()
    report_capped(night, large, standardised)
    pairs = candidate_pairs(keys, large)
    night.write_whole("edges", score_pairs(pairs, standardised, counted_records(frequencies), model))
    return whole_scope(night, standardised)


def score_pairs(pairs: DataFrame, standardised: DataFrame, record_count: int | None, model: Model) -> DataFrame:
    """Compare and score ``pairs``; the edges worth keeping.

    ``standardised``: the records that they name, with the frozen term frequencies, counted on ``record_count`` records.
    """
    return score_sides(both_sides(pairs, with_record_id(standardised), scored_columns(model)), record_count, model)


def score_sides(sides: DataFrame, record_count: int | None, model: Model) -> DataFrame:
    """The edges worth keeping of pairs with the `scored_columns` of both records."""
    return edges_of(weigh(sides, model, model.prior_weight(record_count or 0)), model)


def _frequencies(night: LinkageNight, made: DataFrame) -> DataFrame:
    """The term frequencies to score with: last night's while they still stand. ``made``: all records, as they are compared."""
    frozen = night.read("term_frequencies")
    if frozen is not None and not night.is_new_model and not must_recount(counted_records(frozen), made.count()):
        return frozen
    # A checkpoint of what is counted alone: the other columns are made once, where they are written.
    counted = made.select(RECORD_HASH, *night.model.frequency_columns).localCheckpoint()
    return night.write("term_frequencies", count_frequencies(counted, night.model))


def report_capped(night: LinkageNight, large: DataFrame, records: DataFrame) -> None:
    """Say in ``control.gates`` which blocks were too ``large`` to be compared: pairs may be missing there. ``records``: all."""
    capped = capped_blocks(large, night.model).toArrow().to_pylist()
    examples = _record_ids(night, records, [row["example"] for row in capped])
    for row in capped:
        event = {"run_id": night.ctx.run_id, "business_date": night.ctx.business_date, "check_code": "BLOCK_ABOVE_CAP"}
        event |= {"table": str(linked_table(night.master, "edges")), "column_name": row["rule_name"], "action": "warn"}
        what = f"{row['blocks']} blocks hold more records than the rule's cap and were not compared"
        detail = f"{what}; one holds {examples[row['example']]}"
        event |= {"passed": False, "rows_failed": row["records"], "decision": "published", "detail": detail}
        control.record(night.ctx.settings.root, "gates", [event])


def _record_ids(night: LinkageNight, records: DataFrame, hashes: list[int]) -> dict[int, str]:
    """The record IDs of a few hashes."""
    if not hashes:
        return {}
    wanted = among_hashes(records, night.hashes(np.array(hashes, np.int64)))
    found = with_record_id(wanted).select(RECORD_HASH, "record_id").toArrow().to_pylist()
    return {row[RECORD_HASH]: row["record_id"] for row in found}
