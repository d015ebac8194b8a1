from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from jobs.io.control import read_events
from jobs.linkage.candidate import CANDIDATE, COMPARED, keep_comparison, with_training
from jobs.linkage.kept_models import HISTORY
from jobs.linkage.model import ModelError, load_model
from jobs.settings import PROJECT, Settings
from jobs.steps.accept_model import ACCEPT, accept_model
from jobs.steps.change_model import models_to_compare
from schemas.errors import UsageError

POPULATION = PROJECT / "conf" / "linkage" / "population"
LIVE = load_model(POPULATION).rules.version
"""The version that is live before any test."""


@pytest.fixture
def live(tmp_path: Path) -> Path:
    """The folder of a live model."""
    return Path(shutil.copytree(POPULATION, tmp_path / "models" / "population"))


def _candidate(live: Path, version: int) -> Path:
    """A copy of the live model that says it was trained again, as ``version``; it lies where `govlake model train` leaves it."""
    candidate = live / CANDIDATE
    shutil.copytree(live, candidate, ignore=shutil.ignore_patterns(HISTORY))
    rules = candidate / "model.govlake.yaml"
    trained = {"records": 1000 + version, "how": "again"}
    rules.write_text(with_training(rules.read_text("utf-8"), version, trained), "utf-8")
    return candidate


def _compare(live: Path, candidate: Path) -> dict[str, str]:
    """What is kept of a comparison, its figures aside."""
    told = {"live_digest": load_model(live).digest, "candidate_digest": load_model(candidate).digest}
    keep_comparison(candidate, told)
    return told


def _accepted(settings: Settings) -> list[tuple[str, str]]:
    events = [event for event in read_events(settings.root, "audit") if event["action"] == ACCEPT]
    return [(event["subject"].rpartition("/")[0], event["reason"]) for event in events]


def test_every_model_that_was_live_is_kept_whole(settings: Settings, live: Path) -> None:
    digests = {LIVE: load_model(live).digest}
    for version in (LIVE + 1, LIVE + 2):
        candidate = _candidate(live, version)
        digests[version] = load_model(candidate).digest
        _compare(live, candidate)
        accept_model(settings.root, "population", live, candidate, "Li Na", "more records")
    assert load_model(live).digest == digests.pop(LIVE + 2)
    assert {version: load_model(live / HISTORY / f"v{version}").digest for version in digests} == digests
    assert [path.name for path in live.parent.iterdir()] == ["population"]
    assert not (live / CANDIDATE).exists()


def test_a_cut_short_change_says_where_the_model_is(settings: Settings, live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    candidate = Path(shutil.move(_candidate(live, LIVE + 1), live.parent.parent))
    _compare(live, candidate)
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


def test_a_candidate_is_accepted_as_it_was_compared(settings: Settings, live: Path) -> None:
    candidate = _candidate(live, LIVE + 1)
    before = load_model(candidate).digest
    refusal = (
        f"not compared with version {LIVE} of population.*govlake model compare population --candidate {candidate}; .*--unseen"
    )
    with pytest.raises(UsageError, match=refusal):
        accept_model(settings.root, "population", live, candidate, "Li Na", "more records")
    told = _compare(live, candidate)
    assert load_model(candidate).digest == before
    for name in told:
        keep_comparison(candidate, told | {name: "of another model"})
        with pytest.raises(UsageError, match=refusal):
            accept_model(settings.root, "population", live, candidate, "Li Na", "more records")
    (candidate / COMPARED).write_text('{"live_di', "utf-8")
    with pytest.raises(UsageError, match=refusal):
        accept_model(settings.root, "population", live, candidate, "Li Na", "more records")
    assert (load_model(live).digest, _accepted(settings)) == (told["live_digest"], [])
    _compare(live, candidate)
    accept_model(settings.root, "population", live, candidate, "Li Na", "more records")
    assert json.loads((live / HISTORY / f"v{LIVE}" / COMPARED).read_text("utf-8")) == told
    assert not (live / COMPARED).exists()
    assert _accepted(settings) == [(f"population/v{LIVE + 1}", "more records")]


def test_a_candidate_may_be_accepted_unseen_and_the_audit_tells(settings: Settings, live: Path) -> None:
    accept_model(settings.root, "population", live, _candidate(live, LIVE + 1), "Li Na", "more records", unseen=True)
    assert _accepted(settings) == [(f"population/v{LIVE + 1}", "more records (accepted unseen)")]


def test_a_model_of_another_register_is_refused(settings: Settings, live: Path) -> None:
    other = PROJECT / "conf" / "linkage" / "legal_entity"
    with pytest.raises(UsageError, match=r"is no model of population: it gives IDs ent-…, and those of population are pop-…"):
        accept_model(settings.root, "population", live, other, "Li Na", "wrong folder", unseen=True)
    with pytest.raises(UsageError, match="is no model of population"):
        models_to_compare("population", live, other)
