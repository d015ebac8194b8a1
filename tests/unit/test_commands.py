"""The commands themselves: what is printed, where, and with which exit code, on no lake at all and on a small one. No Spark."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main

from jobs.cli import GROUPS, PANELS, main
from jobs.io.delta import duckdb_connection
from jobs.settings import PROJECT, current_settings, load_settings
from tests.night.lakes import versions
from tests.small_register import DAY, HOUSEHOLD, LI, WANG, write, write_derived, write_truth
from tests.small_subjects import LISTED, RELATIONS


@dataclass(frozen=True)
class Answer:
    """What a command has written, and how it ended."""

    exit_code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Govlake = Callable[..., Answer]
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


SUBCOMMANDS = [(name, command.name or command.callback.__name__) for name, (_, app) in GROUPS.items()
               for command in app.registered_commands if command.callback]  # fmt: skip
COMMANDS = [(command.__name__.replace("_", "-"),) for commands in PANELS.values() for command in commands]


@pytest.mark.parametrize("command", [*COMMANDS, ("gates",), ("gates", "override"), *SUBCOMMANDS], ids=" ".join)
def test_every_command_helps_with_an_example(govlake: Govlake, command: tuple[str, ...]) -> None:
    answer = govlake(*command, "--help")
    assert answer.exit_code == 0
    assert f"Example: govlake {' '.join(command)}" in answer.out


GENERATE = ("generate", "--people", "50", "--days", "1", "--seed", "7", "--landing", "landing", "--truth", "truth")
HOUSEHOLD_TWIN = "Did you mean 'public_security/household_register'?"
WRONG: list[tuple[tuple[str, ...], str]] = [
    (("--nonsense",), "No such option: --nonsense"),
    (("nights",), "Did you mean 'night'?"),
    (("generate",), "Missing option '--people'"),
    ((*GENERATE, "--people", "5"), "'--people': 5 is not in the range"),
    ((*GENERATE, "--noise", "loud"), "write clean, harsh, typical"),
    ((*GENERATE, "--start", "2026-13-01"), "'--start': '2026-13-01' is not a date"),
    ((*GENERATE, "--fault", "truncated"), "write KIND:DATASET:DATE"),
    ((*GENERATE, "--fault", f"melted:{HOUSEHOLD}:{DAY}"), "Known: duplicate, extra-column"),
    ((*GENERATE, "--fault", f"truncated:public_security/household:{DAY}"), HOUSEHOLD_TWIN),
    ((*GENERATE, "--fault", f"truncated:{HOUSEHOLD}:2026-03-09"), "that date is not generated"),
    (("night",), "Missing option '--date'"),
    (("night", "--date", "yesterday"), "'--date': 'yesterday' is not a date: write yyyy-mm-dd"),
    (("run", "polish", "--date", "2026-03-02"), "'polish' is not one of 'land', 'bronze'"),
    (("run", "silver", "--date", "2026-03-02"), "name one with --dataset"),
    (("run", "silver", "--dataset", "public_security/household", "--date", "2026-03-02"), HOUSEHOLD_TWIN),
    (("run", "link", "--dataset", "populaton", "--date", "2026-03-02"), "Did you mean 'population'?"),
    (("run", "release", "--dataset", "population", "--date", "2026-03-02"), "Leave --dataset out"),
    (("show", "public_security/household"), HOUSEHOLD_TWIN),
    (("show", "household_register"), "write <department>/<dataset>"),
    (("describe", "gold.population__persn"), "Did you mean 'gold.population__person'?"),
    (("describe", "bronze.population__person"), "no contract defines bronze.population__person"),
    (("describe", "control.deliveries"), "`govlake deliveries`"),
    (("describe", "person"), "write <layer>.<group>__<dataset>"),
    (("query", "select 1"), "run `govlake night --date …` first"),
    (("deliveries", "--date", "x"), "'x' is not a date"),
    (("deliveries", "--dataset", "public_security/household"), HOUSEHOLD_TWIN),
    (("deliveries", "--status", "lost"), "'lost' is not one of 'received'"),
    (("gates", "--dataset", "public_security/household"), HOUSEHOLD_TWIN),
    (("gates", "override", f"{HOUSEHOLD}/{DAY}/1"), "Missing option '--reason'"),
    (("gates", "override", f"{HOUSEHOLD}/{DAY}/1", "--reason", "z"), "No gate has stopped anything"),
    (("quarantine", "--dataset", "public_security/household"), HOUSEHOLD_TWIN),
    (("quarantine", "--limit", "0"), "'--limit': 0 is not in the range"),
    (("runs", "--date", "x"), "'x' is not a date"),
    (("explain", "nobody", "pop-1"), "no register 'nobody'. Known: legal_entity, population."),
    (("explain", "population"), "Missing argument 'ID'"),
    (("explain", "population", "pop-1"), "run `govlake night --date …` first"),
    (("statement",), "Missing argument 'ID'"),
    (("graph", "pop-1", "--hops", "7"), "'--hops': 7 is not in the range"),
    (("graph", "pop-1"), "run `govlake night --date …` first"),
    (("statement", "pop-1"), "run `govlake night --date …` first"),
    (("evaluate",), "Missing option '--truth'"),
    (("evaluate", "--truth", "nowhere"), "run `govlake night --date …` first"),
    (("audit-identity", "--master", "nobody"), "no register 'nobody'. Known: legal_entity, population."),
    (("audit-identity",), "was never linked"),
    (("new-source", "school", "--from", "school.csv"), "write <department>/<dataset>"),
    (("new-source", "education/school", "--from", "nowhere.csv"), "there is no such file"),
    (("review", "list"), "run `govlake night --date …` first"),
    (("review", "show", "x"), "run `govlake night --date …` first"),
    (("review", "decide", "x", "same"), "Missing option '--by'"),
    (("model", "train", "nobody"), "no register 'nobody'. Known: legal_entity, population."),
    (("model", "train", "population"), "silver holds no record of 'population' yet"),
    (("model", "compare", "population", "--candidate", "nowhere"), "make one with `govlake model train population`"),
    (("model", "accept", "population", "--candidate", "nowhere", "--by", "a", "--why", "b"), "no candidate at nowhere"),
    (("drift", "show", "public_security/household"), HOUSEHOLD_TWIN),
    (("drift", "accept", HOUSEHOLD), f"no proposal for {HOUSEHOLD}"),
    (("drift", "accept", HOUSEHOLD, "--column", "BZ"), "no proposal for BZ"),
    (("postgres", "apply", "--date", "x"), "'x' is not a date"),
    (("demo", "--nights", "0"), "'--nights': 0 is not in the range"),
]
"""Arguments that cannot be, on a machine without a lake, and what a person is told."""


def assert_refused(answer: Answer, told: str) -> None:
    """A refusal has nothing for a program to read, and says to a person what was told."""
    assert (answer.exit_code, answer.out) == (2, "")
    assert told in " ".join(answer.err.split())


@pytest.mark.parametrize(("arguments", "told"), WRONG, ids=lambda value: " ".join(value) if isinstance(value, tuple) else "")
def test_what_is_asked_for_wrongly_is_refused_with_what_to_do(
    govlake: Govlake, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    assert_refused(govlake(*arguments), told)
    assert list(tmp_path.iterdir()) == [], "what is refused leaves nothing behind"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("tables", "the lake is empty"),
        ("deliveries", "nothing has landed yet"),
        ("gates", "no gate has been passed yet"),
        ("quarantine", "no row is in quarantine"),
        ("releases", "no release yet"),
        ("runs", "nothing has run yet"),
        ("drift list", "no delivery had a column that its contract does not know"),
    ],
)
def test_a_lake_that_does_not_exist_has_nothing_to_list(govlake: Govlake, tmp_path: Path, command: str, told: str) -> None:
    answer = govlake(*command.split())
    assert (answer.exit_code, answer.out) == (0, "")
    assert told in answer.err
    assert govlake(*command.split(), "--json").document == []
    assert list(tmp_path.iterdir()) == [], "asking makes no lake"


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


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("query", "select * from gold.population__persn"), f"Release {DAY}/1 has: linked.population__"),
        (("query", "select nothing from linked.population__master"), '"nothing" not found'),
        (("query", "selec 1"), "syntax error"),
        (("query", "drop view linked.population__master"), "a query is one SELECT"),
        (("query", "select 1", "--release", "2026-03-02/9"), f"Did you mean '{DAY}/1'?"),
        (("query", "select 1", "--format", "xml"), "'xml' is not one of 'table'"),
        (("explain", "population", "pop-NOBODY"), "population has no ID 'pop-NOBODY'"),
        (("evaluate", "--truth", "nowhere"), "no truth in nowhere: expected legal_entity.parquet, population.parquet"),
        (("review", "list", "--master", "nobody"), "no review table of 'nobody'"),
        (("review", "show", "x"), "no open case 'x'. See `govlake review list`"),
        (("review", "decide", "x", "same", "--by", "a", "--why", "b"), "no open case 'x'"),
        (("night", "--date", "2026-03-01"), "the night of 2026-03-01 never ran"),
        (("gates", "override", "x/y/2026-03-02/1", "--reason", "z"), "was not stopped by a gate"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_the_lake_lacks_is_told_with_what_there_is(
    govlake: Govlake, lake: Path, arguments: tuple[str, ...], told: str
) -> None:
    assert_refused(govlake(*arguments), told)


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


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("GOVLAKE_PROFILE", "moon", "laptop, cluster or test"),
        ("GOVLAKE_HOME", __file__, "Name the lake's folder"),
        ("GOVLAKE_AIRFLOW__PORT", "many", "GOVLAKE_AIRFLOW__PORT"),
        ("GOVLAKE_AIRFLOW__PROT", "8080", "GOVLAKE_AIRFLOW__PROT"),
        ("GOVLAKE_SPARK_REMOTE", "sc://localhost", "GOVLAKE_SPARK_REMOTE of the environment is no setting"),
    ],
)
def test_a_wrong_setting_is_named(govlake: Govlake, monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str) -> None:
    monkeypatch.setenv(name, value)
    current_settings.cache_clear()
    answer = govlake("tables")
    assert answer.exit_code == 2
    assert told in answer.err
