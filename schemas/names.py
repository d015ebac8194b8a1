"""The one place where table names, paths and identifiers of deliveries and runs are composed.

Every dataset has one name, ``<group>/<table>`` (``public_security/household_register``), and is found
under it in every room; a table is ``<layer>.<group>__<table>`` and lies at ``<root>/<layer>/<group>__<table>``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from schemas.errors import UsageError

_PART = re.compile(r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")


class InvalidNameError(UsageError):
    """A name that does not follow the grammar of this module; the message says which and shows the form."""


class Layer(StrEnum):
    """The layers of the lake, in the order in which data passes through them."""

    BRONZE = "bronze"
    SILVER = "silver"
    QUARANTINE = "quarantine"
    LINKED = "linked"
    GOLD = "gold"
    SHARE = "share"
    OPEN = "open"
    CONTROL = "control"


@dataclass(frozen=True, order=True)
class DatasetName:
    """A dataset's one name: ``group`` is a department, master, agency or system; ``table`` what it holds."""

    group: str
    table: str

    def __post_init__(self) -> None:
        for part in (self.group, self.table):
            if not _PART.match(part):
                raise InvalidNameError(f"{part!r} is not a name: lower-case snake_case, e.g. public_security/household_register")

    @classmethod
    def parse(cls, text: str) -> DatasetName:
        """Read ``group/table``. Raises InvalidNameError on any other form."""
        group, slash, table = text.partition("/")
        if not slash or "/" in table:
            raise InvalidNameError(
                f"{text!r} is not a dataset: write <department>/<dataset>, e.g. public_security/household_register"
            )
        return cls(group, table)

    def __str__(self) -> str:
        return f"{self.group}/{self.table}"

    def in_layer(self, layer: Layer) -> TableName:
        """The table that holds this dataset in a layer."""
        return TableName(layer, f"{self.group}__{self.table}")


@dataclass(frozen=True, order=True)
class TableName:
    """A table's name, ``layer.table``; ``table`` is ``group__dataset``, or one word in the control layer."""

    layer: Layer
    table: str

    @classmethod
    def parse(cls, text: str) -> TableName:
        """Read ``layer.table``. Raises InvalidNameError on an unknown layer or a malformed table."""
        layer, dot, table = text.partition(".")
        if not dot or layer not in set(Layer) or not all(_PART.match(part) for part in table.split("__")):
            raise InvalidNameError(f"{text!r} is not a table: write <layer>.<group>__<dataset>, e.g. gold.population__person")
        return cls(Layer(layer), table)

    def __str__(self) -> str:
        return f"{self.layer}.{self.table}"

    @property
    def dataset(self) -> DatasetName:
        """The dataset this table belongs to. Raises InvalidNameError for a control table, which has none."""
        group, _, table = self.table.partition("__")
        return DatasetName(group, table)

    def path(self, root: str) -> str:
        """Where the table lies below the lake's root (a folder or an object-store address)."""
        return f"{root.rstrip('/')}/{self.layer}/{self.table}"


def control_table(name: str) -> TableName:
    """The table of the control layer called ``name`` (deliveries, runs, gates, releases, …)."""
    return TableName(Layer.CONTROL, name)


def linked_table(master: str, name: str) -> TableName:
    """A table of a master's linkage state, e.g. ``linked.population__crosswalk``."""
    return DatasetName(master, name).in_layer(Layer.LINKED)


def gold_table(master: str, name: str) -> TableName:
    """A table of master data, e.g. ``gold.population__person``."""
    return DatasetName(master, name).in_layer(Layer.GOLD)


@dataclass(frozen=True, order=True)
class DeliveryId:
    """One delivery: ``<dataset>/<business date>/<sequence>``; sequence 0 stands for one that never came."""

    dataset: DatasetName
    business_date: date
    sequence: int

    @classmethod
    def parse(cls, text: str) -> DeliveryId:
        """Read ``group/table/yyyy-mm-dd/n``. Raises InvalidNameError on any other form."""
        parts = text.split("/")
        try:
            group, table, day, sequence = parts
            return cls(DatasetName(group, table), date.fromisoformat(day), int(sequence))
        except ValueError as error:
            raise InvalidNameError(f"{text!r} is not a delivery: write <dataset>/<yyyy-mm-dd>/<n> ({error})") from error

    def __str__(self) -> str:
        return f"{self.dataset}/{self.business_date.isoformat()}/{self.sequence}"


def run_id(business_date: date, attempt: int) -> str:
    """The name of the ``attempt``-th run (from 1) of a night, e.g. ``night/2026-03-02/1``."""
    return f"night/{business_date.isoformat()}/{attempt}"


def release_id(business_date: date, number: int) -> str:
    """The name of the ``number``-th release (from 1) of a business date, e.g. ``2026-03-02/1``."""
    return f"{business_date.isoformat()}/{number}"
