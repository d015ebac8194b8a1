"""The hidden truth: which records belong to one person, and which of them can be linked by what was delivered."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.samples.citizen_ids import are_valid, with_check
from jobs.samples.streams import Texts, texts
from jobs.samples.world import World

SCHEMA = pa.schema(
    [
        pa.field("dataset", pa.string(), nullable=False),
        pa.field("record_key", pa.string(), nullable=False),
        pa.field("entity_id", pa.string(), nullable=False),
        pa.field("first_business_date", pa.date32(), nullable=False),
        pa.field("last_business_date", pa.date32()),
        pa.field("linkable", pa.bool_(), nullable=False),
    ]
)


@dataclass(frozen=True)
class NamedPerson:
    """Where a register names a person: the role, the column with the person, and the delivered columns of each attribute."""

    person: str
    key: str
    number: str
    name: str
    birth: str
    role: str | None = None
    phone: str | None = None
    address: str | None = None


HOUSEHOLD = NamedPerson("_person", "RYBH", "GMSFHM", "XM", "CSRQ", address="HKDZ")
RESIDENCE = NamedPerson(
    "_person", "djbh", "person.id", "person.name", "person.birth", phone="contacts[].phone", address="residence.address"
)
MALE = NamedPerson("_male", "HYDJZH", "NAN_SFZH", "NAN_XM", "NAN_CSRQ", role="male")
FEMALE = NamedPerson("_female", "HYDJZH", "NV_SFZH", "NV_XM", "NV_CSRQ", role="female")

LINKABLE = """
with agreeing as (
    select a.record_key, a.dataset
    from record a join record b
      on a.entity_id = b.entity_id and (a.dataset, a.record_key) <> (b.dataset, b.record_key)
     and (b.last_business_date is null or a.last_business_date is not null)
    where coalesce(a.number = b.number, false)
       or coalesce(cast(a.name = b.name as int), 0) + coalesce(cast(a.birth = b.birth as int), 0)
        + coalesce(cast(list_has_any(a.phones, b.phones) as int), 0) + coalesce(cast(a.address = b.address as int), 0) >= 2
)
select dataset, record_key, entity_id, first_business_date, last_business_date,
       (dataset, record_key) in (select (dataset, record_key) from agreeing) as linkable
from record order by dataset, record_key
"""
"""A record can be linked if a valid number agrees with another record of the person, or two of name, birth date, phone, address do.

The other record must be there as long as this one. Null (absent, invalid, partial) agrees with nothing.
"""


def write_truth(world: World, folder: Path) -> pa.Table:
    """Write ``population.parquet``: a row for each record that was ever delivered, in the order of dataset and record key."""
    truth = truth_of(world)
    folder.mkdir(parents=True, exist_ok=True)
    path, part = folder / "population.parquet", folder / ".population.parquet.part"
    pq.write_table(truth, part, compression="zstd", version="2.6", row_group_size=1_000_000, store_schema=False)
    part.replace(path)
    return truth


def truth_of(world: World) -> pa.Table:
    """The truth, computed from the rows as they stand last."""
    records = pa.concat_tables(
        [
            _records(world, 0, HOUSEHOLD),
            _records(world, 1, RESIDENCE),
            _records(world, 2, MALE),
            _records(world, 2, FEMALE),
        ]
    )
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.register("record", records)
        return connection.execute(LINKABLE).to_arrow_table().cast(SCHEMA)


def _records(world: World, register_number: int, named: NamedPerson) -> pa.Table:
    register = world.registers[register_number]
    rows = register.rows
    suffix = f"#{named.role}" if named.role else ""
    empty: Texts = texts([""] * len(rows))
    phones = rows[named.phone] if named.phone else empty
    return pa.table(
        {
            "dataset": pa.array([register.dataset] * len(rows), pa.string()),
            "record_key": pa.array((rows[named.key] + suffix).tolist(), pa.string()),
            "entity_id": pa.array([f"P{person:09d}" for person in rows[named.person]], pa.string()),
            "first_business_date": pa.array(register.first.tolist(), pa.date32()),
            "last_business_date": pa.array(register.last.tolist(), pa.date32()),
            "number": _or_null(normalise_numbers(rows[named.number])),
            "name": _or_null([normalise_text(name) for name in rows[named.name]]),
            "birth": _or_null([normalise_birth(birth) for birth in rows[named.birth]]),
            "phones": pa.array([phone.split(",") if phone else [] for phone in phones], pa.list_(pa.string())),
            "address": _or_null([normalise_address(a) for a in rows[named.address]] if named.address else empty),
        }
    )


def normalise_numbers(numbers: Texts) -> Texts:
    """Valid citizen IDs of 18 characters, upper case, 15 digits brought to 18; empty where there is no valid one."""
    upper = texts([normalise_text(number).upper() for number in numbers])
    short = np.array([re.fullmatch(r"[0-9]{15}", number) is not None for number in upper], dtype=bool)
    upper[short] = with_check(texts([f"{number[:6]}19{number[6:]}" for number in upper[short]]))
    return texts(np.where(are_valid(upper), upper, ""))


def normalise_text(text: str) -> str:
    """NFKC, without spaces around."""
    return unicodedata.normalize("NFKC", text).strip()


def normalise_birth(text: str) -> str:
    """Eight digits; empty for a partial date."""
    digits = text.replace("-", "")
    return digits if len(digits) == 8 else ""


def normalise_address(text: str) -> str:
    """NFKC, without spaces and punctuation."""
    return re.sub(r"[\s,.，。、()#-]", "", unicodedata.normalize("NFKC", text))


def _or_null(values: Sequence[str] | Texts) -> pa.Array:
    return pa.array([value or None for value in values], pa.string())
