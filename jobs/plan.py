"""Contracts → the plan of a night: which datasets pass which steps, in which order. Needs neither Spark nor Airflow."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.catalog import Catalog
from schemas.names import DatasetName

MASTERS_DAG = "masters"
"""The Airflow DAG ID of all masters."""


@dataclass(frozen=True)
class MasterPlan:
    """One master, and the sources whose rows it is linked from."""

    master: str
    sources: tuple[DatasetName, ...]


@dataclass(frozen=True)
class Task:
    """One step for one dataset, master or derived group; ``subject`` is None for the release, which is of all."""

    step: str
    subject: str | None


@dataclass(frozen=True)
class NightPlan:
    """A night: sources each on their own, each master on all its sources, what is derived of them, the release, what leaves."""

    sources: tuple[DatasetName, ...]
    masters: tuple[MasterPlan, ...]
    derived: tuple[str, ...]
    extracts: tuple[DatasetName, ...]

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Every task in an order in which they can run one by one."""
        return (
            *(Task(step, str(source)) for source in self.sources for step in ("land", "bronze", "silver")),
            *(Task(step, plan.master) for plan in self.masters for step in ("link", "master")),
            *(Task("derive", group) for group in self.derived),
            Task("release", None),
            *(Task("extract", str(extract)) for extract in self.extracts),
        )


def plan_night(catalog: Catalog) -> NightPlan:
    """The plan that the contracts ask for. Datasets, masters and derived groups come in the order of their names."""
    return NightPlan(
        sources=tuple(contract.dataset for contract in catalog.sources),
        masters=tuple(
            MasterPlan(master, tuple(source.dataset for source in catalog.sources_of(master))) for master in catalog.masters
        ),
        derived=catalog.derived,
        extracts=tuple(contract.dataset for contract in catalog.extracts),
    )


def source_dag(source: DatasetName) -> str:
    """The Airflow DAG ID of a source."""
    return f"source__{source.group}__{source.table}"


def extract_dag(extract: DatasetName) -> str:
    """The Airflow DAG ID of an extract."""
    return f"extract__{extract.group}__{extract.table}"
