"""What ``model.govlake.yaml`` holds: attributes, the columns made of them, block caps, thresholds, rules that hold links back."""

from __future__ import annotations

from typing import Self

from pydantic import Field, ValidationInfo, model_validator

from jobs.linkage.model_settings import MAX_RULES, is_for_training
from schemas.odcs import StrictModel


class BlockCap(StrictModel):
    """One blocking rule of ``model.json``, in its order: its name, and the most records a block may hold to be compared."""

    name: str
    cap: int = Field(gt=1)


class Thresholds(StrictModel):
    """Match weights in bits: at ``link`` and above records are one entity, from ``review`` up a person should look."""

    link: float
    review: float

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.review > self.link:
            raise ValueError("review must not lie above link")
        return self


class HoldingRule(StrictModel):
    """Something about ``column`` that holds a link back and reports it for review, for the ``reason`` that a steward reads."""

    name: str
    column: str
    reason: str


class IdentityRule(HoldingRule):
    """An entity has at most one value of ``column``: a link that would join two is held back."""


class UniqueRule(HoldingRule):
    """A record with a value of ``column`` joins an entity only if no other entity comes into question for it.

    Comes into question: what it is paired with from the review threshold up.
    """


class Training(StrictModel):
    """Where the probabilities come from: the records they were estimated on, and how."""

    records: int = Field(gt=1)
    how: str


class GovlakeRules(StrictModel):
    """What ``model.govlake.yaml`` holds. ``columns`` are Spark SQL over attributes and columns above them."""

    version: int = Field(gt=0)
    id_prefix: str = Field(pattern="^[a-z]{2,8}$")
    trained: Training | None = None
    attributes: dict[str, str]
    character_tables: dict[str, str] = Field(default_factory=dict)
    word_tables: dict[str, str] = Field(default_factory=dict)
    columns: dict[str, str]
    blocking: tuple[BlockCap, ...]
    thresholds: Thresholds
    identity_rules: tuple[IdentityRule, ...] = Field(default=(), max_length=MAX_RULES)
    unique_rules: tuple[UniqueRule, ...] = ()

    @property
    def tables(self) -> tuple[str, ...]:
        """The files of character and word tables, beside the two that every model has."""
        return (*self.character_tables.values(), *self.word_tables.values())

    @property
    def holding_rules(self) -> tuple[HoldingRule, ...]:
        """All rules that hold links back."""
        return (*self.identity_rules, *self.unique_rules)

    @property
    def grouped_by(self) -> tuple[str, ...]:
        """Columns that grouping looks at, beside the links."""
        return tuple(dict.fromkeys(rule.column for rule in self.holding_rules))

    @property
    def reasons(self) -> dict[str, str]:
        """Why a rule holds a link back, by the rule's name."""
        return {rule.name: rule.reason for rule in self.holding_rules}

    @model_validator(mode="after")
    def _says_how_trained(self, info: ValidationInfo) -> Self:
        if self.trained is None and not is_for_training(info):
            raise ValueError("`trained` is missing: govlake model train fills it in")
        return self
