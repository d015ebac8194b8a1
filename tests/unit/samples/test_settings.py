"""Noise files: the rates agreed for this country, and errors that say what is wrong where."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.samples.settings import NOISE_FOLDER, Noise, load_country, load_noise
from schemas.errors import UsageError


def rates(noise: Noise) -> dict[str, float]:
    return {f"{part}.{name}": rate for part, found in noise.model_dump().items() for name, rate in found.items()}


def test_clean_has_none_and_harsh_more_than_typical() -> None:
    clean, typical, harsh = (rates(load_noise(name)) for name in ("clean", "typical", "harsh"))
    assert set(clean.values()) == {0}
    assert all(0 < typical[name] < harsh[name] for name in typical)


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text((NOISE_FOLDER / "typical.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    assert load_noise(path) == load_noise(str(path)) == load_noise("typical")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("lunar: 0.5", "lunar: 120"), "birth_date.lunar"),
        (("lunar: 0.5", "lunr: 0.5"), "birth_date.lun"),
        (("birth_date:", "birth_date: ["), "not YAML"),
    ],
)
def test_a_file_that_cannot_be_used_says_where(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text((NOISE_FOLDER / "typical.yaml").read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        load_noise(path)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="clean, harsh, typical"):
        load_noise("tipical")


def test_life_happens() -> None:
    life = load_country().life.model_dump()
    rates = [rate for value in life.values() for rate in (value.values() if isinstance(value, dict) else [value])]
    assert all(rate > 0 for rate in rates)
