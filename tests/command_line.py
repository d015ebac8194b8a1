"""What tests of the commands share: an answer, and what a refusal is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What a command has written, and how it ended."""

    exit_code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Govlake = Callable[..., Answer]
"""Runs a command."""

GENERATE = ("generate", "--people", "50", "--days", "1", "--seed", "7", "--landing", "landing", "--truth", "truth")
"""A small country, made in the working folder."""


def assert_refused(answer: Answer, told: str) -> None:
    """A refusal has nothing for a program to read, and says to a person what was told."""
    assert (answer.exit_code, answer.out) == (2, "")
    assert told in " ".join(answer.err.split())
