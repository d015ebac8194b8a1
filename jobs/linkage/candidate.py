"""A candidate: a copy of a model's folder with newly estimated probabilities, complete and ready to be loaded in its place."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import yaml

from jobs.linkage.model import RULES_FILE, SETTINGS_FILE, Model
from jobs.linkage.model_settings import NULL_LEVEL
from jobs.linkage.train import Estimates
from schemas.errors import UsageError

CANDIDATE = "candidate"
"""The folder, in a live model's own, where a candidate is written unless another is named."""

COMPARED = "compared.json"
"""The file beside a candidate's that keeps what comparing it with the live model told; no file of a model, so in no digest."""

DIGITS = 4
"""Significant digits of a probability in model.json: the sample tells no more."""

HOW = "expectation maximisation on the agreement patterns of all pairs, without the truth (govlake model train)"


def write_candidate(folder: Path, model: Model, estimates: Estimates, out: Path, how: str = HOW) -> None:
    """Copy the model in ``folder`` to ``out`` with the estimates, one version on; files that were there are replaced.

    Comments and the order of keys stay. Raises UsageError if ``out`` holds something else.
    """
    others = {path.name for path in out.glob("*")} - {COMPARED, *model_files(model)} if out.exists() else set()
    if others or out.resolve() == folder.resolve():
        raise UsageError(f"{out} holds {', '.join(sorted(others)) or 'the model itself'}: name a new or empty folder (--out).")
    out.mkdir(parents=True, exist_ok=True)
    (out / COMPARED).unlink(missing_ok=True)
    for name in sorted(model_files(model)):
        shutil.copyfile(folder / name, out / name)
    settings = with_estimates(json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8")), model, estimates)
    (out / SETTINGS_FILE).write_text(json.dumps(settings, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    rules = (folder / RULES_FILE).read_text(encoding="utf-8")
    trained = {"records": estimates.record_count, "how": how}
    (out / RULES_FILE).write_text(with_training(rules, model.rules.version + 1, trained), encoding="utf-8")


def keep_comparison(out: Path, told: dict[str, Any]) -> None:
    """Keep in the candidate's folder ``out`` what comparing it told: at least ``live_digest`` and ``candidate_digest``."""
    (out / COMPARED).write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def is_compared(candidate: Path, live: Model, other: Model) -> bool:
    """Whether the model in ``candidate``, which is ``other``, was compared with ``live``, both as they are now."""
    path = candidate / COMPARED
    try:
        told = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except json.JSONDecodeError:  # writing it was cut short
        return False
    return (told.get("live_digest"), told.get("candidate_digest")) == (live.digest, other.digest)


def require_same_register(master: str, live: Model, candidate: Path, other: Model) -> None:
    """Raise UsageError if the model in ``candidate``, which is ``other``, gives IDs of another form: it is another register's."""
    prefixes = [model.rules.id_prefix for model in (other, live)]
    if prefixes[0] != prefixes[1]:
        raise UsageError(
            f"{candidate} is no model of {master}: it gives IDs {prefixes[0]}-…, and those of {master} are {prefixes[1]}-…. "
            "Name another folder (--candidate)."
        )


def model_files(model: Model) -> set[str]:
    """The names of the files that a model consists of."""
    return {SETTINGS_FILE, RULES_FILE, *model.rules.tables}


def with_estimates(settings: dict[str, Any], model: Model, estimates: Estimates) -> dict[str, Any]:
    """The document ``model.json`` with the prior, m and u of every level set."""
    comparisons = []
    for document, comparison, m, u in zip(settings["comparisons"], model.comparisons, estimates.m, estimates.u, strict=True):
        levels = [
            level if number == NULL_LEVEL else level | {"m_probability": _rounded(m[number]), "u_probability": _rounded(u[number])}
            for number, level in zip(comparison.levels, document["comparison_levels"], strict=True)
        ]
        comparisons.append(document | {"comparison_levels": levels})
    return settings | {"probability_two_random_records_match": _rounded(estimates.prior), "comparisons": comparisons}


def with_training(rules: str, version: int, trained: dict[str, Any]) -> str:
    """The text of ``model.govlake.yaml`` with another version and ``trained`` block; all else, comments included, as it was."""
    text = re.sub(r"(?m)^version:.*$", f"version: {version}", rules, count=1)
    block = yaml.safe_dump({"trained": trained}, allow_unicode=True, sort_keys=False, width=120)
    without = re.sub(r"(?m)^trained:.*\n(?:[ \t]+.*\n|\n(?=[ \t]))*", "", text)
    return re.sub(r"(?m)^(id_prefix:.*\n)", lambda found: found.group(1) + block, without, count=1)


def _rounded(probability: float) -> float:
    return float(f"{probability:.{DIGITS}g}")
