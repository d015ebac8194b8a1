"""Whether a file has the contract's columns; the order is free."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterable, Sequence

from jobs.io.landing import AGAIN, DeliveryRefusedError
from jobs.io.readers.rows import RowCollector
from schemas.contract import Contract

SURELY_MISSING_ROWS = 200
"""An optional column that is in none of so many rows of a full is taken for missing, not for empty everywhere."""

NAMES_TOLD = 20

_log = logging.getLogger(__name__)


class UnknownColumnsError(DeliveryRefusedError):
    """A file has columns that its contract does not know; ``columns`` are their delivered names."""

    def __init__(self, columns: Sequence[str], reason: str) -> None:
        super().__init__("extra_column", reason)
        self.columns = tuple(columns)


def expected_columns(contract: Contract, operation_field: str, mode: str) -> tuple[str, ...]:
    """Delivered names of a file's columns, in contract order; a delta's operation comes last."""
    names = tuple(column.physical_name for column in contract.columns)
    return (*names, operation_field) if mode == "delta" else names


def check_columns(file: str, contract: Contract, missing: Sequence[str], extra: Sequence[str], unseen: Iterable[str] = ()) -> None:
    """Refuse a file that lacks a column or has one the contract does not know. Raises DeliveryRefusedError.

    Where the contract's ``schemaDrift`` is evolve, unknown columns are passed over (`jobs.io.readers.drift`).
    ``unseen`` are optional columns that the file does not show: one of them may be what an extra one was before.
    """
    renamed = _renamed([*missing, *unseen], extra)
    contract_file = f"schemas/sources/{contract.dataset}.odcs.yaml"
    if renamed:
        pairs = ", ".join(f"{_titled(contract, old)} is not there, but {new} is" for old, new in renamed.items())
        raise DeliveryRefusedError(
            "renamed_column",
            f"{file}: column seems to be renamed: {pairs}. {AGAIN} If the change is meant, edit physicalName in {contract_file}.",
        )
    if missing:
        names = ", ".join(_titled(contract, name) for name in missing)
        raise DeliveryRefusedError("missing_column", f"{file}: missing column {names}{_also(extra)}. {AGAIN}")
    if extra and contract.schema_drift != "evolve":
        raise UnknownColumnsError(
            extra,
            f"{file}: column {', '.join(extra)} is not in the contract. {AGAIN} If the change is meant, add it to {contract_file}.",
        )
    if extra:
        _log.warning("%s: column %s is not in the contract; it is passed over (schemaDrift: evolve).", file, ", ".join(extra))


def column_order(file: str, contract: Contract, header: Sequence[str], expected: Sequence[str]) -> list[int]:
    """Where each expected column stands under a header. Raises DeliveryRefusedError if they are not the same columns."""
    if not set(header) & set(expected):
        raise DeliveryRefusedError(
            "missing_header",
            f"{file}: the first line names none of the columns {', '.join(expected)}; it must be the header. {AGAIN}",
        )
    if twice := sorted({name for name in header if name and header.count(name) > 1}):
        raise DeliveryRefusedError("duplicate_column", f"{file}: column {', '.join(twice)} is there twice. {AGAIN}")
    missing = [name for name in expected if name not in header]
    check_columns(file, contract, missing, [name for name in header if name not in expected])
    return [header.index(name) for name in expected]


def check_seen(file: str, contract: Contract, expected: Sequence[str], rows: RowCollector, mode: str) -> None:
    """For files whose rows name their columns: refuse one that has unknown columns, or lacks some.

    Missing is a required column that is in no row, and any column that is in no row of a full that is large enough.
    """
    if not rows.split_count:
        return
    sure = mode == "full" and rows.split_count >= SURELY_MISSING_ROWS
    unseen = [name for index, name in enumerate(expected) if index not in rows.seen]
    optional = {column.physical_name for column in contract.columns if not (column.is_required or column.is_key)}
    missing = [name for name in unseen if sure or name not in optional]
    extra = list(rows.extra)[:NAMES_TOLD]
    check_columns(file, contract, missing, extra, unseen=[name for name in unseen if name not in missing])


def _renamed(missing: Sequence[str], extra: Sequence[str]) -> dict[str, str]:
    """Missing column → the extra one that reads much like it."""
    near = {name: difflib.get_close_matches(name, extra, n=1, cutoff=0.7) for name in missing}
    return {name: found[0] for name, found in near.items() if found}


def _titled(contract: Contract, physical_name: str) -> str:
    titles = {column.physical_name: f"{physical_name} ({column.business_name}, {column.name})" for column in contract.columns}
    return titles.get(physical_name, physical_name)


def _also(extra: Sequence[str]) -> str:
    return f"; not in the contract: {', '.join(extra)}" if extra else ""
