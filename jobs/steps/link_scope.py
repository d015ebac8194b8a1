"""What a night looks at when it names entities: all records, or the neighbourhood of those that changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from jobs.io.delta import table_exists
from jobs.linkage.block import HASH_PAIR, VALUE_KEYS
from jobs.linkage.changes import hash_of
from jobs.linkage.comparable import COMPARED
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
    """

    findings: Findings
    crosswalk: pd.DataFrame
    masters: pd.DataFrame
    open_cases: pd.DataFrame
    is_whole: bool


def whole_scope(night: LinkageNight, standardised: DataFrame) -> Scope:
    """All records, ``standardised``, with tonight's edges as they are written."""
    findings = Findings(local_records(standardised, night.model), written_pairs(night), decisions_of(night))
    crosswalk = _read_local(night, "crosswalk", CROSSWALK, "valid_to is null")
    masters, cases = _read_local(night, "master", MASTERS), _read_local(night, "review", CASES)
    return Scope(findings, crosswalk, masters, cases, is_whole=True)


def scope_around(night: LinkageNight, seeds: npt.NDArray[np.int64], edges: pd.DataFrame, left: DataFrame) -> Scope:
    """The records that ``seeds`` (hashes of records that changed, or whose edges did) can reach.

    ``edges``: tonight's, as `written_pairs` has them. ``left``: names and keys of changed and deleted records as they were (each a
    seed): a value that they carried may have been shared with others, whose review cases change with it.
    """
    left_hash, right_hash = HASH_PAIR
    decisions = decisions_of(night)
    links, decided = ((pairs[left_hash].to_numpy(np.int64), pairs[right_hash].to_numpy(np.int64)) for pairs in (edges, decisions))
    columns, were = (RECORD_HASH, VALUE_KEYS), left.select(*RECORD, RECORD_HASH, VALUE_KEYS).toArrow()
    carried = [_carried_values(keys) for keys in (night.read_rows("records", columns), were.select(columns))]
    # Every decision is a seed: which are new cannot be told from their dates, for one may be taken down late.
    reached = reach(np.concatenate([seeds, *decided]), [links, decided], carried)
    records = _records_among(night, reached)
    pairs = edges[is_in(edges[left_hash].to_numpy(np.int64), reached)].reset_index(drop=True)
    named = pd.concat([records[RECORD], were.select(RECORD).to_pandas()])
    crosswalk = night.read_among("crosswalk", CROSSWALK, named, "valid_to is null")
    masters = night.read_among("master", MASTERS, crosswalk[["master_id"]])
    # A neighbourhood holds both records of a case or neither.
    cases = night.read_among("review", CASES, named)
    return Scope(Findings(records, pairs, decisions), crosswalk, masters, cases, is_whole=False)


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


def _records_among(night: LinkageNight, hashes: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Those of the written records that a few hashes name, as `local_records` has them."""
    columns = [*RECORD, RECORD_HASH, *(f'{COMPARED}."{name}"' for name in night.model.rules.grouped_by)]
    return _in_order(night.read_among("records", columns, pd.DataFrame({RECORD_HASH: hashes})))


def masters_named(night: LinkageNight, master_ids: list[str]) -> pd.DataFrame:
    """Those of ``master_ids`` that were ever given, ended ones included."""
    if not master_ids:
        return _no_rows(MASTERS)
    return night.read_among("master", MASTERS, pd.DataFrame({"master_id": master_ids}))


def local_records(standardised: DataFrame, model: Model) -> pd.DataFrame:
    """What grouping needs of the records, by dataset and record key."""
    columns = [*RECORD, RECORD_HASH, *model.rules.grouped_by]
    return _in_order(local(standardised.select(*columns)))


def _in_order(records: pd.DataFrame) -> pd.DataFrame:
    return records.sort_values(RECORD, ignore_index=True)


def decisions_of(night: LinkageNight) -> pd.DataFrame:
    """What stewards decided up to the business date, as `named_by_hash` has it."""
    found = night.read_decisions()
    return named_by_hash(None if found is None else found.where(f"decided_on <= date '{night.ctx.business_date}'"))


def named_by_hash(decisions: DataFrame | None) -> pd.DataFrame:
    """Decisions of stewards on the driver, oldest first: `HASH_PAIR`, decision. ``decisions``: rows of steward_edges, or none."""
    if decisions is None:
        return _no_rows([*HASH_PAIR, "decision"])
    hashes = [hash_of(record_id).alias(name) for record_id, name in zip((RECORD_ID, OTHER_ID), HASH_PAIR, strict=True)]
    return local(decisions.orderBy("decided_on").select(*hashes, "decision"))


def _read_local(night: LinkageNight, name: str, columns: list[str], where: str = "true") -> pd.DataFrame:
    """Columns of a linked table on the driver; no rows if it was never written."""
    if not table_exists(night.path(name)):
        return _no_rows(columns)
    return night.read_rows(name, columns, where).to_pandas()


def _no_rows(columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame({column: [] for column in columns}, dtype=object)
