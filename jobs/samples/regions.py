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
    """The home prefecture's counties, and others drawn from all provinces that are as old as the lists."""
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
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    found = {region: [_code_in(region, year) for year in years] for region in home + drawn}
    kept = [region for region, codes in found.items() if all(codes)]
    codes = np.array([found[region] for region in kept], dtype=object)
    return Counties(
        sum(region in home for region in kept), texts([r.full_name for r in kept]), texts([r.code for r in kept]), codes
    )


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


@cache
def _by_prefix() -> dict[str, list[Region]]:
    """Codes by the first two digits (province), four (prefecture) and six (county)."""
    found: dict[str, list[Region]] = {}
    for region in read_history():
        for width in (2, 4, 6):
            found.setdefault(region.code[:width], []).append(region)
    return found


def _code_in(county: Region, year: int) -> str | None:
    """The county's code in a year: its own, else that of a predecessor, else one that stood in the same prefecture or province.

    None if there is none: the province is younger (Hainan).
    """
    seen, waiting = {county.code}, list(_by_prefix()[county.code])
    while waiting:
        region = waiting.pop(0)
        if region.since <= year < region.until:
            return region.code
        for before in _predecessors().get(region.code, []):
            if before.code not in seen:
                seen.add(before.code)
                waiting.append(before)
    for width in (4, 2):
        near = [region.code for region in _by_prefix()[county.code[:width]] if region.since <= year < region.until]
        if near:
            return near[int(county.code) % len(near)]
    return None
