"""Records of made-up persons by the million, with who is who: what linkage is measured on where a whole country is too slow.

    make bench NAME=linkage.records ARGS="--rows 1000000 --out records.parquet"

A land of towns of `TOWN` people, each made by the synthetic country's own generators (`jobs.samples`: households, namesakes,
twins, former names; errors of ``conf/noise/typical.yaml``), and what four of its registers say of them: about 2.3 records a
person. Towns lie in real prefectures, `TOWNS_A_PREFECTURE` in each, so that a county has the same number of people however
large the land is. Towns are drawn apart from one another: fewer records are the beginning of more, memory holds one town at a
time, and by chance a few people of different towns share a number, as people do.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from jobs.linkage.model import load_model
from jobs.samples.citizen_ids import are_valid, parts_of, with_check
from jobs.samples.firm_founding import found_firms
from jobs.samples.people import foreign_spouses, populate
from jobs.samples.regions import load_counties, read_history
from jobs.samples.registers.household import first_household_rows
from jobs.samples.registers.insurance import first_insurance_rows
from jobs.samples.registers.marriage import first_marriage_rows
from jobs.samples.registers.residence import first_residence_rows
from jobs.samples.registers.writer import Writer
from jobs.samples.settings import load_country, load_noise
from jobs.samples.streams import Streams, Texts, texts
from jobs.settings import PROJECT

TOWN = 20_000
TOWNS_A_PREFECTURE = 10
LEAST_COUNTIES = 5
"""Prefectures with fewer counties hold no towns."""

DAY = date(2026, 3, 2)
MODEL = PROJECT / "conf" / "linkage" / "population"
ARROW_TYPES = {"string": pa.string(), "date": pa.date32(), "int": pa.int32(), "array<string>": pa.list_(pa.string())}
"""Arrow types of attributes, by their Spark types."""

Columns = Mapping[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description="Write made-up records of persons to a Parquet file.")
    parser.add_argument("--rows", type=int, default=int(os.environ.get("ROWS", "100000")))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    write_records(arguments.out, arguments.rows, arguments.seed)
    print(json.dumps({"records": {"rows": arguments.rows, "seed": arguments.seed, "bytes": arguments.out.stat().st_size}}))


def write_records(path: Path, n: int, seed: int, processes: int = 2) -> None:
    """Write ``n`` records, those of one person close together, to a Parquet file of a row group a town, by several processes.

    Columns: dataset, record_key, the population model's attributes, and ``person`` (a number, the hidden truth), which is null
    nowhere; an attribute that no register of the four has is null everywhere.
    """
    with get_context("forkserver").Pool(processes) as pool, parquet.ParquetWriter(path, schema(), compression="zstd") as writer:
        most = n // TOWN + 1  # a town has more records than people
        for town in _towns(n, pool.imap(partial(make_town, seed=seed), range(most))):
            writer.write_table(town)


def _towns(n: int, towns: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Towns until there are ``n`` records; the last one is cut."""
    left = n
    while left > 0:
        town = next(towns).slice(0, left)
        left -= len(town)
        yield town


@cache
def schema() -> pa.Schema:
    """The columns of the records."""
    attributes = [(name, ARROW_TYPES[kind]) for name, kind in load_model(MODEL).rules.attributes.items()]
    return pa.schema([("dataset", pa.string()), ("record_key", pa.string()), *attributes, ("person", pa.int64())])


def make_town(number: int, seed: int) -> pa.Table:
    """All records of the people of one town, ordered by person."""
    writer = _open_offices(number, Streams(seed * 1_000_003 + number))
    residents = first_residence_rows(writer, DAY)
    certificates = first_marriage_rows(writer, DAY)
    parts = [
        _part("public_security/household_register", "RYBH", _registered(first_household_rows(writer, DAY), number)),
        _part("public_security/residence_registration", "djbh", _resident(residents)),
        _part("civil_affairs/marriage_register", "HYDJZH", _spouse(certificates, "NAN", "male", "1")),
        _part("civil_affairs/marriage_register", "HYDJZH", _spouse(certificates, "NV", "female", "2")),
        _part("human_resources/social_insurance", "grsbh", _insured(first_insurance_rows(writer, DAY))),
    ]
    records = pa.concat_tables(parts)
    keys = pc.binary_join_element_wise(pa.scalar(f"{number:05d}"), records["record_key"], ".")
    persons = pc.add(records["person"], number * 2 * TOWN)
    records = records.set_column(1, "record_key", keys).set_column(records.num_columns - 1, "person", persons)
    return records.take(np.argsort(persons.to_numpy(), kind="stable")).combine_chunks()


def _open_offices(number: int, streams: Streams) -> Writer:
    country, noise = load_country(), load_noise("typical")
    prefectures = _prefectures()
    prefecture = prefectures[number // TOWNS_A_PREFECTURE % len(prefectures)]
    society = country.society.model_copy(update={"home_province": prefecture[:2], "home_prefecture": prefecture})
    population = populate(TOWN, DAY, society, noise.citizen_id, streams, load_counties(society, Streams(int(prefecture))))
    foreign_spouses(population, society, streams)
    return Writer(population, found_firms(population, DAY, country.economy, streams), society, noise, streams)


@cache
def _prefectures() -> tuple[str, ...]:
    """Prefectures of today (first four digits of GB/T 2260) with counties enough, that of the synthetic country first."""
    last = max(region.until for region in read_history())
    found, sizes = np.unique([region.code[:4] for region in read_history() if region.until == last], return_counts=True)
    home = load_country().society.home_prefecture
    return tuple(sorted(found[sizes >= LEAST_COUNTIES].tolist(), key=lambda prefecture: (prefecture != home, prefecture)))


def _registered(rows: Columns, number: int) -> Columns:
    return {
        **rows,
        "person_name": rows["XM"],
        "former_name": rows["CYM"],
        "sex_code": rows["XB"],
        "ethnic_group_code": rows["MZ"],
        "region_code": rows["HKQH"],
        "registered_address": rows["HKDZ"],
        "household_number": texts([f"{number:05d}{household}" for household in rows["HH"]]),
        "head_relation_code": rows["YHZGX"],
        "marital_status_code": rows["HYZK"],
        "education_code": rows["WHCD"],
        "cancellation_code": rows["ZXBZ"],
        "updated_on": [f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}" for stamp in rows["GXSJ"]],
        **_numbers(rows["GMSFHM"]),
        **_births(rows["CSRQ"]),
    }


def _resident(rows: Columns) -> Columns:
    return {
        **rows,
        "person_name": rows["person.name"],
        "sex_code": rows["person.sex"],
        "phones": [json.loads(phones) if phones else None for phones in rows["contacts[].phone"]],
        "current_address": rows["residence.address"],
        "region_code": rows["residence.origin"],
        "updated_on": rows["residence.registered_at"],
        **_numbers(rows["person.id"]),
        **_births(rows["person.birth"]),
    }


def _spouse(rows: Columns, side: str, role: str, sex: str) -> Columns:
    return {
        "HYDJZH": texts([f"{key}#{role}" for key in rows["HYDJZH"]]),
        "_person": rows[f"_{role}"],
        "person_name": rows[f"{side}_XM"],
        "sex_code": texts([sex] * len(rows["HYDJZH"])),
        "nationality_code": rows[f"{side}_GJ"],
        "updated_on": rows["DJRQ"],
        **_numbers(rows[f"{side}_SFZH"]),
        **_births(rows[f"{side}_CSRQ"]),
    }


def _insured(rows: Columns) -> Columns:
    return {
        **rows,
        "person_name": rows["xm"],
        "phones": [[phone] if phone else None for phone in rows["lxdh"]],
        "updated_on": [stamp[:10] for stamp in rows["updated_at"]],
        **_numbers(rows["sfzh"]),
    }


def _part(dataset: str, key: str, columns: Columns) -> pa.Table:
    """A register's rows as records: texts in NFKC, empty ones null, columns that the register lacks null."""
    rows = len(columns[key])
    own: dict[str, Any] = {"dataset": texts([dataset] * rows), "record_key": columns[key], "person": columns["_person"]}
    return pa.table([_column(own.get(field.name, columns.get(field.name)), field.type, rows) for field in schema()], schema())


def _column(values: Any, kind: pa.DataType, rows: int) -> pa.Array:
    if values is None:
        return pa.nulls(rows, kind)
    if pa.types.is_list(kind) or np.asarray(values).dtype.kind in "iM":
        return pa.array(values, kind)
    column = pc.utf8_normalize(pa.array(values, pa.string()), form="NFKC")
    return pc.if_else(pc.equal(column, ""), None, column).cast(kind)


def _numbers(delivered: Texts) -> Columns:
    """Citizen IDs as silver keeps them: upper case, 15 digits made 18, and their class."""
    numbers = texts([number.upper() for number in delivered])
    is_short = np.array([len(number) == 15 for number in numbers], bool)
    numbers[is_short] = with_check(texts([f"{number[:6]}19{number[6:]}" for number in numbers[is_short]]))
    classes = np.where(are_valid(numbers), np.where(is_short, "upgraded_15", "valid"), "wrong_check_digit")
    return {"citizen_id": numbers, "citizen_id_class": np.where(numbers == "", "", classes).astype(object)}


def _births(delivered: Texts) -> Columns:
    """Dates of ``yyyymmdd`` or ``yyyy-mm-dd``, null where there is no such date; the year of all."""
    digits = np.array([f"{birth.replace('-', ''):0<8}" for birth in delivered], "S8").view(np.uint8).reshape(-1, 8) - ord("0")
    year, month, day = (digits[:, part] @ 10 ** np.arange(len(digits[0, part]))[::-1] for part in _DATE_PARTS)
    months = ((year - 1970) * 12 + np.clip(month, 1, 12) - 1).astype("datetime64[M]")
    dates = months.astype("datetime64[D]") + (day - 1)
    _, real_month, real_day = parts_of(dates)
    is_real = (real_month == month) & (real_day == day)
    return {"birth_date": np.where(is_real, dates, np.datetime64("NaT")), "birth_year": year}


_DATE_PARTS = (slice(0, 4), slice(4, 6), slice(6, 8))


if __name__ == "__main__":
    main()
