"""Spark sessions of benchmarks: set up like the server that nights run on, for what is measured is warm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.io.spark import open_session
from jobs.settings import load_settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def open_warm_session() -> SparkSession:
    """A session in this process, with the settings that this box gives its Connect server (``spark.server_conf``)."""
    settings = load_settings()
    spark = settings.spark.model_copy(update={"conf": settings.spark.conf | settings.spark.server_conf})
    return open_session(settings.model_copy(update={"spark": spark}))
