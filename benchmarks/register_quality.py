"""Quality of registers on the synthetic country, all sources that name their entities: three seeds, each kind of noise.

    .venv/bin/python -m benchmarks.register_quality --people 100000 --folder DIR [--register population legal_entity credit]
        [--seeds 1 2 3] [--noise harsh] [--errors]

Each country is generated and taken through the real steps (land, bronze, silver, link; of ``credit`` derive) into a lake of its own
below DIR; what is there already is kept, so that another model is measured by the link step alone. Prints a table a register, with
``--errors`` what was linked wrong by cause, and ends with one JSON line: the worst of the seeds by register, noise and measure (of
the ID join: the best).
"""

from __future__ import annotations

import argparse
import json
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd

from benchmarks.country_lake import DAY, Country, CountryLake, prepare
from benchmarks.register_errors import false_links, missed_records
from benchmarks.sessions import open_warm_session
from jobs.io.delta import duckdb_connection, table_version
from jobs.io.release_reader import create_view
from jobs.io.state import Release, linkage_state
from jobs.linkage.model import load_model
from jobs.portal.credit_evaluation import evaluate_credit
from jobs.portal.evaluation import measure, read_scored_records
from jobs.steps.s4_link import link
from jobs.steps.s5_derive import derive
from schemas.catalog import load_catalog
from schemas.names import gold_table, linked_table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CREDIT = "credit"
"""The register that is not linked but derived of those that are."""

WORST = {"baseline_exact_id": max}
"""What counts as the worst of the seeds, where it is not the lowest: the plain join must not be good."""


def main() -> None:
    arguments = _arguments()
    spark = open_warm_session()
    masters = load_catalog().masters
    needed = masters if CREDIT in arguments.register else tuple(arguments.register)
    found: dict[str, dict[str, list[dict[str, Any]]]] = {register: {} for register in arguments.register}
    for noise, seed in product(arguments.noise, arguments.seeds):
        lake = prepare(spark, Country(arguments.people, seed, noise), arguments.folder, needed)
        for register in arguments.register:
            figures = _credit_figures(spark, lake) if register == CREDIT else _figures(spark, lake, register)
            found[register].setdefault(noise, []).append(figures)
            print(f"{register}, {noise}, seed {seed}: {json.dumps(figures)}", flush=True)
            if arguments.errors and register in masters:
                _print_errors(lake, register)
    worst = {register: {noise: _worst(figures) for noise, figures in by_noise.items()} for register, by_noise in found.items()}
    for register, by_noise in worst.items():
        print(f"{register}\n{pd.DataFrame(by_noise).to_string(float_format='%.4f')}")
    print(json.dumps({"people": arguments.people, "seeds": arguments.seeds, "worst": worst}))


def _figures(spark: SparkSession, lake: CountryLake, master: str) -> dict[str, float]:
    """Link the country and measure it, before any release: figure by name."""
    catalog = load_catalog()
    link(spark, lake.context(catalog), master)
    records = read_scored_records(lake.settings, catalog, _state_as_release(lake, master), master, lake.truth / f"{master}.parquet")
    return _flat(measure(records))


def _credit_figures(spark: SparkSession, lake: CountryLake) -> dict[str, float]:
    """Link every master, attach the credit records to them and measure that: figure by name."""
    catalog = load_catalog()
    ctx = lake.context(catalog)
    for master in catalog.masters:
        link(spark, ctx, master)
    derive(spark, ctx, CREDIT)
    return _flat(evaluate_credit(lake.settings, catalog, _state_as_release(lake, *catalog.masters), lake.truth))


def _flat(measures: dict[str, Any]) -> dict[str, float]:
    figures = {
        f"{name}_{part}": value for name, parts in measures.items() if isinstance(parts, dict) for part, value in parts.items()
    }
    return figures | {name: value for name, value in measures.items() if not isinstance(value, dict)}


def _state_as_release(lake: CountryLake, *masters: str) -> Release:
    """The linkage states as a release would name them, and credit records as they stand; every other table is read so anyhow."""
    tables: dict[str, int] = {}
    for master in masters:
        state = linkage_state(lake.settings.root, master)
        if state is None:
            raise LookupError(f"{lake.settings.root}: the {master} register is not linked")
        tables |= {table: version for table, version in state.tables.items() if version is not None}
    record = gold_table(CREDIT, "record")
    version = table_version(record.path(lake.settings.root))
    return Release("", DAY, 0, tables if version is None else tables | {str(record): version}, {}, 0, "")


def _worst(figures: list[dict[str, float]]) -> dict[str, float]:
    return {
        name: next((w for start, w in WORST.items() if name.startswith(start)), min)(f[name] for f in figures)
        for name in figures[0]
    }


def _print_errors(lake: CountryLake, master: str) -> None:
    """What was got wrong, by cause."""
    model = load_model(lake.settings.linkage.models / master)
    with duckdb_connection() as connection:
        records, pairs = _linked(connection, lake, master)
    print(missed_records(records, pairs, model).head(25).to_string(max_colwidth=200))
    print(false_links(records, pairs, model).head(15).to_string(max_colwidth=200), flush=True)


def _linked(connection: duckdb.DuckDBPyConnection, lake: CountryLake, master: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The records with their entity and master, and the scored pairs."""
    crosswalk, edges = (linked_table(master, name) for name in ("crosswalk", "edges"))
    for table in (crosswalk, edges):
        create_view(connection, lake.settings, table)
    records = connection.execute(
        f"""select dataset || '|' || record_key as record_id, entity_id, linkable,
                   coalesce(master_id, 'alone ' || dataset || '|' || record_key) as master_id
            from read_parquet($truth) truth left join (from {crosswalk} where valid_to is null) held using (dataset, record_key)
            where first_business_date <= $day""",
        {"truth": str(lake.truth / f"{master}.parquet"), "day": DAY},
    ).df()
    return records, connection.execute(f"from {edges}").df()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--register", nargs="+", default=["population"], choices=[*load_catalog().masters, CREDIT])
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--noise", nargs="+", default=["typical", "harsh"])
    parser.add_argument("--folder", type=Path, required=True, help="where the lakes are made and kept")
    parser.add_argument("--errors", action="store_true", help="list what was got wrong, by cause")
    return parser.parse_args()


if __name__ == "__main__":
    main()
