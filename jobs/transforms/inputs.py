"""What a table of master data is made from, as one thing to hand to a pure transform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class MasterInputs:
    """The linkage state of one master, read at versions that belong together."""

    members: DataFrame
    """One row a linkage record that belongs to a master now: ``master_id dataset record_key`` and the model's attributes."""
    history: DataFrame
    """One row a version that silver ever had of a record that an active master holds, or held last before it was deleted: the
    same columns, and ``_valid_from`` and ``_valid_to``."""
    snapshots: DataFrame
    """One row a record that a master held on a day on which its records changed (`jobs.linkage.timeline.snapshots`)."""
    golden_history: DataFrame
    """One row a master and such a day: ``master_id on_date record_count`` and the golden values of that day."""
    contested: DataFrame
    """One row a value on which the records of a master disagree (`jobs.linkage.contested.contested_values`)."""
    evidence: DataFrame
    """One row a master: ``master_id record_count sources link_weight_min link_weight_mean``."""
    rows: Mapping[str, DataFrame]
    """By dataset, the rows of silver that are so on the business date; a source that never delivered is not there."""
    golden: DataFrame | None = None
    """One row a master: the survived columns of the table being made, if its contract has any."""
