"""Names by the frequencies of ``data/names.yaml``: surnames, given names by era and sex, names in parts of some ethnic groups."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.samples.streams import Choice, Dates, Flags, Numbers, Texts, texts, years_of
from jobs.samples.word_lists import load_list

DOT = "\u00b7"
MALE, FEMALE = 1, 2
SEXES = ((MALE, "male"), (FEMALE, "female"))
DOTTED_GROUPS = ("05", "17")
TIBETAN = "04"
ETHNIC_GROUPS = Choice.parse("01 0.93 03 0.025 11 0.01 08 0.007 15 0.005 06 0.004 05 0.009 17 0.004 04 0.006")
"""Ethnic groups (GB/T 3304). Those with names in parts are more common than in a real province: a small country has some."""

Draws = NDArray[np.float64]


@dataclass(frozen=True)
class Era:
    """Given names of one sex from a year on: how many have one character, and which."""

    single: float
    one: Choice
    first: Choice
    last: Choice


def load_names() -> dict[str, Any]:
    """The document of names."""
    names: dict[str, Any] = load_list("names")
    return names


@cache
def eras() -> dict[tuple[int, int], Era]:
    """Given names by first year of the era and sex."""
    return {
        (int(year), sex): Era(found[word]["single"], *(Choice.parse(found[word][part]) for part in ("one", "first", "last")))
        for year, found in load_names()["given"].items()
        for sex, word in SEXES
    }


def draw_surnames(random: np.random.Generator, count: int) -> Texts:
    """Surnames by frequency, compound ones among them."""
    names = load_names()
    return Choice.parse(f"{names['surnames']} {names['compound_surnames']}").of(random.random(count))


def draw_given(
    random: np.random.Generator, births: Dates, sexes: Numbers, generation: Draws | None = None, rare: float = 0.0
) -> Texts:
    """Given names of the era of each birth. People with the same ``generation`` draw, era and sex share their first character."""
    count = len(births)
    single, one, last = random.random(count), random.random(count), random.random(count)
    first = random.random(count) if generation is None else generation
    starts = np.array(sorted({year for year, _ in eras()}))
    era_of = starts[np.searchsorted(starts, years_of(births), side="right") - 1]
    given = texts([""] * count)
    for (year, sex), era in eras().items():
        here = (era_of == year) & (sexes == sex)
        pairs = era.first.of(first[here]) + era.last.of(last[here])
        given[here] = np.where(single[here] < era.single, era.one.of(one[here]), pairs)
    is_rare = random.random(count) < rare
    for sex, word in SEXES:
        here = is_rare & (sexes == sex)
        characters = Choice.parse(load_names()["rare_characters"][word]).of(one[here])
        given[here] = texts([name[:-1] + rare_one for name, rare_one in zip(given[here], characters, strict=True)])
    return given


def draw_minority(random: np.random.Generator, group: str, sexes: Numbers, fathers: Texts) -> Texts:
    """Names in parts: own name, dot and the father's (Uygur, Kazak), or two words (Tibetan). ``fathers`` are own names or empty."""
    lists = load_names()["minority"][group]
    first, second = random.random(len(sexes)), random.random(len(sexes))
    names = texts([""] * len(sexes))
    for sex, word in SEXES:
        here = sexes == sex
        names[here] = _evenly(lists[word]).of(first[here])
        if group == TIBETAN:
            names[here] += _evenly(lists[word]).of(second[here])
    if group == TIBETAN:
        return names
    unknown = fathers == ""
    fathers = np.where(unknown, _evenly(lists["male"]).of(second), fathers)
    return np.asarray(names + DOT + fathers)


def draw_foreign(random: np.random.Generator, sexes: Numbers) -> Texts:
    """Names in Latin letters, as foreign spouses are registered."""
    lists = load_names()["foreign"]
    draws = random.random(len(sexes))
    return np.where(sexes == MALE, _evenly(lists["male"]).of(draws), _evenly(lists["female"]).of(draws))


def own_name(names: Texts) -> Texts:
    """What stands before the dot."""
    return texts([name.partition(DOT)[0] for name in names])


def _evenly(values: list[str]) -> Choice:
    return Choice(texts(values), np.arange(1, len(values) + 1) / len(values))


def in_parts(groups: Texts) -> Flags:
    """Whether people of these ethnic groups have names in parts."""
    return np.isin(groups.astype(str), [*DOTTED_GROUPS, TIBETAN])
