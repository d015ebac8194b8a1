"""A DAG an extract: what an agency receives. Airflow finds each dag in this module's globals."""

from __future__ import annotations

from jobs.orchestration import extract_dags

globals().update(extract_dags())
