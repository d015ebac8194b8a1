from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from jobs.linkage.comparable import KEPT
from jobs.portal.decided import list_decisions, register_of
from jobs.portal.explanation import explain_master, render_explanation
from jobs.portal.explanation_page import render_page
from jobs.portal.review import _compared, find_case, list_cases, show_case
from jobs.portal.review_text import render_case
from jobs.settings import Settings, load_settings
from jobs.steps.stewards import make_decision, require_no_contradiction
from schemas.errors import UsageError
from tests.small_register import (
    DAY,
    HOUSEHOLD,
    LI,
    LI_ID,
    MARRIAGE,
    RESIDENCE,
    WANG,
    WANG_ID,
    write,
    write_linkage_state,
    write_release,
)

NEXT = date(2026, 3, 3)
NEAR, SHARED = "near threshold", "shared id_valid"


def _case(case_id: str, kind: str, left: tuple[str, str], right: tuple[str, str], weight: float | None) -> dict[str, Any]:
    return {
        "case_id": case_id,
        "kind": kind,
        "dataset": left[0],
        "record_key": left[1],
        "other_dataset": right[0],
        "other_record_key": right[1],
        "master_id": LI,
        "other_id": WANG,
        "match_weight": weight,
        "detail": "to be judged",
        "opened_on": DAY,
    }


def _decision(left: str, right: str, verdict: str) -> dict[str, Any]:
    (dataset, _, key), (other_dataset, _, other_key) = left.partition("|"), right.partition("|")
    told = {"decision": verdict, "decided_by": "wang", "decided_on": NEXT, "reason": "seen"}
    return {"dataset": dataset, "record_key": key, "other_dataset": other_dataset, "other_record_key": other_key} | told


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = load_settings(home=str(tmp_path_factory.mktemp("reviewed") / "lake"))
    write_linkage_state(settings)
    cases = [
        _case("aaaa", SHARED, (HOUSEHOLD, "1"), (HOUSEHOLD, "3"), None),
        _case("bbbb", NEAR, (HOUSEHOLD, "2"), (RESIDENCE, "R1"), -3.0),
        _case("cccc", NEAR, (HOUSEHOLD, "1"), (RESIDENCE, "R1"), 6.0),
    ]
    write(settings, "linked.population__review", cases)
    write_release(settings, "review")
    return Path(settings.root)


@pytest.fixture
def lake(settings: Settings, reviewed: Path) -> Settings:
    shutil.copytree(reviewed, settings.root)
    return settings


def test_cases_are_listed_by_kind_the_heaviest_first(lake: Settings) -> None:
    assert [case["case_id"] for case in list_cases(lake)] == ["cccc", "bbbb", "aaaa"]
    assert [case["case_id"] for case in list_cases(lake, kind=SHARED)] == ["aaaa"]
    assert list_cases(lake, kind="two valid numbers") == [], "none is open, but the model knows the kind"
    with pytest.raises(UsageError, match="Known: masked number, near threshold, shared id_valid, two valid numbers"):
        list_cases(lake, kind="twins")
    with pytest.raises(UsageError, match="Did you mean 'population'"):
        list_cases(lake, master="populations")


def test_an_unknown_case_is_refused(lake: Settings) -> None:
    with pytest.raises(UsageError, match="no open case 'zzzz'"):
        find_case(lake, "zzzz")


def test_both_sides_of_a_case(lake: Settings) -> None:
    shown = show_case(lake, "cccc")
    fields = {field["field"]: (field["left"], field["right"], field["agree"]) for field in shown["fields"]}
    assert fields["person_name"] == ("李明", "李明", True)
    assert fields["birth_year"] == (1980, 1979, False)
    assert fields["household_number"] == ("H1", None, None)
    assert fields["updated_on"][2] is None, "that one record is newer says nothing"
    assert "ethnic_group_code" not in fields, "neither has one"
    assert shown["link"]["match_weight"] == 6.0
    assert [record["record_key"] for record in shown["right"]] == ["M1#female", "3"]
    assert not set(KEPT) & set(shown["right"][0]), "what linkage alone keeps of a record is nobody's to read"


def test_a_case_in_words(lake: Settings) -> None:
    text = render_case(show_case(lake, "bbbb"))
    for words in ("≠  person_name", "=  sex_code", "-3.0", "two records picked at random", "A pair is linked at 5.0", f"of {WANG}"):
        assert words in text
    for master_id in (LI, WANG):
        assert f"govlake explain population {master_id}\n" in text
    assert "were not compared" in render_case(show_case(lake, "aaaa"))


def test_a_case_labels_what_records_say_and_finds_the_other_side_among_relatives(lake: Settings) -> None:
    shown = show_case(lake, "cccc")
    shown["right"][0] |= {"relative_numbers": [LI_ID, WANG_ID], "relative_full_names": ["李明"]}
    text = render_case(shown)
    assert "citizen_id=420102198512310028; citizen_id_class=valid; person_name=王芳" in text
    assert f"    relatives: numbers={LI_ID} (the other side), {WANG_ID}; full_names=李明\n" in text


def test_lists_that_share_a_value_are_neither_the_same_nor_different(lake: Settings) -> None:
    left = {"phones": ["1", "2"], "relative_numbers": ["7", "8"], "sex_code": "1"}
    right = {"phones": ["3", "2"], "relative_numbers": ["8", "7"], "sex_code": "2"}
    fields = [_compared(name, left, right) for name in left]
    assert [(field["agree"], field["shared"]) for field in fields] == [(False, ["2"]), (True, ["7", "8"]), (False, [])]
    text = render_case(show_case(lake, "cccc") | {"fields": fields})
    for words in ("≈  phones", "=  relative_numbers", "≠  sex_code", "≈ two lists that share a value"):
        assert words in text


def test_what_a_number_says_in_place_of_its_record_is_told(lake: Settings) -> None:
    shown = show_case(lake, "cccc")
    assert shown["by_number"] == {"left": [], "right": ["birth date", "sex"]}
    assert "The right record has no birth date and no sex: what its valid number says is compared." in render_case(shown)


def test_a_master_names_its_open_cases(lake: Settings) -> None:
    explanation = explain_master(lake, "population", WANG)
    told = [(case["case_id"], case["kind"], case["other_id"]) for case in explanation["cases"]]
    assert told == [("cccc", NEAR, LI), ("bbbb", NEAR, LI), ("aaaa", SHARED, LI)], "the heaviest first"
    assert f"  cccc  near threshold, with {LI}, since 2026-03-02: to be judged\n" in render_explanation(explanation)
    page = render_page(explanation)
    assert "<h2>Open cases</h2>" in page
    assert '<span class="key id">cccc</span>' in page


def test_a_case_that_was_decided_says_so(lake: Settings) -> None:
    write(lake, "linked.population__steward_edges", [_decision(f"{HOUSEHOLD}|1", f"{RESIDENCE}|R1", "different")])
    assert find_case(lake, "cccc")["decision"] == "different, by wang from 2026-03-03"
    (listed,) = list_decisions(lake, "population")
    assert (listed["master"], listed["left"], listed["verdict"]) == ("population", f"{HOUSEHOLD}|1", "different")
    assert "decided already: different" in render_case(show_case(lake, "cccc"))


def test_any_two_records_of_a_register_can_be_decided_about(lake: Settings) -> None:
    assert register_of(lake, (f"{HOUSEHOLD}|3", f"{MARRIAGE}|M1#male")) == "population", "no case is open between the two"
    with pytest.raises(UsageError, match=r"no register has a record 'x\|1'\."):
        register_of(lake, (f"{HOUSEHOLD}|3", "x|1"))
    with pytest.raises(UsageError, match=r"named twice"):
        register_of(lake, (f"{HOUSEHOLD}|3", f"{HOUSEHOLD}|3"))


@pytest.mark.parametrize(
    ("verdict", "who", "why", "word"),
    [("sam", "w", "seen", "Did you mean 'same'"), ("same", " ", "seen", "--by is empty"), ("same", "w", "", "--why is empty")],
)
def test_a_decision_needs_a_verdict_a_name_and_a_reason(verdict: str, who: str, why: str, word: str) -> None:
    with pytest.raises(UsageError, match=word):
        make_decision(("b|2", "a|1"), verdict, who, why, NEXT)


def test_a_contradiction_is_refused_and_names_what_it_contradicts(lake: Settings) -> None:
    one, two, three = f"{HOUSEHOLD}|1", f"{RESIDENCE}|R1", f"{MARRIAGE}|M1#male"
    rows = [_decision(one, two, "same"), _decision(two, three, "same")]
    write(lake, "linked.population__steward_edges", rows)
    chain = make_decision((three, one), "different", "li", "seen", NEXT)
    with pytest.raises(UsageError, match=r"(?s)M1#male are same, decided by wang.*Overturn one of these first"):
        require_no_contradiction(lake.root, "population", chain, overturns=True)
    own = make_decision((two, one), "different", "li", "seen", NEXT)
    with pytest.raises(UsageError, match="--overturn"):
        require_no_contradiction(lake.root, "population", own, overturns=False)
    require_no_contradiction(lake.root, "population", own, overturns=True)
    again = make_decision((one, two), "same", "li", "again", NEXT)
    with pytest.raises(UsageError, match=r"decided already: .* decided by wang .*add --overturn"):
        require_no_contradiction(lake.root, "population", again, overturns=False)
    require_no_contradiction(lake.root, "population", again, overturns=True)
