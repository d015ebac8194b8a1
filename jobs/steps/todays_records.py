"""A master's records in silver: all that are so on the business date, and those that may be other than in the linkage state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from jobs.io.frames import empty_frame
from jobs.io.run_context import RunContext
from jobs.io.state import delivery_states
from jobs.linkage.identify import RECORD
from jobs.linkage.model import Model, ModelError
from jobs.linkage.roles import BEYOND_ITS_ROW, records_of, union_of
from jobs.steps.digest import digest_of
from jobs.steps.linkage_night import LinkageNight
from jobs.transforms.history import ended_by, rows_changed, rows_ended, rows_on
from schemas.contract import Contract
from schemas.names import Layer
from schemas.record_keys import dataset_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

VALIDITY = {"_valid_from": "date", "_valid_to": "date"}
"""The columns of silver that say from when to when a row was so, and their types."""


@dataclass(frozen=True)
class Touched:
    """Records that may be other than the state has them that a night starts from; all others are as they were.

    ``came``: as they are tonight; of the datasets in ``untold`` all there are. ``ended``: dataset and record_key of those whose
    rows ended since; of ``untold`` none.
    """

    came: DataFrame
    ended: DataFrame
    untold: tuple[str, ...] = ()


def todays_records(night: LinkageNight) -> DataFrame:
    """One row an entity named by a row of silver that was so on the business date: its key and the model's attributes.

    Raises ModelError if a contract fills an attribute that the model does not know.
    """
    day = night.ctx.business_date
    return _records(night, [record for source in _silver(night) for record in _named(night, *source, day)])


def touched_records(night: LinkageNight) -> Touched | None:
    """The records of rows that began or ended since the night before. None if every dataset has to be looked through.

    A dataset tells of its changes by the dates of its rows, if silver still holds for the night before what it held then: the
    same deliveries, typed by the same contract (`silver_digests`). One that does not is looked through whole. Raises ModelError.
    """
    if night.base is None:
        return None
    since, today = night.base.business_date, night.ctx.business_date
    stands = silver_digests(night.ctx, night.master, since)
    told = {dataset for dataset, digest in stands.items() if night.base.silver.get(dataset) == digest}
    if not told:
        return None
    found, untold = [], set[str]()
    for source, rows in _silver(night):
        if dataset_of(source) in told:
            found += _named(night, source, rows, today, since)
        else:
            found += _named(night, source, rows, today)
            untold.add(dataset_of(source))
    return touched_among(_records(night, found, also=VALIDITY), since, today, tuple(sorted(untold)))


def touched_among(versions: DataFrame, since: date, today: date, untold: tuple[str, ...] = ()) -> Touched:
    """What ``versions``, which were so on one date alone or are of ``untold`` datasets, bring today, and which of them ended."""
    # A checkpoint: it is asked for several times, and silver has many sources. Rebalanced, because each is a part of its own.
    kept = versions.hint("rebalance").localCheckpoint()
    return Touched(rows_on(kept, today).drop(*VALIDITY), rows_ended(kept, since, today).select(*RECORD), untold)


def silver_digests(ctx: RunContext, master: str, day: date) -> dict[str, str]:
    """By dataset, what its rows in silver that were so on ``day`` depend on, as one SHA-256. No Spark.

    Left out is a dataset whose rows do not tell what changed: nothing was published up to then; an attribute of its records is made
    of other rows too; or its items are linked, whose tables are made anew each night and may stay behind when a gate stops them.
    """
    published = defaultdict(list)
    for state in delivery_states(ctx.settings.root):
        if state.status == "published" and state.business_date <= day:
            published[state.dataset].append([state.delivery_id, state.digest])
    sources = ctx.catalog.sources_of(master)
    mute = {dataset_of(source) for source in sources if source.repeated_group or _looks_at_other_rows(source)}
    told = {str(source.dataset): source for source in sources if dataset_of(source) not in mute}
    # All names, in each: the records of a source that is one no longer have to go, and no row of silver says so.
    names = [str(source.dataset) for source in sources]
    return {
        dataset: digest_of([names, source.model_dump_json(exclude={"path"}), published[dataset]])
        for dataset, source in told.items()
        if published[dataset]
    }


def _looks_at_other_rows(source: Contract) -> bool:
    """Whether a record may change though its row does not: an expression that sees more than its row has a window or a query."""
    expressions = [sql for role in source.record_roles for sql in (*role.fields.values(), *role.formerly.values(), role.when or "")]
    return any(BEYOND_ITS_ROW.search(sql) for sql in expressions)


def _silver(night: LinkageNight) -> Iterator[tuple[Contract, DataFrame]]:
    """The sources of the master that have delivered, each with every version of its rows as the night sees them."""
    for source in night.ctx.catalog.sources_of(night.master):
        require_attributes(source, night.master, night.model)
        table = source.table(Layer.SILVER)
        version = night.silver.get(str(table))
        if version is not None:
            yield source, night.spark.read.format("delta").option("versionAsOf", version).load(night.ctx.path(table))


def _named(night: LinkageNight, source: Contract, versions: DataFrame, day: date, since: date | None = None) -> list[DataFrame]:
    """The records in the rows of a source that were so on ``day``; of those alone that changed ``since``, and as they were then."""
    rows = rows_on(versions, day) if since is None else rows_changed(versions, since, day)
    return list(records_of(rows, source, night.master, ended=ended_by(versions, day)))


def _records(night: LinkageNight, found: list[DataFrame], also: Mapping[str, str] | None = None) -> DataFrame:
    """Records of all sources with the columns of the model, in its types. ``also``: further columns, and their types."""
    from pyspark.sql import functions as f

    columns = {**dict.fromkeys(RECORD, "string"), **night.model.rules.attributes, **(also or {})}
    return union_of([empty_frame(night.spark, columns), *found]).select(*(f.col(name).cast(kind) for name, kind in columns.items()))


def require_attributes(source: Contract, master: str, model: Model) -> None:
    """Raise ModelError if a contract fills attributes that the model of ``master`` lacks, or has for a single value of several."""
    known = model.rules.attributes
    roles = source.roles_of(master)
    unknown = sorted({name for role in roles for name in role.attributes} - set(known))
    if unknown:
        raise ModelError(
            f"{source.path}: recordRoles fills {', '.join(unknown)}, which the model of {master} does not know. "
            "Add it to `attributes` of model.govlake.yaml, or take it out of the contract."
        )
    single = sorted({name for role in roles for name in role.formerly if not known[name].startswith("array<")})
    if single:
        raise ModelError(
            f"{source.path}: recordRoles fills {', '.join(single)} with what was so formerly, of which there may be several. "
            f"Give it the type array<…> in `attributes` of model.govlake.yaml of {master}."
        )
