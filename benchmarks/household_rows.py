"""A made-up household register, as delivered: a full of any size, then a delta of five in a hundred. Vectorised."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from jobs.samples.citizen_ids import shortened, with_check
from jobs.samples.formats.content import Content
from jobs.samples.streams import texts
from schemas.codes import REGIONS, load_code_table
from schemas.codes.regions import abolished_regions
from schemas.contract import Contract

FIRST_DAY, SECOND_DAY = date(2026, 3, 2), date(2026, 3, 3)
DELTA_SHARE = 0.05
NAMES = ("王伟", "李娜", "买买提•阿卜杜拉", "欧阳小明", "张　三", "诸葛ＡＢ")

Texts = npt.NDArray[np.str_]


def full_of(contract: Contract, rows: int) -> Content:
    """The register on the first day. Of a thousand rows one is there twice and another twice with other values; see `_columns`."""
    columns = _columns(contract, rows)
    places = np.concatenate([np.arange(rows), np.arange(0, rows, 1000), np.arange(500, rows, 1000)])
    delivered = {name: values[places] for name, values in columns.items()}
    delivered["HKDZ"][-len(np.arange(500, rows, 1000)) :] = "别处１号"
    return _content(contract, delivered, None)


def delta_of(contract: Contract, rows: int) -> Content:
    """What the second day changes: five in a hundred of the rows, most of them moved, a tenth gone, a tenth new."""
    count = int(rows * DELTA_SHARE)
    places = np.random.default_rng(2).choice(rows, count, replace=False)
    changed = {name: values[places] for name, values in _columns(contract, rows).items()}
    operations = np.full(count, "U")
    operations[: count // 10], operations[-(count // 10) :] = "D", "I"
    changed["HKDZ"] = np.char.add(changed["HKDZ"], "新")
    changed["RYBH"] = np.where(operations == "I", np.char.add(changed["RYBH"], "N"), changed["RYBH"])
    return _content(contract, changed, operations.tolist())


def _content(contract: Contract, columns: dict[str, Texts], operations: list[str] | None) -> Content:
    encoding = contract.delivery_format.encoding if contract.delivery_format else "utf-8"
    ordered = {column.physical_name: texts(columns[column.physical_name].tolist()) for column in contract.columns}
    return Content(contract, ordered, operations, encoding)


def _columns(contract: Contract, rows: int) -> dict[str, Texts]:
    """Every delivered column; always the same for a number of rows. Half a percent of dates and codes are wrong."""
    random = np.random.default_rng(1)
    serials = np.arange(rows)
    births = np.datetime64("1930-01-01") + random.integers(0, 33_000, rows)
    regions = _regions(random, rows)
    codes = {
        column.physical_name: _codes(column.code_table, random, rows)
        for column in contract.columns
        if column.code_table is not None
    }
    hours = np.char.zfill(random.integers(0, 24, rows).astype(str), 2)
    seen = _mixed(random, (0.95, np.char.add(np.char.add("20260301", hours), "0000")), (0.998, _iso_times(hours)), (1, "昨天"))
    return codes | {
        "RYBH": np.char.add("P", np.char.zfill(serials.astype(str), 10)),
        "GMSFHM": _citizen_ids(regions, births, random),
        "XM": np.array(NAMES)[random.integers(0, len(NAMES), rows)],
        "CYM": _mixed(random, (0.95, np.full(rows, "")), (1, "王旧名")),
        "CSRQ": _birth_dates(births, random),
        "HKQH": regions,
        "HKDZ": np.char.add("泉城路", np.char.add((serials % 900).astype(str), "号３单元")),
        "HH": np.char.add("H", (serials // 3).astype(str)),
        "ZXBZ": _mixed(random, (0.98, np.full(rows, "")), (1, codes["ZXBZ"])),
        "GXSJ": seen,
    }


def _mixed(random: np.random.Generator, *forms: tuple[float, Texts | str]) -> Texts:
    """Each row in one of several forms, by the cumulated shares that stand before them."""
    draws = random.random(max(np.size(values) for _, values in forms))
    mixed = np.asarray(forms[-1][1])
    for share, values in reversed(forms[:-1]):
        mixed = np.where(draws < share, values, mixed)
    return mixed


def _iso_times(hours: Texts) -> Texts:
    return np.char.add(np.char.add("2026-03-01 ", hours), ":00:00")


def _birth_dates(births: npt.NDArray[np.datetime64], random: np.random.Generator) -> Texts:
    """Dates in the three forms that the register has them in; a few are a year alone, or no date."""
    iso = births.astype(str)
    written = np.char.add(np.char.replace(np.char.replace(iso, "-", "年", 1), "-", "月"), "日")
    return _mixed(
        random, (0.90, np.char.replace(iso, "-", "")), (0.97, iso), (0.99, written), (0.995, "1970"), (0.998, "19700230"), (1, "")
    )


def _codes(table: str, random: np.random.Generator, rows: int) -> Texts:
    known = np.array(sorted(load_code_table(table).codes))
    return _mixed(random, (0.995, known[random.integers(0, len(known), rows)]), (1, "??"))


def _regions(random: np.random.Generator, rows: int) -> Texts:
    """Regions of the north and the east; one in fifty is in force no longer."""
    abolished = np.array(abolished_regions())
    in_force = np.array(sorted(load_code_table(REGIONS).codes.keys() - set(abolished_regions())))
    return _mixed(random, (0.98, in_force[random.integers(0, 1500, rows)]), (1, abolished[random.integers(0, 1500, rows)]))


def _citizen_ids(regions: Texts, births: npt.NDArray[np.datetime64], random: np.random.Generator) -> Texts:
    """Numbers of 18 characters; one in a hundred has a wrong check, some are of 15 characters, full width or stand for none."""
    days = np.char.replace(births.astype(str), "-", "")
    orders = np.char.zfill(random.integers(0, 1000, len(births)).astype(str), 3)
    bodies = np.char.add(np.char.add(regions, days), orders)
    right = with_check(texts(bodies.tolist())).astype(str)
    wrong = np.char.add(bodies, np.where(np.char.endswith(right, "0"), "1", "0"))
    full = _mixed(random, (0.99, right), (1, wrong))
    short = shortened(texts(right.tolist())).astype(str)
    wide = np.char.replace(np.char.lower(full), "1", "１")
    return _mixed(random, (0.97, full), (0.98, short), (0.99, wide), (0.995, "不详"), (0.998, ""), (1, "37010219"))
