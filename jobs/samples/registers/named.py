"""Whom the rows of a register name: what the truth must know to say whose record each is, and what it can be linked by."""

from __future__ import annotations

from dataclasses import dataclass

POPULATION, LEGAL_ENTITY = "population", "legal_entity"
NOBODY = -1
"""An entity's place where a row names none."""


@dataclass(frozen=True)
class Named:
    """An entity that each row names, or may name: the columns of its place, the row's key and its delivered attributes.

    ``entity`` holds places among the entities of ``master`` (NOBODY: none). Where ``is_repeated``, a row names several:
    ``entity`` holds an array of places, the attributes JSON lists of the same length, and the role is numbered from 1.
    """

    entity: str
    key: str
    number: str | None
    name: str | None = None
    birth: str | None = None
    phone: str | None = None
    address: str | None = None
    role: str | None = None
    is_repeated: bool = False
    master: str = POPULATION
    other_numbers: tuple[str, ...] = ()
    """Columns of further numbers of the entity."""
