from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree

from jobs.portal.explanation import explain_master
from jobs.portal.explanation_page import render_page
from jobs.portal.waterfall import LABELS, bars_of, scale_of, shortened, waterfall
from jobs.settings import load_settings
from tests.small_register import LI

LINK = {
    "left": "a|1",
    "right": "b|<2>",
    "match_weight": 8.0,
    "prior": -14.0,
    "comparisons": [
        {"comparison": "name", "level": "same name", "weight": 15.0},
        {"comparison": "birth", "level": "lunar & solar", "weight": -3.0},
        {"comparison": "number", "level": "one digit differs", "weight": 10.0},
    ],
}
LIMITS = {"link": 5.0, "review": 0.0}


def test_bars_lead_from_the_prior_to_the_total() -> None:
    bars = bars_of(LINK)
    assert [(bar.kind, bar.start, bar.end) for bar in bars] == [
        ("prior", 0.0, -14.0),
        ("for", -14.0, 1.0),
        ("against", 1.0, -2.0),
        ("for", -2.0, 8.0),
        ("total", 0.0, 8.0),
    ]
    assert sum(bar.weight for bar in bars[:-1]) == pytest.approx(LINK["match_weight"])


def test_the_picture_is_well_formed_and_names_every_weight_and_both_thresholds() -> None:
    drawn = etree.fromstring(waterfall(LINK, LIMITS, scale_of([LINK], LIMITS)))
    texts = list(drawn.itertext())
    assert {"−14.0", "+15.0", "−3.0", "+10.0", "+8.0", "link from 5", "review from 0", "lunar & solar"} <= set(texts)
    assert "b|<2>" in drawn.get("aria-label")
    width = float(drawn.get("viewBox").split()[2])
    for rect in drawn.iter("rect"):
        assert 0 < float(rect.get("x")) < float(rect.get("x")) + float(rect.get("width")) < width


def test_numbers_of_bars_below_zero_stand_at_their_left_clear_of_the_thresholds() -> None:
    first, *others = LINK["comparisons"]
    weak = LINK | {"match_weight": 2.0, "comparisons": [first | {"weight": 9.0}, *others]}
    drawn = etree.fromstring(waterfall(weak, LIMITS, scale_of([weak], LIMITS)))
    numbers = [text for text in drawn.iter("text") if text.get("class") == "value"]
    assert [number.text for number in numbers] == ["−14.0", "+9.0", "−3.0", "+10.0", "+2.0"]
    assert [number.get("text-anchor") for number in numbers] == ["end", "end", "end", "start", "start"]
    for bar, number in zip(drawn.iter("rect"), numbers, strict=True):
        left, width = float(bar.get("x")), float(bar.get("width"))
        beside = left - 6 if number.get("text-anchor") == "end" else left + width + 6
        assert float(number.get("x")) == pytest.approx(beside, abs=0.2)
        assert float(number.get("x")) > LABELS + 40, "the number is clear of the findings"


def test_pairs_on_one_scale_can_be_compared() -> None:
    strong = LINK | {"match_weight": 40.0, "comparisons": [*LINK["comparisons"], {"comparison": "x", "level": "y", "weight": 32.0}]}
    scale = scale_of([LINK, strong], LIMITS)
    assert scale.low < -14 < 40 < scale.high
    assert len(scale.ticks) <= 9
    assert 0 in scale.ticks


def test_a_long_finding_is_cut_where_its_room_ends() -> None:
    assert shortened("same name") == "same name"
    assert len(shortened("x" * 80)) == 52
    assert shortened("名" * 80) == "名" * 25 + "…"


def test_the_page_stands_alone_and_tells_no_more_than_the_words(small_lake: Path) -> None:
    explanation = explain_master(load_settings(home=str(small_lake)), "population", LI)
    page = render_page(explanation)
    assert not re.search(r"https?://|<script|<link|<img|url\(", page)
    assert page.count("<svg") == len(explanation["links"]) == 4
    for text in ("pop-LI of population", "李明", "李鸣", "a record where cancellation_code is null", "pop-LI was created for"):
        assert text in page


def test_the_page_labels_what_a_record_says(small_lake: Path) -> None:
    explanation = explain_master(load_settings(home=str(small_lake)), "population", LI)
    explanation["records"][0] |= {"relative_numbers": ["<7>"]}
    page = render_page(explanation)
    assert '<span class="source">person_name=</span>李明; ' in page
    assert 'relatives: <span class="source">numbers=</span>&lt;7&gt;</small>' in page
