"""A master's model folder holds the live model and, below ``history``, each that was live before: all that a lake was linked by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from jobs.linkage.model import Model, ModelError, load_model

HISTORY = "history"
"""The folder, in a live model's own, that keeps each model that was live before, by its version."""


def find_model(folder: Path, digest: str) -> Model | None:
    """The model of that digest: the live one in ``folder``, or one that was live before. None if neither is.

    A kept model that cannot be read is passed over. Raises ModelError if the live one cannot.
    """
    live = load_model(folder)
    return live if live.digest == digest else next((model for model in _kept(folder) if model.digest == digest), None)


def _kept(folder: Path) -> Iterator[Model]:
    for place in sorted((folder / HISTORY).glob("*/")):
        try:
            yield load_model(place, for_training=True)
        except ModelError:  # by this code it can explain nothing
            continue
