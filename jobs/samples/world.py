"""The country as it stands: its people as they are, and the registers of them as departments keep them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from jobs.samples.addresses import draw_addresses
from jobs.samples.firm_founding import found_firms
from jobs.samples.firms import Firms
from jobs.samples.people import Population, foreign_spouses, populate
from jobs.samples.regions import load_counties
from jobs.samples.register import Register
from jobs.samples.registers import HOUSEHOLDS, MARRIAGES, RESIDENCES
from jobs.samples.registers.household import updated_today
from jobs.samples.registers.kinds import KINDS
from jobs.samples.registers.writer import Writer
from jobs.samples.settings import CountrySettings, Life, Noise
from jobs.samples.streams import Flags, Numbers, Streams, Texts, texts
from jobs.samples.table import Column
from schemas.catalog import Catalog


@dataclass(frozen=True)
class Today:
    """What an event is given: the day, the rates of the country's life, and chances of its own."""

    day: date
    life: Life
    random: np.random.Generator


@dataclass
class World:
    """Everything that a day changes. ``busy`` are people to whom something has happened today: one event a person and day.

    Whose place is ``people_at_dawn`` or more was registered today.
    """

    population: Population
    writer: Writer
    busy: Flags = field(default_factory=lambda: np.zeros(0, dtype=bool))
    people_at_dawn: int = 0

    @property
    def registers(self) -> Mapping[str, Register]:
        """The registers by dataset, in the order in which they are delivered."""
        return self.writer.registers

    @property
    def firms(self) -> Firms:
        """The legal entities."""
        return self.writer.firms

    @property
    def households(self) -> Register:
        """The household register."""
        return self.registers[HOUSEHOLDS]

    @property
    def residences(self) -> Register:
        """The residence registrations."""
        return self.registers[RESIDENCES]

    @property
    def marriages(self) -> Register:
        """The marriage register."""
        return self.registers[MARRIAGES]

    def open_day(self) -> None:
        """A new day begins: nothing has happened, nothing has changed."""
        self.people_at_dawn = len(self.population.people)
        self.busy = np.zeros(self.people_at_dawn, dtype=bool)
        self.firms.busy = np.zeros(len(self.firms), dtype=bool)
        for register in self.registers.values():
            register.close_day()

    def is_free(self) -> Flags:
        """Who is alive and has had no event today."""
        return ~self.population.people["is_dead"] & ~self.busy

    def draw_addresses(self, random: np.random.Generator, county: Numbers, rural: Flags) -> Texts:
        """New addresses in counties."""
        return draw_addresses(random, self.population.counties, county, rural)

    def update_households(self, who: Numbers, values: Mapping[str, Column | str], today: Today) -> None:
        """Set columns of people's rows in the household register: of their first row, if they have two; foreigners have none."""
        registered = ~self.population.people["is_foreign"][who]
        rows = self.households.rows["_person"]
        order = np.argsort(rows, kind="stable")
        places = order[np.searchsorted(rows[order], who[registered])]
        columns = {
            name: column[registered] if isinstance(column, np.ndarray) else texts([column] * len(places))
            for name, column in values.items()
        }
        changed = self.households.update(places, columns)
        self.households.update(changed, {"GXSJ": updated_today(today.random, today.day, len(changed))})


def create_world(size: int, start: date, settings: CountrySettings, noise: Noise, streams: Streams, catalog: Catalog) -> World:
    """The country on its first day, every row of its registers inserted on it."""
    counties = load_counties(settings.society, streams)
    population = populate(size, start, settings.society, noise.citizen_id, streams, counties)
    foreign_spouses(population, settings.society, streams)
    firms = found_firms(population, start, settings.economy, streams)
    writer = Writer(population, firms, settings.society, noise, streams)
    for dataset, kind in KINDS.items():
        writer.registers[dataset] = _register(catalog, dataset, kind.first_rows(writer, start), start)
    return World(population, writer)


def _register(catalog: Catalog, dataset: str, rows: Mapping[str, Column], start: date) -> Register:
    contract = catalog.find(dataset)
    register = Register(dataset, [column.physical_name for column in contract.columns], rows)
    register.insert(rows, start)
    return register
