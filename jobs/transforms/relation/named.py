"""Relations of two entities that one row of a register names: the row's records have two masters, while both hold them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from jobs.transforms.inputs import DerivedInputs
from schemas.contract import Contract
from schemas.record_keys import ROLE_SEPARATOR, row_keys
from schemas.sql_text import literal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class NamedPair:
    """In a row of ``dataset`` the record with the role ``from_role`` is ``kind`` to that with ``to_role``.

    ``since`` and ``until`` are Spark SQL over the row's columns, where it says from which day to which; else it is so from the
    day on which the row is first known to say it.
    """

    kind: str
    dataset: str
    from_role: str
    to_role: str
    since: str = "cast(null as date)"
    until: str = "cast(null as date)"


NAMED_PAIRS = (
    NamedPair("representative", "market_regulation/enterprise", "representative", "entity"),
    NamedPair("representative", "civil_affairs/social_organisation", "representative", "entity"),
    NamedPair("shareholder", "market_regulation/shareholder", "shareholder", "entity", since="subscribed_on"),
    NamedPair("employer", "human_resources/social_insurance", "employer", "insured", until="date_add(insured_to_date, 1)"),
)
"""Registers whose duty it is to know the relation. A licence names a representative too, but that of the day it was granted."""


def named_together(inputs: DerivedInputs) -> list[DataFrame]:
    """The findings of every pair whose register has delivered, columns as in `jobs.transforms.relation.edge`."""
    contracts = {str(contract.dataset): contract for contract in inputs.sources}
    known = [pair for pair in NAMED_PAIRS if pair.dataset in inputs.silver and pair.dataset in contracts]
    return [_findings(inputs, pair, contracts[pair.dataset]) for pair in known]


def _findings(inputs: DerivedInputs, pair: NamedPair, contract: Contract) -> DataFrame:
    """Grain: one stay of one record with a master while the other record stayed with one."""
    from pyspark.sql import functions as f

    ones = _stays(inputs, pair.dataset, pair.from_role).toDF("row_key", "from_id", "from_master", "_from", "_to")
    others = _stays(inputs, pair.dataset, pair.to_role).toDF("row_key", "to_id", "to_master", "_other_from", "_other_to")
    both = ones.join(others, "row_key", "inner").withColumns(
        {"_since": f.greatest("_from", "_other_from"), "_until": f.least("_to", "_other_to")}
    )
    told = both.where("_until is null or _since < _until").join(_days_told(inputs, pair, contract), "row_key", "left")
    return told.selectExpr(
        "from_id",
        "from_master",
        "to_id",
        "to_master",
        f"{literal(pair.kind)} as kind_code",
        "coalesce(_told_since, _since) as since_date",
        "least(_told_until, _until) as until_date",
        f"{literal(pair.dataset)} as source",
        f"concat({literal(pair.dataset + '|')}, row_key) as evidence",
    )


def _stays(inputs: DerivedInputs, dataset: str, role: str) -> DataFrame:
    """Stays of the records with a role in rows of a dataset: row_key, master_id, master, valid_from, valid_to."""
    suffix = literal(f"{ROLE_SEPARATOR}{role}")
    of_masters = [
        linked.stays.where(f"dataset = {literal(dataset)} and endswith(record_key, {suffix})").selectExpr(
            f"substring_index(record_key, '{ROLE_SEPARATOR}', 1) as row_key",
            "master_id",
            f"{literal(master)} as master",
            "valid_from",
            "valid_to",
        )
        for master, linked in inputs.linked.items()
    ]
    return reduce(lambda some, more: some.unionByName(more), of_masters)


def _days_told(inputs: DerivedInputs, pair: NamedPair, contract: Contract) -> DataFrame:
    """What the newest version of each row says of the days: row_key, _told_since, _told_until."""
    from pyspark.sql import functions as f

    keys = ", ".join(f"cast({key} as string)" for key in row_keys(contract))
    dated = inputs.silver[pair.dataset].selectExpr(
        f"concat_ws('|', {keys}) as row_key", "_valid_from", f"{pair.since} as _told_since", f"{pair.until} as _told_until"
    )
    newest = dated.groupBy("row_key").agg(f.max_by(f.struct("_told_since", "_told_until"), "_valid_from").alias("_told"))
    return newest.select("row_key", "_told.*")
