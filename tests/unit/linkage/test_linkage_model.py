from __future__ import annotations

import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from jobs.linkage.model import ModelError, load_model
from jobs.settings import PROJECT

POPULATION = PROJECT / "conf" / "linkage" / "population"
LEGAL_ENTITY = PROJECT / "conf" / "linkage" / "legal_entity"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(POPULATION, tmp_path / "model"))


def _edit_settings(folder: Path, change: Any) -> None:
    path = folder / "model.json"
    settings = json.loads(path.read_text("utf-8"))
    change(settings)
    path.write_text(json.dumps(settings), "utf-8")


def _edit_rules(folder: Path, change: Any) -> None:
    path = folder / "model.govlake.yaml"
    rules = yaml.safe_load(path.read_text("utf-8"))
    change(rules)
    path.write_text(yaml.safe_dump(rules, allow_unicode=True), "utf-8")


def test_levels_count_down_and_the_null_level_weighs_nothing() -> None:
    name = load_model(POPULATION).comparisons[0]
    assert list(name.levels) == [-1, 7, 6, 5, 4, 3, 2, 1, 0]
    assert name.levels[-1].match_weight == 0
    exact = name.levels[7]
    assert exact.match_weight == pytest.approx(math.log2((exact.m_probability or 0) / (exact.u_probability or 1)))
    assert list(name.adjusted) == [7, 5]


@pytest.mark.parametrize("model", [POPULATION, LEGAL_ENTITY])
def test_more_agreement_never_weighs_against(model: Path) -> None:
    for comparison in load_model(model).comparisons:
        best, worst = max(comparison.levels), 0
        assert comparison.levels[best].match_weight > 0 > comparison.levels[worst].match_weight, comparison.output_column_name


def test_the_prior_falls_as_records_grow() -> None:
    model = load_model(POPULATION)
    trained = model.rules.trained.records
    assert model.prior_weight(trained * 8) == pytest.approx(model.prior_weight(trained) - 3, abs=1e-3)


def test_the_digest_names_all_three_files(folder: Path) -> None:
    before = load_model(folder).digest
    path = folder / "variants.tsv"
    path.write_text(path.read_text("utf-8") + "\n䬢\t面\n", "utf-8")
    assert load_model(folder).digest != before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda s: s.update(colour=1), r"model\.json: colour: Extra inputs", id="an unknown key"),
        pytest.param(
            lambda s: s["comparisons"][0]["comparison_levels"][1].pop("m_probability"), "'same name' is not trained", id="untrained"
        ),
        pytest.param(
            lambda s: s["blocking_rules_to_generate_predictions"][0].update(blocking_rule="l.name_key = r.born_on"),
            "cannot be a block key",
            id="a block key of two columns",
        ),
        pytest.param(
            lambda s: s["blocking_rules_to_generate_predictions"][0].update(blocking_rule="l.smell = r.smell"),
            "blocking rule 0 uses 'smell'",
            id="a block key that nothing makes",
        ),
        pytest.param(lambda s: s["comparisons"][2]["comparison_levels"].pop(), "must be ELSE", id="no last level"),
        pytest.param(
            lambda s: s["comparisons"][0]["comparison_levels"][1].update(tf_adjustment_column="sex"),
            "adjusts for sex, which it does not compare",
            id="term frequencies of another column",
        ),
    ],
)
def test_settings_that_cannot_be_used_are_refused(folder: Path, change: Any, message: str) -> None:
    _edit_settings(folder, change)
    with pytest.raises(ModelError, match=message):
        load_model(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda r: r.update(colour=1), r"model\.govlake\.yaml: colour: Extra inputs", id="an unknown key"),
        pytest.param(lambda r: r["blocking"].pop(), "12 caps for the 13 rules", id="a cap too few"),
        pytest.param(lambda r: r.update(identity_rules=r["identity_rules"] * 129), "at most 128 items", id="too many rules"),
        pytest.param(lambda r: r["thresholds"].update(review=99), "review must not lie above link", id="thresholds"),
        pytest.param(lambda r: r["columns"].pop("sex"), "comparison 'sex' uses 'sex'", id="a column too few"),
        pytest.param(lambda r: r["columns"].update(phones="phones"), "phones is an attribute too", id="a column over an attribute"),
    ],
)
def test_rules_that_cannot_be_used_are_refused(folder: Path, change: Any, message: str) -> None:
    _edit_rules(folder, change)
    with pytest.raises(ModelError, match=message):
        load_model(folder)


def test_a_missing_model_and_a_bad_character_table_say_where(folder: Path) -> None:
    (folder / "variants.tsv").write_text("張\t张\n張\t长\n", "utf-8")
    with pytest.raises(ModelError, match=r"variants\.tsv:2: .*each source once"):
        load_model(folder)
    with pytest.raises(ModelError, match="no linkage model at"):
        load_model(folder / "nowhere")


def test_words_are_found_longest_first_and_a_bad_table_says_where(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(LEGAL_ENTITY, tmp_path / "model"))
    before = load_model(folder)
    found = re.match(before.words["cities"], "济南市历下区")
    assert found is not None
    assert found.group() == "济南市"
    (folder / "cities.txt").write_text("# cities\n济南\n济南市\n", "utf-8")
    changed = load_model(folder)
    assert changed.words["cities"] == "(?:济南市|济南)"
    assert changed.digest != before.digest
    (folder / "cities.txt").write_text("济南\n济南\n", "utf-8")
    with pytest.raises(ModelError, match=r"cities\.txt:2: .*each once"):
        load_model(folder)
