"""Citizen IDs as they are issued: region, birth date, order code, check digit (GB 11643-1999; check by ISO 7064 MOD 11-2)."""

from __future__ import annotations

import numpy as np

from jobs.samples.streams import Dates, Flags, Numbers, Texts, texts, years_of

WEIGHTS = np.array([pow(2, 17 - place, 11) for place in range(17)])
CHECK_CHARACTERS = np.array(list("10X98765432"))
ORDER_CODES = 995
"""Order codes from 996 on mark people born before 1900 in numbers of 15 digits."""


def issue(random: np.random.Generator, regions: Texts, births: Dates, sexes: Numbers, taken: set[str]) -> Texts:
    """A number nobody has for each person; adds them to ``taken``. Sexes: 1 male (odd order code), 2 female (even).

    Who shares region, birth date and sex gets consecutive order codes: twins differ in one digit and the check digit.
    """
    starts = random.integers(0, ORDER_CODES // 2 - 40, len(regions))
    keys = texts([f"{r}{d}{s}" for r, d, s in zip(regions, compact(births), sexes, strict=True)])
    rank = np.zeros(len(keys), dtype=np.int64)
    first: dict[str, tuple[int, int]] = {}
    for place, key in enumerate(keys):
        start, before = first.get(key, (int(starts[place]), 0))
        first[key] = (start, before + 1)
        starts[place], rank[place] = start, before
    order = 2 * ((starts + rank) % (ORDER_CODES // 2)) + np.where(sexes == 1, 1, 2)
    numbers = with_check(texts([f"{key[:14]}{code:03d}" for key, code in zip(keys, order, strict=True)]))
    for row, number in enumerate(numbers):
        if number in taken:
            numbers[row] = _next_free(number, taken)
        taken.add(numbers[row])
    return numbers


def with_check(bodies: Texts) -> Texts:
    """Numbers of 18 characters from their first 17 digits."""
    if not len(bodies):
        return bodies
    sums = (_digits(bodies, 17) * WEIGHTS).sum(axis=1) % 11
    return texts([body + check for body, check in zip(bodies, CHECK_CHARACTERS[sums], strict=True)])


def shortened(numbers: Texts) -> Texts:
    """Numbers as issued before 1999: 15 digits, without century and check digit."""
    return texts([number[:6] + number[8:17] for number in numbers])


def are_valid(numbers: Texts) -> Flags:
    """Whether each is 18 characters with the right check digit and a date that exists."""
    shaped = np.array([len(n) == 18 and n[:17].isascii() and n[:17].isdigit() for n in numbers], dtype=bool)
    found = np.zeros(len(numbers), dtype=bool)
    candidates = numbers[shaped]
    found[shaped] = (with_check(texts([n[:17] for n in candidates])) == candidates) & _have_dates(candidates)
    return found


def compact(dates: Dates) -> Texts:
    """Dates as ``yyyymmdd``."""
    year, month, day = parts_of(dates)
    return texts([f"{number:08d}" for number in (year * 10_000 + month * 100 + day).tolist()])


def parts_of(dates: Dates) -> tuple[Numbers, Numbers, Numbers]:
    """Year, month and day."""
    months = dates.astype("datetime64[M]")
    day = (dates.astype("datetime64[D]") - months).astype(np.int64) + 1
    return years_of(dates), months.astype(np.int64) % 12 + 1, day


def _have_dates(numbers: Texts) -> Flags:
    fields = _digits(numbers, 17)
    year = fields[:, 6:10] @ [1000, 100, 10, 1]
    month, day = fields[:, 10:12] @ [10, 1], fields[:, 12:14] @ [10, 1]
    is_leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    length = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])[np.where(month <= 12, month, 0)]
    return np.asarray((year >= 1800) & (day >= 1) & (day <= length + ((month == 2) & is_leap)))


def _digits(numbers: Texts, width: int) -> Numbers:
    if not len(numbers):
        return np.zeros((0, width), dtype=np.int64)
    joined = "".join(number[:width] for number in numbers).encode("ascii")
    return (np.frombuffer(joined, dtype=np.uint8).reshape(len(numbers), width) - ord("0")).astype(np.int64)


def _next_free(number: str, taken: set[str]) -> str:
    for step in range(2, ORDER_CODES, 2):
        order = (int(number[14:17]) + step) % (ORDER_CODES - 1)
        candidate = str(with_check(texts([f"{number[:14]}{order:03d}"]))[0])
        if candidate not in taken:
            return candidate
    raise ValueError(f"no order code is left for {number[:14]}: the country has too many births a county and day")
