"""A Spark session, wherever the settings say it is: in this process, or behind a Spark Connect address.

Job code uses only what both offer (SQL and DataFrames, Arrow UDFs, MERGE as SQL); it cannot tell which it has.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jobs.io.java import find_java
from jobs.settings import PROJECT, Settings, SparkSettings
from schemas.errors import GovlakeError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

JARS = PROJECT / ".jars"
"""Delta's jars, put there by ``make setup`` and checked against ``conf/jars.sha256``."""

LOGGING = PROJECT / "conf" / "log4j2.properties"
"""Keeps a session in this process quiet but for errors, from its first line on. A Connect server writes a log of its own."""

JAVA_OPTIONS = "spark.driver.extraJavaOptions"

SIMILARITIES = {
    "jaro_winkler": ("uk.gov.moj.dash.linkage.JaroWinklerSimilarity", "double"),
    "damerau_levenshtein": ("uk.gov.moj.dash.linkage.LevDamerauDistance", "double"),
}
"""String similarities that linkage models may use, from the jar in the splink wheel; they count characters."""

PARTS = "spark.sql.shuffle.partitions"
"""Spark's setting of how many parts a shuffle has."""

FEW_ROWS = 20_000
"""Up to so many rows, to compile a plan to Java, or to plan it anew after each stage, costs more than it saves (ADR 12)."""

FOR_FEW_ROWS = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    PARTS: "1",
}
"""Makes Spark walk its expressions row by row, and run a plan as it was first made; what comes out is the same."""

ROWS_A_PART = 100_000
"""A shuffle of more rows than so many to each part has more parts than the settings say: what a part sorts fits into memory."""


class SparkUnavailableError(GovlakeError):
    """No Spark session can be had; the message says why and what to start or install."""


def open_session(settings: Settings) -> SparkSession:
    """The session the settings describe, ready for Delta and for linkage. Raises SparkUnavailableError."""
    from pyspark.sql import SparkSession

    remote = settings.spark.remote
    if remote:
        _require_listener(remote)
        session: SparkSession = SparkSession.builder.remote(remote).getOrCreate()
    else:
        session = _in_process(settings.spark)
    for name, (java_class, returns) in SIMILARITIES.items():
        session.udf.registerJavaFunction(name, java_class, returns)
    return session


@contextmanager
def spark_session(settings: Settings) -> Iterator[SparkSession]:
    """`open_session` for one piece of work. A session of a shared server is given back, with all that it holds there."""
    spark = open_session(settings)
    try:
        yield spark
    finally:
        if settings.spark.remote:
            spark.stop()


@contextmanager
def plans_for(spark: SparkSession, rows: int) -> Iterator[None]:
    """Have the session plan what is run within `FOR_FEW_ROWS` if it is about so few, else in parts of `ROWS_A_PART` at most."""
    parts = max(int(spark.conf.get(PARTS) or 1), -(-rows // ROWS_A_PART))
    changed = FOR_FEW_ROWS if rows <= FEW_ROWS else {PARTS: str(parts)}
    before = {name: spark.conf.get(name) for name in changed}
    for name, value in changed.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            spark.conf.set(name, value)


def class_path() -> list[Path]:
    """The jars a driver or a Connect server needs. Raises SparkUnavailableError if set-up has not fetched them."""
    from splink.backends.spark import similarity_jar_location

    delta = sorted(JARS.glob("*.jar"))
    similarity = Path(similarity_jar_location())
    if not delta or not similarity.is_file():
        raise SparkUnavailableError(f"no Delta jars in {JARS}: run `make setup`.")
    return [*delta, similarity]


def driver_environment() -> dict[str, str]:
    """What a process that starts a JVM must find in its environment."""
    import pyspark

    java_home = find_java()
    return {
        "JAVA_HOME": str(java_home),
        "SPARK_HOME": str(Path(pyspark.__file__).parent),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{java_home / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
    }


def driver_conf(settings: SparkSettings) -> dict[str, str]:
    """Spark's configuration for a driver on this machine, class path included."""
    return {**settings.conf, "spark.driver.extraClassPath": os.pathsep.join(str(jar) for jar in class_path())}


def _in_process(settings: SparkSettings) -> SparkSession:
    from pyspark.sql import SparkSession

    os.environ.update(driver_environment())
    builder = SparkSession.builder.appName("govlake")
    conf = driver_conf(settings)
    conf[JAVA_OPTIONS] = f"-Dlog4j2.configurationFile={LOGGING.as_uri()} {conf.get(JAVA_OPTIONS, '')}".strip()
    for key, value in conf.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def _require_listener(remote: str) -> None:
    address = urlsplit(remote)
    host, port = address.hostname or "127.0.0.1", address.port or 15002
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError as error:
        raise SparkUnavailableError(
            f"nothing answers at {remote} ({error}). Start it with `govlake up`, or unset GOVLAKE_SPARK__REMOTE."
        ) from error
