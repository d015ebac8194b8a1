"""What the peers of benchmarks.silver share: which delivery, what they say of it, and how delta-rs writes their tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pyarrow as pa
from deltalake import DeltaTable, WriterProperties, write_deltalake

from schemas.contract import Contract
from schemas.names import DeliveryId
from schemas.silver import silver_columns

NAMES = ("person_name", "former_name")
QUARANTINED = ("_delivery_id", "_file", "_row_number", "check_codes", "raw_row")
ZSTD = WriterProperties(compression="ZSTD")
"""What Spark is told to write too (conf/base.yaml)."""


@dataclass(frozen=True)
class Delivery:
    """One delivery of a household register: where its bronze lies, and the silver table that it goes to."""

    contract: Contract
    id: DeliveryId
    bronze: str
    silver: str

    @property
    def day(self) -> date:
        """Its business date."""
        return self.id.business_date

    @property
    def key(self) -> str:
        """The one key of the register."""
        (key,) = self.contract.keys
        return key

    @property
    def quarantine(self) -> str:
        """Where rows go that do not pass."""
        return f"{self.silver}_quarantine"

    @property
    def columns(self) -> list[str]:
        """Columns of the silver table, in order, without the two that say when a version held."""
        return [name for name, _ in silver_columns(self.contract) if name not in ("_valid_from", "_valid_to")]

    def is_first(self) -> bool:
        """Whether there is no silver table yet."""
        return not DeltaTable.is_deltatable(self.silver)


def append(path: str, rows: pa.Table) -> None:
    write_deltalake(path, rows, mode="append", writer_properties=ZSTD)


def merge(delivery: Delivery, changes: pa.Table) -> None:
    """Closed versions take the place of the open ones, new ones are added, in one commit."""
    same = f"t.{delivery.key} = s.{delivery.key} and t._valid_from = s._valid_from"
    merger = DeltaTable(delivery.silver).merge(changes, same, "s", "t", writer_properties=ZSTD)
    merger.when_matched_update_all().when_not_matched_insert_all().execute()
