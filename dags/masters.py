"""The DAG of the masters: link, build, release. Airflow finds each dag in this module's globals."""

from __future__ import annotations

from jobs.orchestration import master_dags

globals().update(master_dags())
