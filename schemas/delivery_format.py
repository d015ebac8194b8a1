"""How a department's rows arrive: the form of its files, the table they are pulled from, the group they are repeated in."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from schemas.odcs import StrictModel

FileType = Literal["csv", "fixed_width", "jsonl", "json", "geojson", "xml", "xlsx", "parquet"]


class ControlTotal(StrictModel):
    """A figure of the trailer line that must agree with the file: the number of rows, or the sum of a column."""

    of: str
    """``rows``, or the physical name of a column of numbers."""


class Trailer(StrictModel):
    """The last line of a text file: it begins with ``mark``; behind it stand the totals, each behind a delimiter."""

    mark: str
    totals: tuple[ControlTotal, ...]


class DeliveryFormat(StrictModel):
    """How a department writes its files. ``encoding`` is a Python codec name; columns are found by ``physicalName``.

    A physical name that ends in ``[]`` or goes on behind it (``QLR[]``, ``members[].name``) is a list: bronze holds it as JSON
    text, one item an item of the group, null where an item lacks the value; lists of one group have the same length.
    """

    type: FileType
    encoding: str = "utf-8"
    """Text formats only; XML says it itself, and must say the same."""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    operation_field: str = "op"
    """The delivered field that says I, U or D in a delta."""
    has_header: bool = True
    """Delimited text: whether the first line names the columns; else they stand in the order of the contract, the operation last.
    Fixed-width text has no header."""
    trailer: Trailer | None = None
    item_separator: str = "、"
    """Delimited text: what stands between the items of a list."""
    value_separator: str = "^"
    """Delimited text: what stands between the values of one item, in the order of the contract."""
    record_path: str | None = None
    """XML: the element that is one row, as a path from the root with prefixes of ``namespaces``. JSON: the path of the array, its
    steps between dots; without one the document is the array."""
    namespaces: dict[str, str] = Field(default_factory=dict)
    header_rows: int = Field(default=1, ge=1, le=3)
    """XLSX: rows of the header; a column is called by its titles from above to below, joined by ``/``, merged cells filled;
    a title that goes on below itself is said once."""
    sheet: str | None = None
    """XLSX: the sheet; the first, if none is named."""

    @model_validator(mode="after")
    def _check_it_can_be_read(self) -> DeliveryFormat:
        if self.trailer is not None and self.type not in ("csv", "fixed_width"):
            raise ValueError(f"{self.type} has no trailer, only csv and fixed_width have")
        if self.type == "xml" and not self.record_path:
            raise ValueError("xml needs record_path, the path of the element that is one row")
        return self


class Pull(StrictModel):
    """A table that is pulled from a department's database by watermark, and then lands as a Parquet delivery."""

    database: str
    """The name of the connection: its address is the setting ``databases.<name>``, its password comes from the environment."""
    table: str
    watermark: str
    """The physical name of the column that says when a row was last written."""
    overlap_minutes: int = Field(default=60, ge=0)
    """How far a pull reaches back behind the last watermark, for rows that were written late."""
    deletion_mark: str | None = None
    """The column of the table, not of the contract, that is filled in a deleted row (null, empty, 0 and false: the row stands).
    Such a row is pulled as an operation D; a table without a mark shows its deletions in a full only."""


class RepeatedGroup(StrictModel):
    """The rows of this dataset are the items of a repeated group in the rows of another.

    A column's physical name is the name of a column of that dataset: a key of it, or a list of the group, of which each row has
    one item. The key of the item is the key of its row and ``position_column``, its place in the group, from 1.
    """

    of: str
    position_column: str
