"""A linkage model: what is compared, how much each agreement weighs, and what makes records one entity.

It is two versioned files. ``model.json`` holds pure Splink 5 settings, so that Splink can read, chart and check it;
``model.govlake.yaml`` holds what Splink does not know: the records' attributes, the columns made of them, block caps,
thresholds and identity rules. Both refuse unknown keys; a level without trained probabilities is refused too.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from jobs.linkage.model_tables import read_characters, read_words
from schemas.errors import UsageError
from schemas.odcs import parse_yaml

SETTINGS_FILE = "model.json"
RULES_FILE = "model.govlake.yaml"
NULL_LEVEL = -1
"""The level of a comparison that has nothing to compare; it weighs nothing."""

FOR_TRAINING = "for_training"
"""Says, in what a file is validated with, that a level may lack its probabilities."""

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

_EQUALITY = re.compile(r"^l\.(\w+)\s*=\s*r\.(\w+)$")


class ModelError(UsageError):
    """A linkage model that cannot be used; the message names the file, what is wrong, and what to do."""


def _is_for_training(info: ValidationInfo) -> bool:
    return bool(info.context and info.context.get(FOR_TRAINING))


class StrictModel(BaseModel):
    """Refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
        if not _is_for_training(info) and (self.m_probability is None or self.u_probability is None):
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
    blocking_rules_to_generate_predictions: tuple[BlockingRule, ...] = Field(min_length=1)
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
    """Something about ``column`` that holds a link back and reports it for review, for the ``reason`` that a person reads."""

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
    character_tables: dict[str, str] = {}
    word_tables: dict[str, str] = {}
    columns: dict[str, str]
    blocking: tuple[BlockCap, ...]
    thresholds: Thresholds
    identity_rules: tuple[IdentityRule, ...] = ()
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
        if self.trained is None and not _is_for_training(info):
            raise ValueError("`trained` is missing: govlake model train fills it in")
        return self


@dataclass(frozen=True)
class Model:
    """A model ready for use: both files, checked against each other. ``digest`` names the version of all it read."""

    settings: SplinkSettings
    rules: GovlakeRules
    characters: Mapping[str, tuple[str, str]]
    digest: str
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The kinds of evidence, in the order of ``model.json``."""
        return self.settings.comparisons

    @cached_property
    def frequency_columns(self) -> tuple[str, ...]:
        """Columns whose rare values weigh more, in the order of their names."""
        found = {level.tf_adjustment_column for c in self.comparisons for level in c.adjusted.values()}
        return tuple(sorted(column for column in found if column))

    def prior_weight(self, record_count: int) -> float:
        """The match weight, in bits, of two random records of ``record_count``.

        The share of pairs that match falls as 1/N: records gain partners far more slowly than they gain strangers.
        """
        trained_records = self.rules.trained.records if self.rules.trained else record_count
        prior = self.settings.probability_two_random_records_match * trained_records / max(record_count, 2)
        prior = min(prior, 0.5)
        return math.log2(prior / (1 - prior))


def load_model(folder: Path, *, for_training: bool = False) -> Model:
    """Read the model in ``folder``. Raises ModelError naming the file and what is wrong in it.

    Only ``for_training`` may a level lack its probabilities, and the model what they were estimated on.
    """
    settings_path, rules_path = folder / SETTINGS_FILE, folder / RULES_FILE
    settings = _validate(settings_path, SplinkSettings, _parse(settings_path, json.loads), for_training=for_training)
    rules = _validate(rules_path, GovlakeRules, _parse(rules_path, parse_yaml), for_training=for_training)
    characters = _read_tables(folder, rules.character_tables, read_characters)
    words = _read_tables(folder, rules.word_tables, read_words)
    _check(settings, rules, rules_path)
    files = [settings_path, rules_path, *(folder / file for file in rules.tables)]
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()
    return Model(settings, rules, characters, digest, words)


def _parse(path: Path, parser: Any) -> Any:
    if not path.is_file():
        raise ModelError(f"no linkage model at {path}: write it, or point GOVLAKE_LINKAGE__MODELS at the folder of models.")
    try:
        return parser(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, yaml.YAMLError) as error:
        raise ModelError(f"{path}: {error}") from error


def _validate(path: Path, kind: type[M], data: Any, *, for_training: bool) -> M:
    try:
        return kind.model_validate(data, context={FOR_TRAINING: for_training})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ModelError(f"{path}: {place}: {first['msg']}") from error


def _read_tables(folder: Path, files: Mapping[str, str], reader: Callable[[str], T]) -> dict[str, T]:
    found = {}
    for name, file in files.items():
        try:
            found[name] = reader(_parse(folder / file, str))
        except ValueError as error:
            raise ModelError(f"{folder / file}:{error}") from error
    return found


def _check(settings: SplinkSettings, rules: GovlakeRules, path: Path) -> None:
    known = {*rules.attributes, *rules.columns}
    blocks = settings.blocking_rules_to_generate_predictions
    if len(rules.blocking) != len(blocks):
        raise ModelError(
            f"{path}: blocking: {len(rules.blocking)} caps for the {len(blocks)} rules of {SETTINGS_FILE}; "
            "give one each, in their order."
        )
    used = {column: f"blocking rule {number}" for number, rule in enumerate(blocks) for column in rule.columns}
    used |= {rule.column: f"identity rule {rule.name!r}" for rule in rules.identity_rules}
    used |= {rule.column: f"unique rule {rule.name!r}" for rule in rules.unique_rules}
    used |= {
        column: f"comparison {comparison.output_column_name!r}"
        for comparison in settings.comparisons
        for level in comparison.comparison_levels
        for column in compared_columns(level)
    }
    for column, place in used.items():
        if column not in known:
            raise ModelError(f"{path}: {place} uses {column!r}, which is neither an attribute nor a column of the model.")
    clash = set(rules.attributes) & set(rules.columns)
    if clash:
        raise ModelError(f"{path}: columns: {', '.join(sorted(clash))} is an attribute too; give the column another name.")


def compared_columns(level: Level) -> set[str]:
    """The columns that a level compares, without their ``_l`` and ``_r``."""
    return set() if level.is_else else set(re.findall(r"\b(\w+)_[lr]\b", level.sql_condition))
