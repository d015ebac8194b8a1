"""Names of legal entities: region, trade name, industry and legal form, and how else the same name is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.samples.regions import Counties
from jobs.samples.streams import Choice, Numbers, Texts, texts
from jobs.samples.word_lists import load_list

LIMITED, LIMITED_LONG, JOINT_STOCK = "有限公司", "有限责任公司", "股份有限公司"
REGION = re.compile(r"^(.*?(?:省|自治区))?(.*?(?:市|州|盟|地区))?(.*)$")

Draws = NDArray[np.float64]


@dataclass(frozen=True)
class Prefixes:
    """How names say where an entity is, a text for each county."""

    province: Texts
    city: Texts
    """Without 市."""
    county: Texts
    """City and county."""


def load_words() -> dict[str, Any]:
    """The document of words for legal entities."""
    words: dict[str, Any] = load_list("firms")
    return words


def prefixes_of(counties: Counties) -> Prefixes:
    """The prefixes of all counties."""
    province, city, county = [], [], []
    for name in counties.full_names:
        found = REGION.match(name)
        first, second, third = (part or "" for part in found.groups()) if found else ("", "", name)
        second = second or third
        province.append(re.sub(r"(省|自治区)$", "", first) or second.removesuffix("市"))
        city.append(second.removesuffix("市"))
        county.append(second + (third if third != second else ""))
    return Prefixes(texts(province), texts(city), texts(county))


def draw_industries(random: np.random.Generator, count: int, kind: str) -> Texts:
    """Sections of GB/T 4754 by their weight for ``firm`` or ``household``."""
    industries = load_words()["industries"]
    return Choice.parse(" ".join(f"{code} {words[kind]}" for code, words in industries.items())).of(random.random(count))


def draw_firm_names(
    random: np.random.Generator, prefixes: Prefixes, county: Numbers, industry: Texts, forms: Texts
) -> tuple[Texts, Texts]:
    """Names of companies and their prefix: region first, or in full-width brackets behind the trade name."""
    count = len(county)
    draws = random.random(count)
    prefix = np.where(
        draws < 0.55, prefixes.city[county], np.where(draws < 0.8, prefixes.county[county], prefixes.province[county])
    )
    is_bracketed = (random.random(count) < 0.12) & (draws < 0.55)
    trade = _trades(random, count)
    words = _industry_words(random, industry, "firms")
    names = [
        f"{t}（{p}）{w}{f}" if bracketed else f"{p}{t}{w}{f}"
        for p, t, w, f, bracketed in zip(prefix, trade, words, forms, is_bracketed.tolist(), strict=True)
    ]
    return texts(names), texts(np.where(is_bracketed, "", prefix))


def draw_household_names(
    random: np.random.Generator, prefixes: Prefixes, county: Numbers, industry: Texts, surnames: Texts
) -> tuple[Texts, Texts]:
    """Names of household businesses and their prefix: county, the owner's surname or a trade name, what it does."""
    count = len(county)
    prefix = prefixes.county[county]
    own = np.asarray(surnames + texts(["记", "家", "氏"])[random.integers(0, 3, count)])
    trade = np.where(random.random(count) < 0.25, own, _trades(random, count))
    return np.asarray(prefix + trade + _industry_words(random, industry, "households")), prefix


def branch_names(random: np.random.Generator, prefixes: Prefixes, county: Numbers, parents: Texts, numbers: Numbers) -> Texts:
    """Names of branches: the firm's name, where the branch is, its number."""
    word = texts(load_words()["ordinals"])[np.minimum(numbers, len(load_words()["ordinals"]) - 1)]
    place = np.where(random.random(len(county)) < 0.7, prefixes.county[county], prefixes.city[county])
    return np.asarray(parents + place + word + "分公司")


def draw_organisation_names(random: np.random.Generator, prefixes: Prefixes, county: Numbers, kinds: Texts) -> tuple[Texts, Texts]:
    """Names of social organisations and their prefix."""
    found, prefix = texts([""] * len(kinds)), np.asarray(prefixes.county[county])
    for kind, words in load_words()["social_organisations"].items():
        here = kinds == kind
        count = int(here.sum())
        found[here] = _pick(random, words["subjects"], count) + _pick(random, words["endings"], count)
    return np.asarray(prefix + found), prefix


def draw_body_names(random: np.random.Generator, prefixes: Prefixes, county: Numbers, kinds: Texts) -> tuple[Texts, Texts]:
    """Names of government bodies and public institutions, and their prefix."""
    found, prefix = texts([""] * len(kinds)), np.asarray(prefixes.county[county])
    for kind, words in load_words()["public_bodies"].items():
        here = kinds == kind
        found[here] = _pick(random, words["names"], int(here.sum()))
    return np.asarray(prefix + found), prefix


def with_ordinals(names: Texts, prefixes: Texts, taken: set[str]) -> Texts:
    """Names that nobody has: a second of the same name becomes 第二, and so on; adds them to ``taken``."""
    ordinals = load_words()["ordinals"]
    found = names.copy()
    for place, name in enumerate(names):
        start = len(prefixes[place])
        options = [name] + [f"{name[:start]}{word}{name[start:]}" for word in ordinals[1:]]
        options += [f"{name[:start]}{number}号{name[start:]}" for number in range(21, 2000)] if options[-1] in taken else []
        found[place] = next(option for option in options if option not in taken)
        taken.add(found[place])
    return found


def other_forms(random: np.random.Generator, names: Texts, prefixes: Texts, cities: Texts) -> Texts:
    """Each name written otherwise: legal form, brackets, region or ending are not as they are registered."""
    draws = random.random(len(names))
    return texts([_other_form(*row) for row in zip(names, prefixes, cities, draws.tolist(), strict=True)])


def _other_form(name: str, prefix: str, city: str, draw: float) -> str:
    options = []
    if LIMITED_LONG in name:
        options.append(name.replace(LIMITED_LONG, LIMITED))
    elif LIMITED in name and JOINT_STOCK not in name:
        options.append(name.replace(LIMITED, LIMITED_LONG))
    if "（" in name:
        options += [name.replace("（", "(").replace("）", ")"), re.sub("[（）]", "", name)]
    if len(prefix) > len(city) and prefix.startswith(city):
        options.append(city + name[len(prefix) :])
    start = prefix or (city if name.startswith(city) else "")
    options.append(name[len(start) :] if start else f"{city}市{name}")
    return options[int(draw * len(options))]


def _trades(random: np.random.Generator, count: int) -> Texts:
    words = load_words()
    first, last = words["trade_first"].split(), words["trade_last"].split()
    third = [*words["trade_third"].split(), *[""] * 30]
    return np.asarray(_pick(random, first, count) + _pick(random, last, count) + _pick(random, third, count))


def _industry_words(random: np.random.Generator, industry: Texts, kind: str) -> Texts:
    draws = random.random(len(industry))
    found = texts([""] * len(industry))
    for code, words in load_words()["industries"].items():
        here = industry == code
        options = texts(words[kind])
        found[here] = options[(draws[here] * len(options)).astype(np.int64)]
    return found


def _pick(random: np.random.Generator, words: list[str], count: int) -> Texts:
    return np.asarray(texts(words)[random.integers(0, len(words), count)])
