from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from jobs.linkage.comparable import KEPT
from jobs.portal.explanation import explain_master, render_explanation
from jobs.portal.explanation_text import STRONGEST, losers
from jobs.portal.record_text import record_lines
from jobs.settings import Settings
from schemas.errors import UsageError
from tests import small_register
from tests.small_register import HOUSEHOLD, LI, LI_ID, MARRIAGE, RESIDENCE


@pytest.fixture
def lake(settings: Settings, small_lake: Path) -> Settings:
    shutil.copytree(small_lake, settings.root)
    return settings


def _golden(explanation: dict[str, Any], column: str) -> dict[str, Any]:
    (found,) = [value for value in explanation["golden"] if value["column"] == column]
    return found


def test_records_links_and_history_of_a_merged_id(lake: Settings) -> None:
    explanation = explain_master(lake, "population", "pop-OLD")
    assert (explanation["master_id"], explanation["status"], explanation["release_id"]) == (LI, "active", "2026-03-02/1")
    assert [(r["dataset"], r["record_key"]) for r in explanation["records"]] == [
        (MARRIAGE, "M1#male"),
        (HOUSEHOLD, "1"),
        (HOUSEHOLD, "2"),
        (RESIDENCE, "R1"),
    ]
    assert not set(KEPT) & set(explanation["records"][0])
    assert [link["match_weight"] for link in explanation["links"]] == [30.0, 12.0, 6.0, -3.0]
    for link in explanation["links"]:
        assert link["match_weight"] == pytest.approx(link["prior"] + sum(c["weight"] for c in link["comparisons"]))
    assert [(e["event"], e["master_id"], e["other_id"]) for e in explanation["history"]] == [
        ("created", LI, None),
        ("merged", "pop-OLD", LI),
    ]


def test_why_each_value_won(lake: Settings) -> None:
    explanation = explain_master(lake, "population", LI)
    name = _golden(explanation, "full_name")
    assert (name["value"], name["source"], name["record_key"], name["reason"]) == (
        "李明",
        HOUSEHOLD,
        "1",
        "a record where cancellation_code is null",
    )
    (alternative,) = name["alternatives"]
    assert (alternative["value"], alternative["lost_to"]) == ("李鸣", "a record where cancellation_code is null"), (
        "the cancelled registration is newer"
    )
    region = _golden(explanation, "registered_region_code")
    assert (region["value"], [(o["value"], o["lost_to"]) for o in region["alternatives"]]) == (
        "420106",
        [("420100", "a source of more authority")],
    )
    number = _golden(explanation, "citizen_id")
    assert (number["value"], number["reason"]) == (LI_ID, "all agree"), "the number with a wrong check digit is no candidate"
    assert _golden(explanation, "phones")["reason"] == "the only one"
    assert _golden(explanation, "ethnic_group_code")["source"] is None


def test_a_birth_year_is_explained_as_that_of_the_birth_date(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The register with the most authority has a year alone, and another one, whole."""
    first, *others = small_register.RECORDS[LI]
    partial = first | {"birth_date": None, "birth_year": 1981}
    others = [one | {"birth_date": None, "birth_year": None} if one["dataset"] == HOUSEHOLD else one for one in others]
    monkeypatch.setitem(small_register.RECORDS, LI, [partial, *others])
    small_register.write_linkage_state(settings)
    small_register.write_sources(settings)
    small_register.write_release(settings)
    explanation = explain_master(settings, "population", LI)
    born, year = _golden(explanation, "birth_date"), _golden(explanation, "birth_year")
    assert (born["value"].year, born["source"]) == (year["value"], year["source"]) == (1980, MARRIAGE)
    assert year["reason"] == "the record that gives birth_date"
    assert [(o["value"], o["lost_to"]) for o in year["alternatives"]] == [
        (1981, "the record that gives birth_date"),
        (1979, "the record that gives birth_date"),
    ]


def test_the_explanation_in_words(lake: Settings) -> None:
    text = render_explanation(explain_master(lake, "population", "pop-OLD"))
    for sentence in (
        "pop-OLD was merged into pop-LI.",
        "It is made of 4 records of 3 datasets:",
        "birth_year=1979; region_code=420100; current_address=洪山区珞喻路9号; phones=13800000001; updated_on=2025-06-01",
        f"+30.0  {HOUSEHOLD}|1 = {MARRIAGE}|M1#male",
        f"李明  from {HOUSEHOLD} (a record where cancellation_code is null)",
        f"not 李鸣 of {HOUSEHOLD}: lost to a record where cancellation_code is null",
        "no record says: ethnic_group_code",
        f"2026-03-02  pop-LI was created for {HOUSEHOLD}|1",
    ):
        assert sentence in text
    assert "Open cases" not in text, "this release has no table of them"


def test_of_many_pairs_the_strongest_are_told_after_all_else(lake: Settings) -> None:
    explanation = explain_master(lake, "population", LI)
    strongest, *_ = explanation["links"]
    explanation["links"] = [strongest | {"match_weight": 40.0 - number} for number in range(STRONGEST + 3)]
    text = render_explanation(explanation)
    assert text.index("golden values") < text.index("What became of the ID") < text.index("What holds them together")
    assert "+29.0" in text
    assert "+28.0" not in text
    assert text.endswith("\n  3 weaker pairs: add --all")
    everything = render_explanation(explanation, all_pairs=True)
    assert "+26.0" in everything
    assert "weaker" not in everything


def test_a_value_that_lost_is_told_once_with_its_sources() -> None:
    older, lesser = "a newer record", "a source of more authority"
    told = [("李鸣", "a", older), ("李鸣", "b", lesser), ("李名", "b", lesser), ("李鸣", "c", lesser), ("李鸣", "c", lesser)]
    alternatives = [{"value": value, "source": source, "lost_to": reason} for value, source, reason in told]
    assert losers(alternatives) == [("李鸣", f"a: lost to {older}; b, c: lost to {lesser}"), ("李名", f"b: lost to {lesser}")]


def test_what_a_record_says_of_relatives_stands_apart() -> None:
    record = {"dataset": "a", "record_key": "1", "person_name": "李明", "phones": ["1", "2"], "sex_code": None}
    relatives = {"relative_numbers": ["7"], "relative_full_names": []}
    assert record_lines(record | relatives, indent=2) == ["  person_name=李明; phones=1, 2", "  relatives: numbers=7"]


def test_an_unknown_id_or_register_is_refused_with_a_hint(lake: Settings) -> None:
    with pytest.raises(UsageError, match=r"population has no ID 'pop-NOBODY'.*govlake query"):
        explain_master(lake, "population", "pop-NOBODY")
    with pytest.raises(UsageError, match="Did you mean 'population'"):
        explain_master(lake, "populations", LI)
