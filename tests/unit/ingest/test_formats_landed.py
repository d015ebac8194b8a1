"""Every format from a department's delivery to bronze, and the faults that a department can make in each."""

from datetime import date
from pathlib import Path

import pytest

from jobs.io.delta import read_table
from jobs.io.landing import Delivery, DeliveryRefusedError, read_delivery
from jobs.io.run_context import RunContext
from jobs.samples.deliveries import Post, send
from jobs.samples.faults import Fault, FaultKind
from jobs.samples.formats import BINARY
from jobs.steps.s1_land import verify
from jobs.steps.s2_bronze import append_delivery
from schemas.contract import Contract
from schemas.errors import UsageError
from schemas.names import DeliveryId, Layer
from tests.unit.ingest.delivered import BY_NAME, ROWS, Case, content_of, contract_of, every_format, expected, values

DAY = date(2026, 3, 2)
CODES = {
    FaultKind.TRUNCATED: {"file_cut_short"},
    FaultKind.WRONG_DIGEST: {"digest_mismatch"},
    FaultKind.MISSING_COLUMN: {"missing_column"},
    FaultKind.EXTRA_COLUMN: {"extra_column"},
    FaultKind.WRONG_ENCODING: {"wrong_encoding"},
}


def deliver(landing: Path, contract: Contract, kind: FaultKind | None = None) -> Delivery:
    fault = Fault(kind, str(contract.dataset), DAY) if kind else None
    send(content_of(contract, ROWS), Post(landing, DAY, None), fault)
    delivery_id = DeliveryId(contract.dataset, DAY, 1)
    return read_delivery(delivery_id, landing / str(contract.dataset) / DAY.isoformat() / "1")


@every_format
def test_a_delivery_reaches_bronze(ctx: RunContext, tmp_path: Path, case: Case) -> None:
    contract = contract_of(case)
    delivery = deliver(tmp_path / "landing", contract)
    verify(delivery, contract)
    assert append_delivery(ctx, contract, delivery)
    rows = sorted(read_table(ctx.path(contract.table(Layer.BRONZE))).to_pylist(), key=lambda row: row["_row_number"])
    assert values(rows) == expected(case)
    assert [row["_file"] for row in rows] == [delivery.manifest.files[0].name] * 3


@every_format
@pytest.mark.parametrize("kind", list(CODES))
def test_a_fault_stops_the_delivery(tmp_path: Path, case: Case, kind: FaultKind) -> None:
    contract = contract_of(case)
    if kind is FaultKind.WRONG_ENCODING and case.layout["type"] in BINARY:
        with pytest.raises(UsageError, match="has no encoding"):
            deliver(tmp_path, contract, kind)
        return
    with pytest.raises(DeliveryRefusedError) as error:
        verify(deliver(tmp_path, contract, kind), contract)
    assert error.value.code in CODES[kind]


def test_a_contract_that_requires_nothing_but_its_key_has_no_column_to_miss(tmp_path: Path) -> None:
    contract = contract_of(BY_NAME["csv"])
    columns = tuple(column.model_copy(update={"is_required": column.is_key}) for column in contract.columns)
    with pytest.raises(UsageError, match="no column but the key is required"):
        deliver(tmp_path, contract.model_copy(update={"columns": columns}), FaultKind.MISSING_COLUMN)
