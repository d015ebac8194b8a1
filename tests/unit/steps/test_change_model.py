from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from jobs.linkage.candidate import with_training
from jobs.linkage.kept_models import HISTORY
from jobs.linkage.model import ModelError, load_model
from jobs.settings import PROJECT, Settings
from jobs.steps.change_model import accept_model

POPULATION = PROJECT / "conf" / "linkage" / "population"
LIVE = load_model(POPULATION).rules.version
"""The version that is live before any test."""


@pytest.fixture
def live(tmp_path: Path) -> Path:
    """The folder of a live model."""
    return Path(shutil.copytree(POPULATION, tmp_path / "models" / "population"))


def _candidate(live: Path, version: int) -> Path:
    """A copy of the live model that says it was trained again, as ``version``; the folder where `govlake model train` leaves it."""
    candidate = live / "candidate"
    shutil.copytree(live, candidate, ignore=shutil.ignore_patterns(HISTORY))
    rules = candidate / "model.govlake.yaml"
    trained = {"records": 1000 + version, "how": "again"}
    rules.write_text(with_training(rules.read_text("utf-8"), version, trained), "utf-8")
    return candidate


def test_every_model_that_was_live_is_kept_whole(settings: Settings, live: Path) -> None:
    digests = {LIVE: load_model(live).digest}
    for version in (LIVE + 1, LIVE + 2):
        candidate = _candidate(live, version)
        digests[version] = load_model(candidate).digest
        accept_model(settings.root, "population", live, candidate, "Li Na", "more records")
    assert load_model(live).digest == digests.pop(LIVE + 2)
    assert {version: load_model(live / HISTORY / f"v{version}").digest for version in digests} == digests
    assert [path.name for path in live.parent.iterdir()] == ["population"]
    assert not (live / "candidate").exists()


def test_a_cut_short_change_says_where_the_model_is(settings: Settings, live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    candidate = Path(shutil.move(_candidate(live, LIVE + 1), live.parent.parent))
    rename = Path.rename

    def power_cut(path: Path, target: Path) -> Path:
        if target == live:
            raise KeyboardInterrupt
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", power_cut)
        with pytest.raises(KeyboardInterrupt):
            accept_model(settings.root, "population", live, candidate, "Li Na", "more records")
    with pytest.raises(ModelError, match=r"lies in .*/population\.old\. Give that folder its name back, population"):
        load_model(live)
    live.with_name("population.old").rename(live)
    accept_model(settings.root, "population", live, candidate, "Li Na", "more records")
    assert load_model(live).rules.version == LIVE + 1
