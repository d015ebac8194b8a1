"""XLSX: one sheet, its columns called by their titles; an empty cell is null, a row without any cell is none.

With several header rows a column is called by its titles from above to below, joined by ``/``; merged cells are filled, and a
title that goes on below itself is said once. A row with a cell under no title is kept unsplit, as a JSON list of its cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import pyarrow as pa

from jobs.io.landing import AGAIN, DeliveryRefusedError
from jobs.io.readers.columns import column_order
from jobs.io.readers.excel_book import Cells, open_book
from jobs.io.readers.fields import Field, delivered_fields, row_of_cells
from jobs.io.readers.rows import RowCollector, UnexpectedShapeError, row_schema
from jobs.io.readers.tree import list_text
from schemas.contract import Contract
from schemas.delivery_format import DeliveryFormat


def read_excel(path: Path, contract: Contract, layout: DeliveryFormat, mode: str) -> Iterator[pa.RecordBatch]:
    """Rows of a sheet; see `jobs.io.readers`. Raises DeliveryRefusedError if it is none, or its titles are not the contract's."""
    fields = delivered_fields(contract, layout, mode)
    rows = RowCollector(row_schema(contract))
    header: list[Cells] = []
    places: Places | None = None
    with open_book(path) as book:
        for number, cells in book.rows(layout.sheet):
            if number <= layout.header_rows:
                header.append(cells)
                continue
            places = places or Places(path.name, contract, header, fields)
            if cells:
                _add(rows, cells, places, fields, layout)
            if rows.is_full:
                yield from rows.take()
        if places is None:
            Places(path.name, contract, header, fields)
    yield from rows.take()


class Places:
    """Where each field stands in a sheet, and which places have a title. Raises DeliveryRefusedError if a column is wrong."""

    def __init__(self, file: str, contract: Contract, header: Sequence[Cells], fields: Sequence[Field]) -> None:
        titles = titles_of(header)
        if not titles:
            raise DeliveryRefusedError("empty_file", f"{file}: the sheet has no titles. {AGAIN}")
        self.titled = frozenset(titles)
        places = list(titles)
        order = column_order(file, contract, list(titles.values()), [field.name for field in fields])
        self.order = [places[index] for index in order]


def titles_of(header: Sequence[Cells]) -> dict[int, str]:
    """What each column is called, by its place."""
    titles = {}
    for place in sorted({place for cells in header for place in cells}):
        steps = [cells[place].strip() for cells in header if place in cells]
        titles[place] = "/".join(title for title, _ in groupby(steps))
    return titles


def _add(rows: RowCollector, cells: Cells, places: Places, fields: Sequence[Field], layout: DeliveryFormat) -> None:
    try:
        if not cells.keys() <= places.titled:
            raise UnexpectedShapeError("a cell under no title")
        rows.add(row_of_cells([cells.get(place) for place in places.order], fields, layout))
    except UnexpectedShapeError:
        rows.add_unsplit(list_text([cells.get(place) for place in range(max(cells) + 1)]))
