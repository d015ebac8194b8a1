"""What one delivery holds, before it is written in the form of its contract."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from jobs.samples.streams import Texts
from schemas.contract import Contract, LogicalType
from schemas.delivery_format import DeliveryFormat
from schemas.errors import UsageError

LIST = "[]"


@dataclass(frozen=True)
class Content:
    """Rows of one delivery: delivered column names and their texts; ``operations`` in a delta only.

    An empty text is an absent value; the items of a list stand in its column as a JSON list of texts and nulls.
    """

    contract: Contract
    columns: dict[str, Texts]
    operations: Sequence[str] | None
    encoding: str

    @property
    def mode(self) -> str:
        """full or delta."""
        return "full" if self.operations is None else "delta"

    @property
    def rows(self) -> int:
        """Data rows."""
        return len(next(iter(self.columns.values())))

    @property
    def layout(self) -> DeliveryFormat:
        """How the department writes its files. Raises UsageError if it delivers none."""
        if self.contract.delivery_format is None:
            raise UsageError(f"{self.contract.dataset} is not delivered: its contract has no deliveryFormat.")
        return self.contract.delivery_format

    @property
    def logical_types(self) -> dict[str, LogicalType]:
        """Logical type of each delivered column of the contract."""
        return {column.physical_name: column.logical_type for column in self.contract.columns}

    def records(self) -> Iterator[tuple[str, ...]]:
        """The rows, each with its texts in the order of ``columns``."""
        return zip(*self.columns.values(), strict=True)


def cells_of(content: Content) -> dict[str, Sequence[str]]:
    """The fields of formats whose rows are cells, without the operation; columns of a repeated group share one field."""
    cells: dict[str, Sequence[str]] = {}
    for name, several in groupby(content.columns, lambda path: path.partition(LIST)[0]):
        paths = list(several)
        columns = [content.columns[path] for path in paths]
        if LIST in paths[0]:
            cells[name] = [_items(row, content.layout) for row in zip(*columns, strict=True)]
        else:
            cells[name] = columns[0].tolist()
    return cells


def items_of(text: str) -> list[str | None]:
    """The items of a list as it stands in its column."""
    items: list[str | None] = json.loads(text) if text else []
    return items


def _items(lists: Sequence[str], layout: DeliveryFormat) -> str:
    values = zip(*map(items_of, lists), strict=True)
    return layout.item_separator.join(layout.value_separator.join(value or "" for value in item) for item in values)
