"""What goes wrong when a row is written: errors of numbers, names and dates, each at its own rate. Same draws, same errors."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from jobs.samples import names
from jobs.samples.citizen_ids import parts_of, shortened
from jobs.samples.settings import BirthDateNoise, CitizenIdNoise, PersonNameNoise
from jobs.samples.streams import Dates, Flags, Numbers, Texts, chosen, texts, years_of
from jobs.samples.word_lists import load_list

OTHER_DOTS = ("\u2022", "\u2027", "\u30fb", ".", "\uff0e", "")
"""What stands for the dot of U+00B7; the last is nothing at all."""

LUNATION_DAYS = 29.530588861
NEW_MOON = 10_962.26
"""Days from 1970-01-01 (UTC) to the mean new moon of 2000-01-06; the lunation is the mean one (Meeus, Astronomical Algorithms)."""


def distort_numbers(
    random: np.random.Generator, numbers: Texts, births: Dates, noise: CitizenIdNoise, *, absent: float, may_be_short: bool
) -> Texts:
    """Citizen IDs as a register holds them; ``absent`` in per cent. An ID has at most one of the errors."""
    count = len(numbers)
    is_absent = chosen(random, count, absent / 100) | (numbers == "")
    is_short = chosen(random, count, noise.still_15_digit / 100) & may_be_short & (years_of(births) < 1999)
    has_wrong_digit = chosen(random, count, noise.one_digit_wrong / 100)
    is_swapped = chosen(random, count, noise.two_swapped / 100) & ~has_wrong_digit
    ends_in_x = np.array([number[-1:] == "X" for number in numbers], dtype=bool)
    is_lower = ends_in_x & chosen(random, count, noise.lower_case_x / 100)
    places, steps = random.integers(0, 17, count), random.integers(1, 10, count)
    found = numbers.copy()
    left = ~is_absent
    changes: tuple[tuple[Flags, Callable[[Flags], Texts]], ...] = (
        (is_short, lambda rows: shortened(numbers[rows])),
        (has_wrong_digit, lambda rows: _with_wrong_digit(numbers[rows], places[rows], steps[rows])),
        (is_swapped, lambda rows: _swapped_digits(numbers[rows], places[rows])),
        (is_lower, lambda rows: texts([number.lower() for number in numbers[rows]])),
    )
    for where, change in changes:
        rows = where & left
        found[rows] = change(rows)
        left &= ~rows
    found[is_absent] = ""
    return found


def distort_names(
    random: np.random.Generator,
    correct: Texts,
    ethnic: Texts,
    noise: PersonNameNoise,
    former: Texts | None = None,
    renamed: float = 0,
) -> Texts:
    """Names as a register holds them. ``former`` names stand in their place for the share ``renamed`` of those who have one."""
    count = len(correct)
    found = correct.copy()
    draws = random.random(count)
    table = writing()
    kept = np.ones(count, dtype=bool)
    if former is not None:
        kept = ~((former != "") & chosen(random, count, renamed))
        found[~kept] = former[~kept]
    for kind, rate in (("variants", noise.variant), ("homophones", noise.homophone)):
        rows = np.flatnonzero(_can_change(correct, table[kind]) & chosen(random, count, rate / 100) & kept)
        found[rows] = texts([_replace_one(found[row], table[kind], draws[row]) for row in rows])
        kept[rows] = False
    rows = np.flatnonzero(names.in_parts(ethnic) & chosen(random, count, noise.minority_parts / 100) & kept)
    found[rows] = texts([_other_parts(found[row], draws[row]) for row in rows])
    return found


def distort_births(
    random: np.random.Generator,
    births: Dates,
    noise: BirthDateNoise,
    written: Callable[[Numbers, Numbers, Numbers], Texts],
    *,
    year_only: float,
) -> Texts:
    """Birth dates as a register writes them (``written`` makes text of year, month, day); ``year_only`` in per cent."""
    count = len(births)
    year, month, day = parts_of(births)
    lunar_year, lunar_month, lunar_day = lunar(births)
    is_lunar = chosen(random, count, noise.lunar / 100)
    year, month, day = (
        np.where(is_lunar, other, own) for own, other in ((year, lunar_year), (month, lunar_month), (day, lunar_day))
    )
    is_swapped = chosen(random, count, noise.swapped / 100) & (day <= 12) & (day != month) & ~is_lunar
    month, day = np.where(is_swapped, day, month), np.where(is_swapped, month, day)
    found = written(year, month, day)
    is_partial = chosen(random, count, year_only / 100)
    found[is_partial] = year[is_partial].astype(str)
    return found


def distort_sexes(random: np.random.Generator, sexes: Numbers, rate: float) -> Texts:
    """Sex codes (GB/T 2261.1), the other one at ``rate`` per cent."""
    return texts(np.where(chosen(random, len(sexes), rate / 100), 3 - sexes, sexes).astype(str))


def lunar(dates: Dates) -> tuple[Numbers, Numbers, Numbers]:
    """Year, month and day of the Chinese calendar by mean lunations: right to a day or so, near leap months not to the month."""
    days = dates.astype("datetime64[D]").astype(np.int64) + 0.5
    moon = np.floor((days - NEW_MOON) / LUNATION_DAYS)
    year = years_of(dates)
    solstice = (np.char.add((year - 1).astype(str), "-12-22")).astype("datetime64[D]").astype(np.int64) + 0.5
    eleventh = np.floor((solstice - NEW_MOON) / LUNATION_DAYS)
    months = (moon - eleventh).astype(np.int64)
    day = np.floor(days - (NEW_MOON + moon * LUNATION_DAYS)).astype(np.int64) + 1
    return np.where(months < 2, year - 1, year), (months + 10) % 12 + 1, day


@cache
def writing() -> dict[str, dict[str, str]]:
    """By kind, each character and what may stand in its place."""
    document = load_list("writing")
    found: dict[str, dict[str, str]] = {}
    for kind, pairs in document.items():
        table = found.setdefault(kind, {})
        for pair in pairs.split():
            table[pair[0]] = table.get(pair[0], "") + pair[1:]
    return found


def _can_change(values: Texts, table: dict[str, str]) -> Flags:
    return np.array([any(character in table for character in value) for value in values], dtype=bool)


def _replace_one(name: str, table: dict[str, str], draw: float) -> str:
    places = [place for place, character in enumerate(name) if character in table]
    if not places:
        return name
    place = places[int(draw * len(places))]
    options = table[name[place]]
    return name[:place] + options[int(draw * 1000) % len(options)] + name[place + 1 :]


def _other_parts(name: str, draw: float) -> str:
    """Another dot, none, or only the first part; a Tibetan name of two words loses one."""
    if names.DOT not in name:
        return name[:2]
    if draw < 0.3:
        return name.partition(names.DOT)[0]
    return name.replace(names.DOT, OTHER_DOTS[int(draw * 1000) % len(OTHER_DOTS)])


def _with_wrong_digit(numbers: Texts, places: Numbers, steps: Numbers) -> Texts:
    return texts(
        [
            number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]
            for number, place, step in zip(numbers, places.tolist(), steps.tolist(), strict=True)
        ]
    )


def _swapped_digits(numbers: Texts, places: Numbers) -> Texts:
    """Two neighbours that differ change places, the first such pair from ``places`` on."""
    found = []
    for number, start in zip(numbers, places.tolist(), strict=True):
        pairs = [(start + step) % 16 for step in range(16)]
        place = next(at for at in pairs if number[at] != number[at + 1])
        found.append(number[:place] + number[place + 1] + number[place] + number[place + 2 :])
    return texts(found)
