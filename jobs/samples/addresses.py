"""Addresses as Chinese registers write them: from the province down to the room, or to the house number of a village."""

from __future__ import annotations

import numpy as np

from jobs.samples.regions import Counties
from jobs.samples.streams import Flags, Numbers, Texts, texts
from jobs.samples.word_lists import load_list


def load_places() -> dict[str, list[str]]:
    """The document of parts of addresses."""
    places: dict[str, list[str]] = load_list("places")
    return places


def draw_addresses(random: np.random.Generator, counties: Counties, of: Numbers, rural: Flags) -> Texts:
    """An address in each of the counties ``of``; where ``rural``, in a village."""
    places = load_places()
    count = len(of)

    def pick(name: str) -> Texts:
        return texts(places[name])[random.integers(0, len(places[name]), count)]

    town, road, estate, subdistrict = pick("towns"), pick("roads"), pick("estates"), pick("subdistricts")
    village = pick("village_names") + pick("village_endings")
    house, building = random.integers(1, 300, count), random.integers(1, 31, count)
    unit, floor, room = random.integers(1, 5, count), random.integers(1, 19, count), random.integers(1, 5, count)
    city = [
        f"{s}{r}{h}号{e}{b}号楼{u}单元{f}{n:02d}室"
        for s, r, h, e, b, u, f, n in zip(subdistrict, road, house, estate, building, unit, floor, room, strict=True)
    ]
    country = texts([f"{t}{v}{h}号" for t, v, h in zip(town, village, house, strict=True)])
    return np.asarray(counties.full_names[of] + np.where(rural, country, texts(city)))


def draw_phones(random: np.random.Generator, count: int) -> Texts:
    """Mobile numbers of 11 digits."""
    prefixes = load_places()["phone_prefixes"]
    heads = texts(prefixes)[random.integers(0, len(prefixes), count)]
    tails = random.integers(0, 10**8, count)
    return texts([f"{head}{tail:08d}" for head, tail in zip(heads, tails, strict=True)])
