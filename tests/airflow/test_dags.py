"""The DAGs as Airflow sees them: what the contracts make of them, without running any."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, Asset
from airflow.sdk.exceptions import AirflowFailException

from jobs.orchestration import business_date_of, extract_dags, master_dags, silver_asset, source_dags
from jobs.plan import MASTERS_DAG, extract_dag, plan_night, source_dag
from jobs.settings import PROJECT
from schemas.catalog import Catalog


def edges(dag: DAG) -> set[tuple[str, str]]:
    return {(task.task_id, below) for task in dag.tasks for below in task.downstream_task_ids}


def outlets(dag: DAG) -> dict[str, list[str]]:
    return {task.task_id: [outlet.name for outlet in task.outlets] for task in dag.tasks if task.outlets}


def assets_awaited(dag: DAG) -> set[str]:
    condition = dag.schedule.asset_condition
    return {asset.name for asset in getattr(condition, "objects", [condition])}


def run_for(key: str | None) -> dict[str, Any]:
    return {"dag_run": SimpleNamespace(partition_key=key)}


def test_each_source_contract_makes_a_dag_that_announces_its_silver_table(catalog: Catalog) -> None:
    dags = source_dags()
    assert set(dags) == {source_dag(contract.dataset) for contract in catalog.sources}
    for contract in catalog.sources:
        dag = dags[source_dag(contract.dataset)]
        assert edges(dag) == {("land", "bronze"), ("bronze", "silver"), ("silver", "report_stops")}
        assert outlets(dag) == {"silver": [silver_asset(contract.dataset).name]}
        assert contract.title in dag.dag_display_name
        assert {task.owner for task in dag.tasks} == {contract.owner}
        assert contract.dataset.group in dag.tags


def test_stops_are_reported_last_and_once(catalog: Catalog) -> None:
    for dag in source_dags().values():
        assert {task.trigger_rule for task in dag.tasks} == {"all_success"}
        assert dag.get_task("report_stops").retries == 0


def test_the_masters_wait_for_every_source_of_one_date(catalog: Catalog) -> None:
    plan = plan_night(catalog)
    [dag] = master_dags().values()
    assert dag.dag_id == MASTERS_DAG
    assert assets_awaited(dag) == {silver_asset(source).name for source in plan.sources}
    assert dag.max_active_runs == 1
    for master in plan.masters:
        assert {
            ("report_sources", f"{master.master}.link"),
            (f"{master.master}.link", f"{master.master}.master"),
            (f"{master.master}.master", f"{plan.derived[0]}.derive"),
        } <= edges(dag)
    steps = [*(f"{group}.derive" for group in plan.derived), "release"]
    assert set(pairwise(steps)) <= edges(dag), "a derived group may read those before it"
    assert outlets(dag) == {"release": ["release"]}


def test_each_extract_contract_makes_a_dag_that_waits_for_the_release(catalog: Catalog) -> None:
    dags = extract_dags()
    assert set(dags) == {extract_dag(contract.dataset) for contract in catalog.extracts}
    for dag in dags.values():
        assert assets_awaited(dag) == {"release"}
        assert [task.task_id for task in dag.tasks] == ["extract"]


def test_every_dag_says_what_it_is_for() -> None:
    for dag in [*source_dags().values(), *master_dags().values(), *extract_dags().values()]:
        assert dag.description
        assert dag.doc_md
        assert any("\u4e00" <= character <= "\u9fff" for character in dag.dag_display_name)


def test_the_assets_are_those_of_the_tables(catalog: Catalog) -> None:
    marriages = catalog.find("civil_affairs/marriage_register").dataset
    assert silver_asset(marriages) == Asset("silver.civil_affairs__marriage_register")


@pytest.mark.parametrize("key", [None, "", "2026-3-2", "20260302", "2026-W10-1", "2026-02-30", "yesterday", "2026-03-02 "])
def test_a_partition_key_that_is_no_business_date_is_refused_with_the_form_to_write(key: str | None) -> None:
    with pytest.raises(AirflowFailException, match=r"yyyy-mm-dd, e\.g\. 2026-03-02"):
        business_date_of(run_for(key))


def test_a_business_date_is_read_from_the_partition_key() -> None:
    assert business_date_of(run_for("2026-03-02")).isoformat() == "2026-03-02"


def test_airflow_itself_imports_every_dag_file_without_an_error(catalog: Catalog) -> None:
    bag = DagBag(PROJECT / "dags")
    plan = plan_night(catalog)
    assert bag.import_errors == {}
    assert set(bag.dags) == {MASTERS_DAG, *map(source_dag, plan.sources), *map(extract_dag, plan.extracts)}
