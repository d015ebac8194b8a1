"""What commands print, where, and with which exit code, on a small lake. No Spark."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from jobs.io.control import record
from jobs.io.delta import duckdb_connection
from jobs.linkage.model import load_model
from jobs.settings import PROJECT, current_settings, load_settings
from tests.command_line import GENERATE, Govlake, assert_refused
from tests.night.lakes import versions
from tests.small_register import DAY, HOUSEHOLD, LI, WANG, write, write_derived, write_truth
from tests.small_subjects import LISTED, RELATIONS


def test_a_dataset_is_shown_before_it_has_delivered(govlake: Govlake) -> None:
    shown = govlake("show", HOUSEHOLD, "--json").document
    assert (shown["dataset"], shown["tables"], shown["last_gate"]) == (HOUSEHOLD, [], [])
    assert "常住人口户籍登记" in govlake("show", HOUSEHOLD).out
    described = govlake("describe", "silver.public_security__household_register", "--json").document
    assert {"citizen_id", "_valid_from"} <= {column["name"] for column in described["columns"]}
    assert "one person as registered" in govlake("describe", "silver.public_security__household_register").out


def test_a_small_country_is_generated(govlake: Govlake, tmp_path: Path) -> None:
    summary = govlake(*GENERATE, "--json").document
    assert (summary["days"], summary["seed"], summary["first_date"]) == (1, 7, "2026-03-02")
    assert (tmp_path / "truth" / "population.parquet").is_file()
    again = govlake("generate", *GENERATE[1:], "--seed", "8")
    assert again.exit_code == 2
    assert "landing" in again.err


def test_steps_without_spark_are_run_alone(govlake: Govlake) -> None:
    govlake(*GENERATE[:-4], "--truth", "truth")
    one = ("--dataset", HOUSEHOLD, "--date", str(DAY))
    assert govlake("run", "land", *one).exit_code == 0
    assert govlake("run", "bronze", *one, "--json").document["run_id"] == f"night/{DAY}/1"
    [delivery] = govlake("deliveries", "--json").document
    assert (delivery["status"], delivery["rows_bronze"]) == ("received", delivery["rows_delivered"])
    assert govlake("deliveries", "--status", "stopped").err == "nothing matches: leave out an option, or ask for another date\n"
    assert govlake("deliveries", "--date", "2026-03-09", "--json").document == []


def test_what_the_lake_holds_is_found(govlake: Govlake, lake: Path, tmp_path: Path) -> None:
    tables = {row["table"]: row["rows"] for row in govlake("tables", "--json").document}
    assert tables["silver.public_security__household_register"] == 3
    assert "public_security__household_register" in govlake("tables").out
    assert [row["release_id"] for row in govlake("releases", "--json").document] == [f"{DAY}/1"]
    assert {row["status"] for row in govlake("deliveries", "--dataset", HOUSEHOLD, "--json").document} == {"published"}
    measures = govlake("evaluate", "--truth", str(write_truth(tmp_path / "truth")), "--json").document
    assert measures["population"]["records"] == 7


def test_quarantined_rows_are_shown_as_they_were_delivered(govlake: Govlake, lake: Path) -> None:
    told = {"state": "open", "check_codes": ["key_null"], "reasons": ["the key is empty"], "raw_row": '{"RYBH":"","XM":"甲"}'}
    places = [{"_delivery_id": f"{HOUSEHOLD}/{DAY}/1", "_business_date": DAY, "_file": "f", "_row_number": n} for n in (7, 9)]
    settings = load_settings(home=str(lake))
    write(settings, "quarantine.public_security__household_register", [place | told for place in places])
    shown = govlake("quarantine", "--limit", "1")
    first = f"{HOUSEHOLD}/{DAY}/1 row 7, open: the key is empty"
    assert shown.out.splitlines() == [first, '    key_null in {"RYBH":"","XM":"甲"}']
    assert "raise --limit" in shown.err
    assert [row["row_number"] for row in govlake("quarantine", "--dataset", HOUSEHOLD, "--json").document] == [7, 9]
    assert govlake("quarantine", "--date", "2026-03-03").err == "no row is in quarantine\n"


def test_an_answer_that_takes_long_is_still_one_document() -> None:
    with duckdb_connection() as connection:
        assert connection.execute("select current_setting('enable_progress_bar')").fetchall() == [(False,)]


def test_lists_and_structs_are_json_text_in_csv(govlake: Govlake, lake: Path) -> None:
    nested = "select ['甲', '乙'] as names, null::int[] as none, {'a': date '2026-03-02'} as one"
    told = govlake("query", nested, "--format", "csv").out.splitlines()
    assert told == ['"names","none","one"', '"[""甲"", ""乙""]",,"{""a"": ""2026-03-02""}"']


def test_what_people_decided_is_listed(govlake: Govlake, lake: Path) -> None:
    assert govlake("audit").err == "nobody has decided anything yet\n"
    told = {"who": "Wang Fang", "action": "decide_case", "subject": "population/aaaa: same", "reason": "seen"}
    record(str(lake), "audit", [told, told | {"action": "accept_model", "subject": "population/v5/ab"}])
    (decided,) = govlake("audit", "--action", "decide_case", "--json").document
    assert told.items() <= decided.items()
    assert [event["action"] for event in govlake("audit", "--subject", "v5", "--json").document] == ["accept_model"]
    assert govlake("audit", "--subject", "v6").err == "nothing matches: leave out an option, or ask for another date\n"
    assert "Wang Fang" in govlake("audit").out


def test_a_night_that_is_over_says_so_and_starts_no_jvm(lake: Path) -> None:
    code = f"import sys; sys.argv = ['govlake', 'night', '--date', '{DAY}', '--json']\nfrom jobs.cli import main\n"
    code += "try: main()\nfinally: print('pyspark' in sys.modules, file=sys.stderr)"
    environment = os.environ | {"GOVLAKE_HOME": str(lake)}
    before = versions(lake)
    ended = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    outcome = json.loads(ended.stdout)
    assert (ended.returncode, outcome["is_noop"], outcome["release_id"]) == (0, True, f"{DAY}/1")
    assert ended.stderr.split("\n")[:2] == [f"{DAY}: released as {DAY}/1; nothing to do", "False"]
    assert versions(lake) == before


def test_a_query_is_written_in_each_form(govlake: Govlake, lake: Path) -> None:
    sql = "select count(*) as n from linked.population__master"
    assert govlake("query", sql, "--json").document == govlake("query", sql, "--format", "json").document == [{"n": 3}]
    assert govlake("query", sql, "--format", "csv").out.split() == ['"n"', "3"]
    assert "3" in govlake("query", sql).out
    assert govlake("query", f"{sql} having false").err == "no rows\n"


def test_a_candidate_is_compared_before_it_is_accepted(
    govlake: Govlake, lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, candidate = tmp_path / "models" / "population", tmp_path / "candidate"
    shutil.copytree(PROJECT / "conf" / "linkage" / "population", live)
    shutil.copytree(live, candidate)
    rules = candidate / "model.govlake.yaml"
    version = load_model(live).rules.version
    rules.write_text(rules.read_text("utf-8").replace(f"version: {version}", f"version: {version + 1}"), "utf-8")
    monkeypatch.setenv("GOVLAKE_LINKAGE__MODELS", str(live.parent))
    current_settings.cache_clear()
    drift = {"mean_difference": -0.5, "mean_absolute_difference": 0.5, "stability_index": 0.01, "pairs": 9, "weights": []}
    churn = dict.fromkeys(("masters_now", "masters_then", "merged", "split", "moved_records", "changed"), 2)
    compared: dict[str, Any] = {"master": "population", "live": version, "candidate": version + 1, "churn": churn}
    compared["drift"] = drift | dict.fromkeys(("links_kept", "links_gained", "links_lost"), 3)
    compared["capped"] = {"live": [], "candidate": [{"rule": "same phone", "blocks": 2, "records": 1204}]}
    monkeypatch.setattr("jobs.io.spark.spark_session", nullcontext)
    monkeypatch.setattr("jobs.steps.change_model.compare_models", lambda *_: compared)
    arguments = ("population", "--candidate", str(candidate))
    told = govlake("model", "compare", *arguments).out
    assert re.search(r"(?s)records than their rule's cap.*candidate +same phone +2 +1,?204", told)
    compared["capped"] = {"live": [], "candidate": []}
    assert "No block holds more records than its rule's cap." in govlake("model", "compare", *arguments).out
    accept = ("model", "accept", *arguments, "--by", "Li Na", "--why", "more records")
    assert_refused(govlake(*accept), f"govlake model compare population --candidate {candidate}; or accept it unseen with --unseen")
    assert govlake(*accept, "--unseen", "--json").document["version"] == version + 1


def test_a_person_explains_itself(govlake: Govlake, lake: Path, tmp_path: Path) -> None:
    assert govlake("explain", "population", "pop-OLD", "--json").document["master_id"] == LI
    assert "李明" in govlake("explain", "population", LI).out
    page = tmp_path / "page.html"
    assert govlake("explain", "population", LI, "--html", str(page)).err == f"written: {page}\n"
    assert "<html" in page.read_text(encoding="utf-8")


def test_a_subject_has_a_statement_and_a_graph(govlake: Govlake, lake: Path, tmp_path: Path) -> None:
    assert_refused(govlake("statement", LI), "has no credit records")
    assert_refused(govlake("graph", LI), "has no relations")
    settings = load_settings(home=str(lake))
    write_derived(settings, "gold.credit__record", [LISTED])
    write_derived(settings, "gold.relation__edge", RELATIONS)
    assert "鲁0117执1号" in govlake("statement", LI).out
    assert govlake("statement", "pop-OLD", "--json").document["master_id"] == LI
    page = tmp_path / "statement.html"
    assert govlake("statement", LI, "--html", str(page)).err == f"written: {page}\n"
    assert "<html" in page.read_text(encoding="utf-8")
    assert govlake("graph", LI, "--hops", "1").out.startswith(f"{LI} –\n└─ is married to {WANG}")
    assert len(govlake("graph", "pop-OLD", "--json").document["edges"]) == 3
    for command in ("statement", "graph"):
        assert_refused(govlake(command, "pop-NOBODY"), "no register has the ID 'pop-NOBODY'")


@pytest.mark.parametrize(
    "arguments", [("explain", "population", LI, "--html", "nowhere/page.html"), (*GENERATE, "--truth", "file")]
)
def test_a_file_that_cannot_be_written_is_named(govlake: Govlake, lake: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "file").touch()
    answer = govlake(*arguments)
    assert answer.exit_code == 1
    assert arguments[-1] in answer.err
    assert "name another place" in answer.err


def test_the_machine_is_looked_at(govlake: Govlake) -> None:
    findings = govlake("doctor", "--json").document
    assert {"Java", "jars", "disk", "memory", "lake", "ports"} <= {finding["subject"] for finding in findings}
    assert all(finding["remedy"] for finding in findings if finding["state"] == "wrong")


def test_nothing_runs_that_could_be_stopped(govlake: Govlake, tmp_path: Path) -> None:
    assert govlake("down").exit_code == 0
    assert govlake("postgres", "down").exit_code == 0
