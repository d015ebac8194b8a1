"""Pairs that were scored by a model which another has replaced since."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from jobs.linkage.candidate import with_training
from jobs.linkage.kept_models import HISTORY
from jobs.linkage.model import load_model
from jobs.portal.explanation import explain_master
from jobs.portal.review import show_case
from jobs.settings import PROJECT, Settings, load_settings
from jobs.steps.accept_model import accept_model
from schemas.errors import UsageError
from tests.small_register import DAY, HOUSEHOLD, LI, MARRIAGE, write, write_linkage_state, write_release

CASE = {"case_id": "aaaa", "kind": "near threshold", "master_id": LI, "other_id": LI, "match_weight": 30.0}
CASE |= {"dataset": HOUSEHOLD, "record_key": "1", "other_dataset": MARRIAGE, "other_record_key": "M1#male"}


@pytest.fixture
def lake(tmp_path: Path) -> Settings:
    """A linked lake with a case, and a folder of models in which another will take the place of the one that linked it."""
    models = tmp_path / "models"
    shutil.copytree(PROJECT / "conf" / "linkage" / "population", models / "population")
    settings = load_settings(home=str(tmp_path / "lake"), linkage={"models": models})
    write_linkage_state(settings)
    write(settings, "linked.population__review", [CASE | {"detail": "to be judged", "opened_on": DAY}])
    write_release(settings, "review")
    return settings


def _replace_model(lake: Settings, candidate: Path) -> Path:
    """Accept a version with another threshold, and another name and other levels of a comparison; the live model's folder."""
    live = lake.linkage.models / "population"
    shutil.copytree(live, candidate)
    rules = candidate / "model.govlake.yaml"
    text = rules.read_text("utf-8").replace("link: 5.0", "link: 6.0")
    rules.write_text(with_training(text, load_model(live).rules.version + 1, {"records": 1000, "how": "again"}), "utf-8")
    settings: dict[str, Any] = json.loads((candidate / "model.json").read_text("utf-8"))
    first = settings["comparisons"][0]
    first["output_column_name"] = "renamed"
    for level in first["comparison_levels"]:
        level["label_for_charts"] = "not what was found"
    (candidate / "model.json").write_text(json.dumps(settings), "utf-8")
    accept_model(lake.root, "population", live, candidate, "Li Na", "more records", unseen=True)
    return live


def test_weights_are_told_by_the_model_that_scored_them(lake: Settings, tmp_path: Path) -> None:
    before = explain_master(lake, "population", LI), show_case(lake, "aaaa")
    live = _replace_model(lake, tmp_path / "candidate")
    (live / HISTORY / "v0").mkdir()  # a model that cannot be read is no reason to look no further
    assert (explain_master(lake, "population", LI), show_case(lake, "aaaa")) == before
    assert before[1]["link"] == before[0]["links"][0]
    assert before[0]["thresholds"]["link"] == 5.0


def test_a_model_that_is_gone_is_named_with_what_to_do(lake: Settings, tmp_path: Path) -> None:
    scored_by = load_model(lake.linkage.models / "population").digest
    shutil.rmtree(_replace_model(lake, tmp_path / "candidate") / HISTORY)
    told = f"linkage model with the SHA-256 {scored_by[:16]}…, which is neither live nor .*history: .*Run the next night first"
    with pytest.raises(UsageError, match=told):
        explain_master(lake, "population", LI)
    with pytest.raises(UsageError, match=told):
        show_case(lake, "aaaa")
