"""A small contract of a pulled table."""

from datetime import date, timedelta

DATASET = "human_resources/social_insurance"
TABLE = "shbx"
DELETION_MARK = "deleted_at"
FIRST_DAY = date(2026, 3, 2)

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: human_resources/social_insurance
name: 社会保险参保
version: 1.0.0
status: active
roles: [{role: 人力资源和社会保障局, access: owner}]
slaProperties: [{property: frequency, value: 1, unit: d}]
schema:
  - name: social_insurance
    physicalType: table
    logicalType: object
    businessName: 社会保险参保
    dataGranularityDescription: one insured person
    customProperties:
      - {property: deliveryFormat, value: {type: parquet}}
      - {property: pull, value: {database: human_resources, table: shbx, watermark: updated_at, overlap_minutes: 60,
         deletion_mark: deleted_at}}
      - {property: deliveryModes, value: [full, delta]}
      - {property: writeMode, value: history}
    properties:
      - {name: person_number, physicalName: grsbh, businessName: 个人社保号, logicalType: string, primaryKey: true,
         primaryKeyPosition: 1, required: true, classification: 重要·个人}
      - {name: person_name, physicalName: xm, businessName: 姓名, logicalType: string, classification: 重要·个人}
      - {name: updated_at, physicalName: updated_at, businessName: 更新时间, logicalType: timestamp, required: true,
         classification: 一般}
"""


def later(days: int) -> date:
    return FIRST_DAY + timedelta(days=days)
