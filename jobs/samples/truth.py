"""The hidden truth: which records belong to one entity, and which of them can be linked by what was delivered."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.samples.citizen_ids import are_valid, with_check
from jobs.samples.register import Register
from jobs.samples.registers.kinds import KINDS
from jobs.samples.registers.named import NOBODY, POPULATION, Named
from jobs.samples.streams import Numbers, Texts, texts
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


LINKABLE = """
with agreeing as (
    select a.record_key, a.dataset, a.entity_id
    from record a join record b
      on a.entity_id = b.entity_id
     and (a.dataset, a.record_key, a.first_business_date) <> (b.dataset, b.record_key, b.first_business_date)
     and (b.last_business_date is null or a.last_business_date is not null)
    where coalesce(a.number = b.number, false)
       or coalesce(cast(a.name = b.name as int), 0) + coalesce(cast(a.birth = b.birth as int), 0)
        + coalesce(cast(list_has_any(a.phones, b.phones) as int), 0) + coalesce(cast(a.address = b.address as int), 0) >= 2
)
select dataset, record_key, entity_id, first_business_date, last_business_date,
       (dataset, record_key, entity_id) in (select (dataset, record_key, entity_id) from agreeing) as linkable
from record order by dataset, record_key, first_business_date
"""
"""A record can be linked if a valid number agrees with another record of the person, or two of name, birth date, phone, address do.

The other record must be there as long as this one. Null (absent, invalid, partial) agrees with nothing.
"""


@dataclass(frozen=True)
class Master:
    """What a truth is about: the master's name, how its entities are called, and what its valid numbers are (empty: invalid)."""

    name: str
    prefix: str
    normalise_numbers: Callable[[Texts], Texts]


def write_truth(world: World, folder: Path, master: Master) -> pa.Table:
    """Write ``<master>.parquet``: a row for each record ever delivered, by dataset, record key and first date."""
    truth = truth_of(world, master)
    folder.mkdir(parents=True, exist_ok=True)
    path, part = folder / f"{master.name}.parquet", folder / f".{master.name}.parquet.part"
    pq.write_table(truth, part, compression="zstd", version="2.6", row_group_size=1_000_000, store_schema=False)
    part.replace(path)
    return truth


def truth_of(world: World, master: Master) -> pa.Table:
    """The truth of a master, computed from the rows as they stand last."""
    records = pa.concat_tables(
        [
            _records(register, named, master)
            for dataset, kind in KINDS.items()
            for register in (world.registers[dataset], world.registers[dataset].former)
            if register is not None
            for named in kind.named
            if named.master == master.name
        ]
    )
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.register("record", records)
        return connection.execute(LINKABLE).to_arrow_table().cast(SCHEMA)


def _records(register: Register, named: Named, master: Master) -> pa.Table:
    rows, entities, items = _places(register, named)
    count = len(rows)

    def values(column: str | None) -> Texts:
        if column is None:
            return texts([""] * count)
        delivered = register.rows[column][rows]
        return _items(delivered, items) if named.is_repeated else delivered

    phones = [phone_numbers(phone) for phone in values(named.phone)]

    return pa.table(
        {
            "dataset": pa.array([register.dataset] * count, pa.string()),
            "record_key": pa.array((register.rows[named.key][rows] + _suffixes(named, items)).tolist(), pa.string()),
            "entity_id": pa.array([f"{master.prefix}{entity:09d}" for entity in entities.tolist()], pa.string()),
            "first_business_date": pa.array(register.first[rows].tolist(), pa.date32()),
            "last_business_date": pa.array(register.last[rows].tolist(), pa.date32()),
            "number": _or_null(master.normalise_numbers(values(named.number))),
            "name": _or_null([normalise_name(name) for name in values(named.name)]),
            "birth": _or_null([normalise_birth(birth) for birth in values(named.birth)]),
            "phones": pa.array(phones, pa.list_(pa.string())),
            "address": _or_null([normalise_address(address) for address in values(named.address)]),
        }
    )


def _places(register: Register, named: Named) -> tuple[Numbers, Numbers, Numbers]:
    """For each record: the row that has it, the entity it names, and its place in the row's list, from 0."""
    entities = register.rows[named.entity]
    rows = np.arange(len(register))
    items = np.zeros(len(register), dtype=np.int64)
    if named.is_repeated and len(register):
        lengths = np.array([len(several) for several in entities], dtype=np.int64)
        rows = np.repeat(rows, lengths)
        items = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        entities = np.concatenate(entities.tolist())
    is_named = entities != NOBODY
    return rows[is_named], entities[is_named], items[is_named]


def _items(lists: Texts, items: Numbers) -> Texts:
    return texts([json.loads(written)[item] or "" for written, item in zip(lists, items.tolist(), strict=True)])


def _suffixes(named: Named, items: Numbers) -> Texts:
    if named.is_repeated:
        return texts([f"#{named.role}-{item + 1}" for item in items.tolist()])
    return texts([f"#{named.role}" if named.role else ""] * len(items))


def normalise_numbers(numbers: Texts) -> Texts:
    """Valid citizen IDs of 18 characters, upper case, 15 digits brought to 18; empty where there is no valid one."""
    upper = texts([normalise_text(number).upper() for number in numbers])
    short = np.array([re.fullmatch(r"[0-9]{15}", number) is not None for number in upper], dtype=bool)
    upper[short] = with_check(texts([f"{number[:6]}19{number[6:]}" for number in upper[short]]))
    return texts(np.where(are_valid(upper), upper, ""))


def normalise_text(text: str) -> str:
    """NFKC, without spaces around."""
    return unicodedata.normalize("NFKC", text).strip()


def normalise_name(text: str) -> str:
    """As text; empty for a masked name."""
    return "" if "*" in text else normalise_text(text)


def phone_numbers(text: str) -> list[str]:
    """The phones of a column of one phone, or of a list of them (JSON text)."""
    if text.startswith("["):
        return [phone for phone in json.loads(text) if phone]
    return [text] if text else []


def normalise_birth(text: str) -> str:
    """Eight digits; empty for a partial date."""
    digits = text.replace("-", "")
    return digits if len(digits) == 8 else ""


def normalise_address(text: str) -> str:
    """NFKC, without spaces and punctuation."""
    return re.sub(r"[\s,.，。、()#-]", "", unicodedata.normalize("NFKC", text))


def _or_null(values: Sequence[str] | Texts) -> pa.Array:
    return pa.array([value or None for value in values], pa.string())


PEOPLE = Master(POPULATION, "P", normalise_numbers)
