"""A department's register: its rows as they stand, errors included, what changed on a day, and since when each row is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from jobs.samples.streams import Dates, Flags, Numbers
from jobs.samples.table import Column, Table

UNCHANGED, INSERTED, UPDATED, DELETED = "", "I", "U", "D"


@dataclass(frozen=True)
class Earlier:
    """Rows as they were while they named other entities, from ``first`` to ``last``."""

    rows: Mapping[str, Column]
    first: Dates
    last: Dates


class Register:
    """Rows by place. Columns whose name begins with ``_`` are not delivered: they say who a row names (a place among people)."""

    def __init__(self, dataset: str, delivered: Sequence[str], first_rows: Mapping[str, Column]) -> None:
        self.dataset = dataset
        self.delivered = tuple(delivered)
        self.rows = Table({name: column[:0] for name, column in first_rows.items()})
        self.operations: Column = np.empty(0, dtype="<U1")
        self.first: Dates = np.empty(0, dtype="datetime64[D]")
        self.last: Dates = np.empty(0, dtype="datetime64[D]")
        self.since: dict[str, Dates] = {}
        self.earlier: dict[str, list[Earlier]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def is_alive(self) -> Flags:
        """Whether each row is still in the register."""
        return np.isnat(self.last)

    def insert(self, rows: Mapping[str, Column], day: date) -> Numbers:
        """Add rows that are there from ``day`` on; returns their places."""
        places = self.rows.append(rows)
        count = len(places)
        self.operations = np.concatenate([self.operations, np.full(count, INSERTED)])
        self.first = np.concatenate([self.first, np.full(count, np.datetime64(day, "D"))])
        self.last = np.concatenate([self.last, np.full(count, np.datetime64("NaT"), dtype="datetime64[D]")])
        for column, since in self.since.items():
            self.since[column] = np.concatenate([since, self.first[places]])
        return places

    def update(self, places: Numbers, values: Mapping[str, Column]) -> Numbers:
        """Set columns of rows that are still there; returns the places of those that changed."""
        alive = self.is_alive[places]
        here = places[alive]
        changed = np.zeros(len(here), dtype=bool)
        for name, column in values.items():
            new = column[alive]
            changed |= self.rows[name][here] != new
            self.rows[name][here] = new
        touched = here[changed]
        self.operations[touched] = np.where(self.operations[touched] == INSERTED, INSERTED, UPDATED)
        return touched

    def succeed(self, entities: Sequence[str], places: Numbers, values: Mapping[str, Column], day: date) -> Numbers:
        """Update rows that from ``day`` on name others in the columns ``entities``; the truth needs the rows as they were.

        ``since`` and ``earlier`` keep, by column, from when each row names its present entity, and whom it named before.
        """
        today = np.datetime64(day, "D")
        for column in entities:
            since = self.since.setdefault(column, self.first.copy())
            known = places[since[places] < today]
            before = {name: old[known].copy() for name, old in self.rows.columns.items()}
            self.earlier.setdefault(column, []).append(Earlier(before, since[known], np.full(len(known), today - 1)))
            since[places] = today
        return self.update(places, values)

    def delete(self, places: Numbers, day: date) -> None:
        """Take rows out: ``day`` is the first day on which they are gone. Rows of the same day stay."""
        gone = places[self.is_alive[places] & (self.operations[places] != INSERTED)]
        self.operations[gone] = DELETED
        self.last[gone] = np.datetime64(day, "D") - 1

    @property
    def has_changed(self) -> Flags:
        """Whether each row was written today."""
        return np.asarray(self.operations != UNCHANGED)

    def changes(self) -> Numbers:
        """Places of the rows that a delta of the day holds."""
        return np.flatnonzero(self.has_changed)

    def close_day(self) -> None:
        """From here on a new day: nothing has changed."""
        self.operations[:] = UNCHANGED
