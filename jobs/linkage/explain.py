"""Explain links in words: what two records agree and disagree on, and how much each finding weighs. Needs no Spark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.linkage.model import Model


@dataclass(frozen=True)
class Evidence:
    """One finding: the comparison, the level reached in words, and its weight in bits (negative: against a match)."""

    comparison: str
    finding: str
    weight: float


@dataclass(frozen=True)
class PairExplanation:
    """Why two records are, or are not, linked. Weights in bits: ``prior_weight`` and the evidence add up to ``match_weight``."""

    record_id_l: str
    record_id_r: str
    match_weight: float
    prior_weight: float
    evidence: tuple[Evidence, ...]

    @property
    def words(self) -> str:
        """The findings that weigh anything, in one line, the strongest first."""
        found = sorted((e for e in self.evidence if e.weight), key=lambda e: -abs(e.weight))
        return ", ".join(f"{e.finding} {e.weight:+.1f}" for e in found) or "nothing to compare"


def explain_edge(edge: Mapping[str, Any], model: Model) -> PairExplanation:
    """Explain one row of ``linked.<master>__edges`` with the model that scored it."""
    evidence = []
    for comparison in model.comparisons:
        name = comparison.output_column_name
        level = comparison.levels[edge[f"gamma_{name}"]]
        evidence.append(Evidence(name, level.label_for_charts, edge[f"mw_{name}"]))
    return PairExplanation(
        record_id_l=edge["record_id_l"],
        record_id_r=edge["record_id_r"],
        match_weight=edge["match_weight"],
        prior_weight=edge["match_weight"] - sum(finding.weight for finding in evidence),
        evidence=tuple(evidence),
    )
