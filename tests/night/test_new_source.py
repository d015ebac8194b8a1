"""A new source is one contract file: its deliveries reach silver with no code."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.io.run_context import RunContext
from jobs.io.state import delivery_states
from jobs.settings import load_settings
from jobs.steps.s1_land import land
from jobs.steps.s2_bronze import load_bronze
from jobs.steps.s3_silver import refine
from schemas.catalog import load_catalog
from schemas.names import DatasetName
from tests.night.lakes import sql, table_folders

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: education/school
name: 学校名录
version: 1.0.0
status: active
roles: [{role: 教育局, access: owner}]
slaProperties: [{property: frequency, value: 1, unit: d}]
schema:
  - name: school
    physicalType: file
    logicalType: object
    businessName: 学校名录
    dataGranularityDescription: one school
    customProperties:
      - {property: deliveryFormat, value: {type: csv, encoding: gb18030}}
      - {property: deliveryModes, value: [full]}
      - {property: writeMode, value: history}
      - {property: tolerance, value: 0.5}
    properties:
      - {name: school_number, physicalName: XXBM, businessName: 学校编码, logicalType: string, primaryKey: true,
         primaryKeyPosition: 1, required: true, classification: 一般,
         customProperties: [{property: semanticType, value: serial_number}]}
      - {name: school_name, physicalName: XXMC, businessName: 学校名称, logicalType: string, classification: 一般,
         customProperties: [{property: semanticType, value: text}]}
      - {name: founded_on, physicalName: JXNY, businessName: 建校日期, logicalType: date, classification: 一般,
         customProperties: [{property: semanticType, value: date}]}
"""
ROWS = "XXBM,XXMC,JXNY\n001,第一中学,1952-09-01\n002,实验小学,not a date\n003,𠮷林路小学,1988-09-01\n"
DATASET = DatasetName("education", "school")
DAY = date(2026, 3, 2)


def deliver(landing: Path) -> None:
    folder = landing / str(DATASET) / DAY.isoformat() / "1"
    folder.mkdir(parents=True)
    data = ROWS.encode("gb18030")
    (folder / "school.csv").write_bytes(data)
    digests = {"sha256": hashlib.sha256(data).hexdigest(), "sm3": hashlib.new("sm3", data).hexdigest()}
    manifest = {
        "dataset": str(DATASET),
        "business_date": DAY.isoformat(),
        "sequence": 1,
        "mode": "full",
        "previous": None,
        "files": [{"name": "school.csv", "bytes": len(data), "rows": 3, **digests}],
        "sender": "教育局",
        "sent_at": "2026-03-03T01:00:00+08:00",
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def test_a_small_csv_reaches_silver_by_its_contract_alone(spark: SparkSession, tmp_path: Path) -> None:
    contract = tmp_path / "contracts/sources/education/school.odcs.yaml"
    contract.parent.mkdir(parents=True)
    contract.write_text(CONTRACT, encoding="utf-8")
    deliver(tmp_path / "landing")
    settings = load_settings(home=str(tmp_path / "lake"), landing=tmp_path / "landing")
    ctx = RunContext(settings, load_catalog(tmp_path / "contracts"), DAY, "night/2026-03-02/1")

    land(ctx, DATASET)
    load_bronze(ctx, DATASET)
    refine(spark, ctx, DATASET)

    silver = table_folders(tmp_path / "lake")["silver.education__school"]
    assert sql(silver, "select school_number, school_name, founded_on::varchar from t order by 1") == [
        ("001", "第一中学", "1952-09-01"),
        ("003", "𠮷林路小学", "1988-09-01"),
    ]
    [state] = delivery_states(settings.root)
    assert (state.status, state.rows_accepted, state.rows_quarantined) == ("published", 2, 1)
