"""The hidden truth of credit records: who each is about, and whether the delivered values allow it to be found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from jobs.samples.registers import CREDIT, DEBTORS
from jobs.samples.registers.kinds import KINDS
from jobs.samples.registers.named import LEGAL_ENTITY, NOBODY, POPULATION
from jobs.samples.truth import ENTITIES, PEOPLE, SCHEMA, write_table
from jobs.samples.world import World

ROLE = "#counterparty"
CREDIT_SCHEMA = pa.schema(
    [*SCHEMA, pa.field("subject_master", pa.string(), nullable=False), pa.field("is_masked", pa.bool_(), nullable=False)]
)


def write_credit_truth(world: World, folder: Path, masters: Sequence[pa.Table]) -> pa.Table:
    """Write ``credit.parquet``: a row for each credit record that was ever delivered.

    ``masters`` are the truths of the subjects, which say of each record whether it can be linked; of a person whose number is
    masked it cannot.
    """
    truth = credit_truth(world, masters)
    write_table(truth, folder, "credit")
    return truth


def credit_truth(world: World, masters: Sequence[pa.Table]) -> pa.Table:
    """The truth of all credit registers, in the order of dataset and record key."""
    linkable = {
        (row["dataset"], _without_role(row["record_key"]))
        for master in masters
        for row in master.select(["dataset", "record_key", "linkable"]).to_pylist()
        if row["linkable"] and row["dataset"] in CREDIT and not row["record_key"].endswith("#representative")
    }
    found = pa.concat_tables([_records(world, dataset, linkable) for dataset in CREDIT])
    return found.sort_by([("dataset", "ascending"), ("record_key", "ascending")])


def _records(world: World, dataset: str, linkable: set[tuple[str, str]]) -> pa.Table:
    register = world.registers[dataset]
    named = KINDS[dataset].named
    keys = register.rows[next(n.key for n in named if n.master == LEGAL_ENTITY)]
    persons, firms = register.rows["_person"], register.rows["_firm"]
    is_person = persons != NOBODY
    role = ROLE if any(n.master == POPULATION for n in named) else ""
    return pa.table(
        {
            "dataset": [dataset] * len(register),
            "record_key": [f"{key}{role}" for key in keys],
            "entity_id": np.where(is_person, PEOPLE.entity_ids(persons), ENTITIES.entity_ids(firms)).tolist(),
            "first_business_date": register.first.tolist(),
            "last_business_date": register.last.tolist(),
            "linkable": [(dataset, key) in linkable for key in keys],
            "subject_master": np.where(is_person, POPULATION, LEGAL_ENTITY).tolist(),
            "is_masked": (is_person & (dataset == DEBTORS)).tolist(),
        },
        schema=CREDIT_SCHEMA,
    )


def _without_role(record_key: str) -> str:
    return record_key.partition("#")[0]
