from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from jobs.io.control import record
from jobs.io.state import releases
from jobs.portal.explanation import explain_master, render_explanation
from jobs.settings import Settings
from schemas.errors import UsageError
from tests.small_register import DAY, HOUSEHOLD, LI, MARRIAGE, WANG, write

FIRM_RECORD = ("market_regulation/enterprise", "F1")


@pytest.fixture
def lake(settings: Settings, small_lake: Path) -> Settings:
    """The small register, one record of which its source no longer has, and a register of one firm beside it."""
    shutil.copytree(small_lake, settings.root)
    ended = {"master_id": WANG, "dataset": HOUSEHOLD, "record_key": "9", "valid_from": date(2026, 3, 1), "valid_to": DAY}
    held = [
        {"master_id": master_id, "dataset": dataset, "record_key": key, "valid_from": DAY, "valid_to": None}
        for master_id, dataset, key in ((LI, HOUSEHOLD, "1"), (LI, MARRIAGE, "M1#male"), (WANG, MARRIAGE, "M1#female"))
    ]
    dataset, key = FIRM_RECORD
    firm = held[0] | {"master_id": "ent-FIRM", "dataset": dataset, "record_key": key}
    write(settings, "linked.population__crosswalk", [*held, ended])
    write(settings, "linked.legal_entity__crosswalk", [firm, ended | {"master_id": "ent-FIRM"}])
    write(settings, "linked.legal_entity__master", [{"master_id": "ent-FIRM", "status": "active", "merged_into": "-"}])
    _release_newest(settings)
    return settings


def _release_newest(settings: Settings) -> None:
    last = releases(settings.root)[-1]
    newest = {"linked.population__crosswalk": 1, "linked.legal_entity__crosswalk": 0, "linked.legal_entity__master": 0}
    event = vars(last) | {"number": last.number + 1, "release_id": f"{DAY}/{last.number + 1}", "tables": last.tables | newest}
    record(settings.root, "releases", [event])


def test_an_id_is_found_in_any_case(lake: Settings) -> None:
    explanation = explain_master(lake, "population", "POP-li")
    assert (explanation["asked_id"], explanation["master_id"]) == (LI, LI)
    assert "merged" not in render_explanation(explanation).splitlines()[0]


def test_a_record_leads_to_the_master_that_holds_it(lake: Settings) -> None:
    asked = f"{MARRIAGE}|M1#female"
    explanation = explain_master(lake, "population", asked)
    assert (explanation["asked_id"], explanation["master_id"]) == (asked, WANG)
    assert render_explanation(explanation).startswith(f"{asked} is a record of {WANG}.\n{WANG} of population")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("pop-NOBODY", r"no ID 'pop-NOBODY'. To find IDs.*govlake query .*linked.population__crosswalk where record_key = '…'"),
        ("ent-FIRM", "That is an ID of legal_entity: govlake explain legal_entity ent-FIRM$"),
        ("ENT-OTHER", "That is an ID of legal_entity"),
        (
            "|".join(FIRM_RECORD),
            r"a record of legal_entity: govlake explain legal_entity 'market_regulation/enterprise\|F1'",
        ),
        (f"{MARRIAGE}|M1", r"Its key ends in a role: '.*\|M1#female' or '.*\|M1#male'"),
        (f"{HOUSEHOLD}|9", f"Its source no longer has it: {WANG} held it until {DAY}"),
        (f"{HOUSEHOLD}|o'1", r"no record .* where record_key = 'o''1'"),
    ],
)
def test_what_is_not_found_is_told_with_where_it_is(lake: Settings, asked: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        explain_master(lake, "population", asked)
