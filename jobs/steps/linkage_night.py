"""One master on one night, as all parts of the link step see it: what it starts from, and how it reads and writes its tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from jobs.io.delta import handed_over, read_among, read_table, table_exists
from jobs.io.frames import frame_of
from jobs.io.run_context import RunContext
from jobs.io.state import LinkageState
from jobs.linkage.block import HASH_PAIR
from jobs.linkage.model import Model
from jobs.linkage.standardise import RECORD_HASH
from jobs.linkage.tables import edges_contract, records_contract
from jobs.steps.digest import digest_of
from jobs.steps.linkage_state import DECISIONS, state_version
from schemas.contract import Contract
from schemas.names import DatasetName, Layer, linked_table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

ARROW_TYPES = {"string": pa.string(), "date": pa.date32(), "number": pa.float64(), "integer": pa.int64(), "boolean": pa.bool_()}
"""Arrow types of what the driver writes, by the contract's logical type."""


HELD_ROWS = 1_000_000
"""More rows than these go to Spark through a table, and one table after the other: of rows given directly its heap holds a copy
that it may not spill."""

BATCH_ROWS = 100_000
"""Rows that are made into Arrow at a time on their way there."""


@dataclass(frozen=True)
class LinkageNight:
    """Where a master's records come from tonight, the model that links them, and the state it starts from (None: the first).

    ``silver`` and ``decisions``: versions of the tables of records and of `DECISIONS` (None: nobody ever decided). What comes to
    them while the night runs belongs to the next.
    """

    spark: SparkSession
    ctx: RunContext
    master: str
    model: Model
    silver: dict[str, int]
    decisions: int | None
    base: LinkageState | None

    @property
    def is_new_model(self) -> bool:
        """Whether the state that the night starts from was made by another model."""
        return self.base is not None and self.base.model_digest != self.model.digest

    @property
    def input_digest(self) -> str:
        """What the linkage state depends on, as one SHA-256."""
        return digest_of([self.silver, self.model.digest, self.ctx.business_date.isoformat(), self.decisions])

    def contract(self, name: str) -> Contract:
        """The contract of a linked table, with the columns that the model adds."""
        base = self.ctx.catalog.by_dataset[DatasetName(Layer.LINKED, name)]
        match name:
            case "records":
                return records_contract(base, self.model)
            case "edges":
                return edges_contract(base, self.model)
            case _:
                return base

    def write(self, name: str, rows: DataFrame, retracted: DataFrame | None = None, *, are_new: bool = True) -> DataFrame:
        """Promote rows in the contract's write mode, take out what ``retracted`` names; the table as it then is.

        ``are_new``: none of the rows has a key that the table has, but those retracted, which any columns may name; else keys do.
        Raises PromotionStoppedError.
        """
        return self._promote(name, rows, retracted, are_new=are_new)

    def write_whole(self, name: str, rows: DataFrame) -> DataFrame:
        """Promote rows that are all the table shall hold, and return it. Raises PromotionStoppedError."""
        return self._promote(name, rows, are_all=True)

    def _promote(
        self, name: str, rows: DataFrame, retracted: DataFrame | None = None, *, are_new: bool = False, are_all: bool = False
    ) -> DataFrame:
        from jobs.steps.promote import promote

        table = linked_table(self.master, name)
        promote(rows, self.contract(name), table, self.ctx, retracted=retracted, are_new=are_new, are_all=are_all)
        return self.table(name)

    @contextmanager
    def local_rows(self, name: str, rows: pd.DataFrame) -> Iterator[DataFrame]:
        """Rows that the driver holds, as rows of a linked table while the context lasts: columns and types are the contract's."""
        columns = self.contract(name).columns
        schema = pa.schema([(column.name, ARROW_TYPES[column.logical_type]) for column in columns])
        with self._given(name, _batches(rows, schema), len(rows)) as given:
            yield given

    @contextmanager
    def given(self, name: str, rows: pa.Table) -> Iterator[DataFrame]:
        """Rows that the driver holds in Arrow, while the context lasts; ``name``: where they lie if they are many."""
        with self._given(name, rows.to_reader(BATCH_ROWS), len(rows)) as given:
            yield given

    @contextmanager
    def _given(self, name: str, batches: pa.RecordBatchReader, count: int) -> Iterator[DataFrame]:
        if count <= HELD_ROWS:
            yield frame_of(self.spark, batches.read_all())
            return
        path = f"{self.ctx.settings.root}/.handed_over/{self.master}__{name}"
        with handed_over(path, batches) as written:
            yield self.spark.read.format("delta").load(written).hint("rebalance")

    def local_keys(self, name: str, rows: pd.DataFrame) -> DataFrame:
        """The keys, by contract, of rows that the driver holds."""
        columns = [column for column in self.contract(name).columns if column.is_key]
        return self._frame(rows, pa.schema([(column.name, ARROW_TYPES[column.logical_type]) for column in columns]))

    def hashes(self, hashes: npt.NDArray[np.int64]) -> DataFrame:
        """Record hashes that the driver holds: ``record_hash``."""
        return self._frame(pd.DataFrame({RECORD_HASH: hashes}), pa.schema([(RECORD_HASH, pa.int64())]))

    def pairs(self, pairs: pd.DataFrame) -> DataFrame:
        """Pairs of records that the driver holds: `HASH_PAIR`."""
        return self._frame(pairs, pa.schema([(side, pa.int64()) for side in HASH_PAIR]))

    def _frame(self, rows: pd.DataFrame, schema: pa.Schema) -> DataFrame:
        return frame_of(self.spark, pa.Table.from_pandas(rows, schema=schema, preserve_index=False))

    def read(self, name: str) -> DataFrame | None:
        """A linked table as it is now; None if it was never written."""
        return self.table(name) if table_exists(self.path(name)) else None

    def read_rows(self, name: str, columns: Sequence[str], where: str = "true") -> pa.Table:
        """Rows of a linked table as it is now; the driver reads them itself: by way of Spark each costs several times as much."""
        return read_table(self.path(name), ", ".join(columns), where)

    def read_among(self, name: str, columns: Sequence[str], few: pd.DataFrame, where: str = "true") -> pd.DataFrame:
        """Rows of a linked table as it is now that agree with one of a few in the columns of those; read as by `read_rows`."""
        named = [column for column in self.contract(name).columns if column.name in few.columns]
        schema = pa.schema([(column.name, ARROW_TYPES[column.logical_type]) for column in named])
        sought = pa.Table.from_pandas(few, schema=schema, preserve_index=False)
        return read_among(self.path(name), ", ".join(columns), sought, where).to_pandas()

    def table(self, name: str) -> DataFrame:
        """A linked table that was written, as it is now."""
        return self.spark.read.format("delta").load(self.path(name))

    def read_before(self, name: str) -> DataFrame:
        """A linked table as the state has it that the night starts from; it must be there."""
        return self._at_version(name, state_version(self.base, self.master, name))

    def read_decisions(self) -> DataFrame | None:
        """What stewards had decided when the night began; None if nobody ever did."""
        return None if self.decisions is None else self._at_version(DECISIONS, self.decisions)

    def _at_version(self, name: str, version: int | None) -> DataFrame:
        return self.spark.read.format("delta").option("versionAsOf", version).load(self.path(name))

    def path(self, name: str) -> str:
        """Where a linked table of the master lies."""
        return self.ctx.path(linked_table(self.master, name))


def _batches(rows: pd.DataFrame, schema: pa.Schema) -> pa.RecordBatchReader:
    """Rows in Arrow, some at a time."""
    parts = (rows.iloc[start : start + BATCH_ROWS] for start in range(0, len(rows), BATCH_ROWS))
    made = (pa.RecordBatch.from_pandas(part, schema=schema, preserve_index=False) for part in parts)
    return pa.RecordBatchReader.from_batches(schema, made)


def local(rows: DataFrame) -> pd.DataFrame:
    """Rows on the driver; dates are Python dates."""
    return rows.toArrow().to_pandas()


def local_hashes(rows: DataFrame) -> tuple[npt.NDArray[np.int64], ...]:
    """Columns of 64-bit hashes on the driver, in the order of the frame."""
    found = rows.toArrow()
    return tuple(column.to_numpy().astype(np.int64, copy=False) for column in found.columns)
