"""What every step is told: which night, which run, and where things are. Time is an argument, never asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from jobs.io.delta import row_count
from jobs.settings import Settings
from schemas.catalog import Catalog
from schemas.names import Layer, TableName


@dataclass(frozen=True)
class RunContext:
    """One run of one night. ``run_id`` is ``night/<date>/<n>``."""

    settings: Settings
    catalog: Catalog
    business_date: date
    run_id: str

    def path(self, table: TableName) -> str:
        """Where a table lies in this run's lake."""
        return table.path(self.settings.root)

    def silver_rows(self, master: str) -> int:
        """How many rows the sources of ``master`` hold in silver, history included, by the tables' logs."""
        return silver_rows(self.settings.root, self.catalog, master)


def silver_rows(root: str, catalog: Catalog, master: str) -> int:
    """How many rows the sources of ``master`` hold in the silver of the lake at ``root``, history included, by the tables' logs."""
    return sum(row_count(source.table(Layer.SILVER).path(root)) for source in catalog.sources_of(master))
