"""What a table of master data is made from, as one thing to hand to a pure transform."""

from __future__ import annotations

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
    """The same for every version that silver ever had of those records, with ``_valid_from`` and ``_valid_to``."""
    evidence: DataFrame
    """One row a master: ``master_id record_count sources link_weight_min link_weight_mean``."""
    golden: DataFrame | None = None
    """One row a master: the survived columns of the table being made, if its contract has any."""
