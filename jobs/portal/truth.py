"""What every comparison with the hidden truth asks of the lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.io.state import TAKEN, delivery_states
from jobs.settings import Settings

if TYPE_CHECKING:
    import duckdb


def load_accepted(lake: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """The table ``accepted(dataset, business_date)``: deliveries that were taken, of which a record of the truth may have come."""
    lake.execute("create table accepted (dataset varchar, business_date date)")
    rows = [(state.dataset, state.business_date) for state in delivery_states(settings.root) if state.status in TAKEN]
    if rows:
        lake.executemany("insert into accepted values (?, ?)", rows)
