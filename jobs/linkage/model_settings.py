"""What ``model.json`` holds: pure Splink 5 settings, of which these are the ones a model uses."""

from __future__ import annotations

import math
import re
from typing import Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from schemas.odcs import StrictModel

MAX_RULES = 128
"""Blocking rules, or identity rules, that a model can have: a key of a record begins with its rule's number (7 bits)."""

NULL_LEVEL = -1
"""The level of a comparison that has nothing to compare; it weighs nothing."""

FOR_TRAINING = "for_training"
"""Says, in what a file is validated with, that a level may lack its probabilities."""

_EQUALITY = re.compile(r"^l\.(\w+)\s*=\s*r\.(\w+)$")


def is_for_training(info: ValidationInfo) -> bool:
    """Whether a file is read to be trained: it may then lack what training finds."""
    return bool(info.context and info.context.get(FOR_TRAINING))


class Level(StrictModel):
    """One degree of agreement, in Splink's terms. ``sql_condition`` is over ``<column>_l`` and ``<column>_r``, or ELSE."""

    sql_condition: str
    label_for_charts: str
    is_null_level: bool = False
    m_probability: float | None = Field(default=None, gt=0, le=1)
    u_probability: float | None = Field(default=None, gt=0, le=1)
    tf_adjustment_column: str | None = None
    tf_adjustment_weight: float = Field(default=1.0, ge=0)
    tf_minimum_u_value: float = Field(default=0.0, ge=0, lt=1)
    fix_m_probability: bool = False
    fix_u_probability: bool = False

    @property
    def is_else(self) -> bool:
        """Whether this level takes whatever the levels before it left."""
        return self.sql_condition.strip().upper() == "ELSE"

    @property
    def match_weight(self) -> float:
        """Bits of evidence: log2(m / u), 0 for the null level."""
        if self.m_probability is None or self.u_probability is None:
            return 0.0
        return math.log2(self.m_probability / self.u_probability)

    @model_validator(mode="after")
    def _is_trained(self, info: ValidationInfo) -> Self:
        if self.is_null_level:
            return self
        if not is_for_training(info) and (self.m_probability is None or self.u_probability is None):
            raise ValueError(f"level {self.label_for_charts!r} is not trained: it needs m_probability and u_probability")
        if self.tf_adjustment_column and self.tf_adjustment_column not in self.sql_condition:
            raise ValueError(f"level {self.label_for_charts!r} adjusts for {self.tf_adjustment_column}, which it does not compare")
        return self


class Comparison(StrictModel):
    """One kind of evidence; its levels are tried in order, and counted down to 0 with the null level left out (-1)."""

    output_column_name: str
    comparison_description: str
    comparison_levels: tuple[Level, ...] = Field(min_length=2)

    @property
    def levels(self) -> dict[int, Level]:
        """Levels by their comparison vector value, in the order in which they are tried."""
        numbers = iter(range(sum(not level.is_null_level for level in self.comparison_levels) - 1, -1, -1))
        return {NULL_LEVEL if level.is_null_level else next(numbers): level for level in self.comparison_levels}

    @property
    def adjusted(self) -> dict[int, Level]:
        """The levels that term frequencies adjust."""
        return {number: level for number, level in self.levels.items() if level.tf_adjustment_column}

    @field_validator("comparison_levels")
    @classmethod
    def _ends_with_else(cls, levels: tuple[Level, ...]) -> tuple[Level, ...]:
        if not levels[-1].is_else or any(level.is_else for level in levels[:-1]):
            raise ValueError("the last level, and only the last, must be ELSE")
        if sum(level.is_null_level for level in levels) > 1:
            raise ValueError("a comparison has at most one null level")
        return levels


class BlockingRule(StrictModel):
    """Pairs worth comparing: those that agree on all columns of ``l.<column> = r.<column> and …``."""

    blocking_rule: str
    arrays_to_explode: tuple[str, ...] | None = None
    sql_dialect: Literal["spark"] = "spark"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that must agree, in the order they are written."""
        return tuple(part.strip()[2:].split("=")[0].strip() for part in re.split(r"(?i)\s+and\s+", self.blocking_rule.strip()))

    @field_validator("blocking_rule")
    @classmethod
    def _is_equality(cls, rule: str) -> str:
        for part in re.split(r"(?i)\s+and\s+", rule.strip()):
            found = _EQUALITY.match(part.strip())
            if not found or found.group(1) != found.group(2):
                raise ValueError(f"{part!r} cannot be a block key: write l.<column> = r.<column>, joined by `and`")
        return rule


class SplinkSettings(StrictModel):
    """The settings of Splink 5 that a model uses; the names are Splink's."""

    link_type: Literal["dedupe_only"]
    sql_dialect: Literal["spark"] = "spark"
    unique_id_column_name: Literal["record_id"]
    probability_two_random_records_match: float = Field(gt=0, lt=1)
    comparisons: tuple[Comparison, ...] = Field(min_length=1)
    blocking_rules_to_generate_predictions: tuple[BlockingRule, ...] = Field(min_length=1, max_length=MAX_RULES)
    em_convergence: float = 0.0001
    max_iterations: int = 25
    retain_matching_columns: bool = False
    retain_intermediate_calculation_columns: bool = True
    additional_columns_to_retain: tuple[str, ...] = ()
    source_dataset_column_name: str = "source_dataset"
    match_weight_column_prefix: Literal["mw_"] = "mw_"
    term_frequency_adjustment_column_prefix: Literal["tf_"] = "tf_"
    comparison_vector_value_column_prefix: Literal["gamma_"] = "gamma_"
    linker_uid: str | None = None


def compared_columns(level: Level) -> set[str]:
    """The columns that a level compares, without their ``_l`` and ``_r``."""
    return set() if level.is_else else set(re.findall(r"\b(\w+)_[lr]\b", level.sql_condition))
