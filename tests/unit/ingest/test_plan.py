"""The plan of a night follows from the contracts alone."""

from jobs.plan import MasterPlan, Task, plan_night
from schemas.catalog import Catalog
from schemas.names import DatasetName


def test_every_contract_has_its_place_in_the_night(catalog: Catalog) -> None:
    plan = plan_night(catalog)
    assert plan.sources == tuple(contract.dataset for contract in catalog.sources)
    assert [master.master for master in plan.masters] == list(catalog.masters)
    assert plan.derived == catalog.derived
    assert plan.extracts == tuple(contract.dataset for contract in catalog.extracts)


def test_a_master_waits_for_the_sources_that_name_its_entities(catalog: Catalog) -> None:
    population = MasterPlan("population", tuple(source.dataset for source in catalog.sources_of("population")))
    assert population in plan_night(catalog).masters
    assert DatasetName.parse("public_security/household_register") in population.sources


def test_tasks_come_in_an_order_in_which_they_can_run(catalog: Catalog) -> None:
    tasks = plan_night(catalog).tasks
    steps = [task.step for task in tasks]
    assert steps.index("link") > max(n for n, step in enumerate(steps) if step == "silver")
    assert steps.index("release") > max(n for n, step in enumerate(steps) if step == "master")
    assert steps.index("derive") > max(n for n, step in enumerate(steps) if step == "master")
    assert steps.index("release") > max(n for n, step in enumerate(steps) if step == "derive")
    assert [task for task in tasks if task.subject == "public_security/household_register"] == [
        Task(step, "public_security/household_register") for step in ("land", "bronze", "silver")
    ]
    assert tasks.count(Task("release", None)) == 1


def test_an_empty_catalogue_plans_only_a_release() -> None:
    assert plan_night(Catalog(())).tasks == (Task("release", None),)
