"""What a semantic type is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Action = Literal["quarantine", "warn"]


@dataclass(frozen=True)
class Part:
    """A column made from the delivered text: ``level`` orders parts that build on one another; helpers are not kept."""

    name: str
    spark_type: str
    sql: str
    level: int = 0
    is_kept: bool = True


@dataclass(frozen=True)
class Rule:
    """What is wrong where ``bad`` holds, and whether that costs the row its place in silver."""

    code: str
    action: Action
    bad: str
    reason: str


@dataclass(frozen=True)
class SemanticType:
    """A meaning: the parts it is made of (one is the column itself), its rules and its own code table."""

    parts: tuple[Part, ...]
    rules: tuple[Rule, ...] = ()
    code_table: str | None = None


def fill(template: str, name: str) -> str:
    """A template's SQL for the column ``name``, whose delivered text stands in ``_raw_<name>``."""
    values = {"{name}": name, "{stem}": name.removesuffix("_date"), "{raw}": f"_raw_{name}", "{text}": f"_text_{name}"}
    for placeholder, value in values.items():
        template = template.replace(placeholder, value)
    return template


def plain(sql: str, spark_type: str = "string") -> tuple[Part, ...]:
    """The column alone, straight from the delivered text."""
    return (Part("{name}", spark_type, sql),)


def helper(name: str, sql: str, level: int, spark_type: str = "string") -> Part:
    """A column for other parts to build on: computed once a row, and not kept."""
    return Part(f"_{name}_{{name}}", spark_type, sql, level, is_kept=False)
