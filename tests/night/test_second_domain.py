"""Schools: a domain that the engine has never heard of, linked by nothing but contracts and a model file.

Its model is untrained: it is trained on what silver holds, without the truth, accepted by a person, and the night links with it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import schemas
from jobs.io.control import read_events
from jobs.io.run_context import RunContext
from jobs.linkage.candidate import COMPARED
from jobs.linkage.kept_models import HISTORY
from jobs.linkage.measures import pairwise
from jobs.linkage.model import ModelError, load_model
from jobs.night import run_night
from jobs.settings import Settings, load_settings
from jobs.steps.accept_model import accept_model
from jobs.steps.change_model import compare_models, train_model
from jobs.steps.s1_land import land
from jobs.steps.s2_bronze import load_bronze
from jobs.steps.s3_silver import refine
from jobs.steps.s4_link import link
from schemas.catalog import Catalog, load_catalog
from schemas.errors import UsageError
from schemas.names import DatasetName
from tests.night.lakes import sql, table_folders

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SCHOOLS = Path(__file__).parents[1] / "data" / "schools"
DAY = date(2026, 3, 2)
LIST, CLINICS = DatasetName("education", "school"), DatasetName("health", "school_clinic")
FORMS = {LIST: ("gb18030", ("XH", "XXMC", "DZ", "DH", "XXBM")), CLINICS: ("utf-8", ("编号", "单位", "地点", "电话", "学校代码"))}
TOWNS, KINDS, STREETS = (
    ["东城", "西城", "南关", "北关", "河口", "山前", "新区", "老城"],
    ["小学", "中学", "职业学校"],
    ["解放路", "人民路", "学府街", "中山路"],
)

Row = list[str]


def _rows() -> dict[DatasetName, list[Row]]:
    """120 schools in both lists under the same number: some without code or phone, some with a name or code mistyped."""
    draw = random.Random(7)  # noqa: S311 - repeatable, no secret
    rows: dict[DatasetName, list[Row]] = {LIST: [], CLINICS: []}
    for number in range(120):
        kind, town = draw.choice(KINDS), draw.choice(TOWNS)
        school = [f"{town}第{number % 30 + 1}{kind}", f"{town}{draw.choice(STREETS)}{draw.randrange(1, 400)}号"]
        school += [f"0531{draw.randrange(10**7):07d}", f"37{draw.randrange(10**6):06d}"]
        for dataset in rows:
            name, address, phone, code = school
            if draw.random() < 0.15:
                name = name.replace("第", "")
            if draw.random() < 0.1:
                phone = ""
            if draw.random() < 0.2:
                code = "" if draw.random() < 0.5 else code[:-1] + str((int(code[-1]) + 1) % 10)
            rows[dataset].append([f"{number:03d}", name, address, phone, code])
    return rows


def _deliver(landing: Path, dataset: DatasetName, rows: list[Row]) -> None:
    encoding, header = FORMS[dataset]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    data = out.getvalue().encode(encoding)
    file = {"name": "list.csv", "bytes": len(data), "rows": len(rows), "sha256": hashlib.sha256(data).hexdigest()}
    manifest = {"dataset": str(dataset), "business_date": DAY.isoformat(), "sequence": 1, "mode": "full", "previous": None}
    manifest |= {"files": [file], "sender": dataset.group, "sent_at": f"{DAY.isoformat()}T22:00:00+08:00"}
    folder = landing / str(dataset) / DAY.isoformat() / "1"
    folder.mkdir(parents=True)
    (folder / "list.csv").write_bytes(data)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


@dataclass(frozen=True)
class County:
    """A lake of schools with its contracts, and the folder of its model."""

    settings: Settings
    catalog: Catalog
    model: Path

    @property
    def root(self) -> str:
        return self.settings.root

    @property
    def ctx(self) -> RunContext:
        return RunContext(self.settings, self.catalog, DAY, f"night/{DAY}/1")

    def accepted(self) -> list[tuple[str, str, str]]:
        events = [event for event in read_events(self.root, "audit") if event["action"] == "accept_model"]
        return [(event["who"], event["subject"].rpartition("/")[0], event["reason"]) for event in events]


@pytest.fixture(scope="module")
def county(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> County:
    """Both lists in silver, a model trained on them and accepted, and one night."""
    home = tmp_path_factory.mktemp("schools")
    shutil.copytree(SCHOOLS / "contracts", home / "contracts")
    shutil.copytree(Path(schemas.__file__).parent / "platform", home / "contracts" / "platform")
    shutil.copytree(SCHOOLS / "model", home / "models" / "school")
    settings = load_settings(
        home=str(home / "lake"), landing=home / "landing", keys=home / "keys", linkage={"models": home / "models"}
    )
    county = County(settings, load_catalog(home / "contracts"), home / "models" / "school")
    for dataset, rows in _rows().items():
        _deliver(home / "landing", dataset, rows)
        land(county.ctx, dataset)
        load_bronze(county.ctx, dataset)
        refine(spark, county.ctx, dataset)
    with pytest.raises(ModelError, match="is not trained"):
        link(spark, county.ctx, "school")
    train_model(spark, county.root, county.catalog, "school", county.model, county.model / "candidate")
    accept_model(county.root, "school", county.model, county.model / "candidate", "Li Na", "the first one")
    run_night(settings, county.catalog, DAY, lambda _: None)
    return county


def test_schools_are_linked_and_mastered(county: County) -> None:
    folders = table_folders(Path(county.root))
    found = sql(folders["linked.school__crosswalk"], "select master_id, record_key from t order by dataset, record_key")
    agreement = pairwise([master for master, _ in found], [number for _, number in found])
    assert len(found) == 240
    assert agreement.precision > 0.99
    assert agreement.recall > 0.95
    gold = sql(folders["gold.school__school"], "select master_id, school_name, school_name_source, phone_source from t")
    assert {row[0] for row in gold} == {master for master, _ in found}
    assert all(row[0].startswith("sch-") and row[1] for row in gold)
    assert {row[2] for row in gold} <= {str(LIST), str(CLINICS)}


def test_a_trained_model_remembers_what_it_was_trained_on(county: County) -> None:
    live = load_model(county.model)
    assert live.rules.trained is not None
    assert (live.rules.version, live.rules.trained.records) == (2, 240)
    assert load_model(county.model / HISTORY / "v1", for_training=True).rules.version == 1
    assert county.accepted() == [("Li Na", "school/v2", "the first one")]


@pytest.mark.slow
def test_a_model_trained_again_on_the_same_records_changes_nothing(spark: SparkSession, county: County, tmp_path: Path) -> None:
    told = train_model(spark, county.root, county.catalog, "school", county.model, tmp_path)
    assert (told["version"], told["records"]) == (3, 240)
    assert all(abs(level["weight"] - level["weight_before"]) < 0.1 for level in told["levels"])
    answer = compare_models(spark, county.root, county.catalog, "school", county.model, tmp_path)
    drift, churn = answer["drift"], answer["churn"]
    assert (drift["links_gained"], drift["links_lost"], churn["changed"]) == (0, 0, 0)
    assert drift["mean_absolute_difference"] < 0.1
    assert drift["links_kept"] > 100
    assert sum(weight["live"] for weight in drift["weights"]) == drift["pairs"]
    assert churn["masters_now"] == churn["masters_then"] > 100


@pytest.mark.slow
def test_another_model_is_compared_before_it_is_accepted(spark: SparkSession, county: County, tmp_path: Path) -> None:
    candidate = Path(shutil.copytree(county.model, tmp_path / "model", ignore=shutil.ignore_patterns(HISTORY, "candidate")))
    rules = candidate / "model.govlake.yaml"
    rules.write_text(rules.read_text(encoding="utf-8").replace("link: 5.0", "link: 20.0"), encoding="utf-8")
    answer = compare_models(spark, county.root, county.catalog, "school", county.model, candidate)
    drift, churn = answer["drift"], answer["churn"]
    assert (drift["mean_absolute_difference"], drift["stability_index"]) == (0, 0)
    assert drift["links_lost"] > 0 == drift["links_gained"] == churn["merged"]
    assert churn["split"] == churn["changed"] == churn["masters_then"] - churn["masters_now"] > 0
    before = {path.name: path.read_bytes() for path in county.model.glob("model.*")}
    with pytest.raises(UsageError, match="is version 2, and version 2 of school is live"):
        accept_model(county.root, "school", county.model, candidate, "Li Na", "fewer false links")
    with pytest.raises(UsageError, match="who accepts the model and why"):
        accept_model(county.root, "school", county.model, candidate, "Li Na", " ")
    with pytest.raises(UsageError, match="live already"):
        accept_model(county.root, "school", county.model, county.model, "Li Na", "again")
    assert {path.name: path.read_bytes() for path in county.model.glob("model.*")} == before
    assert len(county.accepted()) == 1
    text = rules.read_text(encoding="utf-8")
    rules.write_text(
        text.replace("version: 2", "version: 3").replace("same street, cap: 100", "same street, cap: 2"), encoding="utf-8"
    )
    root, live = str(tmp_path / "lake"), Path(shutil.copytree(county.model, tmp_path / "live"))
    with pytest.raises(UsageError, match="was not compared with version 2 of school"):
        accept_model(root, "school", live, candidate, "Li Na", "fewer false links")
    answer = compare_models(spark, county.root, county.catalog, "school", live, candidate)
    (capped,) = answer["capped"]["candidate"]
    assert (answer["capped"]["live"], capped["rule"]) == ([], "same street")
    assert 240 >= capped["records"] > 2 * capped["blocks"] > 0
    accept_model(root, "school", live, candidate, "Li Na", "fewer false links")
    assert json.loads((live / HISTORY / "v2" / COMPARED).read_text(encoding="utf-8")) == answer
