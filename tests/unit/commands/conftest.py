"""Commands are run as a person runs them, in a folder of their own."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer.main

from jobs.cli import main
from jobs.settings import current_settings
from tests.command_line import Answer, Govlake

get_command = cache(typer.main.get_command)
"""All commands, taken from their functions once and not at every call."""


@pytest.fixture
def govlake(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Govlake]:
    """Runs a command on the lake ``lake`` of a folder of its own, and sees to it that no traceback is shown."""
    monkeypatch.setattr(typer.main, "get_command", get_command)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOVLAKE_HOME", str(tmp_path / "lake"))
    monkeypatch.setenv("GOVLAKE_AIRFLOW__HOME", str(tmp_path / "airflow"))
    current_settings.cache_clear()

    def run(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["govlake", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        written = capfd.readouterr()
        assert "Traceback" not in written.err
        return Answer(int(ended.value.code or 0), written.out, written.err)

    yield run
    current_settings.cache_clear()


@pytest.fixture
def lake(govlake: Govlake, small_lake: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_lake, tmp_path / "lake"))
