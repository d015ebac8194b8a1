"""The plan of a night as Airflow DAGs, made in memory from the contracts: the only Airflow import outside ``dags``.

Assets are partitioned by business date (``yyyy-mm-dd``). A source's silver task announces its table; the master DAG waits for the
announcements of all sources for one date; an extract's DAG waits for the release. What was stopped is announced too, with its
status: a source's DAG is then green up to its last task, ``report_stops``, which is red and says why; it is skipped where nothing
was stopped. A step that failed is red itself and announces nothing: the masters wait until it is mended.
"""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from itertools import pairwise
from operator import and_
from typing import Any

from airflow.sdk import DAG, Asset, PartitionedAssetTimetable, PartitionedAtRuntime, TaskGroup, get_parsing_context, task
from airflow.sdk.exceptions import AirflowFailException

from jobs.plan import MASTERS_DAG, MasterPlan, NightPlan, extract_dag, plan_night, source_dag
from schemas.catalog import Catalog, load_catalog
from schemas.contract import Contract
from schemas.errors import UsageError
from schemas.names import DatasetName, Layer

_log = logging.getLogger(__name__)

RELEASE = Asset("release")
START = datetime(2020, 1, 1, tzinfo=UTC)
DEFAULTS = {"retries": 2, "retry_delay": timedelta(seconds=5)}
"""A task that died with its machine or lost its connection is tried again; every step may be repeated."""

TITLES = {
    "land": "land 接收",
    "bronze": "bronze 原样入湖",
    "silver": "silver 标准化",
    "report_stops": "stops 拦截情况",
    "report_sources": "sources 来源情况",
    "link": "link 关联",
    "master": "master 主数据",
    "derive": "derive 衍生",
    "release": "release 发布",
    "extract": "extract 提供",
}


def source_dags() -> dict[str, DAG]:
    """One DAG a source, by DAG ID: land → bronze → silver → report_stops."""
    catalog = load_catalog()
    wanted = [source for source in plan_night(catalog).sources if _is_wanted(source_dag(source))]
    return {dag.dag_id: dag for dag in (_source_dag(catalog, source) for source in wanted)}


def master_dags() -> dict[str, DAG]:
    """The DAG of all masters: it waits for every source of one business date, links, builds master data, derives, releases."""
    return {MASTERS_DAG: _master_dag(plan_night(load_catalog()))}


def extract_dags() -> dict[str, DAG]:
    """One DAG an extract, which waits for the release of a business date."""
    catalog = load_catalog()
    return {dag.dag_id: dag for dag in (_extract_dag(catalog, extract) for extract in plan_night(catalog).extracts)}


def _is_wanted(dag_id: str) -> bool:
    """Whether this process needs the DAG: one that runs a task parses the whole file, but wants only its own."""
    own = get_parsing_context().dag_id
    return own is None or own == dag_id


def silver_asset(source: DatasetName) -> Asset:
    """The asset that a source's silver task announces."""
    return Asset(str(source.in_layer(Layer.SILVER)))


def business_date_of(context: dict[str, Any]) -> date:
    """The business date a run is for. Raises AirflowFailException, which is not tried again, if its partition key is not one."""
    key = context["dag_run"].partition_key
    try:
        day = date.fromisoformat(key or "")
    except ValueError:
        day = None
    if day is None or day.isoformat() != key:
        raise AirflowFailException(
            f"partition key {key!r} is not a business date. Trigger with a partition key of the form yyyy-mm-dd, e.g. 2026-03-02."
        )
    return day


def _source_dag(catalog: Catalog, source: DatasetName) -> DAG:
    contract = catalog.by_dataset[source]
    how = (
        f"One row: {contract.grain}. Made from the contract `{contract.path.name}`. "
        "Trigger with a business date (yyyy-mm-dd) as partition key."
    )
    with _dag_of(contract, source_dag(source), PartitionedAtRuntime(), tag="source", how=how) as dag:
        _chain([_step("land", str(source)), _step("bronze", str(source)), _silver(source), _report_stops(source)])
    return dag


def _silver(source: DatasetName) -> Any:
    asset = silver_asset(source)

    @task.short_circuit(task_id="silver", task_display_name=TITLES["silver"], outlets=[asset], do_xcom_push=False)
    def run(*, outlet_events: Any, **context: Any) -> bool:
        """Refine, and tell the masters that this source is through; the event carries what became of it.

        Whether something was stopped: if not, there is nothing to report, and the last task is skipped.
        """
        day = business_date_of(context)
        _run_step("silver", str(source), day)
        outlet_events[asset].add_partitions(day.isoformat())
        outlet_events[asset].extra = {"status": _status(source, day)}
        return bool(_stop_reasons(source, day))

    return run()


def _report_stops(source: DatasetName) -> Any:
    @task(task_display_name=TITLES["report_stops"], retries=0)
    def report_stops(**context: Any) -> None:
        """Red, with the reasons why deliveries were stopped."""
        stopped = _stop_reasons(source, business_date_of(context))
        raise AirflowFailException("stopped, and nothing of it is published; the rest goes on. " + " ".join(stopped))

    return report_stops()


def _master_dag(plan: NightPlan) -> DAG:
    with DAG(
        MASTERS_DAG,
        dag_display_name="主数据 masters",
        description="主数据 · link, build and release every master, once all sources of a business date have reported",
        schedule=PartitionedAssetTimetable(assets=reduce(and_, [silver_asset(source) for source in plan.sources])),
        start_date=START,
        max_active_runs=1,
        default_args=DEFAULTS | {"owner": "govlake"},
        tags=["master"],
        doc_md="Waits for the silver tables of all sources of one business date, then links their records, builds master data, "
        "derives what is known between the masters, and names the release. A stopped or missing source keeps its tables of the "
        "night before: the first task says which.",
    ) as dag:
        sources = _report_sources(plan)
        derived = [_derived_group(group) for group in plan.derived]
        after = [*derived, _step("release", None, outlets=[RELEASE])]
        for master in plan.masters:
            _chain([sources, _master_group(master), *after[:1]])
        _chain(after)
    return dag


def _master_group(plan: MasterPlan) -> TaskGroup:
    with TaskGroup(plan.master, prefix_group_id=True, tooltip=f"{plan.master}: from {', '.join(map(str, plan.sources))}") as group:
        _chain([_step(name, plan.master) for name in ("link", "master")])
    return group


def _derived_group(group: str) -> TaskGroup:
    with TaskGroup(group, prefix_group_id=True, tooltip=f"{group}: of all masters") as made:
        _step("derive", group)
    return made


def _report_sources(plan: NightPlan) -> Any:
    @task(task_display_name=TITLES["report_sources"])
    def report_sources(**context: Any) -> dict[str, str]:
        """Say what each source did; stopped and missing ones keep the tables of the night before, a failed one is waited for."""
        day = business_date_of(context)
        statuses = {str(source): _status(source, day) for source in plan.sources}
        for source, status in statuses.items():
            _log.log(logging.INFO if status == "published" else logging.WARNING, "%s: %s", source, status)
        if failed := [source for source, status in statuses.items() if status == "failed"]:
            raise AirflowFailException(
                f"{', '.join(failed)} failed (a stop or a missing delivery would not matter): nothing is linked or released from "
                "half a night. The red step of its DAG says why; mend it, then run the night again."
            )
        return statuses

    return report_sources()


def _extract_dag(catalog: Catalog, extract: DatasetName) -> DAG:
    contract, how = catalog.by_dataset[extract], f"Written for {extract.group} from each release."
    with _dag_of(contract, extract_dag(extract), PartitionedAssetTimetable(assets=RELEASE), tag="extract", how=how) as dag:
        _step("extract", str(extract))
    return dag


def _dag_of(contract: Contract, dag_id: str, schedule: Any, *, tag: str, how: str) -> DAG:
    """A DAG without tasks that says what its contract says."""
    return DAG(
        dag_id,
        dag_display_name=f"{contract.title} {contract.dataset}",
        description=f"{contract.title} · {contract.purpose}",
        schedule=schedule,
        start_date=START,
        max_active_runs=1,
        default_args=DEFAULTS | {"owner": contract.owner or "govlake"},
        tags=[tag, contract.dataset.group],
        doc_md=f"{contract.purpose}\n\n{how} More: `govlake show {contract.dataset}`.",
    )


def _step(name: str, subject: str | None, *, outlets: list[Asset] | None = None) -> Any:
    """A task that runs one step. What cannot get better by itself, a stopped gate or a wrong date, is not tried again."""

    @task(task_id=name, task_display_name=TITLES[name], outlets=outlets or [])
    def run(**context: Any) -> None:
        _run_step(name, subject, business_date_of(context))

    return run()


def _run_step(name: str, subject: str | None, day: date) -> None:
    from jobs.one_step import run_step
    from jobs.settings import current_settings
    from jobs.steps.promote import PromotionStoppedError

    try:
        run_step(current_settings(), load_catalog(), name, subject, day)
    except (PromotionStoppedError, UsageError) as error:
        raise AirflowFailException(str(error)) from error


def _status(source: DatasetName, day: date) -> str:
    from jobs.settings import current_settings
    from jobs.verdict import source_status

    return source_status(current_settings().root, source, day)


def _stop_reasons(source: DatasetName, day: date) -> list[str]:
    from jobs.settings import current_settings
    from jobs.verdict import stop_reasons

    return stop_reasons(current_settings().root, source, day)


def _chain(tasks: list[Any]) -> None:
    for before, after in pairwise(tasks):
        before.set_downstream(after)
