"""Two nights of three departments: four deliveries broken in four ways, two corrections, and what each layer must then say."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import jupytext
import pytest
from nbclient import NotebookClient

from jobs.io.state import current_release, delivery_states, release_of
from jobs.night import NightOutcome, run_night
from jobs.portal.evaluation import evaluate
from jobs.portal.explanation import explain_master, render_explanation
from jobs.samples.country import generate, load_noise, parse_fault
from jobs.settings import PROJECT, Settings, load_settings
from schemas.catalog import Catalog
from schemas.errors import UsageError
from tests.night.lakes import contents, narrowed, sql, table_folders, versions

FIRST = date(2026, 3, 2)
DATES = [FIRST + timedelta(days=n) for n in range(2)]
HOUSEHOLDS, RESIDENCES, MARRIAGES = (
    "public_security/household_register",
    "public_security/residence_registration",
    "civil_affairs/marriage_register",
)
BROKEN = {
    f"{RESIDENCES}/{DATES[0]}": ("missing-column", "missing_column", "missing column person.name"),
    f"{MARRIAGES}/{DATES[0]}": ("wrong-digest", "digest_mismatch", "SHA256"),
    f"{HOUSEHOLDS}/{DATES[1]}": ("truncated", "file_cut_short", "bytes"),
    f"{MARRIAGES}/{DATES[1]}": ("wrong-encoding", "wrong_encoding", "utf-8"),
}
"""By first delivery: how it is broken, the reason's code and a word that it must hold. The second night corrects the first's."""


class Country:
    """A generated country, its lake, and how each of its nights ended."""

    def __init__(self, folder: Path, catalog: Catalog) -> None:
        self.truth = folder / "truth"
        self.landing = folder / "landing"
        self.catalog = catalog
        self.settings = load_settings(home=str(folder / "lake"), landing=self.landing, keys=folder / "keys")
        self.outcomes: list[NightOutcome] = []
        self.first_contents: dict[str, list[str]] = {}

    def run(self, settings: Settings, day: date) -> NightOutcome:
        return run_night(settings, self.catalog, day, lambda _: None)


def _fault(broken: str) -> str:
    dataset, _, day = broken.rpartition("/")
    return f"{BROKEN[broken][0]}:{dataset}:{day}:corrected"


def three_departments(catalog: Catalog) -> Catalog:
    """The catalogue without the sources of other departments, whose nights are taken in tests/airflow."""
    return narrowed(catalog, {HOUSEHOLDS, RESIDENCES, MARRIAGES}, {"population"})


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory, catalog: Catalog, spark: object) -> Country:
    made = Country(tmp_path_factory.mktemp("country"), three_departments(catalog))
    generate(
        people=800,
        days=len(DATES),
        seed=11,
        start=FIRST,
        noise=load_noise("typical"),
        faults=[parse_fault(_fault(broken)) for broken in BROKEN],
        landing=made.landing,
        truth=made.truth,
        progress=lambda _: None,
    )
    for day in DATES:
        made.outcomes.append(made.run(made.settings, day))
        made.first_contents = made.first_contents or contents(Path(made.settings.root))
    return made


def test_broken_deliveries_stop_alone_with_a_reason_and_their_corrections_are_taken(country: Country) -> None:
    assert [outcome.exit_code for outcome in country.outcomes] == [3, 3]
    states = {state.delivery_id: state for state in delivery_states(country.settings.root)}
    for broken, (_, code, word) in BROKEN.items():
        stopped = states[f"{broken}/1"]
        assert (stopped.status, stopped.reason_code) == ("stopped", code)
        assert word in (stopped.reason or "")
        assert "Ask the sender" in (stopped.reason or ""), "a person must know what to do"
        corrected = states.get(f"{broken}/2")
        assert (corrected.status if corrected else None) == ("published" if broken.endswith(str(FIRST)) else None)
    assert states[f"{HOUSEHOLDS}/{DATES[0]}/1"].status == "published", "the rest of the night is done"


def test_nothing_of_a_stopped_delivery_is_in_any_table(country: Country) -> None:
    stopped = ", ".join(f"'{broken}/1'" for broken in BROKEN)
    for name, folder in table_folders(Path(country.settings.root)).items():
        if name.startswith(("bronze", "silver", "quarantine")):
            assert sql(folder, f"select count(*) from t where _delivery_id in ({stopped})") == [(0,)], name


def test_every_delivered_row_is_accounted_for(country: Country) -> None:
    states = delivery_states(country.settings.root)
    for state in states:
        if state.status in ("published", "superseded"):
            assert state.rows_delivered == state.rows_bronze == state.rows_accepted + state.rows_quarantined
        else:
            assert state.rows_accepted == 0
    assert sum(state.rows_accepted for state in states) > 800, "everybody is registered"


def test_running_the_nights_again_changes_no_table(country: Country) -> None:
    before = versions(Path(country.settings.root))
    again = [country.run(country.settings, day) for day in DATES]
    assert [outcome.is_noop for outcome in again] == [True] * 2
    assert [outcome.exit_code for outcome in again] == [3, 3]
    assert versions(Path(country.settings.root)) == before


def test_a_new_lake_of_the_same_deliveries_and_keys_has_the_same_tables_ids_included(country: Country, tmp_path: Path) -> None:
    twin = load_settings(home=str(tmp_path / "lake"), landing=country.landing, keys=country.settings.keys_root)
    country.run(twin, FIRST)
    ours, theirs = country.first_contents, contents(Path(twin.root))
    assert set(ours) == set(theirs)
    assert {name for name in ours if ours[name] != theirs[name]} == set()


def test_the_linkage_beats_a_plain_id_join_at_almost_no_cost_in_precision(country: Country) -> None:
    population = evaluate(country.settings, country.truth)["population"]
    assert population["pairwise_linkable"]["precision"] >= 0.99
    assert population["pairwise_linkable"]["recall"] >= 0.96
    assert population["pairwise"]["recall"] > population["baseline_exact_id"]["recall"] + 0.03


def test_masters_keep_their_ids_unless_an_event_says_why(country: Country) -> None:
    root = Path(country.settings.root)
    tables = table_folders(root)
    moved = sql(
        tables["linked.population__crosswalk"],
        "select count(*) from (select dataset, record_key from t group by all having count(distinct master_id) > 1)",
    )[0][0]
    told = sql(tables["linked.population__events"], "select count(*) from t where event in ('merged', 'split', 'moved')")[0][0]
    assert moved <= told
    assert sql(tables["gold.population__person"], "select count(*) - count(distinct master_id) from t") == [(0,)]


def test_a_release_names_the_versions_of_every_gold_and_linked_table(country: Country) -> None:
    release = current_release(country.settings.root)
    assert release is not None
    assert release.release_id == f"{DATES[1]}/1"
    assert {"gold.population__person", "linked.population__crosswalk"} <= set(release.tables)
    assert (release.sources[HOUSEHOLDS], release.sources[RESIDENCES]) == ("stopped", "published")
    first = release_of(country.settings.root, FIRST)
    assert first is not None
    assert (first.sources[HOUSEHOLDS], first.sources[RESIDENCES]) == ("published", "stopped")


def test_the_past_is_refused(country: Country) -> None:
    with pytest.raises(UsageError, match="into a new lake"):
        country.run(country.settings, FIRST - timedelta(days=1))


def test_the_agency_gets_a_package_with_what_is_granted_and_nothing_else(country: Country) -> None:
    folder = Path(country.settings.outbox_root) / "health_commission" / "person" / str(DATES[1]) / "1"
    assert (folder / "_READY").is_file()
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    schemas = [resource["schema"] for resource in package["resources"] if "schema" in resource]
    names = {field["name"] for schema in schemas for field in schema["fields"]}
    assert "person_ref" in names
    assert not {"master_id", "citizen_id"} & names


def test_a_person_can_explain_itself(country: Country) -> None:
    tables = table_folders(Path(country.settings.root))
    master_id = sql(tables["gold.population__person"], "select master_id from t order by record_count desc, 1 limit 1")[0][0]
    words = render_explanation(explain_master(country.settings, "population", master_id))
    assert master_id in words
    assert "household_register" in words
    assert "match weight" in words


def test_the_first_notebook_runs_on_the_release(country: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVLAKE_HOME", country.settings.root)
    notebook = jupytext.read(PROJECT / "notebooks" / "first_look.py")
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(PROJECT)}}).execute()
    pictures = [
        out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs if "image/png" in out.get("data", {})
    ]
    assert len(pictures) >= 2
