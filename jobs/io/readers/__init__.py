"""Readers: one delivered file → record batches of text with their place in the file, a block at a time.

A batch has the contract's columns as text under our names and in contract order, then ``_op`` (null in a full),
``_row_number`` (data rows from 1, without header and blank lines) and ``_raw``: a row that could not be split into columns is
kept there as it came, its columns null, and never costs its neighbours. What is absent in JSON, XML, XLSX and Parquet is null;
delimited and fixed-width text cannot tell absent from empty, so there it is an empty text. A list is JSON text.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from jobs.io.readers.columnar import read_parquet
from jobs.io.readers.delimited import read_delimited
from jobs.io.readers.drift import Reader, read_keeping_unknown, unknown_columns
from jobs.io.readers.excel import read_excel
from jobs.io.readers.fixed_width import read_fixed_width
from jobs.io.readers.json_array import read_geojson, read_json_array
from jobs.io.readers.json_lines import read_json_lines
from jobs.io.readers.xml_records import read_xml
from schemas.contract import Contract
from schemas.delivery_format import FileType
from schemas.errors import UsageError

READERS: dict[FileType, Reader] = {
    "csv": read_delimited,
    "fixed_width": read_fixed_width,
    "jsonl": read_json_lines,
    "json": read_json_array,
    "geojson": read_geojson,
    "xml": read_xml,
    "xlsx": read_excel,
    "parquet": read_parquet,
}
"""Reader of each ``deliveryFormat.type``."""


def read_rows(path: Path, contract: Contract, mode: str) -> Iterator[pa.RecordBatch]:
    """The rows of one file of a delivery in ``mode``, in file order; memory is bounded by the block.

    Raises DeliveryRefusedError where the file's columns are not the contract's (JSON: after the last row).
    """
    if contract.delivery_format is None:
        raise UsageError(f"{contract.dataset} is not delivered: its contract has no deliveryFormat.")
    reader = READERS[contract.delivery_format.type]
    if contract.schema_drift == "quarantine":
        return read_keeping_unknown(reader, path, contract, contract.delivery_format, mode)
    return reader(path, contract, contract.delivery_format, mode)


def unknown_in(path: Path, contract: Contract, mode: str) -> tuple[str, ...]:
    """Delivered names of the columns of a file that its contract does not know. Raises DeliveryRefusedError as `read_rows`."""
    if contract.delivery_format is None:
        raise UsageError(f"{contract.dataset} is not delivered: its contract has no deliveryFormat.")
    return unknown_columns(READERS[contract.delivery_format.type], path, contract, contract.delivery_format, mode)
