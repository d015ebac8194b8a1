"""legal_entity/entity_history: what happened to each entity, as the register's own changes and the versions of its records say."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from jobs.transforms.inputs import MasterInputs
from schemas.sql_text import literals

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

CHANGES, PENALTIES = "market_regulation/enterprise_change", "credit/administrative_penalty"
ENTERPRISES, SOCIAL, PUBLIC = (
    "market_regulation/enterprise",
    "civil_affairs/social_organisation",
    "staffing_office/public_institution",
)
REGISTERS = f"dataset in ('{ENTERPRISES}', '{SOCIAL}')"
"""Registers that say when an entity was founded, and in which state it is."""

UNTOLD = f"dataset in ('{SOCIAL}', '{PUBLIC}')"
"""Registers that tell of a change only by what they deliver next."""

STATES = {"1": "restored", "2": "revoked", "3": "dissolved", "4": "moved_away", "5": "suspended"}
"""Event by the state (``registration_status``) that an entity came into."""

ITEMS = {"1": "entity_name", "2": "address", "3": "representative_name"}
"""What may change, by its code in ``change_item``, and the attribute that shows it."""

STOPPED = "10"
"""Code of ``penalty_kind`` for an order to stop business (责令停产停业)."""

EVIDENCE = "concat(dataset, '|', record_key)"
EVENT = [
    "master_id",
    "event_code",
    "event_date",
    "item_code",
    "value_before",
    "value_after",
    "source",
    "evidence",
    "known_from_date",
]


def transform(inputs: MasterInputs) -> DataFrame:
    """One row an event, numbered in the order of their dates."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    versions = _with_previous(inputs.history)
    found = [_foundations(inputs.history), _changes_of_state(versions), _observed_changes(versions)]
    if (changes := inputs.rows.get(CHANGES)) is not None:
        found.append(_registered_changes(inputs, changes))
    if (penalties := inputs.rows.get(PENALTIES)) is not None:
        found.append(_suspensions(inputs, penalties))
    events = reduce(lambda some, more: some.unionByName(more), found)
    in_order = Window.partitionBy("master_id").orderBy("event_date", "known_from_date", "evidence", "event_code", "item_code")
    return events.withColumn("event_number", f.row_number().over(in_order).cast("int"))


def _event(rows: DataFrame, code: str, day: str, item: str = "null", before: str = "null", after: str = "null") -> DataFrame:
    """Rows with ``master_id dataset record_key _valid_from`` as events; code, day, item and values are Spark SQL over them."""
    texts = {"item_code": item, "value_before": before, "value_after": after}
    return rows.selectExpr(
        "master_id",
        f"{code} as event_code",
        f"{day} as event_date",
        *(f"cast({value} as string) as {name}" for name, value in texts.items()),
        "dataset as source",
        f"{EVIDENCE} as evidence",
        "_valid_from as known_from_date",
    ).select(*EVENT)


def _foundations(history: DataFrame) -> DataFrame:
    """One foundation an entity; where registers or versions differ, the newest version's."""
    newest = "struct(_valid_from, dataset, record_key)"
    dated = history.where(f"{REGISTERS} and founded_on is not null")
    told = dated.groupBy("master_id").agg(
        *(_aggregate(f"max_by({name}, {newest})", name) for name in ("dataset", "record_key", "founded_on")),
        _aggregate("min(_valid_from)", "_valid_from"),
    )
    return _event(told, "'founded'", "founded_on")


def _aggregate(sql: str, name: str) -> Column:
    from pyspark.sql import functions as f

    return f.expr(sql).alias(name)


def _with_previous(history: DataFrame) -> DataFrame:
    """Versions of records with the values of the version before, as ``before_<attribute>``; ``is_first``: there is none."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    of_record = Window.partitionBy("dataset", "record_key").orderBy("_valid_from")
    before = {f"before_{name}": f.lag(name).over(of_record) for name in ("status_code", *ITEMS.values())}
    return history.withColumns(before | {"is_first": f.row_number().over(of_record) == 1})


def _changes_of_state(versions: DataFrame) -> DataFrame:
    """An entity came into another state, or into one that is not the usual one before it was first delivered.

    The day is that of the register's entry; if the latest is that of the foundation, the business date.
    """
    known = " ".join(f"when '{state}' then '{event}'" for state, event in STATES.items())
    came = f"{REGISTERS} and status_code in ({literals(STATES)})"
    changed = versions.where(f"{came} and if(is_first, status_code <> '1', not (status_code <=> before_status_code))")
    day = "if(updated_on > founded_on, updated_on, _valid_from)"
    return _event(changed, f"case status_code {known} end", day, "null", "before_status_code", "status_code")


def _observed_changes(versions: DataFrame) -> DataFrame:
    """Name, address or representative is another than in the version before."""
    items = ", ".join(
        f"if(before_{name} <=> {name}, null, named_struct('item', '{code}', 'before', before_{name}, 'after', {name}))"
        for code, name in ITEMS.items()
    )
    changed = versions.where(f"{UNTOLD} and not is_first").selectExpr(
        "master_id", "dataset", "record_key", "_valid_from", f"inline(array_compact(array({items})))"
    )
    return _event(changed, "'changed'", "_valid_from", "item", "before", "after")


def _registered_changes(inputs: MasterInputs, changes: DataFrame) -> DataFrame:
    """The changes that the market regulator approved."""
    named = inputs.members.where(f"dataset = '{CHANGES}'").select("master_id", "dataset", "record_key")
    told = named.join(changes.withColumnRenamed("change_number", "record_key"), "record_key", "inner")
    return _event(told, "'changed'", "approved_on", "item_code", "value_before", "value_after")


def _suspensions(inputs: MasterInputs, penalties: DataFrame) -> DataFrame:
    """Orders to stop business."""
    stopped = penalties.where(f"kind_code = '{STOPPED}'").selectExpr(
        "concat_ws('|', decision_number, authority_unified_code) as row_key", "decided_on", "_valid_from"
    )
    named = inputs.members.where(f"dataset = '{PENALTIES}'").selectExpr(
        "master_id", "dataset", "record_key", "substring_index(record_key, '#', 1) as row_key"
    )
    return _event(named.join(stopped, "row_key", "inner"), "'suspended'", "decided_on")
