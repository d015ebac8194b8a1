"""What it costs to type and check identifiers in Spark: against a bare scan, the plain arithmetic on integers, and numpy.

    make bench NAME=identifiers ROWS=1000000

Delivered texts of each kind (nine in ten right, the others wrong in one character) lie in one Parquet file. Each figure is the
CPU seconds of the whole process tree, the least of three runs after a warm-up; the result goes nowhere (Spark's ``noop``). The
last line is JSON: CPU seconds, and ratios over the scan and over the plain arithmetic.

``plain``   an 18-digit number cast to bigint, weighed and compared: what any check must cost
``check``   our check of a number that is standardised already
``type``    all of a semantic type: half-width, compact, standard form, class and derived columns
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from benchmarks.processes import Meter
from benchmarks.sessions import open_warm_session
from schemas.identifiers import CHECK_CHARACTERS, WEIGHTS, check_digit
from schemas.identifiers_organisation import organisation_check, registration_check, uscc_fault, uscc_head, value_of
from schemas.semantic_types import SEMANTIC_TYPES, fill

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

KINDS = ("citizen_id", "uscc", "organisation_code", "registration_number")
RUNS = 3
ALPHABET, WEIGHTS_31 = "0123456789ABCDEFGHJKLMNPQRTUWXY", np.array([pow(3, place, 31) for place in range(17)])


VALUES_36 = np.array([int(character, 36) for character in ALPHABET])
"""What each character of the alphabet is worth in an organisation code."""


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU seconds of identifier expressions.")
    parser.add_argument("--rows", type=int, default=int(os.environ.get("ROWS", "1000000")))
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "numbers.parquet"
        texts = draw_numbers(rows)
        parquet.write_table(pa.table(texts), path)
        spark = open_warm_session()
        numbers = spark.read.parquet(str(path))
        print(json.dumps(report(measure(numbers, texts), rows)))
        spark.stop()


def measure(numbers: DataFrame, texts: dict[str, np.ndarray]) -> dict[str, float]:
    """CPU seconds by name of what was run."""
    plain = f"substring(citizen_id, 18, 1) <> {check_digit('number')}"
    with_number = numbers.selectExpr("citizen_id", "cast(substring(citizen_id, 1, 17) as bigint) as number")
    runs: dict[str, Callable[[], object]] = {
        "scan": partial(_run, numbers.select("citizen_id")),
        "plain": partial(_run, with_number.selectExpr(plain)),
        "numpy": partial(check_in_numpy, texts["citizen_id"]),
    }
    for kind in KINDS:
        runs[f"check {kind}"] = partial(_run, checked(numbers, kind))
        runs[f"type {kind}"] = partial(_run, typed(numbers, kind))
    return {name: min([_cpu_of(run) for _ in range(1 + RUNS)][1:]) for name, run in runs.items()}


def report(seconds: dict[str, float], rows: int) -> dict[str, object]:
    """The figures, and their ratios over the scan and the plain arithmetic."""
    return {
        "identifiers": {
            "rows": rows,
            "cpu_seconds": {name: round(value, 3) for name, value in seconds.items()},
            "over_scan": {name: round(value / seconds["scan"], 2) for name, value in seconds.items()},
            "over_plain": {name: round(value / seconds["plain"], 2) for name, value in seconds.items()},
        }
    }


def typed(numbers: DataFrame, kind: str) -> DataFrame:
    """Every column that silver keeps of one semantic type, level by level as silver makes them."""
    parts = SEMANTIC_TYPES[kind].parts
    rows = numbers.selectExpr(f"{kind} as _raw_v")
    for level in sorted({part.level for part in parts}):
        rows = rows.selectExpr("*", *(f"{fill(part.sql, 'v')} as {fill(part.name, 'v')}" for part in parts if part.level == level))
    return rows.select(*(fill(part.name, "v") for part in parts if part.is_kept))


def checked(numbers: DataFrame, kind: str) -> DataFrame:
    """Whether the check character of a compact number is right."""
    values, is_right = {
        "citizen_id": (["try_cast(substring(n, 1, 17) as bigint) as a"], f"substring(n, 18, 1) = {check_digit('a')}"),
        "uscc": (
            [
                f"{uscc_head('n')} as a",
                f"{value_of('substring(n, 9, 8)', 31)} as b",
                f"{value_of('substring(n, 9, 8)', 36)} as c",
            ],
            f"{uscc_fault('n', 'a', 'b', 'c')} is null",
        ),
        "organisation_code": (
            [f"{value_of('substring(n, 1, 8)', 36)} as a"],
            f"substring(n, 9, 1) = {organisation_check('a')}",
        ),
        "registration_number": (
            ["try_cast(substring(n, 1, 14) as bigint) as a"],
            f"substring(n, 15, 1) = {registration_check('a')}",
        ),
    }[kind]
    return numbers.selectExpr(f"{kind} as n").selectExpr("n", *values).selectExpr(is_right)


def check_in_numpy(texts: np.ndarray) -> np.ndarray:
    """Whether the last character of each 18-character number is right, in numpy and in process."""
    codes = np.array(texts, dtype="S18").view(np.uint8).reshape(-1, 18)
    totals = (codes[:, :17].astype(np.int64) - 48) @ np.array(WEIGHTS)
    right: np.ndarray = np.frombuffer(CHECK_CHARACTERS.encode(), np.uint8)[totals % 11] == codes[:, 17]
    return right


def draw_numbers(rows: int) -> dict[str, np.ndarray]:
    """Made-up numbers of each kind as text; one in ten has another last character than it should."""
    random = np.random.default_rng(20260302)
    births = np.datetime64("1930-01-01") + random.integers(0, 33_000, rows)
    heads = random.integers(110_000, 660_000, rows).astype(str)
    dates = np.char.replace(births.astype(str), "-", "")
    bodies = np.char.add(np.char.add(heads, dates), np.char.zfill(random.integers(0, 1000, rows).astype(str), 3))
    digits = random.integers(0, 10, (rows, 14))
    codes = random.integers(0, 31, (rows, 8))
    organisations = _with_check(codes, np.array([3, 7, 9, 10, 5, 8, 4, 2]), 11, "0X987654321", random, values=VALUES_36)
    usccs = np.concatenate([np.tile([9, 1], (rows, 1)), random.integers(0, 10, (rows, 6)), _places(organisations)], axis=1)
    return {
        "citizen_id": _with_check(_places(bodies), np.array(WEIGHTS), 11, CHECK_CHARACTERS, random),
        "organisation_code": organisations,
        "uscc": _with_check(usccs, WEIGHTS_31, 31, ALPHABET[0] + ALPHABET[:0:-1], random),
        "registration_number": np.char.add(_texts(digits), random.integers(0, 10, rows).astype(str)),
    }


def _places(texts: np.ndarray) -> np.ndarray:
    """The place of every character in the alphabet of 31."""
    table = np.zeros(128, np.int64)
    table[np.frombuffer(ALPHABET.encode(), np.uint8)] = np.arange(31)
    width = int(np.char.str_len(texts).max())
    places: np.ndarray = table[np.array(texts, dtype=f"S{width}").view(np.uint8).reshape(-1, width)]
    return places


def _texts(places: np.ndarray) -> np.ndarray:
    characters = np.frombuffer(ALPHABET.encode(), np.uint8)[places]
    return np.ascontiguousarray(characters).view(f"S{places.shape[1]}").ravel().astype(str)


def _with_check(
    places: np.ndarray,
    weights: np.ndarray,
    modulus: int,
    checks: str,
    random: np.random.Generator,
    values: np.ndarray | None = None,
) -> np.ndarray:
    """Numbers with their check character by a weighted sum; one in ten with the next. ``values``: of each place, if not itself."""
    weighed = places if values is None else values[places]
    totals = (weighed @ weights + (random.random(len(places)) < 0.1)) % modulus
    return np.char.add(_texts(places), np.array(list(checks))[totals])


def _run(rows: DataFrame) -> None:
    rows.write.format("noop").mode("overwrite").save()


def _cpu_of(run: Callable[[], object]) -> float:
    with Meter() as meter:
        run()
    return meter.cpu_seconds


if __name__ == "__main__":
    main()
