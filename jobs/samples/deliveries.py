"""Deliveries as departments put them into the landing area: data file, then manifest, in the form of the contract."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

from jobs.io.landing import CHINA, MANIFEST
from jobs.samples.faults import Fault, FaultKind
from jobs.samples.formats import BINARY, file_name, render
from jobs.samples.formats.content import Content
from jobs.samples.register import Register
from jobs.samples.streams import Numbers
from schemas.contract import Contract
from schemas.errors import UsageError

SENT_AT = time(1, 30)
"""Departments send at this time of the day after the business date (China)."""

EXTRA_COLUMN, EXTRA_VALUE = "BZ", "备注"
OTHER_ENCODING = {"gb18030": "utf-8", "utf-8": "gb18030", "utf-8-sig": "gb18030"}
SHARE_THAT_ARRIVES = 0.6
NEED_ROWS = frozenset(FaultKind) - {FaultKind.DUPLICATE, FaultKind.MISSING}


@dataclass(frozen=True)
class Post:
    """Where a delivery goes, and what its manifest says of its place among others."""

    landing: Path
    business_date: date
    previous: date | None
    sequence: int = 1
    days_late: int = 0
    minutes_late: int = 0

    @property
    def sent_at(self) -> str:
        """ISO 8601 with zone."""
        morning = datetime.combine(self.business_date + timedelta(days=1 + self.days_late), SENT_AT, CHINA)
        return (morning + timedelta(minutes=self.minutes_late)).isoformat()


def take(register: Register, contract: Contract, places: Numbers, *, is_full: bool) -> Content:
    """The rows at ``places`` as they stand now."""
    layout = contract.delivery_format
    if layout is None:
        raise UsageError(f"{contract.dataset} is not delivered: its contract has no deliveryFormat.")
    columns = {name: register.rows[name][places] for name in register.delivered}
    operations = None if is_full else register.operations[places].tolist()
    return Content(contract, columns, operations, layout.encoding)


def send(content: Content, post: Post, fault: Fault | None) -> int:
    """Write the delivery, with its fault and its correction if it has one; returns how many deliveries were written.

    Raises UsageError if the fault cannot be made in a file without rows, or another delivery is already there.
    """
    kind = fault.kind if fault else None
    if fault is not None and kind in NEED_ROWS and not content.rows:
        raise UsageError(
            f"{fault}: nothing has changed on that day, so the file has no rows to spoil. Take another day, or more people."
        )
    written = 0
    if kind is not FaultKind.MISSING:
        write_delivery(_spoilt(content, kind), post, kind)
        written += 1
    if kind is FaultKind.DUPLICATE:
        write_delivery(content, replace(post, sequence=written + 1, minutes_late=30), None)
        written += 1
    if fault is not None and fault.is_corrected:
        write_delivery(content, replace(post, sequence=written + 1, days_late=1, minutes_late=-30), None)
        written += 1
    return written


def write_delivery(content: Content, post: Post, kind: FaultKind | None) -> None:
    """One delivery: the data file, then the manifest. Raises UsageError if another delivery is already there."""
    contract = content.contract
    data = render(content)
    name = file_name(content)
    manifest = {
        "dataset": str(contract.dataset),
        "business_date": post.business_date.isoformat(),
        "sequence": post.sequence,
        "mode": content.mode,
        "previous": f"{contract.dataset}/{post.previous.isoformat()}" if post.previous and content.mode == "delta" else None,
        "files": [
            {
                "name": name,
                "bytes": len(data),
                "rows": content.rows,
                "sha256": hashlib.sha256(data).hexdigest(),
                "sm3": hashlib.new("sm3", data).hexdigest(),
            }
        ],
        "sender": contract.owner or contract.dataset.group,
        "sent_at": post.sent_at,
    }
    folder = post.landing / str(contract.dataset) / post.business_date.isoformat() / str(post.sequence)
    text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
    _check_place(folder / MANIFEST, text)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / name, _damaged(data, kind))
    write_whole(folder / MANIFEST, text.encode())


def _spoilt(content: Content, kind: FaultKind | None) -> Content:
    """What the department sends where it makes the fault itself. Raises UsageError where the format has no such fault."""
    if kind is FaultKind.MISSING_COLUMN:
        left_out = next((c.physical_name for c in content.contract.columns if c.is_required and not c.is_key), None)
        if left_out is None:
            raise UsageError(f"{kind}:{content.contract.dataset}: no column but the key is required. Take another fault.")
        return replace(content, columns={name: values for name, values in content.columns.items() if name != left_out})
    if kind is FaultKind.EXTRA_COLUMN:
        first = next(iter(content.columns.values()))
        extra = first.copy()
        extra[:] = EXTRA_VALUE
        return replace(content, columns={**content.columns, EXTRA_COLUMN: extra})
    if kind is FaultKind.WRONG_ENCODING:
        if content.layout.type in BINARY:
            raise UsageError(f"{kind}:{content.contract.dataset}: {content.layout.type} has no encoding. Take another fault.")
        return replace(content, encoding=OTHER_ENCODING[content.encoding])
    return content


def _damaged(data: bytes, kind: FaultKind | None) -> bytes:
    """What arrives where the fault happens on the way."""
    if kind is FaultKind.TRUNCATED:
        return data[: int(len(data) * SHARE_THAT_ARRIVES)]
    if kind is FaultKind.WRONG_DIGEST:
        place = max(place for place in range(len(data)) if data[place : place + 1].isdigit())
        other = b"1" if data[place : place + 1] != b"1" else b"2"
        return data[:place] + other + data[place + 1 :]
    return data


def _check_place(manifest: Path, text: str) -> None:
    if manifest.is_file() and manifest.read_text(encoding="utf-8") != text:
        raise UsageError(
            f"{manifest.parent} already holds another delivery, and deliveries are never changed. "
            "Generate the same country (seed, people, start, noise, faults), or give another --landing."
        )


def write_whole(path: Path, data: bytes) -> None:
    """Put a file in place as a whole."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.replace(path)
