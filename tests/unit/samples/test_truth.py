"""What counts as the same value when the truth says whether a record can be linked."""

from __future__ import annotations

import pytest

from jobs.samples.streams import texts
from jobs.samples.truth import normalise_address, normalise_birth, normalise_numbers, normalise_text


@pytest.mark.parametrize(
    ("delivered", "expected"),
    [
        ("11010519491231002X", "11010519491231002X"),
        ("11010519491231002x", "11010519491231002X"),
        ("１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
        ("110105491231002", "11010519491231002X"),
        ("110105194912310021", ""),  # wrong check character
        ("11010519491331002X", ""),  # no such date
        ("4201**********123X", ""),
        ("", ""),
    ],
)
def test_only_valid_numbers_agree(delivered: str, expected: str) -> None:
    assert normalise_numbers(texts([delivered])).tolist() == [expected]


@pytest.mark.parametrize(("delivered", "expected"), [("19491231", "19491231"), ("1949-12-31", "19491231"), ("1949", ""), ("", "")])
def test_partial_dates_never_agree(delivered: str, expected: str) -> None:
    assert normalise_birth(delivered) == expected


def test_names_agree_after_nfkc_but_another_dot_is_another_name() -> None:
    assert normalise_text(" ＡＮＮＡ ") == "ANNA"
    assert normalise_text("艾力·买买提") != normalise_text("艾力•买买提")


def test_addresses_agree_whatever_the_punctuation() -> None:
    assert normalise_address("济南市历下区解放路１２号，3号楼 501室") == normalise_address("济南市历下区解放路12号3号楼501室")
