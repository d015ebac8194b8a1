"""Link all records anew: the first night, a new model, or when too many records came since the values were last counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jobs.io import control
from jobs.linkage.block import blocking_keys, candidate_pairs, capped_blocks, index_keys, large_blocks
from jobs.linkage.changes import among_hashes, with_hashes
from jobs.linkage.frequencies import count_frequencies, counted_records, must_recount, with_frequencies
from jobs.linkage.model import Model
from jobs.linkage.score import edges_of, score
from jobs.linkage.standardise import RECORD_HASH, RECORD_ID, standardise
from jobs.steps.link_scope import Scope, whole_scope
from jobs.steps.linkage_night import LinkageNight
from schemas.names import linked_table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def link_all(night: LinkageNight, today: DataFrame) -> Scope:
    """Write records, key index and edges whole, from the records of ``today``. Raises PromotionStoppedError."""
    # A checkpoint: the keys of every blocking rule begin at it, and each would plan the whole way to it again.
    standardised = standardise(night.write_whole("records", with_hashes(today, night.model)), night.model).localCheckpoint()
    index = night.write_whole("key_index", index_keys(standardised, night.model))
    keys = blocking_keys(index)
    large = large_blocks(keys, night.model).localCheckpoint()
    report_capped(night, large, standardised)
    frequencies = _frequencies(night, standardised)
    # Kept, because pairs join it twice: without, Spark would run its own joins twice too.
    counted = with_frequencies(standardised, frequencies, night.model).persist()
    pairs = candidate_pairs(keys, large)
    edges = night.write_whole("edges", score_pairs(pairs, counted, counted_records(frequencies), night.model))
    scope = whole_scope(night, standardised, edges)
    counted.unpersist()
    return scope


def score_pairs(pairs: DataFrame, counted: DataFrame, record_count: int | None, model: Model) -> DataFrame:
    """Compare and score ``pairs``; the edges worth keeping.

    ``counted``: the records that they name, standardised and with the frozen term frequencies, counted on ``record_count`` records.
    """
    return edges_of(score(pairs, counted, model, model.prior_weight(record_count or 0)), model)


def _frequencies(night: LinkageNight, standardised: DataFrame) -> DataFrame:
    """The term frequencies to score with: last night's while they still stand."""
    frozen = night.read("term_frequencies")
    if frozen is not None and not night.is_new_model and not must_recount(counted_records(frozen), standardised.count()):
        return frozen
    return night.write("term_frequencies", count_frequencies(standardised, night.model))


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
    from pyspark.sql import functions as f

    if not hashes:
        return {}
    wanted = among_hashes(records, night.hashes(np.array(hashes, np.int64)))
    found = wanted.select(RECORD_HASH, f.expr(RECORD_ID).alias("record_id")).toArrow().to_pylist()
    return {row[RECORD_HASH]: row["record_id"] for row in found}
