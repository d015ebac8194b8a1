"""Link a night's records into entities, and give each an ID that lasts. One master, from silver to its linkage state."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from jobs.io import control
from jobs.io.delta import table_version
from jobs.io.run_context import RunContext
from jobs.io.state import LinkageState
from jobs.linkage.block import block_keys, blocks_of, candidate_pairs, capped_blocks
from jobs.linkage.compare import compare
from jobs.linkage.entities import PAIR, Entities, Findings, group_records
from jobs.linkage.frequencies import count_frequencies, counted_records, must_recount, with_frequencies
from jobs.linkage.identify import RECORD, Identity, id_drawer, identify
from jobs.linkage.model import Model, ModelError, load_model
from jobs.linkage.reasons import with_reasons
from jobs.linkage.review import review_cases
from jobs.linkage.roles import records_of, union_of
from jobs.linkage.score import edges_of, score
from jobs.linkage.standardise import RECORD_ID, standardise
from jobs.linkage.tables import edges_contract, records_contract
from jobs.security.keys import lake_key
from jobs.steps.linkage_state import base_state, is_linked, read_state, record_state, restore_state
from schemas.contract import Contract
from schemas.names import DatasetName, Layer, linked_table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

ARROW_TYPES = {"string": pa.string(), "date": pa.date32(), "number": pa.float64(), "integer": pa.int64(), "boolean": pa.bool_()}
"""Arrow types of what the driver writes, by the contract's logical type."""

CROSSWALK = [*RECORD, "master_id", "valid_from"]
MASTERS = ["master_id", "status", "merged_into", "first_business_date"]


@dataclass(frozen=True)
class _Night:
    """One master on one night: where its records come from, and the model that links them."""

    spark: SparkSession
    ctx: RunContext
    master: str
    model: Model
    silver: dict[str, int]
    base: LinkageState | None

    @property
    def is_new_model(self) -> bool:
        """Whether the state that the night starts from was made by another model."""
        return self.base is not None and self.base.model_digest != self.model.digest

    @property
    def input_digest(self) -> str:
        """What the linkage state depends on, as one SHA-256."""
        decisions = self.ctx.path(linked_table(self.master, "steward_edges"))
        inputs = [self.silver, self.model.digest, self.ctx.business_date.isoformat(), table_version(decisions)]
        return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()

    def contract(self, name: str) -> Contract:
        """The contract of a linked table, with the columns that the model adds."""
        base = self.ctx.catalog.by_dataset[DatasetName(Layer.LINKED, name)]
        derived = {"records": records_contract, "edges": edges_contract}
        return derived[name](base, self.model) if name in derived else base

    def write(self, name: str, rows: DataFrame) -> DataFrame:
        """Promote a linked table and return it as it is now. Raises PromotionStoppedError."""
        from jobs.steps.promote import promote

        table = linked_table(self.master, name)
        promote(rows, self.contract(name), table, self.ctx)
        return self.spark.read.format("delta").load(self.ctx.path(table))

    def write_local(self, name: str, rows: pd.DataFrame) -> None:
        """Promote rows that the driver holds; columns and their types are the contract's."""
        from pyspark.sql.pandas.types import from_arrow_schema

        columns = self.contract(name).columns
        schema = pa.schema([(column.name, ARROW_TYPES[column.logical_type]) for column in columns])
        # Without rows there are no types to infer, and Spark Connect refuses an empty Arrow table; both sessions take a schema.
        content = [] if rows.empty else pa.Table.from_pandas(rows, schema=schema, preserve_index=False)
        self.write(name, self.spark.createDataFrame(content, schema=from_arrow_schema(schema)))

    def read_local(self, name: str, columns: list[str], where: str = "true") -> pd.DataFrame:
        """Columns of a linked table on the driver; no rows if it was never written."""
        found = read_state(self.spark, self.ctx, self.master, name)
        if found is None:
            return pd.DataFrame({column: [] for column in columns}, dtype=object)
        return _local(found.where(where).select(*columns))


def link(spark: SparkSession, ctx: RunContext, master: str) -> None:
    """Link the records of ``master`` that silver holds on the business date; nothing if that was done with these inputs.

    Writes the tables of ``linked.<master>__…`` and, last, the state that names their versions. Raises ModelError, and
    PromotionStoppedError if a gate stops a table.
    """
    model = load_model(ctx.settings.linkage.models / master)
    night = _Night(spark, ctx, master, model, _silver_versions(ctx, master), base_state(ctx, master))
    if is_linked(ctx, master, night.input_digest):
        return
    restore_state(spark, ctx, master, night.base)
    records = night.write("records", _todays_records(night))
    standardised = standardise(records, night.model).persist()
    edges = _score_pairs(night, standardised)
    findings = Findings(_local_records(standardised, night.model), _local(edges), _decisions(night))
    standardised.unpersist()
    entities = group_records(findings, night.model)
    identity = _identify(night, entities)
    _write_identity(night, identity, entities, findings)
    _write_review(night, identity, entities, findings)
    record_state(ctx, master, night.model.digest, night.input_digest)


def _silver_versions(ctx: RunContext, master: str) -> dict[str, int]:
    tables = {contract.table(Layer.SILVER) for contract in ctx.catalog.sources_of(master)}
    versions = {str(table): table_version(ctx.path(table)) for table in tables}
    return {table: version for table, version in sorted(versions.items()) if version is not None}


def _todays_records(night: _Night) -> DataFrame:
    """One row an entity named by a row of silver that was so on the business date: its key and the model's attributes."""
    from pyspark.sql import functions as f

    today = f.lit(night.ctx.business_date)
    attributes = night.model.rules.attributes
    found = []
    for source in night.ctx.catalog.sources_of(night.master):
        _require_attributes(source, night)
        version = night.silver.get(str(source.table(Layer.SILVER)))
        if version is None:
            continue
        rows = night.spark.read.format("delta").option("versionAsOf", version).load(night.ctx.path(source.table(Layer.SILVER)))
        current = rows.where((f.col("_valid_from") <= today) & (f.col("_valid_to").isNull() | (f.col("_valid_to") > today)))
        found += list(records_of(current, source, night.master))
    empty = ", ".join(["dataset string", "record_key string", *(f"{name} {kind}" for name, kind in attributes.items())])
    records = union_of([night.spark.createDataFrame([], empty), *found])
    return records.select(*RECORD, *(f.col(name).cast(kind) for name, kind in attributes.items()))


def _require_attributes(source: Contract, night: _Night) -> None:
    for role in source.record_roles:
        unknown = sorted(set(role.fields) - set(night.model.rules.attributes)) if role.master == night.master else []
        if unknown:
            raise ModelError(
                f"{source.path}: recordRoles fills {', '.join(unknown)}, which the model of {night.master} does not know. "
                "Add it to `attributes` of model.govlake.yaml, or take it out of the contract."
            )


def _score_pairs(night: _Night, standardised: DataFrame) -> DataFrame:
    """Block, compare and score; the edges as promoted."""
    frequencies, record_count = _frozen_frequencies(night, standardised)
    counted = with_frequencies(standardised, frequencies, night.model)
    blocks = blocks_of(block_keys(counted, night.model)).persist()
    _report_capped(night, blocks)
    compared = compare(candidate_pairs(blocks, night.model), counted, night.model)
    edges = night.write("edges", edges_of(score(compared, night.model, night.model.prior_weight(record_count)), night.model))
    blocks.unpersist()
    return edges


def _frozen_frequencies(night: _Night, standardised: DataFrame) -> tuple[DataFrame, int]:
    """The term frequencies to score with, and the records they were counted on: last night's while they still stand."""
    frozen = read_state(night.spark, night.ctx, night.master, "term_frequencies")
    record_count = counted_records(frozen) if frozen is not None and not night.is_new_model else None
    if frozen is None or must_recount(record_count, standardised.count()):
        frozen = night.write("term_frequencies", count_frequencies(standardised, night.model))
        record_count = counted_records(frozen)
    return frozen, record_count or 0


def _report_capped(night: _Night, blocks: DataFrame) -> None:
    """Say in ``control.gates`` which blocks were too large to be compared: pairs may be missing there."""
    for row in capped_blocks(blocks, night.model).toArrow().to_pylist():
        event = {"run_id": night.ctx.run_id, "business_date": night.ctx.business_date, "check_code": "BLOCK_ABOVE_CAP"}
        event |= {"table": str(linked_table(night.master, "edges")), "column_name": row["rule_name"], "action": "warn"}
        detail = f"{row['blocks']} blocks hold more records than the rule's cap and were not compared; one holds {row['example']}"
        event |= {"passed": False, "rows_failed": row["records"], "decision": "published", "detail": detail}
        control.record(night.ctx.settings.root, "gates", [event])


def _local_records(standardised: DataFrame, model: Model) -> pd.DataFrame:
    """What grouping needs of the records, by dataset and record key."""
    columns = [*RECORD, "record_id", *(rule.column for rule in model.rules.identity_rules)]
    return _local(standardised.select(*dict.fromkeys(columns))).sort_values(RECORD, ignore_index=True)


def _decisions(night: _Night) -> pd.DataFrame:
    """What stewards decided up to the business date, oldest first: record_id_l, record_id_r, decision."""
    found = read_state(night.spark, night.ctx, night.master, "steward_edges")
    if found is None:
        return pd.DataFrame({column: [] for column in (*PAIR, "decision")}, dtype=object)
    taken = found.where(f"decided_on <= date '{night.ctx.business_date}'").orderBy("decided_on")
    other = RECORD_ID.replace("dataset", "other_dataset").replace("record_key", "other_record_key")
    return _local(taken.selectExpr(f"{RECORD_ID} as record_id_l", f"{other} as record_id_r", "decision"))


def _identify(night: _Night, entities: Entities) -> Identity:
    crosswalk = night.read_local("crosswalk", CROSSWALK, "valid_to is null")
    masters = night.read_local("master", MASTERS)
    draw = id_drawer(lake_key(night.ctx.settings), night.model.rules.id_prefix)
    return identify(entities.members, crosswalk, masters, night.ctx.business_date, draw)


def _write_identity(night: _Night, identity: Identity, entities: Entities, findings: Findings) -> None:
    events = with_reasons(identity, entities.held, findings.pairs, night.model)
    events = events.assign(business_date=night.ctx.business_date, run_id=night.ctx.run_id)
    night.write_local("crosswalk", identity.crosswalk)
    night.write_local("master", identity.masters)
    night.write_local("events", events)


def _write_review(night: _Night, identity: Identity, entities: Entities, findings: Findings) -> None:
    masters = identity.members["master_id"].to_numpy(object)
    open_cases = night.read_local("review", ["case_id", "opened_on"])
    cases = review_cases(findings, entities.held, masters, night.model, open_cases, night.ctx.business_date)
    night.write_local("review", cases)


def _local(rows: DataFrame) -> pd.DataFrame:
    """Rows on the driver; dates are Python dates."""
    return rows.toArrow().to_pandas()
