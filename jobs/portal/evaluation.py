"""Measure every master of the newest release against the truth that `govlake generate` hid. DuckDB and numpy, no JVM.

Scored are the truth's records that are alive on the release's date and whose delivery was accepted; a record that no master
holds because its row was quarantined counts as an entity of its own. Beside the linkage stands what a plain join on equal
delivered identifiers finds in the same records.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jobs.io.delta import duckdb_connection, table_exists
from jobs.io.release_reader import create_view, find_release
from jobs.io.state import Release
from jobs.linkage.measures import Labels, bcubed, clusters, pairwise, sizes
from jobs.portal.credit_evaluation import TRUTH, evaluate_credit
from jobs.portal.truth import load_accepted
from jobs.settings import Settings
from schemas.catalog import Catalog, load_catalog
from schemas.contract import Contract, RecordRole
from schemas.errors import UsageError
from schemas.names import DatasetName, Layer, TableName, gold_table, linked_table
from schemas.record_keys import KEY_SEPARATOR, dataset_of, role_suffix, row_keys

if TYPE_CHECKING:
    import duckdb

IDENTIFIER_TYPES = ("citizen_id", "uscc", "tax_number", "any_number")
"""Semantic types whose delivered values the baseline joins on."""


@dataclass(frozen=True)
class ScoredRecords:
    """The records of one master that are scored, column by column; equal labels mean: one entity."""

    entity: Labels
    """The truth's entity."""
    master: Labels
    """The master that holds the record; a label of its own if none does."""
    identifier: Labels
    """The identifier as delivered; a label of its own if there is none."""
    is_linkable: Labels
    """Whether the delivered values allow the record to be linked at all."""


def evaluate(settings: Settings, truth: Path, release_id: str | None = None) -> dict[str, Any]:
    """Measures of every master that is released and has a truth file in ``truth``, by master; and of the credit register.

    Raises UsageError if there is no such file.
    """
    release = find_release(settings, release_id)
    catalog = load_catalog()
    files = {master: truth / f"{master}.parquet" for master in catalog.masters}
    linked = {master for master in catalog.masters if str(linked_table(master, "crosswalk")) in release.tables}
    found = {master: path for master, path in files.items() if path.is_file() and master in linked}
    if not found:
        raise UsageError(
            f"no truth in {truth}: expected {', '.join(path.name for path in files.values())}, as `govlake generate` writes."
        )
    measures = {master: measure(read_scored_records(settings, catalog, release, master, path)) for master, path in found.items()}
    if (truth / f"{TRUTH}.parquet").is_file() and str(gold_table("credit", "record")) in release.tables:
        measures[TRUTH] = evaluate_credit(settings, catalog, release, truth)
    return measures


def measure(records: ScoredRecords) -> dict[str, Any]:
    """All measures of one master.

    ``pairwise_linkable`` counts only pairs of which both records are linkable. ``linkable_share`` is the share of linkable
    records among those whose entity has another record here: of the others nothing could be linked.
    """
    linkable = records.is_linkable
    has_partner = sizes(records.entity) > 1
    return {
        "pairwise": pairwise(records.master, records.entity).as_dict(),
        "pairwise_linkable": pairwise(records.master[linkable], records.entity[linkable]).as_dict(),
        "bcubed": bcubed(records.master, records.entity).as_dict(),
        "baseline_exact_id": pairwise(records.identifier, records.entity).as_dict(),
        "linkable_share": float(linkable[has_partner].mean()) if has_partner.any() else 1.0,
        "entities_found": clusters(records.master),
        "entities_true": clusters(records.entity),
        "records": len(records.entity),
    }


def read_scored_records(settings: Settings, catalog: Catalog, release: Release, master: str, truth: Path) -> ScoredRecords:
    """The records of ``master`` to be scored at a release, in the order of dataset and record key."""
    with duckdb_connection() as lake:
        _load_truth(lake, truth, release)
        load_accepted(lake, settings)
        _load_delivered_keys(lake, settings, catalog, release, master)
        crosswalk = linked_table(master, "crosswalk")
        create_view(lake, settings, crosswalk, release.tables[str(crosswalk)])
        rows = lake.execute(
            f"""select truth.entity_id, held.master_id, delivered.identifier, truth.linkable
                from truth
                left join (select * from {crosswalk} where valid_to is null) held using (dataset, record_key)
                left join delivered using (dataset, record_key)
                where delivered.record_key is not null or exists (
                    from accepted where accepted.dataset = truth.dataset and accepted.business_date = truth.first_business_date)
                order by truth.dataset, truth.record_key"""  # noqa: S608 - a table of our own
        ).fetchnumpy()
    return ScoredRecords(
        entity=np.asarray(rows["entity_id"]).astype(str),
        master=_or_alone(rows["master_id"]),
        identifier=_or_alone(rows["identifier"]),
        is_linkable=np.asarray(rows["linkable"]).astype(bool),
    )


def _load_truth(lake: duckdb.DuckDBPyConnection, truth: Path, release: Release) -> None:
    import duckdb

    try:
        lake.execute(
            """create table truth as
               select dataset, record_key, cast(entity_id as varchar) as entity_id, first_business_date, linkable
               from read_parquet($truth)
               where first_business_date <= $day and (last_business_date is null or last_business_date >= $day)""",
            {"truth": str(truth), "day": release.business_date},
        )
    except duckdb.Error as error:
        raise UsageError(
            f"{truth} is not what `govlake generate` writes: {str(error).splitlines()[0]}. Generate it again."
        ) from error


def _load_delivered_keys(
    lake: duckdb.DuckDBPyConnection, settings: Settings, catalog: Catalog, release: Release, master: str
) -> None:
    """Records that silver holds on the release's date, with the identifier as the row that they came from had it."""
    lake.execute("create table delivered (dataset varchar, record_key varchar, identifier varchar)")
    for contract in catalog.sources_of(master):
        silver, bronze = contract.table(Layer.SILVER), _bronze_of(contract)
        if table_exists(silver.path(settings.root)):
            create_view(lake, settings, silver, release.tables.get(str(silver)))
            create_view(lake, settings, bronze)
            for role in contract.roles_of(master):
                lake.execute(_delivered_records(contract, role), {"day": release.business_date, "dataset": dataset_of(contract)})


def _delivered_records(contract: Contract, role: RecordRole) -> str:
    silver, bronze = contract.table(Layer.SILVER), _bronze_of(contract)
    key = f" || '{KEY_SEPARATOR}' || ".join(f"silver.{name}" for name in row_keys(contract))
    identifier = _identifier_column(contract, role)
    delivered = _delivered_text(contract, identifier) if identifier else "null"
    return f"""insert into delivered
        select $dataset, {key} || {role_suffix(contract, role)}, {delivered}
        from {silver} silver join {bronze} bronze using (_delivery_id, _file, _row_number)
        where silver._valid_from <= $day and (silver._valid_to is null or silver._valid_to > $day)"""  # noqa: S608 - names of the contract


def _bronze_of(contract: Contract) -> TableName:
    """The bronze table in which a contract's rows were delivered."""
    return DatasetName.parse(dataset_of(contract)).in_layer(Layer.BRONZE)


def _delivered_text(contract: Contract, column: str) -> str:
    """What was delivered for a column: of an item of a repeated group, its place in the list that bronze holds as JSON text."""
    if contract.repeated_group is None:
        return f"nullif(bronze.{column}, '')"
    place = f"'$[' || (silver.{contract.repeated_group.position_column} - 1) || ']'"
    return f"nullif(json_extract_string(bronze.{contract.column(column).physical_name}, {place}), '')"


def _identifier_column(contract: Contract, role: RecordRole) -> str | None:
    """The column whose delivered value is the entity's identifier: a field of the role that is just such a column."""
    columns = {column.name for column in contract.columns if column.semantic_type in IDENTIFIER_TYPES}
    return next((expression for expression in role.fields.values() if expression in columns), None)


def _or_alone(labels: Any) -> Labels:
    """Labels as text; a missing one becomes a label that no other record has."""
    texts = np.ma.asarray(labels)
    missing = np.ma.getmaskarray(texts)
    found = np.array(np.ma.getdata(texts), dtype=object)
    missing = missing | np.array([label is None for label in found])
    found[missing] = [f"alone {number}" for number in range(int(missing.sum()))]
    return found.astype(str)
