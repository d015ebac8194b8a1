"""What a whole night costs by step, and how that grows with the country: CPU seconds of the process tree, no Airflow.

    make bench NAME=night_steps ARGS="--people 20000 200000"

Each country is generated (seed 1, typical errors) and taken through its first nights by `jobs.night.run_night`, all steps and all
gates, in one process whose session has taken a small country through the same nights before. The two tables that are pulled are
there in the first night only, landed from the generator's change log (`benchmarks.country_lake`). Steps are told apart by what
the night reports of itself. Prints a table, and ends with one JSON line: by people and night, rows and CPU seconds by step.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pandas as pd

from benchmarks.country_lake import DAY, land_pull, settings_below
from benchmarks.processes import Meter
from benchmarks.sessions import open_warm_session
from jobs.io.state import delivery_states
from jobs.night import run_night
from jobs.samples.country import generate, load_noise
from schemas.catalog import load_catalog

WARM_UP = 300
"""People of the country that is taken through its nights before."""

ONCE_A_SOURCE = ("land, bronze", "silver")
"""Steps that are reported once for each source, and summed up here."""

Cost = dict[str, float]
"""CPU seconds by step, and ``rows``: how many were delivered."""


def main() -> None:
    parser = argparse.ArgumentParser(description="A night's CPU seconds by step.")
    parser.add_argument("--people", type=int, nargs="+", default=[20_000])
    parser.add_argument("--nights", type=int, default=2)
    arguments = parser.parse_args()
    spark = open_warm_session()
    with tempfile.TemporaryDirectory() as folder:
        nights_of(WARM_UP, arguments.nights, Path(folder) / "warm")
        found = {people: nights_of(people, arguments.nights, Path(folder) / str(people)) for people in arguments.people}
    spark.stop()
    columns = {(people, night): cost for people, nights in found.items() for night, cost in enumerate(nights, 1)}
    print(pd.DataFrame(columns).to_string(float_format="%.1f"))
    print(json.dumps({"night_steps": found}))


def nights_of(people: int, nights: int, folder: Path) -> list[Cost]:
    """The cost of each of the first nights of a country, in order. Raises RuntimeError if a night was not released."""
    settings = settings_below(folder)
    catalog = load_catalog()
    generate(people, nights, 1, DAY, load_noise("typical"), [], settings.landing_root, folder / "truth", lambda _: None)
    for contract in catalog.sources:
        land_pull(settings.landing_root, contract)
    costs: list[Cost] = []
    for night in range(nights):
        day = DAY + timedelta(days=night)
        with Meter() as meter:
            steps = StepCosts(meter)
            outcome = run_night(settings, catalog, day, steps.begin)
            cost = steps.end()
        if outcome.release_id is None:
            raise RuntimeError(f"{people} people: the night of {day} was stopped; see `govlake gates --failed`")
        delivered = [state for state in delivery_states(settings.root) if state.business_date == day]
        costs.append({"rows": sum(state.rows_delivered for state in delivered)} | cost)
        print(f"{people:,} people, night {night + 1}: {json.dumps(costs[-1])}", flush=True)
    return costs


class StepCosts:
    """CPU seconds from one message of a night to the next, by the step that the first tells of."""

    def __init__(self, meter: Meter) -> None:
        self._meter, self._seconds = meter, Counter[str]()
        self._step, self._since = "", meter.look()

    def begin(self, message: str) -> None:
        """Hear that a step begins, from a night's message: the step's name and what it is about."""
        now = self._meter.look()
        self._seconds[self._step] += now - self._since
        step = next((step for step in ONCE_A_SOURCE if message.startswith(step)), " ".join(message.split()))
        self._step, self._since = step, now

    def end(self) -> Cost:
        """The costs of all steps, after the last."""
        self.begin("")
        return {step: round(seconds, 1) for step, seconds in self._seconds.items() if step}


if __name__ == "__main__":
    main()
