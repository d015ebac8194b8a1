"""What a night looks at when it names entities: all records, or the neighbourhood of those that changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from jobs.linkage.block import HASH_PAIR, VALUE_KEYS
from jobs.linkage.changes import among, among_hashes, hash_of
from jobs.linkage.entities import Findings
from jobs.linkage.identify import RECORD
from jobs.linkage.model import Model
from jobs.linkage.neighbourhood import is_in, reach
from jobs.linkage.standardise import RECORD_HASH, RECORD_ID
from jobs.steps.linkage_night import LinkageNight, local

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

OTHER_ID = "concat(other_dataset, '|', other_record_key)"
"""One text that names the other record of a decision or a case, as SQL."""

GROUPED_BY = (*HASH_PAIR, "match_weight", "is_link")
"""The columns of edges that records are grouped by."""

CROSSWALK = [*RECORD, "master_id", "valid_from"]
MASTERS = ["master_id", "first_business_date"]
CASES = ["case_id", "opened_on"]


@dataclass(frozen=True)
class Scope:
    """Records that depend on no others, what is known of them tonight, and how the night before left them.

    ``crosswalk``: open rows (dataset, record_key, master_id, valid_from); ``masters``: those they name (master_id,
    first_business_date); ``open_cases``: case_id, opened_on. ``is_whole``: whether these are all records there are.
    ``scored``: the edges that tonight's comparisons gave, with all their columns.
    """

    findings: Findings
    scored: DataFrame
    crosswalk: pd.DataFrame
    masters: pd.DataFrame
    open_cases: pd.DataFrame
    is_whole: bool


def whole_scope(night: LinkageNight, standardised: DataFrame, edges: DataFrame) -> Scope:
    """All records, with tonight's ``edges``."""
    findings = Findings(local_records(standardised, night.model), written_pairs(night), decisions_of(night))
    crosswalk = _read_local(night, "crosswalk", CROSSWALK, "valid_to is null")
    masters, cases = _read_local(night, "master", MASTERS), _read_local(night, "review", CASES)
    return Scope(findings, edges, crosswalk, masters, cases, is_whole=True)


def scope_around(
    night: LinkageNight,
    seeds: npt.NDArray[np.int64],
    edges: pd.DataFrame,
    scored: DataFrame,
    standardised: DataFrame,
    left: DataFrame,
) -> Scope:
    """The records that ``seeds`` (hashes of records that changed, or whose edges did) can reach.

    ``edges`` (as `written_pairs` has them) and ``standardised`` are tonight's, ``scored`` those of the edges that are new; ``left``
    the keys of changed and deleted records as they were: a value that they carried may have been shared with others, whose
    review cases change with it.
    """
    left_hash, right_hash = HASH_PAIR
    decisions = decisions_of(night)
    links, decided = ((pairs[left_hash].to_numpy(np.int64), pairs[right_hash].to_numpy(np.int64)) for pairs in (edges, decisions))
    columns = (RECORD_HASH, VALUE_KEYS)
    carried = [_carried_values(keys) for keys in (night.read_rows("records", columns), left.select(*columns).toArrow())]
    # Every decision is a seed: which are new cannot be told from their dates, for one may be taken down late.
    reached = reach(np.concatenate([seeds, *decided]), [links, decided], carried)
    found = night.hashes(reached)
    return Scope(
        Findings(
            local_records(among_hashes(standardised, found), night.model),
            edges[is_in(edges[left_hash].to_numpy(np.int64), reached)].reset_index(drop=True),
            decisions,
        ),
        scored,
        *_masters_of(night, found),
        _cases_of(night, found),
        is_whole=False,
    )


def written_pairs(night: LinkageNight) -> pd.DataFrame:
    """What grouping needs of the edges as they are written. What they rest on stays behind: of millions the driver would not hold
    it."""
    return night.read_rows("edges", GROUPED_BY).to_pandas()


def _carried_values(keyed: pa.Table) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Records, and the keys of the values they carry that an entity has only once."""
    records, keys = (column.combine_chunks() for column in keyed.columns)
    found = records.take(pc.list_parent_indices(keys)), pc.list_flatten(keys)
    carriers, values = (column.to_numpy(zero_copy_only=False).astype(np.int64, copy=False) for column in found)
    return carriers, values


def _masters_of(night: LinkageNight, hashes: DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The open crosswalk rows of some records, and the masters they name."""
    from pyspark.sql import functions as f

    held = among(night.table("crosswalk").where("valid_to is null"), hashes).select(*CROSSWALK)
    masters = night.table("master").select(*MASTERS)
    rows = local(masters.join(f.broadcast(held), "master_id", "inner"))
    return rows[CROSSWALK], rows[MASTERS].drop_duplicates("master_id", ignore_index=True)


def _cases_of(night: LinkageNight, hashes: DataFrame) -> pd.DataFrame:
    """The open review cases that name one of some records; a neighbourhood holds both records of a case or neither."""
    return local(among(night.table("review"), hashes).select(*CASES))


def masters_named(night: LinkageNight, master_ids: list[str]) -> pd.DataFrame:
    """Those of ``master_ids`` that were ever given, ended ones included."""
    from pyspark.sql import functions as f

    found = night.read("master")
    if found is None or not master_ids:
        return pd.DataFrame({column: [] for column in MASTERS}, dtype=object)
    return local(found.join(f.broadcast(night.names("master_id", master_ids)), "master_id", "left_semi").select(*MASTERS))


def local_records(standardised: DataFrame, model: Model) -> pd.DataFrame:
    """What grouping needs of the records, by dataset and record key."""
    columns = [*RECORD, RECORD_HASH, *model.rules.grouped_by]
    return local(standardised.select(*columns)).sort_values(RECORD, ignore_index=True)


def decisions_of(night: LinkageNight) -> pd.DataFrame:
    """What stewards decided up to the business date, as `named_by_hash` has it."""
    found = night.read_decisions()
    return named_by_hash(None if found is None else found.where(f"decided_on <= date '{night.ctx.business_date}'"))


def named_by_hash(decisions: DataFrame | None) -> pd.DataFrame:
    """Decisions of stewards on the driver, oldest first: `HASH_PAIR`, decision. ``decisions``: rows of steward_edges, or none."""
    if decisions is None:
        return pd.DataFrame({column: [] for column in (*HASH_PAIR, "decision")}, dtype=object)
    hashes = [hash_of(record_id).alias(name) for record_id, name in zip((RECORD_ID, OTHER_ID), HASH_PAIR, strict=True)]
    return local(decisions.orderBy("decided_on").select(*hashes, "decision"))


def _read_local(night: LinkageNight, name: str, columns: list[str], where: str = "true") -> pd.DataFrame:
    """Columns of a linked table on the driver; no rows if it was never written."""
    found = night.read(name)
    if found is None:
        return pd.DataFrame({column: [] for column in columns}, dtype=object)
    return local(found.where(where).select(*columns))
