"""Every register of the country: how its first rows are written, and whom they name. A new register is one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from jobs.samples.registers import (
    DATASETS,
    HOUSEHOLDS,
    MARRIAGES,
    PARCELS,
    REAL_ESTATE,
    RESIDENCES,
    STANDARD_ADDRESSES,
    household,
    marriage,
    parcel,
    real_estate_right,
    residence,
    standard_address,
)
from jobs.samples.registers.named import Named
from jobs.samples.registers.writer import Writer
from jobs.samples.table import Column

FirstRows = Callable[[Writer, date], Mapping[str, Column]]
"""Writes the rows of the first day. What was written before it is in ``writer.registers``."""


@dataclass(frozen=True)
class Kind:
    """A register: its first rows, and the entities that a row of it names."""

    first_rows: FirstRows
    named: tuple[Named, ...]


KINDS: Mapping[str, Kind] = {
    HOUSEHOLDS: Kind(household.first_household_rows, household.NAMED),
    RESIDENCES: Kind(residence.first_residence_rows, residence.NAMED),
    MARRIAGES: Kind(marriage.first_marriage_rows, marriage.NAMED),
    STANDARD_ADDRESSES: Kind(standard_address.first_address_rows, ()),
    PARCELS: Kind(parcel.first_parcel_rows, ()),
    REAL_ESTATE: Kind(real_estate_right.first_unit_rows, real_estate_right.NAMED),
}
"""By dataset, in the order in which they are written and delivered."""

if tuple(KINDS) != DATASETS:
    raise ValueError(f"registers {tuple(KINDS)} are not the datasets {DATASETS} that are delivered")
