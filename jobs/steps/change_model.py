"""Another model for a master: trained on the lake's records, and compared with the live one.

A linkage model is a folder of files (`jobs.linkage.model`); a candidate is another folder of the same form. Nothing here writes a
table of the lake. `jobs.steps.accept_model` puts a candidate in place.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from jobs.io.delta import table_exists
from jobs.io.run_context import silver_rows
from jobs.io.spark import plans_for
from jobs.io.state import LinkageState, linkage_state
from jobs.linkage.block import HASH_PAIR, capped_blocks, pairs_and_large_blocks
from jobs.linkage.candidate import keep_comparison, require_same_register, write_candidate
from jobs.linkage.drift import BIN_BITS, Churn, measure_churn, measure_drift
from jobs.linkage.entities import Findings, group_records
from jobs.linkage.frequencies import count_frequencies, counted_records, with_frequencies
from jobs.linkage.identify import RECORD, identify
from jobs.linkage.model import Model, load_model
from jobs.linkage.model_settings import NULL_LEVEL
from jobs.linkage.roles import records_of, union_of
from jobs.linkage.score import score
from jobs.linkage.standardise import standardise
from jobs.linkage.train import Estimates, train
from jobs.steps.link_scope import local_records, named_by_hash
from jobs.steps.linkage_night import local
from jobs.steps.linkage_state import DECISIONS
from schemas.catalog import Catalog
from schemas.contract import Contract
from schemas.errors import UsageError
from schemas.names import Layer, TableName, linked_table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Answer = dict[str, Any]


def train_model(spark: SparkSession, root: str, catalog: Catalog, master: str, folder: Path, out: Path) -> Answer:
    """Train the model in ``folder``, which may never have been trained, on the records of the lake; the candidate goes to ``out``.

    Returns what was estimated: records, prior, rounds, and each level's m, u and weight. Raises UsageError.
    """
    model = load_model(folder, for_training=True)
    lake = _Master(spark, root, catalog, master)
    with plans_for(spark, lake.silver_rows):
        estimates = train(lake.records(model), model)
    write_candidate(folder, model, estimates, out)
    return {
        "master": master,
        "candidate": str(out),
        "version": model.rules.version + 1,
        "records": estimates.record_count,
        "rounds": estimates.rounds,
        "prior": estimates.prior,
        "levels": _levels(load_model(out), model, estimates),
    }


def _levels(candidate: Model, before: Model, estimates: Estimates) -> list[Answer]:
    """One a level: its comparison, label, m, u, weight and the weight that it had (None: it was not trained), in bits."""
    found = []
    for comparison, old, m, u in zip(candidate.comparisons, before.comparisons, estimates.m, estimates.u, strict=True):
        for number, level in comparison.levels.items():
            if number != NULL_LEVEL:
                was = old.levels[number]
                weight = was.match_weight if was.m_probability and was.u_probability else None
                named = {"comparison": comparison.output_column_name, "level": level.label_for_charts}
                found.append(named | {"m": m[number], "u": u[number], "weight": level.match_weight, "weight_before": weight})
    return found


def compare_models(spark: SparkSession, root: str, catalog: Catalog, master: str, folder: Path, candidate: Path) -> Answer:
    """How weights, masters and the blocks left out would change if ``candidate`` took the place of the model in ``folder``.

    Both are run on the records of the lake; the masters are those of the last linkage state. The answer is kept in the candidate's
    folder, for `jobs.steps.accept_model`; nothing else is written. Raises UsageError.
    """
    live, other = models_to_compare(master, folder, candidate)
    lake = _Master(spark, root, catalog, master)
    with plans_for(spark, lake.silver_rows):
        found = _compare(lake, live, other)
    versions = {"live": live.rules.version, "candidate": other.rules.version}
    answer = {"master": master, **versions, "live_digest": live.digest, "candidate_digest": other.digest, **found}
    if other.digest != live.digest:
        keep_comparison(candidate, answer)
    return answer


def models_to_compare(master: str, folder: Path, candidate: Path) -> tuple[Model, Model]:
    """The live model and the candidate. Raises ModelError, and UsageError if the candidate is another register's."""
    live, other = load_model(folder), load_model(candidate)
    require_same_register(master, live, candidate, other)
    return live, other


def _compare(lake: _Master, live: Model, other: Model) -> Answer:
    """The number of records, the drift of the weights, the churn of the masters, and the blocks that either model leaves out."""
    frozen = lake.linked("term_frequencies")
    standardised = standardise(lake.records(other), other).persist()
    now, capped_now = _scored(standardise(lake.records(live), live), live, frozen, counted_records(frozen) or 0)
    then, capped_then = _scored(standardised, other, count_frequencies(standardised, other), standardised.count())
    now, then = now.withColumnRenamed("match_weight", "live"), then.withColumnRenamed("match_weight", "candidate")
    both = now.join(then, HASH_PAIR, "full").persist()
    drift = measure_drift(_cells(both, live, other))
    links = both.where(f"candidate >= {other.rules.thresholds.link}").selectExpr(
        *HASH_PAIR, "candidate as match_weight", "true as is_link"
    )
    records = local_records(standardised, other)
    churn = _churn(lake, Findings(records, local(links), lake.decisions()), other)
    for cached in (both, standardised):
        cached.unpersist()
    capped = {"live": capped_now, "candidate": capped_then}
    return {"records": len(records), "drift": drift.as_dict(), "churn": asdict(churn), "capped": capped}


def _churn(lake: _Master, findings: Findings, other: Model) -> Churn:
    crosswalk = local(lake.linked("crosswalk").where("valid_to is null").select(*RECORD, "master_id", "valid_from"))
    masters = local(lake.linked("master").select("master_id", "status", "merged_into", "first_business_date"))
    members = group_records(findings, other).members
    return measure_churn(identify(members, crosswalk, masters, lake.state.business_date, lambda text: f"new|{text}"))


def _scored(standardised: DataFrame, model: Model, frequencies: DataFrame, record_count: int) -> tuple[DataFrame, list[Answer]]:
    """All pairs in blocks: `HASH_PAIR`, match_weight. And what was left out, in the order of the model's rules: see `_capped`."""
    counted = with_frequencies(standardised, frequencies, model)
    pairs, large = pairs_and_large_blocks(counted, model)
    scored = score(pairs, counted, model, model.prior_weight(record_count)).select(*HASH_PAIR, "match_weight")
    return scored, _capped(large, model)


def _capped(large: DataFrame, model: Model) -> list[Answer]:
    """One a rule with blocks above its cap: ``rule``, those ``blocks``, the ``records`` in them."""
    found = {row["rule_name"]: row for row in capped_blocks(large, model).toArrow().to_pylist()}
    rules = [rule.name for rule in model.rules.blocking if rule.name in found]
    return [{"rule": rule, "blocks": found[rule]["blocks"], "records": found[rule]["records"]} for rule in rules]


def _cells(both: DataFrame, live: Model, other: Model) -> pd.DataFrame:
    """Pairs that both models compare, by bins of both weights, and all by whether they link: see `measure_drift`."""
    from pyspark.sql import functions as f

    bins = {f"{side}_bin": f.floor(f.col(side) / BIN_BITS) for side in ("live", "candidate")}
    links = {
        f"is_{side}_link": f.expr(f"coalesce({side} >= {model.rules.thresholds.link}, false)")
        for side, model in (("live", live), ("candidate", other))
    }
    difference = f.coalesce(f.col("candidate") - f.col("live"), f.lit(0.0))
    grouped = both.withColumns(bins | links | {"difference": difference}).groupBy(*bins, *links)
    sums = {"difference": f.sum("difference"), "absolute_difference": f.sum(f.abs("difference")), "pairs": f.count("*")}
    cells = grouped.agg(*(column.alias(name) for name, column in sums.items()))
    return local(cells)


def sources_with_rows(root: str, catalog: Catalog, master: str) -> list[Contract]:
    """The sources of ``master`` that have a silver table. No Spark. Raises UsageError if none has."""
    found = [source for source in catalog.sources_of(master) if table_exists(source.table(Layer.SILVER).path(root))]
    if not found:
        raise UsageError(f"silver holds no record of {master!r} yet: run a night first (govlake night --date …).")
    return found


class _Master:
    """What a lake holds of one master: its records, as silver has them now, and its linkage state."""

    def __init__(self, spark: SparkSession, root: str, catalog: Catalog, master: str) -> None:
        catalog.require_master(master)
        self._spark, self._root, self._catalog, self._master = spark, root, catalog, master

    @property
    def state(self) -> LinkageState:
        """The last linkage state. Raises UsageError before the first."""
        state = linkage_state(self._root, self._master)
        if state is None:
            raise UsageError(f"nothing of {self._master!r} is linked yet: run a night first (govlake night --date …).")
        return state

    @property
    def silver_rows(self) -> int:
        """How many rows its sources hold in silver, history included."""
        return silver_rows(self._root, self._catalog, self._master)

    def linked(self, name: str) -> DataFrame:
        """A table of the linkage state, at the state's version."""
        table = linked_table(self._master, name)
        return self._read(table, versionAsOf=self.state.tables[str(table)])

    def records(self, model: Model) -> DataFrame:
        """Key and attributes of every record that is in silver now. Raises UsageError if there is none."""
        found: list[DataFrame] = []
        for source in sources_with_rows(self._root, self._catalog, self._master):
            versions = self._read(source.table(Layer.SILVER))
            ended = versions.where("_valid_to is not null")
            found += records_of(versions.where("_valid_to is null"), source, self._master, ended)
        records = union_of(found)
        unfilled = sorted(set(model.rules.attributes) - set(records.columns))
        empty = {name: f"cast(null as {model.rules.attributes[name]})" for name in unfilled}
        kinds = {name: f"cast({name} as {kind})" for name, kind in model.rules.attributes.items()} | empty
        return records.selectExpr(*RECORD, *(f"{sql} as {name}" for name, sql in kinds.items()))

    def decisions(self) -> pd.DataFrame:
        """What stewards have decided."""
        table = linked_table(self._master, DECISIONS)
        return named_by_hash(self._read(table) if table_exists(table.path(self._root)) else None)

    def _read(self, table: TableName, **options: object) -> DataFrame:
        return self._spark.read.format("delta").options(**options).load(table.path(self._root))
