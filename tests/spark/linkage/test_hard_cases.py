"""Pairs of records that a person has judged, one file of cases a register, against the models that link them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from jobs.linkage.frequencies import count_frequencies
from jobs.linkage.model import Model, load_model
from jobs.linkage.standardise import standardise
from jobs.settings import PROJECT
from tests.linkage_frames import record_frame, score_blocks, town_records

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DATA = Path(__file__).parents[2] / "data"
CASES = {
    master: yaml.safe_load((DATA / f"hard_cases_{name}.yaml").read_text("utf-8"))
    for master, name in {"population": "person", "legal_entity": "legal_entity"}.items()
}
NUMBERED = [pytest.param(master, n, id=case["why"]) for master, cases in CASES.items() for n, case in enumerate(cases)]
Verdicts = dict[int, tuple[float, bool]]


def _with_classes(record: dict[str, Any], model: Model) -> dict[str, Any]:
    """A record whose numbers are valid unless it says otherwise."""
    classes = {name for name in model.rules.attributes if name.endswith("_class") and record.get(name.removesuffix("_class"))}
    return dict.fromkeys(classes, "valid") | record


@pytest.fixture(scope="module")
def verdicts(spark: SparkSession) -> dict[str, Verdicts]:
    return {master: _verdicts(spark, master, load_model(PROJECT / "conf" / "linkage" / master)) for master in CASES}


def _verdicts(spark: SparkSession, master: str, model: Model) -> Verdicts:
    """By its place, the weight of each hard case that shares a block, and whether an identity rule forbids the link."""
    from pyspark.sql import functions as f

    records = [
        _with_classes(case[side], model) | {"dataset": f"case_{number:02d}", "record_key": side}
        for number, case in enumerate(CASES[master])
        for side in ("one", "other")
    ]
    # Checkpoints, as the link step has them: the word tables of a model must not be planned again for every block and value.
    cases = standardise(record_frame(spark, records, model), model).localCheckpoint()
    town = standardise(record_frame(spark, town_records(master), model), model).localCheckpoint()
    assert model.rules.trained is not None
    scored = score_blocks(cases, count_frequencies(town, model), model, model.prior_weight(model.rules.trained.records))
    within = scored.where("substring_index(record_id_l, '|', 1) = substring_index(record_id_r, '|', 1)")
    held = " or ".join(f"count(distinct {rule.column}) > 1" for rule in model.rules.identity_rules)
    judged = cases.groupBy("dataset").agg(f.expr(held).alias("is_held"))
    forbidden = {row.dataset for row in judged.where("is_held").collect()}
    found = {}
    for row in within.collect():
        case = row.record_id_l.partition("|")[0]
        found[int(case.removeprefix("case_"))] = (row.match_weight, case in forbidden)
    return found


@pytest.mark.parametrize(("master", "number"), NUMBERED)
def test_hard_case(master: str, number: int, verdicts: dict[str, Verdicts]) -> None:
    model = load_model(PROJECT / "conf" / "linkage" / master)
    weight, is_held = verdicts[master].get(number, (None, False))
    is_link = weight is not None and weight >= model.rules.thresholds.link and not is_held
    case = CASES[master][number]
    assert is_link == case["link"], f"{case['why']} Weight: {weight}"
