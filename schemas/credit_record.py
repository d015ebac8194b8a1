"""What a source's rows say of somebody's credit, as its contract declares it under ``creditRecord``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import Field

from schemas.odcs import StrictModel, fail, suggest

if TYPE_CHECKING:
    from schemas.contract import Contract

KINDS = "credit_record_kind"
"""The code table of kinds."""


class Repair(StrictModel):
    """That a row decides on taking back a record of another list (信用修复)."""

    lists: dict[str, str]
    """What the row calls a list, and the dataset which that is."""
    list_name: str
    """The column with the name of the list."""
    record_number: str
    """The column with the number of the record: its dataset's ``creditRecord`` says as ``number`` where that stands there."""
    granted_when: str
    """A Spark SQL condition under which the record is taken back, on ``decided_on``."""


class CreditRecord(StrictModel):
    """A credit record: of which kind, about whom, decided when, listed from when to when.

    ``kind`` is a code of the table ``credit_record_kind``; ``role`` is the role of ``recordRoles`` that the record is about. All
    else are Spark SQL expressions over silver columns; those that are left out are not known of these records.
    """

    kind: str
    role: str | None = None
    number: str
    subject_name: str
    is_masked: str = "false"
    """A condition under which the subject's number is published with a part hidden."""
    summary: str | None = None
    authority_name: str | None = None
    authority_unified_code: str | None = None
    decided_on: str | None = None
    listed_on: str | None = None
    """First day on the list; the day of the decision if there is none."""
    ends_on: str | None = None
    """First day on which the listing is over because its time is: a day that is the last of it needs ``date_add(…, 1)``."""
    withdrawn_on: str | None = None
    """Day on which the authority took the record off the list, if it has."""
    publish_within_working_days: int | None = Field(default=None, ge=1)
    """So many working days after the decision it must have been published at the latest."""
    repairs: Repair | None = None


def check_credit_record(contract: Contract, record: CreditRecord, kinds: list[str], contracts: list[Contract]) -> None:
    """Raises ContractError unless kind, role and repaired datasets exist, and a deadline has a decision to count from."""

    def refer(what: str, name: str, known: list[str]) -> None:
        if name not in known:
            raise fail(contract.path, ["schema", 0], f"creditRecord: no {what} {name!r}. {suggest(name, known)}", name)

    refer("kind", record.kind, kinds)
    refer("role", record.role or "", [role.role or "" for role in contract.record_roles])
    if record.publish_within_working_days and record.decided_on is None:
        raise fail(
            contract.path,
            ["schema", 0],
            "creditRecord: publish_within_working_days counts from the decision: say with decided_on when that was.",
            "creditRecord",
        )
    for dataset in record.repairs.lists.values() if record.repairs else ():
        refer("credit dataset", dataset, list(_repairable(contracts)))


def _repairable(contracts: list[Contract]) -> Iterator[str]:
    """Datasets whose records can be taken back."""
    for contract in contracts:
        if contract.credit_record is not None and contract.credit_record.repairs is None:
            yield str(contract.dataset)
