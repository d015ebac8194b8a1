"""What commands say that cannot do what they are asked for: what happened, and what to do. No Spark."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobs.cli import GROUPS, PANELS
from jobs.settings import current_settings
from tests.command_line import GENERATE, Govlake, assert_refused
from tests.small_register import DAY, HOUSEHOLD

SUBCOMMANDS = [(name, command.name or command.callback.__name__) for name, (_, app) in GROUPS.items()
               for command in app.registered_commands if command.callback]  # fmt: skip
COMMANDS = [(command.__name__.replace("_", "-"),) for commands in PANELS.values() for command in commands]


@pytest.mark.parametrize("command", [*COMMANDS, ("gates",), ("gates", "override"), *SUBCOMMANDS], ids=" ".join)
def test_every_command_helps_with_an_example(govlake: Govlake, command: tuple[str, ...]) -> None:
    answer = govlake(*command, "--help")
    assert answer.exit_code == 0
    assert f"Example: govlake {' '.join(command)}" in answer.out


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
    (("review", "decisions"), "run `govlake night --date …` first"),
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


@pytest.mark.parametrize(("arguments", "told"), WRONG, ids=lambda value: " ".join(value) if isinstance(value, tuple) else "")
def test_what_is_asked_for_wrongly_is_refused_with_what_to_do(
    govlake: Govlake, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    assert_refused(govlake(*arguments), told)
    assert list(tmp_path.iterdir()) == [], "what is refused leaves nothing behind"


def test_a_lake_of_another_country_is_not_taken_for_the_one_asked_for(govlake: Govlake) -> None:
    truth = Path(current_settings().root).parent / "truth"
    truth.mkdir(parents=True)
    (truth / "country.json").write_text(json.dumps({"people": 20_000, "seed": 7, "noise": {}}), "utf-8")
    answer = govlake("demo", "--people", "300")
    assert_refused(answer, "holds another country: about 20,000 people, seed 7")
    assert "GOVLAKE_HOME=/another/folder" in answer.err


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("tables", "the lake is empty"),
        ("deliveries", "nothing has landed yet"),
        ("gates", "no gate has been passed yet"),
        ("quarantine", "no row is in quarantine"),
        ("releases", "no release yet"),
        ("runs", "nothing has run yet"),
        ("audit", "nobody has decided anything yet"),
        ("drift list", "no delivery had a column that its contract does not know"),
    ],
)
def test_a_lake_that_does_not_exist_has_nothing_to_list(govlake: Govlake, tmp_path: Path, command: str, told: str) -> None:
    answer = govlake(*command.split())
    assert (answer.exit_code, answer.out) == (0, "")
    assert told in answer.err
    assert govlake(*command.split(), "--json").document == []
    assert list(tmp_path.iterdir()) == [], "asking makes no lake"


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
        (("review", "decide-records", "x|1", "y|2", "same", "--by", "a", "--why", "b"), "no register has a record 'x|1' or 'y|2'"),
        (("review", "decisions", "--master", "nobody"), "no review table of 'nobody'"),
        (("night", "--date", "2026-03-01"), "the night of 2026-03-01 is over: 2026-03-02 is released already"),
        (("gates", "override", "x/y/2026-03-02/1", "--reason", "z"), "was not stopped by a gate"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_the_lake_lacks_is_told_with_what_there_is(
    govlake: Govlake, lake: Path, arguments: tuple[str, ...], told: str
) -> None:
    assert_refused(govlake(*arguments), told)


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
