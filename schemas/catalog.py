"""Every contract of the project, found by its place in the tree, and checked against its neighbours.

sources/<department>/<dataset>      bronze, silver, quarantine; of a repeated group: silver, quarantine
masters/<master>/<table>            gold
releases/agency/<agency>/<extract>  share
platform/{linked,control}/<table>   linked (one table for each master), control
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from schemas.contract import Contract, load_contract
from schemas.credit_record import KINDS, check_credit_record
from schemas.errors import UsageError
from schemas.names import DatasetName, InvalidNameError, Layer, TableName
from schemas.odcs import ContractError, fail, suggest
from schemas.repeated_group import check_repeated_group

SUFFIX = ".odcs.yaml"
HOME = Path(__file__).parent
SOURCE_LAYERS = (Layer.BRONZE, Layer.SILVER, Layer.QUARANTINE)
ITEM_LAYERS = (Layer.SILVER, Layer.QUARANTINE)


@dataclass(frozen=True)
class Catalog:
    """All contracts, in the order of their names."""

    contracts: tuple[Contract, ...]

    @cached_property
    def by_dataset(self) -> dict[DatasetName, Contract]:
        """Contracts by dataset name."""
        return {contract.dataset: contract for contract in self.contracts}

    @property
    def sources(self) -> tuple[Contract, ...]:
        """Contracts of what departments deliver."""
        return self._in(Layer.BRONZE)

    @property
    def refined(self) -> tuple[Contract, ...]:
        """Contracts that have a silver table: what departments deliver, and the items of its repeated groups."""
        return self._in(Layer.SILVER)

    @property
    def gold(self) -> tuple[Contract, ...]:
        """Contracts of master data."""
        return self._in(Layer.GOLD)

    @property
    def extracts(self) -> tuple[Contract, ...]:
        """Contracts of what agencies receive."""
        return self._in(Layer.SHARE)

    @cached_property
    def masters(self) -> tuple[str, ...]:
        """Masters that at least one source has records for, in the order of their names."""
        return tuple(sorted({role.master for source in self.refined for role in source.record_roles}))

    @property
    def derived(self) -> tuple[str, ...]:
        """Groups of gold tables that no source has records for: they are made from all masters. In the order of their names."""
        return tuple(sorted({contract.dataset.group for contract in self.gold} - set(self.masters)))

    def gold_of(self, group: str) -> tuple[Contract, ...]:
        """Contracts of the gold tables of a master or derived group, in the order of their names."""
        return tuple(sorted((contract for contract in self.gold if contract.dataset.group == group), key=lambda c: c.dataset))

    def sources_of(self, master: str) -> tuple[Contract, ...]:
        """Source contracts whose rows name an entity of ``master``."""
        return tuple(s for s in self.refined if s.roles_of(master))

    def require_master(self, name: str) -> None:
        """Raises UsageError for a master that no source has records for."""
        if name not in self.masters:
            raise UsageError(f"no register {name!r}. {suggest(name, list(self.masters))}")

    def children_of(self, dataset: DatasetName) -> tuple[Contract, ...]:
        """Contracts of the repeated groups in the rows of a source."""
        return tuple(c for c in self.refined if c.repeated_group and c.repeated_group.of == str(dataset))

    def find(self, name: str) -> Contract:
        """The contract called ``group/dataset``, or that of a table ``layer.group__dataset``. Raises ContractError."""
        try:
            dataset = TableName.parse(name).dataset if "." in name else DatasetName.parse(name)
        except InvalidNameError as error:
            raise ContractError(str(error)) from error
        if dataset not in self.by_dataset:
            raise ContractError(f"no contract for {dataset}. {suggest(str(dataset), [str(d) for d in self.by_dataset])}")
        return self.by_dataset[dataset]

    def _in(self, layer: Layer) -> tuple[Contract, ...]:
        return tuple(contract for contract in self.contracts if layer in contract.layers)


def load_catalog(*homes: Path) -> Catalog:
    """Load every contract below ``homes`` (by default the project's own). Raises ContractError on the first bad one.

    Read once a process, and again when a file has changed.
    """
    places = homes or (HOME,)
    return _load_catalog(places, tuple(_signature(path) for home in places for path in sorted(home.glob(f"*/**/*{SUFFIX}"))))


def _signature(path: Path) -> tuple[Path, int, int]:
    state = path.stat()
    return path, state.st_mtime_ns, state.st_size


@lru_cache(maxsize=4)
def _load_catalog(homes: tuple[Path, ...], _files: tuple[tuple[Path, int, int], ...]) -> Catalog:
    contracts = sorted((c for home in homes for c in _load_home(home)), key=lambda c: c.dataset)
    catalog = Catalog(tuple(_with_item_roles(contract, contracts) for contract in contracts))
    _check_references(catalog)
    return catalog


def _with_item_roles(contract: Contract, contracts: Sequence[Contract]) -> Contract:
    """The contract with the roles that the items of its repeated groups carry."""
    roles = [
        role.role or ""
        for child in contracts
        if child.repeated_group and child.repeated_group.of == str(contract.dataset)
        for role in child.record_roles
    ]
    return contract.model_copy(update={"item_roles": tuple(roles)}) if roles else contract


def _load_home(home: Path) -> Iterator[Contract]:
    rooms: Iterable[tuple[str, tuple[Layer, ...]]] = (
        ("sources", SOURCE_LAYERS),
        ("masters", (Layer.GOLD,)),
        ("releases/agency", (Layer.SHARE,)),
        ("platform", ()),
    )
    for room, layers in rooms:
        for path in sorted((home / room).glob(f"*/*{SUFFIX}")):
            dataset = DatasetName(path.parent.name, path.name.removesuffix(SUFFIX))
            contract = load_contract(path, dataset, layers or (Layer(dataset.group),))
            yield contract.model_copy(update={"layers": ITEM_LAYERS}) if contract.repeated_group else contract


def _check_references(catalog: Catalog) -> None:
    """Every dataset, table, code table and semantic type that a contract names must exist. Raises ContractError."""
    from schemas.codes import code_table_names, load_code_table
    from schemas.semantic_types import SEMANTIC_TYPES

    seen: dict[DatasetName, Path] = {}
    code_tables = code_table_names()
    for contract in catalog.contracts:
        if contract.dataset in seen:
            raise ContractError(
                f"{contract.path}:1: {contract.dataset} is already defined by {seen[contract.dataset]}. Rename one."
            )
        seen[contract.dataset] = contract.path
        if contract.repeated_group:
            check_repeated_group(catalog.by_dataset, contract, contract.repeated_group)
        if contract.credit_record is not None:
            check_credit_record(contract, contract.credit_record, list(load_code_table(KINDS).codes), list(catalog.contracts))
        if contract.pull is not None:
            delivered = [column.physical_name for column in contract.columns]
            _refer(contract, ["schema", 0], "delivered column", contract.pull.watermark, delivered)
        for number, column in enumerate(contract.columns):
            at: list[str | int] = ["schema", 0, "properties", number]
            _refer(contract, at, "semantic type", column.semantic_type, SEMANTIC_TYPES)
            _refer(contract, at, "code table", column.code_table, code_tables)
            if column.survivorship:
                for source in column.survivorship.sources:
                    _refer(contract, at, "source", source, [str(s.dataset) for s in catalog.sources])
                leading = [c.name for c in contract.columns if c.survivorship and not c.survivorship.follows]
                _refer(contract, at, "golden column to follow", column.survivorship.follows, leading)
            for table in column.source_tables:
                known = [str(c.table(layer)) for c in catalog.contracts for layer in c.layers]
                _refer(contract, at, "table", table, known)


def _refer(contract: Contract, at: list[str | int], what: str, name: str | None, known: Iterable[str]) -> None:
    if name is not None and name not in (names := list(known)):
        raise fail(contract.path, at, f"no {what} called {name!r}. {suggest(name, names)}", name)
