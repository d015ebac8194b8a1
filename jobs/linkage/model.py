"""A linkage model: what is compared, how much each agreement weighs, and what makes records one entity.

It is two versioned files. ``model.json`` holds pure Splink 5 settings, so that Splink can read, chart and check it;
``model.govlake.yaml`` holds what Splink does not know: the records' attributes, the columns made of them, block caps,
thresholds and identity rules. Both refuse unknown keys; a level without trained probabilities is refused too.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from jobs.linkage.model_rules import GovlakeRules
from jobs.linkage.model_settings import FOR_TRAINING, Comparison, SplinkSettings, compared_columns
from jobs.linkage.model_tables import read_characters, read_words
from schemas.errors import UsageError
from schemas.odcs import parse_yaml

SETTINGS_FILE = "model.json"
RULES_FILE = "model.govlake.yaml"
M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


class ModelError(UsageError):
    """A linkage model that cannot be used; the message names the file, what is wrong, and what to do."""


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


def replaced_folder(folder: Path) -> Path:
    """Where the model of ``folder`` lies while another takes its place; no folder of that name stays unless that is cut short."""
    return folder.with_name(f"{folder.name}.old")


def _parse(path: Path, parser: Any) -> Any:
    if not path.is_file():
        folder, replaced = path.parent, replaced_folder(path.parent)
        hint = "write it, or point GOVLAKE_LINKAGE__MODELS at the folder of models."
        if not folder.exists() and replaced.is_dir():
            hint = f"accepting another was cut short, and it lies in {replaced}. Give that folder its name back, {folder.name}."
        raise ModelError(f"no linkage model at {path}: {hint}")
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
