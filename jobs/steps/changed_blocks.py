"""Who is asked about the blocks that a night changes: the driver itself where few records changed, Spark where many did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import TYPE_CHECKING

from jobs.io.delta import duckdb_connection
from jobs.linkage.block import blocking_keys
from jobs.linkage.reblock import CHANGED_BLOCKS, MEMBERS
from jobs.linkage.standardise import RECORD_HASH
from jobs.steps.linkage_night import LinkageNight

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

LOOKED_UP_RECORDS = 200_000
"""Up to so many new and changed records, the driver works out their blocks itself (ADR 10). Of more, Spark does."""

Ask = Callable[[str], "DataFrame"]
"""Answers a question of `jobs.linkage.reblock` on ``{blocks}``."""


@contextmanager
def changed_blocks(night: LinkageNight, came: DataFrame, left: DataFrame, records: int) -> Iterator[Ask]:
    """Answers on the blocks that so many ``records`` enter or leave, to be read while the context lasts.

    Members are those that the table of records has, last night's or tonight's. ``came``: the new and changed records as they are,
    ``left``: the changed and deleted ones as they were, both with their keys.
    """
    way = _by_the_driver if records <= LOOKED_UP_RECORDS else _by_spark
    with way(night, blocking_keys(came), blocking_keys(left)) as ask:
        yield ask


@contextmanager
def _by_spark(night: LinkageNight, entering: DataFrame, leaving: DataFrame) -> Iterator[Ask]:
    sides = {"entering": entering, "leaving": leaving}
    members = night.spark.sql(MEMBERS, keys=blocking_keys(night.table("records")), **sides)
    blocks = night.spark.sql(CHANGED_BLOCKS, members=members, **sides).persist()
    try:
        yield lambda question: night.spark.sql(question, blocks=blocks)
    finally:
        blocks.unpersist()


@contextmanager
def _by_the_driver(night: LinkageNight, entering: DataFrame, leaving: DataFrame) -> Iterator[Ask]:
    with duckdb_connection() as lake, ExitStack() as answers:
        for name, keys in (("entering", entering), ("leaving", leaving)):
            lake.register(name, keys.toArrow())
        keys = f"(select unnest(block_keys) as block_key, {RECORD_HASH} from delta_scan($path))"  # noqa: S608 - names of ours
        members = MEMBERS.format(keys=keys, entering="entering", leaving="leaving")
        blocks = CHANGED_BLOCKS.format(members=f"({members})", entering="entering", leaving="leaving")
        lake.execute(f"create table blocks as {blocks}", {"path": night.path("records")})
        asked = count()

        def ask(question: str) -> DataFrame:
            answer = lake.execute(question.format(blocks="blocks")).to_arrow_table()
            return answers.enter_context(night.given(f"blocks{next(asked)}", answer))

        yield ask
