"""The outbox: extracts in ``<outbox>/<agency>/<extract>/<business date>/<sequence>/``, each complete from the moment it appears."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from jobs.sharing.data_package import DESCRIPTOR, sha256_of
from schemas.names import DatasetName

READY = "_READY"
"""Written last: names the descriptor's digest. An agency takes no folder without it."""

_DRAFTS = ".drafts"


@dataclass(frozen=True, order=True)
class Extract:
    """One extract that stands in the outbox."""

    business_date: date
    sequence: int
    folder: Path

    @property
    def facts(self) -> dict[str, Any]:
        """What its descriptor says under ``govlake``."""
        facts: dict[str, Any] = json.loads((self.folder / DESCRIPTOR).read_text(encoding="utf-8"))["govlake"]
        return facts

    def id_of(self, dataset: DatasetName) -> str:
        """Its name: ``<agency>/<extract>/<business date>/<sequence>``."""
        return f"{dataset}/{self.business_date.isoformat()}/{self.sequence}"


def extracts_of(outbox: Path, dataset: DatasetName) -> list[Extract]:
    """The extracts of ``dataset`` that are complete, by date and sequence."""
    found = (outbox / dataset.group / dataset.table).glob(f"*/*/{READY}")
    folders = [ready.parent for ready in found]
    return sorted(Extract(date.fromisoformat(folder.parent.name), int(folder.name), folder) for folder in folders)


@contextmanager
def draft(outbox: Path, dataset: DatasetName, business_date: date, sequence: int) -> Iterator[Path]:
    """A folder to write an extract in, out of agencies' sight; it is published when the block ends without an error.

    What a killed run left in its draft is thrown away.
    """
    folder = outbox / _DRAFTS / dataset.group / dataset.table / business_date.isoformat() / str(sequence)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder
    (folder / READY).write_text(f"sha256:{sha256_of(folder / DESCRIPTOR)}  {DESCRIPTOR}\n", encoding="utf-8")
    place = outbox / dataset.group / dataset.table / business_date.isoformat()
    place.mkdir(parents=True, exist_ok=True)
    folder.rename(place / str(sequence))
    _remove_empty(folder.parent, outbox)


def _remove_empty(folder: Path, until: Path) -> None:
    while folder != until and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
