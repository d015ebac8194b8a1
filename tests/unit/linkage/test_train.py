"""Training on the driver: probabilities come back out of pairs that were drawn with them; a candidate keeps all else."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from jobs.linkage.candidate import is_compared, keep_comparison, write_candidate
from jobs.linkage.model import Model, ModelError, load_model
from jobs.linkage.patterns import Patterns
from jobs.linkage.train import FLOOR, Estimates, estimate
from schemas.errors import UsageError

RULES = """# A comment that stays.
version: 3
id_prefix: sch
trained:
  records: 10
  how: >-
    by hand,
    long ago
attributes:
  name: string  # as delivered
  code: string
  city: string
columns:
  title: upper(name)
blocking:
  - {name: same code, cap: 50}
  - {name: same title, cap: 50}
thresholds: {link: 5.0, review: 0.0}
"""

COLUMNS = ("title", "code", "city")


def _comparison(column: str) -> dict[str, object]:
    levels = [
        {"sql_condition": f"{column}_l is null or {column}_r is null", "label_for_charts": "unknown", "is_null_level": True},
        {"sql_condition": f"{column}_l = {column}_r", "label_for_charts": "same"},
        {"sql_condition": f"levenshtein({column}_l, {column}_r) < 2", "label_for_charts": "alike"},
        {"sql_condition": "ELSE", "label_for_charts": "different"},
    ]
    return {"output_column_name": column, "comparison_description": column, "comparison_levels": levels}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An untrained model of three columns."""
    folder = tmp_path / "school"
    folder.mkdir()
    settings = {
        "link_type": "dedupe_only",
        "unique_id_column_name": "record_id",
        "probability_two_random_records_match": 0.001,
        "comparisons": [_comparison(column) for column in COLUMNS],
        "blocking_rules_to_generate_predictions": [{"blocking_rule": f"l.{c} = r.{c}"} for c in ("code", "title")],
    }
    (folder / "model.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "model.govlake.yaml").write_text(RULES, encoding="utf-8")
    return folder


M = ({2: 0.9, 1: 0.07, 0: 0.03}, {2: 0.97, 1: 0.02, 0: 0.01}, {2: 0.7, 1: 0.1, 0: 0.2})
U = ({2: 0.004, 1: 0.01, 0: 0.986}, {2: 0.0005, 1: 0.002, 0: 0.9975}, {2: 0.3, 1: 0.02, 0: 0.68})
MATCHES, RECORDS = 4_000, 2_000


def _patterns(known: float = 1.0) -> Patterns:
    """Pairs of 2,000 records as they fall on average; the share ``known`` of the cities is given. Blocked: same title or code."""
    total = RECORDS * (RECORDS - 1) / 2
    gammas, pairs, blocked = [], [], []
    for title in (0, 1, 2):
        for code in (0, 1, 2):
            for city in (-1, 0, 1, 2):
                chances = [p[0][title] * p[1][code] * (p[2][city] * known if city >= 0 else 1 - known) for p in (M, U)]
                in_block = 2 in (title, code)
                strangers = (total - MATCHES) * chances[1]
                gammas.append((title, code, city))
                pairs.append(strangers + (MATCHES * chances[0] if in_block else 0.0))
                blocked.append(in_block)
    weights = np.array(pairs)
    same = [float(weights[[gamma[k] == 2 for gamma in gammas]].sum()) for k in range(3)]
    equal = dict(zip(COLUMNS, same, strict=True))
    return Patterns(np.array(gammas), weights, np.array(blocked), RECORDS, 1.0, equal)


def test_probabilities_come_back_from_an_untrained_start(folder: Path) -> None:
    found = estimate(_patterns(known=0.8), load_model(folder, for_training=True))
    total = RECORDS * (RECORDS - 1) / 2
    in_blocks = 1 - (1 - M[0][2]) * (1 - M[1][2])
    assert found.prior == pytest.approx(MATCHES * in_blocks / total, rel=0.02)
    for u, true in zip(found.u, U, strict=True):
        assert u == pytest.approx(true, rel=0.02)
    # City is independent of the blocks; title and code are seen among the matches that blocking found.
    assert found.m[2] == pytest.approx(M[2], rel=0.03)
    assert found.m[0][2] == pytest.approx(M[0][2] / in_blocks, rel=0.01)
    for shares in (*found.m, *found.u):
        assert sum(shares.values()) == pytest.approx(1)


def test_equal_values_are_counted_by_their_frequencies_not_by_the_random_pairs(folder: Path) -> None:
    whole = _patterns()
    is_seen = ~((whole.gammas[:, 2] == 2) & ~whole.is_blocked)  # no random pair happened to agree on the city
    thin = Patterns(
        whole.gammas[is_seen], whole.pairs[is_seen], whole.is_blocked[is_seen], RECORDS, whole.stands_for, whole.equal_pairs
    )
    found = estimate(thin, load_model(folder, for_training=True))
    assert found.u[2][2] == pytest.approx(U[2][2], rel=0.05)


def test_levels_that_never_occur_keep_a_small_probability_and_fixed_ones_theirs(folder: Path) -> None:
    whole = _patterns()
    seen = whole.gammas[:, 1] != 1
    document = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    document["comparisons"][2]["comparison_levels"][1] |= {"m_probability": 0.123, "fix_m_probability": True}
    (folder / "model.json").write_text(json.dumps(document), encoding="utf-8")
    patterns = Patterns(whole.gammas[seen], whole.pairs[seen], whole.is_blocked[seen], RECORDS, 1.0, whole.equal_pairs)
    found = estimate(patterns, load_model(folder, for_training=True))
    assert FLOOR <= found.m[1][1] < 0.001
    assert FLOOR <= found.u[1][1] < 0.001
    assert found.m[2][2] == 0.123


def _estimates() -> Estimates:
    return Estimates(0.00123456, M, U, 7, 5_000)


def test_a_candidate_is_the_model_one_version_on(folder: Path, tmp_path: Path) -> None:
    model = load_model(folder, for_training=True)
    out = tmp_path / "candidate"
    write_candidate(folder, model, _estimates(), out)
    candidate = load_model(out)
    assert (candidate.rules.version, candidate.settings.probability_two_random_records_match) == (4, 0.001235)
    assert candidate.rules.trained is not None
    assert (candidate.rules.trained.records, "without the truth" in candidate.rules.trained.how) == (5_000, True)
    assert [level.m_probability for level in candidate.comparisons[0].comparison_levels] == [None, 0.9, 0.07, 0.03]
    text, before = (path.joinpath("model.govlake.yaml").read_text(encoding="utf-8") for path in (out, folder))
    assert "# A comment that stays." in text
    assert "name: string  # as delivered" in text
    kept = {key: value for key, value in yaml.safe_load(text).items() if key not in ("version", "trained")}
    assert kept == {key: value for key, value in yaml.safe_load(before).items() if key not in ("version", "trained")}
    keep_comparison(out, {"live_digest": model.digest, "candidate_digest": candidate.digest})
    assert is_compared(out, model, candidate)
    write_candidate(folder, model, _estimates(), out)
    assert not is_compared(out, model, candidate), "what was compared is no longer there"
    with pytest.raises(UsageError, match="the model itself"):
        write_candidate(folder, model, _estimates(), folder)


def test_only_training_takes_a_model_without_probabilities(folder: Path) -> None:
    with pytest.raises(ModelError, match="'same' is not trained"):
        load_model(folder)
    model: Model = load_model(folder, for_training=True)
    write_candidate(folder, model, _estimates(), folder / "candidate")
    trained = folder / "candidate" / "model.govlake.yaml"
    lines = trained.read_text(encoding="utf-8").splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if line.startswith("trained:"))
    end = next(number for number, line in enumerate(lines) if number > at and not line.startswith(" "))
    trained.write_text("".join(lines[:at] + lines[end:]), encoding="utf-8")
    with pytest.raises(ModelError, match="`trained` is missing"):
        load_model(folder / "candidate")
