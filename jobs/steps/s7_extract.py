"""What an agency receives of a release: the granted columns alone, its own pseudonyms for IDs, as a data package in its outbox."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobs.io.delta import duckdb_connection, row_count
from jobs.io.run_context import RunContext
from jobs.io.spark import plans_for
from jobs.io.state import Release, release_of
from jobs.security.keys import consumer_key
from jobs.security.pseudonym import ALGORITHM, pseudonym_column
from jobs.sharing.changes import Changes, changes_between, control_totals
from jobs.sharing.data_package import describe_package, write_data_files, write_descriptor
from jobs.sharing.outbox import Extract, draft, extracts_of
from schemas.contract import Contract, Grant
from schemas.errors import GovlakeError, UsageError
from schemas.names import DatasetName, Layer, TableName

if TYPE_CHECKING:
    from pyspark.sql import Column as SparkColumn
    from pyspark.sql import DataFrame, SparkSession

    from jobs.steps.promote import Promotion


class ExtractError(GovlakeError):
    """An extract cannot be made as its contract or the release stands; the message says what to change."""


@dataclass(frozen=True)
class _Source:
    """The gold table an extract is cut from, at the release's version."""

    table: TableName
    version: int


def extract(spark: SparkSession, ctx: RunContext, dataset: DatasetName) -> Path | None:
    """Write the extract of the night's release and return its folder; of a release extracted already, the folder there is.

    A later release of the same date is a new sequence that supersedes the one before. None if the release lacks the table
    that the extract is cut from: no source has been published yet. Raises UsageError if the date has no release,
    ExtractError if the contract does not say what is granted, and what promote raises.
    """
    release = release_of(ctx.settings.root, ctx.business_date)
    if release is None:
        raise UsageError(f"{dataset}: {ctx.business_date} has no release to extract from. Run `govlake run release` first.")
    done = extract_of(ctx, dataset, release)
    if done is not None:
        return done.folder
    contract = ctx.catalog.by_dataset[dataset]
    source = _source_of(contract, release)
    if source is None:
        return None
    with plans_for(spark, row_count(ctx.path(source.table))):
        promotion = _share(spark, ctx, contract, source)
    return _write_folder(ctx, contract, release, source, promotion)


def extract_of(ctx: RunContext, dataset: DatasetName, release: Release) -> Extract | None:
    """The extract of that release, if it stands in the outbox. No Spark."""
    found = [e for e in extracts_of(ctx.settings.outbox_root, dataset) if e.business_date == release.business_date]
    return next((e for e in found if e.facts["release_id"] == release.release_id), None)


def _share(spark: SparkSession, ctx: RunContext, contract: Contract, source: _Source) -> Promotion:
    from jobs.steps.promote import promote

    gold = spark.read.format("delta").option("versionAsOf", source.version).load(ctx.path(source.table))
    grant = _grant_of(contract)
    rows = granted_rows(gold, contract, consumer_key(ctx.settings, grant.agency))
    return promote(rows, contract, contract.table(Layer.SHARE), ctx)


def granted_rows(gold: DataFrame, contract: Contract, key: bytes) -> DataFrame:
    """The granted columns of the granted rows, and nothing else; the reference column holds pseudonyms made with ``key``."""
    from pyspark.sql import functions as f

    grant = _grant_of(contract)
    reference, granted = grant.reference_column, gold.where(grant.rows_where) if grant.rows_where else gold
    columns: list[SparkColumn] = []
    for column in contract.columns:
        value = f.expr(column.source_logic or column.name)
        columns.append((pseudonym_column(key, value) if column.name == reference else value).alias(column.name))
    return granted.select(*columns)


def _write_folder(ctx: RunContext, contract: Contract, release: Release, source: _Source, promotion: Promotion) -> Path:
    earlier = extracts_of(ctx.settings.outbox_root, contract.dataset)
    of_today = [e for e in earlier if e.business_date == release.business_date]
    sequence = max((e.sequence for e in of_today), default=0) + 1
    last = next(reversed(earlier), None)
    path, version = ctx.path(promotion.table), int(promotion.version or 0)
    with draft(ctx.settings.outbox_root, contract.dataset, release.business_date, sequence) as folder, duckdb_connection() as lake:
        shared = lake.execute(
            f"select * from delta_scan($path, version={version}) order by {', '.join(contract.keys)}",  # noqa: S608 - names of the contract
            {"path": path},
        )
        rows = write_data_files(shared.to_arrow_reader(), folder, contract.dataset.table)
        facts = _facts(contract, release, source, promotion, sequence) | {
            "supersedes": of_today[-1].id_of(contract.dataset) if of_today else None,
            "control_totals": {"rows": rows, "columns": control_totals(lake, contract, path, version)},
            "changes": _changes(lake, contract, path, last, version, rows).as_dict(),
        }
        name = f"{contract.dataset.group}-{contract.dataset.table}-{release.business_date}-{sequence}".replace("_", "-")
        write_descriptor(folder, describe_package(contract, folder, name, rows, facts))
    return next(reversed(extracts_of(ctx.settings.outbox_root, contract.dataset))).folder


def _changes(lake: Any, contract: Contract, path: str, last: Extract | None, version: int, rows: int) -> Changes:
    if last is None:
        return Changes(since=None, added=rows, changed=0, unchanged=0, removed=0)
    return changes_between(lake, contract, path, last.id_of(contract.dataset), last.facts["share_version"], version)


def _facts(contract: Contract, release: Release, source: _Source, promotion: Promotion, sequence: int) -> dict[str, Any]:
    grant = _grant_of(contract)
    return {
        "release_id": release.release_id,
        "business_date": release.business_date.isoformat(),
        "sequence": sequence,
        "mode": "full",
        "tables": {str(source.table): source.version},
        "share_version": promotion.version,
        "source_status": release.sources,
        "grant": grant.model_dump(),
        "pseudonym": {"column": grant.reference_column, "algorithm": ALGORITHM},
        "rows": {
            "checked": promotion.rows_checked,
            "shared": promotion.rows_accepted,
            "quarantined": promotion.rows_quarantined,
        },
    }


def _grant_of(contract: Contract) -> Grant:
    if contract.grant is None:
        raise ExtractError(f"{contract.path}: no grant. Say under `customProperties` which agency receives it, and what for.")
    return contract.grant


def _source_of(contract: Contract, release: Release) -> _Source | None:
    tables = {table for column in contract.columns for table in column.source_tables}
    if len(tables) != 1:
        raise ExtractError(
            f"{contract.path}: columns come from {len(tables)} tables. An extract is cut from exactly one gold table."
        )
    table = TableName.parse(tables.pop())
    return _Source(table, release.tables[str(table)]) if str(table) in release.tables else None
