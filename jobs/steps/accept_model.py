"""A candidate in place of a master's live linkage model: put there by a person who has seen what it changes.

The next night links with whatever model is live, and finds that it is another.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from jobs.io import control
from jobs.linkage.candidate import CANDIDATE, COMPARED, is_compared, model_files, require_same_register
from jobs.linkage.kept_models import HISTORY
from jobs.linkage.model import Model, load_model, replaced_folder
from schemas.errors import UsageError

ACCEPT = "accept_model"

Answer = dict[str, Any]


def accept_model(root: str, master: str, folder: Path, candidate: Path, who: str, why: str, *, unseen: bool = False) -> Answer:
    """Put ``candidate`` in place of the live model in ``folder``, which is kept below ``history``; recorded in the audit.

    Complete or not at all: the folder is made anew beside the old one, and takes its name. What comparing the two told is kept with
    the model that was live. Raises UsageError if the candidate is another register's or not a later version, was not compared with
    the live model (unless it is accepted ``unseen``, which the audit tells), or without a reason.
    """
    if not why.strip() or not who.strip():
        raise UsageError("say who accepts the model and why: --by NAME --why TEXT; both stay in the audit.")
    live, other = load_model(folder, for_training=True), load_model(candidate)
    require_same_register(master, live, candidate, other)
    if other.digest != live.digest:
        if other.rules.version <= live.rules.version:
            raise UsageError(
                f"{candidate} is version {other.rules.version}, and version {live.rules.version} of {master} is live: "
                "raise `version` in its model.govlake.yaml."
            )
        if not unseen:
            _require_comparison(master, live, candidate, other)
        _swap(folder, live, candidate, other)
    subject = f"{master}/v{other.rules.version}/{other.digest[:16]}"
    if subject not in {event["subject"] for event in control.read_events(root, "audit") if event["action"] == ACCEPT}:
        reason = f"{why} (accepted unseen)" if unseen and not is_compared(candidate, live, other) else why
        control.record(root, "audit", [{"who": who, "action": ACCEPT, "subject": subject, "reason": reason}])
    elif other.digest == live.digest:
        raise UsageError(f"version {other.rules.version} of {master} is live already.")
    return {"master": master, "version": other.rules.version, "replaced": live.rules.version, "by": who, "why": why}


def _require_comparison(master: str, live: Model, candidate: Path, other: Model) -> None:
    """Raise UsageError unless it was told what accepting would change. A live model that was never trained has linked nothing."""
    if live.rules.trained is not None and not is_compared(candidate, live, other):
        raise UsageError(
            f"{candidate} was not compared with version {live.rules.version} of {master}, which is live. Compare it first: "
            f"govlake model compare {master} --candidate {candidate}; or accept it unseen with --unseen."
        )


def _swap(folder: Path, live: Model, candidate: Path, other: Model) -> None:
    new, old = folder.with_name(f"{folder.name}.new"), replaced_folder(folder)
    for left_over in (new, old):
        shutil.rmtree(left_over, ignore_errors=True)
    replaced = {CANDIDATE, *model_files(live)}  # at the top alone: the models below `HISTORY` have files of the same names
    shutil.copytree(folder, new, ignore=lambda place, names: replaced & set(names) if Path(place) == folder else set())
    kept = new / HISTORY / f"v{live.rules.version}"
    _copy(folder, live, kept)
    if is_compared(candidate, live, other):
        shutil.copyfile(candidate / COMPARED, kept / COMPARED)
    _copy(candidate, other, new)
    load_model(new)
    folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old)


def _copy(source: Path, model: Model, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in sorted(model_files(model)):
        shutil.copyfile(source / name, target / name)
