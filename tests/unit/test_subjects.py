"""What is told of one subject: its credit statement, and who is around it. No Spark."""

from __future__ import annotations

import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from jobs.portal.graph import relation_graph, render_graph
from jobs.portal.statement import credit_statement
from jobs.portal.statement_page import render_statement
from jobs.portal.subjects import masked
from jobs.settings import Settings
from schemas.catalog import Catalog
from tests.small_register import DAY, HOUSEHOLD, LI, WANG, write_derived
from tests.small_subjects import ENDED, LISTED, RELATIONS, relation


@pytest.fixture
def lake(settings: Settings, small_lake: Path) -> Settings:
    shutil.copytree(small_lake, settings.root)
    return settings


def test_a_statement_tells_what_stands_and_what_is_over(lake: Settings, catalog: Catalog) -> None:
    write_derived(lake, "gold.credit__record", [LISTED, LISTED | ENDED, LISTED | {"master_id": "pop-X"}])
    told = credit_statement(lake, catalog, "pop-OLD")
    assert (told["master"], told["master_id"], told["asked_id"]) == ("population", LI, "pop-OLD")
    assert [(record["kind"], record["status"]) for record in told["current"]] == [("失信被执行人", "在公示")]
    assert told["current"][0]["match"] == f"14.0 bits, with {HOUSEHOLD}|1 (name 13.5, number 13.8)"
    assert [record["status"] for record in told["ended"]] == ["已修复"]
    assert "no weight" in told["ended"][0]["match"]
    html = render_statement(told)
    assert "&lt;腾退房屋&gt;" in html
    assert "修复 X1" in html
    assert "@media print" in html
    assert not re.search(r"<script|src=|href=|url\(", html), "nothing is fetched"


def test_a_number_is_shown_by_its_ends() -> None:
    assert masked("420106198002290015") == "4201**********0015"
    assert masked(None) is None


def test_a_graph_is_a_tree_that_tells_each_relation_once(lake: Settings, catalog: Catalog) -> None:
    write_derived(lake, "gold.relation__edge", RELATIONS)
    found = relation_graph(lake, catalog, "pop-OLD", 2)
    assert {node["master_id"]: node["hop"] for node in found["nodes"]} == {LI: 0, WANG: 1, "ent-1": 2}
    assert len(found["edges"]) == 3
    assert render_graph(relation_graph(lake, catalog, LI, 3)).splitlines() == [
        f"{LI} –",
        f"└─ is married to {WANG} – (since 2010-05-01, civil_affairs/marriage_register, {HOUSEHOLD})",
        "   └─ represents ent-1 – (market_regulation/enterprise; CONFLICT with pop-X)",
        f"      └─ is held by pop-X – (until {DAY}, market_regulation/shareholder)",
    ]


def test_of_a_subject_with_many_relations_the_newest_are_shown(lake: Settings, catalog: Catalog) -> None:
    days = [date(2020, 1, 1) + timedelta(days=number) for number in range(40)]
    many = [relation(LI, f"pop-{n:02d}", "parent", f"source/{n}", since_date=day) for n, day in enumerate(days)]
    write_derived(lake, "gold.relation__edge", many)
    found = relation_graph(lake, catalog, LI, 1)
    assert found["left_out"] == {LI: 10}
    assert min(edge["since_date"] for edge in found["edges"]) == date(2020, 1, 11)
    assert render_graph(found).splitlines()[-1] == "└─ and 10 more"
