"""The trailer of a text file: a last line with control totals that must agree with the rows before it."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pyarrow as pa

from jobs.io.landing import AGAIN, DeliveryRefusedError
from schemas.contract import Contract
from schemas.delivery_format import ControlTotal, DeliveryFormat, Trailer
from schemas.errors import UsageError

ROWS = "rows"

_log = logging.getLogger(__name__)


class TrailerReader:
    """Takes the trailer off the blocks of one file, and holds its rows against it. Without a trailer it changes nothing."""

    def __init__(self, path: Path, contract: Contract, layout: DeliveryFormat) -> None:
        self._file = path.name
        self._trailer = layout.trailer
        self._delimiter = layout.delimiter
        self._line = b""
        names = {column.physical_name: column.name for column in contract.columns}
        self._columns = {total.of: names.get(total.of, "") for total in _totals(layout.trailer) if total.of != ROWS}
        if unknown := [of for of, name in self._columns.items() if not name]:
            raise UsageError(f"{contract.path}: the trailer has a total of {', '.join(unknown)}, which is no physicalName.")

    def strip(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The blocks without the last line that is not blank. Raises DeliveryRefusedError if that is no trailer."""
        if self._trailer is None:
            yield from blocks
            return
        held = b""
        for block in blocks:
            text = held + block
            start = text.rstrip(b"\r\n").rfind(b"\n") + 1
            held = text[start:]
            if start:
                yield text[:start]
        self._line = held.rstrip(b"\r\n")
        if self._cells()[0] != self._trailer.mark:
            raise DeliveryRefusedError(
                "file_cut_short",
                f"{self._file}: its last line does not begin with {self._trailer.mark!r}, as the trailer does; "
                f"the end of the file is missing. {AGAIN}",
            )

    def check(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The batches; after the last, raises DeliveryRefusedError (``control_total_mismatch``) if a total does not agree.

        A sum is only told where all rows could be split and all values are numbers: the others are left to quarantine.
        """
        rows = 0
        sums: dict[str, Decimal | None] = {of: Decimal(0) for of in self._columns}
        for batch in batches:
            rows += batch.num_rows
            for of, so_far in sums.items():
                found = _sum(batch, self._columns[of])
                sums[of] = None if so_far is None or found is None else so_far + found
            yield batch
        if self._trailer is None:
            return
        stated = self._cells()[1:]
        if len(stated) != len(self._trailer.totals):
            raise self._mismatch(f"{len(stated)} totals stand in the trailer, the contract has {len(self._trailer.totals)}")
        for total, text in zip(self._trailer.totals, stated, strict=True):
            self._compare(total.of, text, Decimal(rows) if total.of == ROWS else sums[total.of])

    def _compare(self, of: str, stated: str, found: Decimal | None) -> None:
        if found is None:
            _log.warning("%s: the total of %s cannot be told: some rows or values cannot be read.", self._file, of)
        elif number_of(stated) != found:
            raise self._mismatch(f"{of}: the trailer says {stated}, the rows give {found}")

    def _cells(self) -> list[str]:
        return [cell.strip() for cell in self._line.decode("ascii", "backslashreplace").split(self._delimiter)]

    def _mismatch(self, what: str) -> DeliveryRefusedError:
        return DeliveryRefusedError("control_total_mismatch", f"{self._file}: {what}. {AGAIN}")


def number_of(text: str) -> Decimal | None:
    """The number that a text is, full-width digits and thousands separators included; 0 if it is empty, None if it is none."""
    plain = unicodedata.normalize("NFKC", text).strip().replace(",", "")
    try:
        number = Decimal(plain or "0")
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _sum(batch: pa.RecordBatch, column: str) -> Decimal | None:
    if batch["_raw"].null_count < batch.num_rows:
        return None
    numbers = [number_of(text or "") for text in batch[column].to_pylist()]
    return None if None in numbers else sum((n for n in numbers if n is not None), Decimal(0))


def _totals(trailer: Trailer | None) -> Iterable[ControlTotal]:
    return trailer.totals if trailer else ()
