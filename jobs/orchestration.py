"""The plan of a night as Airflow DAGs, made in memory from the contracts: the only Airflow import outside ``dags``.

Assets are partitioned by business date (``yyyy-mm-dd``). A source's DAG announces its silver table; the master DAG waits for the
announcements of all sources for one date; an extract's DAG waits for the release. A stop fails its task, so that it shows red,
and the announcement goes out all the same, with the status.
"""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from airflow.sdk import DAG, Asset, PartitionedAssetTimetable, PartitionedAtRuntime, task
from airflow.sdk.exceptions import AirflowFailException

from jobs.plan import MasterPlan, NightPlan, plan_night
from schemas.catalog import Catalog, load_catalog
from schemas.errors import UsageError
from schemas.names import DatasetName, Layer

_log = logging.getLogger(__name__)

RELEASE = Asset("release")
DEFAULTS = {"retries": 1, "retry_delay": timedelta(seconds=5)}
START = datetime(2020, 1, 1, tzinfo=UTC)


def source_dags() -> dict[str, DAG]:
    """One DAG a source, by DAG ID: land → bronze → silver → announce, and a verdict that is red if a delivery stopped."""
    catalog = load_catalog()
    return {dag_id(source): _source_dag(catalog, source) for source in plan_night(catalog).sources}


def master_dags() -> dict[str, DAG]:
    """The DAG of all masters: it waits for every source of one business date, links, builds master data and releases."""
    return {"masters": _master_dag(plan_night(load_catalog()))}


def extract_dags() -> dict[str, DAG]:
    """One DAG an extract, which waits for the release of a business date."""
    catalog = load_catalog()
    return {f"extract__{_flat(extract)}": _extract_dag(catalog, extract) for extract in plan_night(catalog).extracts}


def dag_id(source: DatasetName) -> str:
    """The ID of a source's DAG."""
    return f"source__{_flat(source)}"


def silver_asset(source: DatasetName) -> Asset:
    """The asset that a source's DAG announces."""
    return Asset(str(source.in_layer(Layer.SILVER)))


def business_date_of(context: dict[str, Any]) -> date:
    """The business date a run is for. Raises UsageError if its partition key is not one."""
    key = context["dag_run"].partition_key
    try:
        return date.fromisoformat(key or "")
    except ValueError as error:
        raise UsageError(
            f"partition key {key!r} is not a business date: trigger with a partition key of the form yyyy-mm-dd."
        ) from error


def _source_dag(catalog: Catalog, source: DatasetName) -> DAG:
    contract = catalog.by_dataset[source]
    asset = silver_asset(source)
    with DAG(
        dag_id(source),
        description=f"{contract.title} · {contract.purpose}",
        schedule=PartitionedAtRuntime(),
        start_date=START,
        max_active_runs=1,
        default_args=DEFAULTS | {"owner": contract.owner or "govlake"},
        tags=["source", source.group],
        doc_md=f"**{contract.title}** `{source}`\n\n{contract.purpose}\n\nOne row is {contract.grain}.",
    ) as dag:
        steps = [
            _step(name, str(source), trigger_rule="all_done" if name != "land" else "all_success")
            for name in ("land", "bronze", "silver")
        ]

        @task(outlets=[asset], trigger_rule="all_done")
        def announce(*, outlet_events: Any = None, **context: Any) -> str:
            day = business_date_of(context)
            status = _status(source, day)
            outlet_events[asset].add_partitions(day.isoformat())
            outlet_events[asset].extra = {"status": status}
            return status

        @task(trigger_rule="all_done", retries=0)
        def verdict(**context: Any) -> None:
            _fail_if_stopped(source, business_date_of(context))

        _chain([*steps, announce(), verdict()])
    return dag


def _master_dag(plan: NightPlan) -> DAG:
    assets = [silver_asset(source) for source in plan.sources]
    everything = assets[0]
    for asset in assets[1:]:
        everything = everything & asset
    with DAG(
        "masters",
        description="主数据 · link, build and release every master, once all sources of a business date have reported",
        schedule=PartitionedAssetTimetable(assets=everything),
        start_date=START,
        max_active_runs=1,
        default_args=DEFAULTS | {"owner": "govlake"},
        tags=["master"],
        doc_md="Waits for the silver tables of all sources of one business date, stopped and missing ones included.",
    ) as dag:
        sources = _report_sources(plan)
        release = _step("release", None, outlets=[RELEASE])
        for master in plan.masters:
            _chain([sources, *_master_steps(master), release])
    return dag


def _report_sources(plan: NightPlan) -> Any:
    @task
    def report_sources(**context: Any) -> dict[str, str]:
        """Say what each source did; stopped and missing ones keep yesterday's tables."""
        day = business_date_of(context)
        statuses = {str(source): _status(source, day) for source in plan.sources}
        for source, status in statuses.items():
            _log.log(logging.INFO if status == "published" else logging.WARNING, "%s: %s", source, status)
        return statuses

    return report_sources()


def _master_steps(plan: MasterPlan) -> list[Any]:
    return [_step(name, plan.master, task_id=f"{name}_{plan.master}") for name in ("link", "master")]


def _extract_dag(catalog: Catalog, extract: DatasetName) -> DAG:
    contract = catalog.by_dataset[extract]
    with DAG(
        f"extract__{_flat(extract)}",
        description=f"{contract.title} · {contract.purpose}",
        schedule=PartitionedAssetTimetable(assets=RELEASE),
        start_date=START,
        max_active_runs=1,
        default_args=DEFAULTS | {"owner": contract.owner or "govlake"},
        tags=["extract", extract.group],
        doc_md=f"**{contract.title}** `{extract}` for {extract.group}, from the release of a business date.",
    ) as dag:
        _step("extract", str(extract))
    return dag


def _step(
    name: str,
    subject: str | None,
    *,
    task_id: str | None = None,
    trigger_rule: str = "all_success",
    outlets: list[Asset] | None = None,
) -> Any:
    """A task that runs one step; it fails, without a retry, if the step stopped a delivery."""

    @task(task_id=task_id or name, trigger_rule=trigger_rule, outlets=outlets or [])
    def run(**context: Any) -> None:
        from jobs.one_step import run_step
        from jobs.settings import current_settings

        day = business_date_of(context)
        run_step(current_settings(), load_catalog(), name, subject, day)
        if name in ("land", "silver"):
            _fail_if_stopped(DatasetName.parse(subject or ""), day, "tolerance_exceeded" if name == "silver" else None)

    return run()


def _status(source: DatasetName, day: date) -> str:
    from jobs.io.state import delivery_states
    from jobs.settings import current_settings
    from jobs.steps.s6_release import status_of_sources

    states = [state for state in delivery_states(current_settings().root) if state.night_date == day]
    return status_of_sources(states, day).get(str(source), "failed")


def _fail_if_stopped(source: DatasetName, day: date, code: str | None = None) -> None:
    """Raises AirflowFailException with the reasons of the night's stopped deliveries of a source."""
    from jobs.io.state import delivery_states
    from jobs.settings import current_settings

    stopped = [
        f"{state.delivery_id}: {state.reason}"
        for state in delivery_states(current_settings().root)
        if (state.dataset, state.night_date, state.status) == (str(source), day, "stopped") and code in (None, state.reason_code)
    ]
    if stopped:
        raise AirflowFailException("stopped, nothing was published from it. " + " ".join(stopped))


def _chain(tasks: list[Any]) -> None:
    for before, after in pairwise(tasks):
        before.set_downstream(after)


def _flat(dataset: DatasetName) -> str:
    return f"{dataset.group}__{dataset.table}"
