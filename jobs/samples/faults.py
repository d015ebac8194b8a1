"""Faults of whole deliveries, planted on purpose: ``KIND:DATASET:DATE[:corrected]``. Errors in rows are noise, not faults."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from jobs.samples.registers import DATASETS
from schemas.errors import UsageError
from schemas.odcs import suggest

FORM = (
    "write KIND:DATASET:DATE or KIND:DATASET:DATE:corrected, e.g. truncated:public_security/household_register:2026-03-03:corrected"
)


class FaultKind(StrEnum):
    """What goes wrong with a delivery."""

    TRUNCATED = "truncated"
    """The file arrives cut short."""
    WRONG_DIGEST = "wrong-digest"
    """A byte was changed on the way: the digests of the manifest do not fit."""
    MISSING_COLUMN = "missing-column"
    """A required column is not there."""
    EXTRA_COLUMN = "extra-column"
    """A column that nobody declared."""
    WRONG_ENCODING = "wrong-encoding"
    """UTF-8 instead of GB 18030, or the other way round."""
    DUPLICATE = "duplicate"
    """The same delivery is sent again as the next sequence of the same day."""
    MISSING = "missing"
    """The delivery does not come; corrected: it comes a day late."""


@dataclass(frozen=True)
class Fault:
    """One fault of the delivery of ``dataset`` for ``business_date``; ``is_corrected``: what is right is sent the next day."""

    kind: FaultKind
    dataset: str
    business_date: date
    is_corrected: bool = False

    def __str__(self) -> str:
        return f"{self.kind}:{self.dataset}:{self.business_date.isoformat()}{':corrected' if self.is_corrected else ''}"


def parse_fault(text: str) -> Fault:
    """Read ``KIND:DATASET:DATE[:corrected]``. Raises UsageError that says which part is wrong and what it may be."""
    parts = text.split(":")
    if len(parts) not in (3, 4) or (len(parts) == 4 and parts[3] != "corrected"):
        raise UsageError(f"{text!r} is not a fault: {FORM}.")
    kind, dataset, day = parts[:3]
    kinds = [str(known) for known in FaultKind]
    if kind not in kinds:
        raise UsageError(f"no fault of kind {kind!r} in {text!r}. {suggest(kind, kinds)}")
    if dataset not in DATASETS:
        raise UsageError(f"the country delivers no {dataset!r} ({text!r}). {suggest(dataset, list(DATASETS))}")
    try:
        business_date = date.fromisoformat(day)
    except ValueError as error:
        raise UsageError(f"{day!r} in {text!r} is not a date: write yyyy-mm-dd.") from error
    return Fault(FaultKind(kind), dataset, business_date, is_corrected=len(parts) == 4)


def faults_by_delivery(faults: Sequence[Fault], days: Iterable[date]) -> dict[tuple[str, date], Fault]:
    """The fault of each delivery that has one. Raises UsageError for a date outside ``days``, or two for one delivery."""
    known = list(days)
    found: dict[tuple[str, date], Fault] = {}
    for fault in faults:
        if fault.business_date not in known:
            raise UsageError(
                f"{fault}: that date is not generated; the days are {known[0]} to {known[-1]}. Give one of them, or more --days."
            )
        other = found.setdefault((fault.dataset, fault.business_date), fault)
        if other is not fault:
            raise UsageError(f"{fault}: the same delivery already has {other.kind}. Plant one fault a delivery.")
    return found
