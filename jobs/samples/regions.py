"""Counties of the country by GB/T 2260, and the code that stood for each in any year since 1981."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

import schemas
from jobs.samples.settings import Society
from jobs.samples.streams import Numbers, Streams, Texts, texts

HISTORY = Path(schemas.__file__).parent / "codes" / "gbt_2260_history.csv"
FIRST_YEAR, LAST_YEAR = 1981, 2030
DIRECT = "直辖"


@dataclass(frozen=True)
class Region:
    """One code of a county while it stood: in force from ``since`` (inclusive) to ``until`` (exclusive, years)."""

    code: str
    full_name: str
    since: int
    until: int
    successors: tuple[str, ...]


@dataclass(frozen=True)
class Counties:
    """The counties people come from, by number; the first ``home`` of them are the home counties.

    ``codes[county, year - FIRST_YEAR]`` is the code in force in a year, of the county or of what it was before.
    """

    home: int
    full_names: Texts
    current_codes: Texts
    codes: Texts

    def __len__(self) -> int:
        return len(self.full_names)

    def code_in(self, counties: Numbers, years: Numbers) -> Texts:
        """The code in force in each year (before 1981: in 1981, the oldest known)."""
        return np.asarray(self.codes[counties, np.clip(years, FIRST_YEAR, LAST_YEAR) - FIRST_YEAR])


def load_counties(society: Society, streams: Streams) -> Counties:
    """The home prefecture's counties, and others drawn from the whole country."""
    history = read_history()
    present = [region for region in history if region.until > LAST_YEAR]
    home = [region for region in present if region.code.startswith(society.home_prefecture)]
    others = [region for region in present if not region.code.startswith(society.home_prefecture)]
    near = [region for region in others if region.code.startswith(society.home_province)]
    count = min(society.counties_elsewhere, len(others))
    random = streams.named("counties elsewhere")
    drawn = [near[n] for n in random.permutation(len(near))[: count // 3]]
    rest = [region for region in others if region not in drawn]
    drawn += [rest[n] for n in random.permutation(len(rest))[: count - len(drawn)]]
    kept = home + drawn
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    codes = np.array([[_code_in(history, region, year) for year in years] for region in kept], dtype=object)
    return Counties(len(home), texts([r.full_name for r in kept]), texts([r.code for r in kept]), codes)


@cache
def read_history() -> tuple[Region, ...]:
    """All codes of counties, past and present, in the order of the file."""
    with HISTORY.open(encoding="utf-8-sig", newline="") as stream:
        return tuple(_region(row) for row in csv.DictReader(stream) if row["级别"] == "县级")


def _region(row: dict[str, str]) -> Region:
    parts = [row["一级行政区"], row["二级行政区"], row["名称"]]
    names = [name for place, name in enumerate(parts) if name and name != DIRECT and name not in parts[:place]]
    until = int(row["变更/弃用时间"]) if row["变更/弃用时间"] else LAST_YEAR + 1
    successors = tuple(code for code in row["新代码"].split(";") if re.fullmatch(r"\d{6}", code))
    return Region(row["代码"], "".join(names), int(row["启用时间"]), until, successors)


@cache
def _predecessors() -> dict[str, list[Region]]:
    found: dict[str, list[Region]] = {}
    for region in read_history():
        for code in region.successors:
            found.setdefault(code, []).append(region)
    return found


def _code_in(history: tuple[Region, ...], county: Region, year: int) -> str:
    """The county's code in a year: its own, else that of a predecessor, else one that stood in the same prefecture or province."""
    seen, waiting = {county.code}, [county]
    waiting += [region for region in history if region.code == county.code and region is not county]
    while waiting:
        region = waiting.pop(0)
        if region.since <= year < region.until:
            return region.code
        for before in _predecessors().get(region.code, []):
            if before.code not in seen:
                seen.add(before.code)
                waiting.append(before)
    for width in (4, 2):
        near = [r.code for r in history if r.code[:width] == county.code[:width] and r.since <= year < r.until]
        if near:
            return near[int(county.code) % len(near)]
    return county.code
