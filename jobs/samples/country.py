"""Generates the synthetic country: ``landing`` gets the deliveries of some days, ``truth`` what only the evaluation may see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.samples.credit_truth import write_credit_truth
from jobs.samples.databases import write_log
from jobs.samples.deliveries import Post, send, take
from jobs.samples.faults import Fault, faults_by_delivery, parse_fault
from jobs.samples.life import live
from jobs.samples.register import Register
from jobs.samples.registers import HOUSEHOLDS
from jobs.samples.settings import Noise, load_country, load_noise
from jobs.samples.streams import Streams
from jobs.samples.truth import ENTITIES, PEOPLE, write_truth
from jobs.samples.world import World, create_world
from schemas.catalog import Catalog, load_catalog
from schemas.errors import UsageError

__all__ = ["DEFAULT_START", "Fault", "Noise", "Summary", "generate", "load_noise", "parse_fault"]

DEFAULT_START = date(2026, 3, 2)
MONTHLY = "1m"
"""``slaProperties.frequency`` of a dataset that is delivered once a month."""

MONTHLY_FULL = frozenset({HOUSEHOLDS})
"""Datasets that are delivered whole on the first day of each month."""


@dataclass
class Summary:
    """What was generated. ``linkable_share``: of the records that are there last and whose person has
    another, those that can be linked."""

    people: int
    days: int
    seed: int
    first_date: date
    last_date: date
    landing: str
    truth: str
    deliveries: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    records: int = 0
    entities: int = 0
    linkable_share: float = 1.0


def generate(
    people: int,
    days: int,
    seed: int,
    start: date,
    noise: Noise,
    faults: Sequence[Fault],
    landing: Path,
    truth: Path,
    progress: Callable[[str], None],
) -> Summary:
    """Write the deliveries of ``days`` days for about ``people`` people, and the truth behind them.

    The same arguments give the same bytes; deliveries that are already there are written again as they are. Raises UsageError
    for arguments that cannot be, and if ``landing`` holds another country.
    """
    _check(people, days, seed)
    settings, catalog = load_country(), load_catalog()
    calendar = [start + timedelta(days=number) for number in range(days)]
    planted = faults_by_delivery(faults, calendar)
    for fault in faults:
        if catalog.find(fault.dataset).pull is not None:
            raise UsageError(f"{fault}: {fault.dataset} is pulled from a database, not sent. Plant the fault in another dataset.")
    progress(f"a country of {people:,} people, seed {seed}, from {start}")
    world = create_world(people, start, settings, noise, Streams(seed), catalog)
    summary = Summary(
        people=len(world.population.people),
        days=days,
        seed=seed,
        first_date=start,
        last_date=calendar[-1],
        landing=str(landing),
        truth=str(truth),
        faults=[str(fault) for fault in faults],
    )
    for day in calendar:
        if day != start:
            live(world, settings.life, day)
        for register in world.registers.values():
            _deliver(register, catalog, landing, day, start, planted, summary)
        progress(f"{day}: {_words(world)}")
    about_people, about_entities = write_truth(world, truth, PEOPLE), write_truth(world, truth, ENTITIES)
    write_credit_truth(world, truth, (about_people, about_entities))
    _sum_up(summary, about_people)
    progress(f"truth: {summary.records:,} records of {summary.entities:,} people")
    return summary


def _check(people: int, days: int, seed: int) -> None:
    if people < 10 or days < 1 or seed < 0:
        raise UsageError(f"people {people}, days {days}, seed {seed}: give at least 10 people, 1 day, and no negative seed.")


def _deliver(
    register: Register,
    catalog: Catalog,
    landing: Path,
    day: date,
    start: date,
    planted: dict[tuple[str, date], Fault],
    summary: Summary,
) -> None:
    """The delivery of one register for a day: whole, or what changed; for a table that is pulled, the log of its changes.

    What comes once a month comes on the first day too; a register without a row, as small countries have some, sends nothing,
    for a full without rows would be stopped. Raises UsageError for a fault of a delivery that is not due.
    """
    contract, fault = catalog.find(register.dataset), planted.get((register.dataset, day))
    if contract.pull is not None:
        summary.rows[register.dataset] = summary.rows.get(register.dataset, 0) + write_log(register, contract, landing, day)
        return
    if contract.frequency == MONTHLY and not (day == start or day.day == 1):
        if fault is not None:
            raise UsageError(f"{fault}: that dataset comes on the first day of the country and of each month only.")
        return
    is_whole_day = day == start or (day.day == 1 and register.dataset in MONTHLY_FULL)
    is_full = "delta" not in contract.delivery_modes or (is_whole_day and "full" in contract.delivery_modes)
    places = np.flatnonzero(register.is_alive) if is_full else register.changes()
    if is_full and not len(places) and fault is None:
        return
    content = take(register, contract, places, is_full=is_full)
    post = Post(landing, day, None if is_full or day == start else day - timedelta(days=1))
    summary.deliveries += send(content, post, fault)
    summary.rows[register.dataset] = summary.rows.get(register.dataset, 0) + len(places)


def _words(world: World) -> str:
    counts = ((register.dataset, register.has_changed.sum()) for register in world.registers.values())
    return ", ".join(f"{dataset} {count:,}" for dataset, count in counts)


def _sum_up(summary: Summary, truth: pa.Table) -> None:
    summary.records, summary.entities = len(truth), pc.count_distinct(truth["entity_id"]).as_py()
    alive = truth.filter(pc.is_null(truth["last_business_date"]))
    sizes = alive.group_by("entity_id").aggregate([("record_key", "count")])
    together = alive.join(sizes, "entity_id").filter(pc.field("record_key_count") > 1)
    if len(together):
        summary.linkable_share = float(np.mean(together["linkable"].to_numpy()))
