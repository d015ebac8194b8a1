"""A drafted column: what it is called, what it seems to be, and how it stands in a contract."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from jobs.drafting.profile import Guess

CLASSIFICATION = {"citizen_id": "重要·敏感个人", "person_name": "重要·个人", "birth_date": "重要·个人", "phone": "重要·个人"}
DEFAULT_CLASSIFICATION = "一般"


@dataclass(frozen=True)
class DraftColumn:
    """A column of a draft: its names, what it seems to be, and whether it is unique and filled in every row."""

    name: str
    physical_name: str
    business_name: str
    guess: Guess
    is_unique: bool
    is_filled: bool


def english_name(physical_name: str) -> str:
    """A delivered name as a name of ours, or ``column`` where it has no Latin letters: a person must choose one."""
    last = re.split(r"[./@:]", physical_name.replace("[]", ""))[-1]
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", last)
    name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    return name if name and name[0].isalpha() else f"column_{name}".rstrip("_")


def column_entry(column: DraftColumn, *, is_key: bool = False) -> dict[str, Any]:
    """A column as it stands under ``properties`` of a contract."""
    properties = [{"property": "semanticType", "value": column.guess.semantic_type}]
    if column.guess.code_table:
        properties.append({"property": "codeTable", "value": column.guess.code_table})
    key = {"primaryKey": True, "primaryKeyPosition": 1, "required": True} if is_key else {}
    return {
        "name": column.name,
        "physicalName": column.physical_name,
        "businessName": column.business_name,
        "logicalType": column.guess.logical_type,
        **key,
        "classification": CLASSIFICATION.get(column.guess.semantic_type, DEFAULT_CLASSIFICATION),
        "customProperties": properties,
    }
