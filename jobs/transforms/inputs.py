"""What a table of gold is made from, as one thing to hand to a pure transform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from schemas.contract import Contract

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class MasterInputs:
    """The linkage state of one master, read at versions that belong together."""

    members: DataFrame
    """One row a linkage record that belongs to a master now: ``master_id dataset record_key`` and the model's attributes."""
    history: DataFrame
    """One row a version that silver had up to the business date of a record that an active master holds, or held last before it
    was deleted: ``_valid_from``, ``_valid_to`` and the same columns, but for attributes made of other rows too."""
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


@dataclass(frozen=True)
class Linked:
    """What the linkage of one master says of its records, read at versions that belong together."""

    held: DataFrame
    """One row a record that a master holds now: ``dataset record_key master_id``."""
    last_held: DataFrame
    """One row a record that a master holds or held last: ``dataset record_key master_id``, the active master that this became if
    it was merged."""
    stays: DataFrame
    """One row a stay of a record with a master, which is told as above: ``dataset record_key master_id valid_from valid_to``."""
    links: DataFrame
    """One row a pair of records taken for one entity: ``record_id_l record_id_r match_weight`` and ``mw_…`` of every comparison."""


@dataclass(frozen=True)
class DerivedInputs:
    """What tables are made from that are derived of all masters: linkage, silver's history and gold, as of one business date."""

    business_date: date
    sources: tuple[Contract, ...]
    """The contracts of what departments deliver, and of the items of its repeated groups."""
    linked: Mapping[str, Linked]
    """By master; one that was never linked is not there."""
    silver: Mapping[str, DataFrame]
    """By dataset, every version that silver had up to the business date (`jobs.transforms.history.versions_up_to`); a source that
    never delivered is not there."""
    gold: Mapping[str, DataFrame]
    """By dataset, the gold tables of all masters and of the groups made before, and those of the own group made before."""
