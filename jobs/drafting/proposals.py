"""Proposals: columns that deliveries had and their contract does not know, kept until a person accepts them into the contract.

One file a dataset, ``<root>/drift/<department>/<dataset>.yaml``: each column as it would stand in the contract, and the first
delivery that had it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from jobs.drafting.columns import DraftColumn, column_entry, english_name
from jobs.drafting.profile import guess
from jobs.io.landing import Delivery
from jobs.io.readers import READERS, unknown_in
from jobs.io.readers.drift import UNKNOWN, with_unknown
from schemas.contract import Contract, load_contract
from schemas.errors import UsageError
from schemas.names import DatasetName
from schemas.odcs import YAML_LOADER, ContractError, suggest

FOLDER = "drift"
LOOKED_AT = 20_000
"""Values from which a column's type is guessed."""


@dataclass(frozen=True)
class Proposal:
    """A column that a contract may get. ``entry`` is how it would stand there; ``delivery_id`` the first that had it."""

    dataset: str
    physical_name: str
    entry: dict[str, Any]
    note: str
    delivery_id: str

    @property
    def name(self) -> str:
        """What we would call it."""
        return str(self.entry["name"])


def propose(root: str, contract: Contract, delivery: Delivery) -> None:
    """Note the columns of a delivery that its contract does not know, if its ``schemaDrift`` takes such a delivery."""
    if contract.schema_drift == "reject":
        return
    known = {proposal.physical_name for proposal in proposals(root, contract.dataset)}
    for file in delivery.manifest.files:
        path, mode = delivery.path(file), delivery.manifest.mode
        new = tuple(name for name in unknown_in(path, contract, mode) if name not in known)
        if new:
            found = [_proposal(contract, delivery, name, values) for name, values in _values(path, contract, mode, new).items()]
            _write(root, contract.dataset, [*proposals(root, contract.dataset), *found])
            known.update(new)


def proposals(root: str, dataset: DatasetName | None = None) -> list[Proposal]:
    """What waits for a person, of one dataset or all, ordered by dataset and first delivery."""
    paths = [_path(root, dataset)] if dataset else sorted((Path(root) / FOLDER).glob("*/*.yaml"))
    texts = [path.read_text(encoding="utf-8") for path in paths if path.is_file()]
    return [Proposal(**item) for text in texts for item in yaml.safe_load(text)]


def accept(root: str, contract: Contract, physical_names: Sequence[str], name: str | None = None) -> list[Proposal]:
    """Write proposed columns (all, if none is named) into the contract and raise its minor version. What was accepted.

    ``name``: what one column shall be called instead. Raises UsageError, and ContractError if the contract could then not be
    read; it is left as it was.
    """
    waiting = proposals(root, contract.dataset)
    chosen = [proposal for proposal in waiting if proposal.physical_name in physical_names or not physical_names]
    unknown = set(physical_names) - {proposal.physical_name for proposal in waiting}
    if unknown or not chosen:
        what = f"no proposal for {', '.join(sorted(unknown)) or contract.dataset}"
        raise UsageError(
            f"{what}. {suggest(next(iter(unknown), ''), [proposal.physical_name for proposal in waiting] or ['none'])}"
        )
    if name is not None:
        if len(chosen) != 1:
            raise UsageError("--name is for one column: say which with --column.")
        chosen = [replace(chosen[0], entry=chosen[0].entry | {"name": name})]
    _add_to_contract(contract, [proposal.entry for proposal in chosen])
    taken = {proposal.physical_name for proposal in chosen}
    _write(root, contract.dataset, [proposal for proposal in waiting if proposal.physical_name not in taken])
    return chosen


def with_columns(text: str, entries: Sequence[dict[str, Any]], place: str) -> str:
    """A contract's text with columns added below its last one, and the next minor version. Raises ContractError (``place``)."""
    properties = _properties(yaml.compose(text, Loader=YAML_LOADER))
    if properties is None or properties.flow_style:
        raise ContractError(f"{place}: its properties are no list with a line for each column. Add the column by hand.")
    lines = text.splitlines(keepends=True)
    last = properties.value[-1].end_mark.line
    block = yaml.safe_dump(list(entries), allow_unicode=True, sort_keys=False, width=130)
    indent = " " * properties.start_mark.column
    added = "".join(f"{indent}{line}\n" for line in block.splitlines())
    head = "".join(lines[:last])
    return _next_version((head if head.endswith("\n") else f"{head}\n") + added + "".join(lines[last:]), place)


def _values(path: Path, contract: Contract, mode: str, names: tuple[str, ...]) -> dict[str, list[str]]:
    """Filled values of unknown columns from the first rows that have them."""
    assert contract.delivery_format is not None  # noqa: S101 - unknown_in has said so
    wide = with_unknown(contract, names).model_copy(update={"schema_drift": "evolve"})
    values: dict[str, list[str]] = {name: [] for name in names}
    for batch in READERS[contract.delivery_format.type](path, wide, contract.delivery_format, mode):
        for number, name in enumerate(names):
            filled = (value for value in batch[UNKNOWN.format(number)].to_pylist() if value)
            values[name] += islice(filled, LOOKED_AT - len(values[name]))
    return values


def _proposal(contract: Contract, delivery: Delivery, physical_name: str, values: list[str]) -> Proposal:
    taken = {column.name for column in contract.columns}
    name = english_name(physical_name)
    found = guess(physical_name, values)
    column = DraftColumn(
        f"{name}_2" if name in taken else name, physical_name, physical_name, found, is_unique=False, is_filled=False
    )
    return Proposal(str(contract.dataset), physical_name, column_entry(column), found.note, str(delivery.id))


def _add_to_contract(contract: Contract, entries: Sequence[dict[str, Any]]) -> None:
    before = contract.path.read_text(encoding="utf-8")
    contract.path.write_text(with_columns(before, entries, str(contract.path)), encoding="utf-8")
    try:
        load_contract(contract.path, contract.dataset, contract.layers)
    except ContractError:
        contract.path.write_text(before, encoding="utf-8")
        raise


def _properties(document: yaml.Node | None) -> yaml.SequenceNode | None:
    """The node of ``schema[0].properties``."""
    node = document
    for step in ("schema", 0, "properties"):
        if isinstance(step, int):
            node = node.value[step] if isinstance(node, yaml.SequenceNode) and node.value else None
        else:
            node = next(_named(node, step), None)
    return node if isinstance(node, yaml.SequenceNode) and node.value else None


def _named(node: yaml.Node | None, name: str) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        yield from (value for key, value in node.value if key.value == name)


def _next_version(text: str, place: str) -> str:
    found = re.search(r"^version: (\d+)\.(\d+)\.\d+ *$", text, re.MULTILINE)
    if found is None:
        raise ContractError(f"{place}: its version is not of the form 1.0.0. Write it so.")
    return f"{text[: found.start()]}version: {found[1]}.{int(found[2]) + 1}.0{text[found.end() :]}"


def _write(root: str, dataset: DatasetName, found: Sequence[Proposal]) -> None:
    path = _path(root, dataset)
    if not found:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(yaml.safe_dump([vars(item) for item in found], allow_unicode=True, sort_keys=False), encoding="utf-8")
    part.replace(path)


def _path(root: str, dataset: DatasetName) -> Path:
    return Path(root) / FOLDER / dataset.group / f"{dataset.table}.yaml"
