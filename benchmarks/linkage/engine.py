"""Our engine on a frame of records, from match columns to entities: as the link step runs it, but for the tables of a lake."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from jobs.linkage.block import HASH_PAIR, PAIR, pairs_and_large_blocks
from jobs.linkage.candidate import write_candidate
from jobs.linkage.entities import Findings, group_records
from jobs.linkage.frequencies import count_frequencies, with_frequencies
from jobs.linkage.identify import RECORD
from jobs.linkage.model import Model, load_model
from jobs.linkage.patterns import count_patterns
from jobs.linkage.score import edges_of, score
from jobs.linkage.standardise import RECORD_HASH
from jobs.linkage.train import estimate

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class Linked:
    """``edges``: record_id_l, record_id_r, their hashes, match_weight, is_link, from the review threshold up.

    ``members``: dataset, record_key, component.
    """

    edges: pd.DataFrame
    members: pd.DataFrame


def trained_on(standardised: DataFrame, folder: Path) -> Model:
    """The model in ``folder``, trained on standardised records without knowing who is who."""
    model = load_model(folder, for_training=True)
    with tempfile.TemporaryDirectory() as temporary:
        write_candidate(folder, model, estimate(count_patterns(standardised, model), model), Path(temporary))
        return load_model(Path(temporary))


def link(standardised: DataFrame, model: Model) -> Linked:
    """The entities among standardised records."""
    # Kept, because pairs join it twice: without, Spark plans and runs its joins twice too.
    counted = with_frequencies(standardised, count_frequencies(standardised, model), model).persist()
    pairs, _ = pairs_and_large_blocks(counted, model)
    scored = score(pairs, counted, model, model.prior_weight(counted.count()))
    edges = edges_of(scored, model).select(*PAIR, *HASH_PAIR, "match_weight", "is_link").toArrow().to_pandas()
    columns = dict.fromkeys([*RECORD, RECORD_HASH, *model.rules.grouped_by])
    own = counted.select(*columns).toArrow().to_pandas().sort_values(RECORD, ignore_index=True)
    counted.unpersist()
    decisions = pd.DataFrame({column: [] for column in (*HASH_PAIR, "decision")}, dtype=object)
    return Linked(edges, group_records(Findings(own, edges, decisions), model).members)
