"""The hidden truth: which records belong to one entity, and which of them can be linked by what was delivered."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.samples.citizen_ids import are_valid, with_check
from jobs.samples.entity_numbers import entity_keys
from jobs.samples.register import Earlier, Register
from jobs.samples.registers.birth_certificate import UNNAMED
from jobs.samples.registers.kinds import KINDS
from jobs.samples.registers.named import LEGAL_ENTITY, NOBODY, POPULATION, Named
from jobs.samples.streams import Numbers, Texts, texts
from jobs.samples.table import Column
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
    select a.dataset, a.record_key, a.entity_id
    from record a join record b
      on a.entity_id = b.entity_id and (a.dataset, a.record_key) <> (b.dataset, b.record_key)
     and (b.last_business_date is null or a.last_business_date is not null)
    where list_has_any(a.numbers, b.numbers)
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

    def entity_ids(self, places: Numbers) -> list[str]:
        """The truth's names of the entities at ``places``."""
        return [f"{self.prefix}{place:09d}" for place in places.tolist()]


def write_truth(world: World, folder: Path, master: Master) -> pa.Table:
    """Write ``<master>.parquet``: a row for each record that was ever delivered, in the order of dataset and record key.

    A record that came to name another entity (a new representative) has a row for each, with the days on which it did.
    """
    truth = truth_of(world, master)
    write_table(truth, folder, master.name)
    return truth


def write_table(truth: pa.Table, folder: Path, name: str) -> None:
    """Put ``<name>.parquet`` in place as a whole."""
    folder.mkdir(parents=True, exist_ok=True)
    path, part = folder / f"{name}.parquet", folder / f".{name}.parquet.part"
    pq.write_table(truth, part, compression="zstd", version="2.6", row_group_size=1_000_000, store_schema=False)
    part.replace(path)


def truth_of(world: World, master: Master) -> pa.Table:
    """The truth of a master, computed from the rows as they stand last."""
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.register("record", records_of(world, master))
        return connection.execute(LINKABLE).to_arrow_table().cast(SCHEMA)


def records_of(world: World, master: Master) -> pa.Table:
    """Every record of the master that was ever delivered, with its delivered values as the truth compares them (null: no value)."""
    return pa.concat_tables(
        [
            _records(dataset, rows, named, master)
            for dataset, kind in KINDS.items()
            for named in kind.named
            if named.master == master.name
            for rows in _versions(world.registers[dataset], named)
        ]
    )


def _versions(register: Register, named: Named) -> list[Earlier]:
    """The rows as they are, and as they were while they named others."""
    present = Earlier(register.rows.columns, register.since.get(named.entity, register.first), register.last)
    return [present, *register.earlier.get(named.entity, [])]


def _records(dataset: str, version: Earlier, named: Named, master: Master) -> pa.Table:
    rows, entities, items = _places(version.rows, named)
    count = len(rows)

    def values(column: str | None) -> Texts:
        if column is None:
            return texts([""] * count)
        delivered = version.rows[column][rows]
        return _items(delivered, items) if named.is_repeated else delivered

    phones = [phone_numbers(phone) for phone in values(named.phone)]
    numbers = [master.normalise_numbers(values(column)) for column in (named.number, *named.other_numbers)]
    return pa.table(
        {
            "dataset": pa.array([dataset] * count, pa.string()),
            "record_key": pa.array((version.rows[named.key][rows] + _suffixes(named, items)).tolist(), pa.string()),
            "entity_id": pa.array(master.entity_ids(entities), pa.string()),
            "first_business_date": pa.array(version.first[rows].tolist(), pa.date32()),
            "last_business_date": pa.array(version.last[rows].tolist(), pa.date32()),
            "numbers": pa.array([sorted({n for n in row if n}) for row in zip(*numbers, strict=True)], pa.list_(pa.string())),
            "name": _or_null([normalise_name(name) for name in values(named.name)]),
            "birth": _or_null([normalise_birth(birth) for birth in values(named.birth)]),
            "phones": pa.array(phones, pa.list_(pa.string())),
            "address": _or_null([normalise_address(address) for address in values(named.address)]),
        }
    )


def _places(register: Mapping[str, Column], named: Named) -> tuple[Numbers, Numbers, Numbers]:
    """For each record: the row that has it, the entity it names, and its place in the row's list, from 0."""
    entities = register[named.entity]
    rows = np.arange(len(entities))
    items = np.zeros(len(entities), dtype=np.int64)
    if named.is_repeated and len(entities):
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
    """As text; empty for a masked name, and for a newborn that has none yet."""
    return "" if "*" in text or text == UNNAMED else normalise_text(text)


def phone_numbers(text: str) -> list[str]:
    """The phones of a column of one phone, or of a list of them (JSON text)."""
    if text.startswith("["):
        return [phone for phone in json.loads(text) if phone]
    return [text] if text else []


def normalise_birth(text: str) -> str:
    """Eight digits, of a time those of its day; empty for a partial date."""
    digits = text.partition("T")[0].replace("-", "")
    return digits if len(digits) == 8 else ""


def normalise_address(text: str) -> str:
    """NFKC, without spaces and punctuation."""
    return re.sub(r"[\s,.，。、()#-]", "", unicodedata.normalize("NFKC", text))


def _or_null(values: Sequence[str] | Texts) -> pa.Array:
    return pa.array([value or None for value in values], pa.string())


PEOPLE = Master(POPULATION, "P", normalise_numbers)
ENTITIES = Master(LEGAL_ENTITY, "E", entity_keys)
