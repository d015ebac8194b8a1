"""The landing area: deliveries as departments put them there, found by name and checked against their manifest.

``<landing>/<department>/<dataset>/<yyyy-mm-dd>/<sequence>/`` holds the files and ``manifest.json``, which is written last:
without it a delivery is still on its way. Nothing here is ever changed.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from schemas.names import DatasetName, DeliveryId, InvalidNameError
from schemas.odcs import suggest

AGAIN = "Ask the sender for a corrected delivery with the next sequence."

MANIFEST = "manifest.json"
CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
CUT_OFF = time(6, 0)
"""A night closes at this time (China) of the day after its business date."""
PULL_AT = time(5, 59)
"""What is pulled counts as sent at this time (China) of the day after its business date."""

BLOCK_BYTES = 4 * 1024 * 1024
LONGEST_PIECE = 64 * 1024 * 1024
"""Bytes that a line, or another piece of a file that is read at once, may have: what is longer is no text file of rows."""

LONGEST_REASON = 1_800

_log = logging.getLogger(__name__)

FileName = Annotated[str, StringConstraints(pattern=r"^[^/\\]+$", min_length=1)]


class DeliveryRefusedError(Exception):
    """A delivery that must not be taken: ``code`` says why in one word, ``reason`` what, where and what to do.

    A file may have names of any length; what is too long is left out of the middle of the reason.
    """

    def __init__(self, code: str, reason: str) -> None:
        if len(reason) > LONGEST_REASON:
            reason = f"{reason[: LONGEST_REASON // 2]} … {reason[-LONGEST_REASON // 2 :]}"
        super().__init__(reason)
        self.code = code
        self.reason = reason


class ManifestFile(BaseModel):
    """One data file as its sender describes it. ``rows`` counts data rows, without header."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: FileName
    bytes: int = Field(ge=0)
    rows: int = Field(ge=0)
    sha256: Annotated[str, StringConstraints(to_lower=True, pattern=r"^[0-9a-fA-F]{64}$")]
    sm3: Annotated[str, StringConstraints(to_lower=True, pattern=r"^[0-9a-fA-F]{64}$")] | None = None


class Manifest(BaseModel):
    """What a department says it has sent. ``previous`` is ``<dataset>/<date>``, what a delta builds on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str
    business_date: date
    sequence: int = Field(ge=1)
    mode: Literal["full", "delta"]
    previous: str | None = None
    files: tuple[ManifestFile, ...] = Field(min_length=1)
    sender: str
    sent_at: AwareDatetime
    pulled_at: AwareDatetime | None = None
    """When the rows were really read; only of what we pulled ourselves."""
    watermark: AwareDatetime | None = None
    """The newest watermark of any row pulled so far: where the next pull goes on."""

    @property
    def rows(self) -> int:
        """Data rows of all files together."""
        return sum(file.rows for file in self.files)

    @property
    def digest(self) -> str:
        """What stands for the contents: equal for two deliveries of the same mode with the same file contents."""
        contents = "\n".join([self.mode, *sorted(file.sha256 for file in self.files)])
        return hashlib.sha256(contents.encode()).hexdigest()


@dataclass(frozen=True)
class Delivery:
    """A complete delivery in the landing area whose manifest could be read."""

    id: DeliveryId
    folder: Path
    manifest: Manifest

    def path(self, file: ManifestFile) -> Path:
        """Where one of its files lies."""
        return self.folder / file.name


def cut_off(night: date) -> datetime:
    """When the night of a business date closes: what is sent from then on is left to the next."""
    return datetime.combine(night + timedelta(days=1), CUT_OFF, CHINA)


def pull_time(night: date) -> datetime:
    """The moment a night's pull is of: what was written from then on is left to the next."""
    return datetime.combine(night + timedelta(days=1), PULL_AT, CHINA)


def complete_folders(landing: Path, dataset: DatasetName) -> list[tuple[DeliveryId, Path]]:
    """Folders of a dataset that have their manifest, in the order of business date and sequence."""
    found = []
    for folder in sorted((landing / dataset.group / dataset.table).glob("*/*/")):
        try:
            delivery_id = DeliveryId.parse(f"{dataset}/{folder.parent.name}/{folder.name}")
        except InvalidNameError:
            _log.warning("%s is not a delivery: folders are <yyyy-mm-dd>/<sequence>. It is left alone; rename it.", folder)
            continue
        if (folder / MANIFEST).is_file():
            found.append((delivery_id, folder))
    return sorted(found)


def read_delivery(delivery_id: DeliveryId, folder: Path) -> Delivery:
    """The delivery in ``folder``, whose manifest must agree with where it lies. Raises DeliveryRefusedError."""
    path = folder / MANIFEST
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise _refuse_manifest(delivery_id, _explain(error)) from error
    for name, stated, place in (
        ("dataset", manifest.dataset, str(delivery_id.dataset)),
        ("business_date", manifest.business_date, delivery_id.business_date),
        ("sequence", manifest.sequence, delivery_id.sequence),
    ):
        if stated != place:
            raise _refuse_manifest(delivery_id, f"it says {name} is {stated}, but it lies in the folder of {place}")
    if manifest.previous is not None:
        _check_previous(delivery_id, manifest.previous)
    return Delivery(delivery_id, folder, manifest)


def verify_files(delivery: Delivery) -> None:
    """Every file is there, as long as stated and with the stated digests. Raises DeliveryRefusedError on the first not so."""
    for file in delivery.manifest.files:
        path = delivery.path(file)
        if not path.is_file():
            raise DeliveryRefusedError(
                "missing_file", f"{file.name}: the manifest names it, but it is not in {delivery.folder}. {AGAIN}"
            )
        _verify_size(file, path.stat().st_size)
        _verify_digest(file, path, "sha256", file.sha256)
        if file.sm3 is not None:
            _verify_digest(file, path, "sm3", file.sm3)


def describe_file(path: Path, rows: int) -> ManifestFile:
    """What a manifest says of a file that we wrote ourselves."""
    digests = {}
    for algorithm in ("sha256", "sm3"):
        with path.open("rb") as stream:
            digests[algorithm] = hashlib.file_digest(stream, algorithm).hexdigest()
    return ManifestFile(name=path.name, bytes=path.stat().st_size, rows=rows, **digests)


def file_blocks(path: Path, size: int = BLOCK_BYTES, end: bytes = b"\n") -> Iterator[bytes]:
    """The bytes of a file in blocks that end after ``end`` (but perhaps the last). Memory: one block and one piece.

    Raises DeliveryRefusedError where a piece between two ``end`` is longer than `LONGEST_PIECE`.
    """
    rest: list[bytes] = []
    with path.open("rb") as stream:
        while block := stream.read(size):
            head, found, tail = block.rpartition(end)
            if found:
                yield b"".join([*rest, head, found])
                rest = [tail]
            else:
                rest.append(block)
            if sum(map(len, rest)) > LONGEST_PIECE:
                raise DeliveryRefusedError(
                    "unreadable_file", f"{path.name}: no {end!r} in {LONGEST_PIECE:,} bytes before byte {stream.tell():,}. {AGAIN}"
                )
    if last := b"".join(rest):
        yield last


def _verify_size(file: ManifestFile, size: int) -> None:
    if size == 0 and file.bytes:
        raise DeliveryRefusedError("empty_file", f"{file.name}: it is empty, the manifest says {file.bytes:,} bytes. {AGAIN}")
    if size < file.bytes:
        raise DeliveryRefusedError("file_cut_short", f"{file.name}: file cut short: {size:,} of {file.bytes:,} bytes. {AGAIN}")
    if size > file.bytes:
        raise DeliveryRefusedError(
            "size_mismatch", f"{file.name}: it has {size:,} bytes, the manifest says {file.bytes:,}. {AGAIN}"
        )


def _verify_digest(file: ManifestFile, path: Path, algorithm: str, stated: str) -> None:
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, algorithm).hexdigest()
    if found != stated:
        raise DeliveryRefusedError(
            "digest_mismatch",
            f"{file.name}: its {algorithm.upper()} is {found[:12]}…, the manifest says {stated[:12]}…: "
            f"the contents are not what was sent. {AGAIN}",
        )


def _check_previous(delivery_id: DeliveryId, previous: str) -> None:
    dataset, _, day = previous.rpartition("/")
    try:
        follows = dataset == str(delivery_id.dataset) and date.fromisoformat(day) < delivery_id.business_date
    except ValueError:
        follows = False
    if not follows:
        raise _refuse_manifest(delivery_id, f"previous {previous!r} is not <dataset>/<yyyy-mm-dd> of an earlier date")


def _refuse_manifest(delivery_id: DeliveryId, what: str) -> DeliveryRefusedError:
    return DeliveryRefusedError("bad_manifest", f"{MANIFEST} of {delivery_id}: {what}. {AGAIN}")


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(step) for step in first["loc"])
    if first["type"] == "extra_forbidden":
        model = ManifestFile if "files" in first["loc"] else Manifest
        return f"unknown key {where!r}. {suggest(str(first['loc'][-1]), list(model.model_fields))}".rstrip(".")
    return f"{where or 'JSON'}: {first['msg']}"
