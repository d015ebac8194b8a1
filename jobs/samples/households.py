"""Who lives with whom on the first day: households by kind, their members' sexes, births, relations and marriages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from jobs.samples.names import FEMALE, MALE
from jobs.samples.settings import Society
from jobs.samples.streams import Dates, Flags, Numbers, Streams, Texts, texts

HEAD, SPOUSE, CHILD_1, CHILD_2, CHILD_3, GRANDFATHER, GRANDMOTHER = range(7)
SLOTS = 7
CHILDREN = slice(CHILD_1, CHILD_3 + 1)

SINGLE, COUPLE, FAMILY, THREE_GENERATIONS, ONE_PARENT, GROWN_CHILDREN = range(6)
SHARES_OF_KINDS = (0.19, 0.17, 0.36, 0.14, 0.05, 0.09)
HEAD_AGES = np.array([(20, 86), (24, 86), (25, 53), (28, 53), (28, 55), (48, 66)])
CHILDREN_LEAVE_AT = np.array([0, 0, 24, 24, 24, 34])
"""Ages by kind of household: heads from and to, and when children have left."""

YEAR = 365.2425
NEVER = np.datetime64("NaT", "D")

RELATION_CODES = texts(["02", "10", "20", "20", "20", "50", "50"])
DAUGHTER = "30"
UNMARRIED, MARRIED_ONCE, REMARRIED, WIDOWED, DIVORCED = "10", "21", "22", "30", "40"

Days = NDArray[np.float64]


@dataclass(frozen=True)
class Members:
    """People by household and slot; ``spouses``, ``mothers``, ``fathers`` are
    places in these columns, -1 for none. Codes: GB/T 4761 and 2261.2."""

    household_count: int
    household: Numbers
    slots: Numbers
    sexes: Numbers
    births: Dates
    ages: Numbers
    relations: Texts
    maritals: Texts
    spouses: Numbers
    mothers: Numbers
    fathers: Numbers
    weddings: Dates
    is_child: Flags
    is_twin: Flags
    is_dead: Flags
    bears_family_name: Flags


@dataclass
class _Grid:
    """Households × slots. ``births`` in days before the first day."""

    kind: Numbers
    present: Flags
    sexes: Numbers
    births: Days
    is_twin: Flags
    is_dead: Flags


def draw_members(size: int, start: date, society: Society, streams: Streams) -> Members:
    """Households until about ``size`` people are in them."""
    grid = _draw_grid(max(size // 2, 4), society, streams)
    together = np.cumsum(grid.present.sum(axis=1))
    count = min(int(np.searchsorted(together, size)) + 1, len(together))
    return _flatten(grid, count, start, streams)


def _draw_grid(count: int, society: Society, streams: Streams) -> _Grid:
    random = streams.named("households of the first day")
    kind = np.searchsorted(np.cumsum(SHARES_OF_KINDS), random.random(count) * sum(SHARES_OF_KINDS), side="right")
    sexes = np.where(random.random((count, SLOTS)) < 0.515, MALE, FEMALE)
    births = np.zeros((count, SLOTS))
    low, high = HEAD_AGES[kind].T
    births[:, HEAD] = -(low + random.random(count) * (high - low)) * YEAR
    is_couple = np.isin(kind, (COUPLE, FAMILY, THREE_GENERATIONS, GROWN_CHILDREN))
    has_wife_as_head = is_couple & (kind != THREE_GENERATIONS) & (random.random(count) < 0.15)
    sexes[:, HEAD] = np.where(is_couple, np.where(has_wife_as_head, FEMALE, MALE), sexes[:, HEAD])
    sexes[:, SPOUSE] = 3 - sexes[:, HEAD]
    older = (1.8 + _spread(random, count)) * np.where(sexes[:, HEAD] == MALE, 1, -1)
    births[:, SPOUSE] = np.minimum(births[:, HEAD] + older * YEAR, -20.5 * YEAR)
    grid = _Grid(
        kind, np.zeros((count, SLOTS), bool), sexes, births, np.zeros((count, SLOTS), bool), np.zeros((count, SLOTS), bool)
    )
    grid.present[:, HEAD] = True
    grid.present[:, SPOUSE] = is_couple
    _add_children(grid, society, random)
    _add_grandparents(grid, society, random)
    return grid


def _spread(random: np.random.Generator, count: int) -> Days:
    """Years around a mean, about bell-shaped. (Not drawn from a normal distribution: that depends on the machine's libm.)"""
    return np.asarray((random.random((4, count)).sum(axis=0) - 2) * 4)


def _add_children(grid: _Grid, society: Society, random: np.random.Generator) -> None:
    count = len(grid.kind)
    mother = np.where(grid.sexes[:, HEAD] == FEMALE, grid.births[:, HEAD], grid.births[:, SPOUSE])
    mother = np.where(grid.present[:, SPOUSE], mother, grid.births[:, HEAD])
    number = np.searchsorted([0.55, 0.92], random.random(count), side="right") + 1
    number[~np.isin(grid.kind, (FAMILY, THREE_GENERATIONS, ONE_PARENT, GROWN_CHILDREN))] = 0
    gaps = np.stack([21 + 11 * random.random(count), *(1.4 + 4.5 * random.random((2, count)))])
    births = mother[:, None] + np.cumsum(gaps, axis=0).T * YEAR
    is_twin = (random.random(count) < society.twin_births) & (number > 0)
    births[is_twin, 1] = births[is_twin, 0]
    number = np.where(is_twin, np.maximum(number, 2), number)
    grid.births[:, CHILDREN] = births
    ages = -births / YEAR
    is_home = (births < -1) & (ages < CHILDREN_LEAVE_AT[grid.kind][:, None]) & (np.arange(3) < number[:, None])
    grid.present[:, CHILDREN] = is_home
    twins_home = is_twin & is_home[:, 0] & is_home[:, 1]
    grid.is_twin[:, CHILD_1] = grid.is_twin[:, CHILD_2] = twins_home


def _add_grandparents(grid: _Grid, society: Society, random: np.random.Generator) -> None:
    """The father's parents; those who have died are still in the register."""
    count = len(grid.kind)
    grid.sexes[:, GRANDFATHER], grid.sexes[:, GRANDMOTHER] = MALE, FEMALE
    grandmother = grid.births[:, HEAD] - (20 + 11 * random.random(count)) * YEAR
    grid.births[:, GRANDMOTHER] = grandmother
    grid.births[:, GRANDFATHER] = grandmother - (2 + _spread(random, count)) * YEAR
    here = grid.kind == THREE_GENERATIONS
    for slot in (GRANDFATHER, GRANDMOTHER):
        grid.present[:, slot] = here
        grid.is_dead[:, slot] = here & (random.random(count) < society.share_grandparents_dead)


def _flatten(grid: _Grid, count: int, start: date, streams: Streams) -> Members:
    present = grid.present[:count]
    household, slots = np.nonzero(present)
    place = np.full((count, SLOTS), -1)
    place[present] = np.arange(len(household))
    births = np.floor(grid.births[:count][present]).astype(np.int64)
    sexes = grid.sexes[:count][present]
    is_dead = grid.is_dead[:count][present]
    partner_slot = np.array([SPOUSE, HEAD, HEAD, HEAD, HEAD, GRANDMOTHER, GRANDFATHER])[slots]
    is_child = (slots >= CHILD_1) & (slots <= CHILD_3)
    spouses = np.where(is_child, -1, place[household, partner_slot])
    mothers, fathers = _parents(grid, place, household, is_child)
    dates = np.datetime64(start, "D") + births
    relations = np.where(is_child & (sexes == FEMALE), DAUGHTER, RELATION_CODES[slots])
    random = streams.named("marriages of the first day")
    family_slots = np.isin(slots, (HEAD, *range(CHILD_1, CHILD_3 + 1), GRANDFATHER)) | ((slots == SPOUSE) & (sexes == MALE))
    return Members(
        household_count=count,
        household=household,
        slots=slots,
        sexes=sexes,
        births=dates,
        ages=(-births / YEAR).astype(np.int64),
        relations=texts(relations),
        maritals=_maritals(random, slots, household, grid.kind[:count], births, spouses, is_dead),
        spouses=spouses,
        mothers=mothers,
        fathers=fathers,
        weddings=_weddings(random, grid, count, start)[household, slots],
        is_child=is_child,
        is_twin=grid.is_twin[:count][present],
        is_dead=is_dead,
        bears_family_name=family_slots & ~((slots == HEAD) & (sexes == FEMALE) & (spouses >= 0)),
    )


def _parents(grid: _Grid, place: Numbers, household: Numbers, is_child: Flags) -> tuple[Numbers, Numbers]:
    """Mother and father of each child of the household's head and the head's spouse."""
    found = []
    for sex in (FEMALE, MALE):
        is_head = grid.sexes[household, HEAD] == sex
        of_that_sex = np.where(is_head, place[household, HEAD], place[household, SPOUSE])
        found.append(np.where(is_child, of_that_sex, -1))
    return found[0], found[1]


def _maritals(
    random: np.random.Generator,
    slots: Numbers,
    household: Numbers,
    kinds: Numbers,
    births: Numbers,
    spouses: Numbers,
    is_dead: Flags,
) -> Texts:
    count = len(slots)
    draws, ages, kind = random.random(count), -births / YEAR, kinds[household]
    alone_old = np.where(draws < 0.65, WIDOWED, np.where(draws < 0.8, DIVORCED, UNMARRIED))
    alone = np.where(ages < 29, UNMARRIED, np.where(ages > 62, alone_old, np.where(draws < 0.5, UNMARRIED, DIVORCED)))
    parent = np.where(draws < 0.75, DIVORCED, WIDOWED)
    first_marriage = random.random(count)
    pair = np.minimum(first_marriage, np.where(spouses >= 0, first_marriage[spouses], 1))
    married = np.where(pair < 0.06, REMARRIED, MARRIED_ONCE)
    widowed = (spouses >= 0) & is_dead[spouses]
    found = np.where(spouses >= 0, np.where(widowed, WIDOWED, married), UNMARRIED)
    found = np.where((slots == HEAD) & (kind == SINGLE), alone, found)
    return texts(np.where((slots == HEAD) & (kind == ONE_PARENT), parent, found))


def _weddings(random: np.random.Generator, grid: _Grid, count: int, start: date) -> Dates:
    """When each couple married: before the first child, not before the younger was twenty. NaT for all others."""
    births, present = grid.births[:count], grid.present[:count]
    days = np.full((count, SLOTS), np.nan)
    for first, second, child in ((HEAD, SPOUSE, CHILD_1), (GRANDFATHER, GRANDMOTHER, HEAD)):
        youngest = np.maximum(births[:, first], births[:, second])
        wedding = youngest + (20 + 9 * random.random(count)) * YEAR
        has_child = present[:, child] & (child != HEAD) | (first == GRANDFATHER)
        before_child = births[:, child] - (300 + 800 * random.random(count))
        wedding = np.where(has_child, np.minimum(wedding, before_child), wedding)
        wedding = np.minimum(np.maximum(wedding, youngest + 20 * YEAR), -10)
        both = present[:, first] & present[:, second]
        days[both, first] = days[both, second] = np.floor(wedding[both])
    known = ~np.isnan(days)
    dates = np.full((count, SLOTS), NEVER)
    dates[known] = np.datetime64(start, "D") + days[known].astype(np.int64)
    return dates
