"""Another model for a master: trained on the lake's records, compared with the live one, and put in its place by a person.

A linkage model is a folder of files (`jobs.linkage.model`); a candidate is another folder of the same form. Nothing here writes a
table of the lake but the audit: the next night links with whatever model is live, and finds that it is another.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from jobs.io import control
from jobs.io.delta import table_exists
from jobs.io.run_context import silver_rows
from jobs.io.spark import plans_for
from jobs.io.state import LinkageState, linkage_state
from jobs.linkage.block import HASH_PAIR, pairs_within_blocks
from jobs.linkage.candidate import model_files, write_candidate
from jobs.linkage.drift import BIN_BITS, Churn, measure_churn, measure_drift
from jobs.linkage.entities import Findings, group_records
from jobs.linkage.frequencies import count_frequencies, counted_records, with_frequencies
from jobs.linkage.identify import RECORD, identify
from jobs.linkage.kept_models import HISTORY
from jobs.linkage.model import Model, load_model, replaced_folder
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

ACCEPT = "accept_model"
CANDIDATE = "candidate"
"""The folder, in a live model's own, where a candidate is written unless another is named."""

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
    """How weights and masters would change if ``candidate`` took the place of the model in ``folder``. Writes nothing.

    Both are run on the records of the lake; the masters are those of the last linkage state. Raises UsageError.
    """
    live, other = load_model(folder), load_model(candidate)
    lake = _Master(spark, root, catalog, master)
    with plans_for(spark, lake.silver_rows):
        found = _compare(lake, live, other)
    return {"master": master, "live": live.rules.version, "candidate": other.rules.version, **found}


def _compare(lake: _Master, live: Model, other: Model) -> Answer:
    """The number of records, the drift of the weights and the churn of the masters."""
    frozen = lake.linked("term_frequencies")
    standardised = standardise(lake.records(other), other).persist()
    now = _scored(standardise(lake.records(live), live), live, frozen, counted_records(frozen) or 0)
    then = _scored(standardised, other, count_frequencies(standardised, other), standardised.count())
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
    return {"records": len(records), "drift": drift.as_dict(), "churn": asdict(churn)}


def _churn(lake: _Master, findings: Findings, other: Model) -> Churn:
    crosswalk = local(lake.linked("crosswalk").where("valid_to is null").select(*RECORD, "master_id", "valid_from"))
    masters = local(lake.linked("master").select("master_id", "status", "merged_into", "first_business_date"))
    members = group_records(findings, other).members
    return measure_churn(identify(members, crosswalk, masters, lake.state.business_date, lambda text: f"new|{text}"))


def _scored(standardised: DataFrame, model: Model, frequencies: DataFrame, record_count: int) -> DataFrame:
    """All pairs in blocks: `HASH_PAIR`, match_weight."""
    counted = with_frequencies(standardised, frequencies, model)
    pairs = pairs_within_blocks(counted, model)
    return score(pairs, counted, model, model.prior_weight(record_count)).select(*HASH_PAIR, "match_weight")


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
            rows = self._read(source.table(Layer.SILVER)).where("_valid_to is null")
            found += records_of(rows, source, self._master)
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


def accept_model(root: str, master: str, folder: Path, candidate: Path, who: str, why: str) -> Answer:
    """Put ``candidate`` in place of the live model in ``folder``, which is kept below ``history``; recorded in the audit.

    Complete or not at all: the folder is made anew beside the old one, and takes its name. Raises UsageError if the candidate is
    not a later version, or without a reason.
    """
    if not why.strip() or not who.strip():
        raise UsageError("say who accepts the model and why: --by NAME --why TEXT; both stay in the audit.")
    live, other = load_model(folder, for_training=True), load_model(candidate)
    if other.digest != live.digest:
        if other.rules.version <= live.rules.version:
            raise UsageError(
                f"{candidate} is version {other.rules.version}, and version {live.rules.version} of {master} is live: "
                "raise `version` in its model.govlake.yaml."
            )
        _swap(folder, live, candidate, other)
    subject = f"{master}/v{other.rules.version}/{other.digest[:16]}"
    if subject not in {event["subject"] for event in control.read_events(root, "audit") if event["action"] == ACCEPT}:
        control.record(root, "audit", [{"who": who, "action": ACCEPT, "subject": subject, "reason": why}])
    elif other.digest == live.digest:
        raise UsageError(f"version {other.rules.version} of {master} is live already.")
    return {"master": master, "version": other.rules.version, "replaced": live.rules.version, "by": who, "why": why}


def _swap(folder: Path, live: Model, candidate: Path, other: Model) -> None:
    new, old = folder.with_name(f"{folder.name}.new"), replaced_folder(folder)
    for left_over in (new, old):
        shutil.rmtree(left_over, ignore_errors=True)
    replaced = {CANDIDATE, *model_files(live)}  # at the top alone: the models below `HISTORY` have files of the same names
    shutil.copytree(folder, new, ignore=lambda place, names: replaced & set(names) if Path(place) == folder else set())
    _copy(folder, live, new / HISTORY / f"v{live.rules.version}")
    _copy(candidate, other, new)
    load_model(new)
    folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old)


def _copy(source: Path, model: Model, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in sorted(model_files(model)):
        shutil.copyfile(source / name, target / name)
