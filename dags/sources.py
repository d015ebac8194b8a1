"""A DAG a source: land, bronze, silver. Airflow finds each dag in this module's globals."""

from __future__ import annotations

from jobs.orchestration import source_dags

globals().update(source_dags())
