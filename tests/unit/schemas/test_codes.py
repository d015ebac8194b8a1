"""Every code table says what it is of, and holds what its standard gives."""

from __future__ import annotations

from datetime import date

import pytest

from schemas.codes import REGIONS, code_table_names, load_code_table
from schemas.codes.regions import abolished_regions, region_successors

OWN = "own codes"


@pytest.mark.parametrize("name", code_table_names())
def test_a_table_cites_its_standard_and_dates_itself(name: str) -> None:
    table = load_code_table(name)
    assert table.standard.startswith(("GB", "GA")) or OWN in table.standard
    assert date.fromisoformat(table.valid_from) < date(2026, 1, 1)
    assert table.valid_to is None or table.valid_to > table.valid_from
    assert table.title
    assert table.source
    assert table.codes
    assert all(isinstance(code, str) and code == code.strip() and name for code, name in table.codes.items())


def test_sections_of_industry_are_those_of_the_standard() -> None:
    assert "".join(load_code_table("industry_gbt_4754").codes) == "ABCDEFGHIJKLMNOPQRST"


def test_regions_that_are_gone_are_known_still() -> None:
    abolished, known = set(abolished_regions()), load_code_table(REGIONS).codes
    assert abolished < set(known)
    assert {"110103", "371202"} <= abolished
    assert not {"110101", "370116", "420106"} & abolished


def test_a_region_is_followed_to_what_it_is_now() -> None:
    successors = region_successors()
    assert successors["371202"] == "370116"  # 莱城区, of Jinan since 2018
    assert successors["110103"] == "110101"  # 崇文区
    assert successors["330124"] == "330112"  # 临安县 became 临安市, then a district
    assert "370981" not in successors  # 莱芜市 went to two districts
    assert set(successors) <= set(abolished_regions())
    assert not set(successors.values()) & set(abolished_regions())
