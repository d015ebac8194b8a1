"""Choose golden values: of the records that are one entity, which one's value stands for it, and why. Knows no domain.

A column of a master's contract that has ``survivorship`` is filled from the attribute it names. Among the records that have
a value and may supply it, the first by this order wins: being the record of the golden value that the column follows (if it
follows one), authority of the source, preference, recency, agreement (records of the entity that offer the same value), record
key. The last makes the choice total, so that a rerun chooses alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from jobs.linkage.standardise import with_record_id
from schemas.contract import Contract, Survivorship
from schemas.errors import GovlakeError

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

RECENCY = "updated_on"
"""The attribute of every linkage record that says when its source last vouched for it (a date; null = oldest)."""

SOURCE_SUFFIX = "_source"
"""``<column>_source`` names the dataset that a survived column's value came from."""

NO_DATE = 2**31 - 1
"""The age of a record without a date, in days before 1970: older than any other."""

_IS_APART = "not (one.dataset <=> leader.dataset and one.record_key <=> leader.record_key)"
"""Whether a record is another than the one that won the column which is followed; so is each where nothing won."""


class MissingAttributeError(GovlakeError):
    """A survivorship rule names an attribute that the linkage records lack; the message names both."""


def survivorship_rules(contract: Contract) -> dict[str, Survivorship]:
    """The columns of a contract whose values are chosen here, each with its rule, in contract order."""
    return {column.name: column.survivorship for column in contract.columns if column.survivorship}


def survive(members: DataFrame, rules: Mapping[str, Survivorship]) -> DataFrame:
    """The golden values of every master.

    ``members``: one row a record that belongs to a master: ``master_id dataset record_key`` and its attributes.
    Result: one row a master: ``master_id``, and for each column of ``rules`` its value and ``<column>_source``; both null
    where no record may supply one. Raises MissingAttributeError.
    """
    from pyspark.sql import functions as f

    winners = gather_records(members, rules).select(
        "master_id", *(f.expr(f"array_min({offers})").alias(name) for name, offers in offers_of(rules).items())
    )
    return winners.select("master_id", *(column for name in rules for column in _value_and_source(name)))


def gather_records(members: DataFrame, rules: Mapping[str, Survivorship]) -> DataFrame:
    """The records of every master in one array. Grain: one master, ``master_id records``. Raises MissingAttributeError."""
    from pyspark.sql import functions as f

    _require_attributes(members, rules)
    standings = {rank: _standing(rules[name]) for name, rank in ranks_of(rules).items()}
    record = f.struct(
        "dataset",
        "record_key",
        f.expr(f"coalesce(-unix_date({RECENCY}), {NO_DATE})").alias("_age"),
        *sorted({rule.attribute for rule in rules.values()}),
        *(f.expr(_rank(standing)).alias(rank) for rank, standing in standings.items()),
    )
    return members.select("master_id", record.alias("record")).groupBy("master_id").agg(f.collect_list("record").alias("records"))


def ranks_of(rules: Mapping[str, Survivorship]) -> dict[str, str]:
    """For every column, the field of a gathered record that ranks it; columns that rank alike share one."""
    fields: dict[tuple[tuple[str, ...], str, str], str] = {}
    return {name: fields.setdefault(_standing(rule), f"_rank_{len(fields)}") for name, rule in rules.items()}


def offers_of(rules: Mapping[str, Survivorship]) -> dict[str, str]:
    """For every column, what gathered records offer for it, as Spark SQL: an array of structs; the least of them wins.

    The order is that of the module's docstring. Of two records, neither agrees more.
    """
    ranks = ranks_of(rules)
    unled = {name: _offers(rule.attribute, ranks[name]) for name, rule in rules.items()}
    led = {
        name: _led_by(unled[rule.follows], _offers(rule.attribute, ranks[name], _IS_APART))
        for name, rule in rules.items()
        if rule.follows
    }
    return unled | led


def _led_by(leading: str, offers: str) -> str:
    """Offers that look at ``leader``, the best of others; as an argument of a lambda it is found once, not for every record."""
    return f"flatten(transform(array(array_min({leading})), leader -> {offers}))"


def _offers(attribute: str, rank: str, is_apart: str = "true") -> str:
    return f"""transform(
        filter(records, one -> one.{rank} is not null and one.{attribute} is not null),
        one -> named_struct(
            'is_apart', {is_apart},
            'rank', one.{rank},
            'age', one._age,
            'disagreement', if(size(records) < 3, 0,
                -size(filter(records, other -> other.{rank} is not null and other.{attribute} = one.{attribute}))),
            'record_key', one.record_key,
            'value', one.{attribute},
            'dataset', one.dataset))"""


def weigh_evidence(members: DataFrame, links: DataFrame) -> DataFrame:
    """How much stands behind every master: its records, their sources, and the match weights that hold them together.

    ``members`` as in `survive`; ``links``: one row a pair of records taken for one entity, ``record_id_l record_id_r
    match_weight`` (bits). Result: one row a master: ``master_id record_count sources link_weight_min link_weight_mean``; the
    weights are null where no pair is needed or known.
    """
    from pyspark.sql import functions as f

    records = members.groupBy("master_id").agg(
        f.count("*").cast("int").alias("record_count"), f.sort_array(f.collect_set("dataset")).alias("sources")
    )
    ids = with_record_id(members).select("record_id", "master_id")
    left, right = ids.toDF("record_id_l", "master_id"), ids.toDF("record_id_r", "other_id")
    held = links.join(left, "record_id_l", "inner").join(right, "record_id_r", "inner").where("master_id = other_id")
    weights = held.groupBy("master_id").agg(
        f.min("match_weight").alias("link_weight_min"), f.avg("match_weight").alias("link_weight_mean")
    )
    return records.join(weights, "master_id", "left")


def _standing(rule: Survivorship) -> tuple[tuple[str, ...], str, str]:
    """What a record's rank depends on; columns that share it share one rank."""
    return rule.sources, rule.valid_when or "true", rule.prefer_when or "true"


def _rank(standing: tuple[tuple[str, ...], str, str]) -> str:
    """Authority, then preference, as one number (0 is best); null for a record that may not supply the value."""
    sources, valid, preferred = standing
    authority = " ".join(f"when '{source}' then {2 * place}" for place, source in enumerate(sources))
    return f"case when coalesce({valid}, false) then case dataset {authority} end + if(coalesce({preferred}, false), 0, 1) end"


def _value_and_source(name: str) -> tuple[Column, Column]:
    from pyspark.sql import functions as f

    winner = f.col(name)
    return winner.getField("value").alias(name), winner.getField("dataset").alias(f"{name}{SOURCE_SUFFIX}")


def _require_attributes(members: DataFrame, rules: Mapping[str, Survivorship]) -> None:
    for name, rule in rules.items():
        if rule.attribute not in members.columns:
            raise MissingAttributeError(
                f"column {name!r} survives from attribute {rule.attribute!r}, which no linkage record has. "
                "Name it in a source's recordRoles and in the linkage model, or change the contract."
            )
