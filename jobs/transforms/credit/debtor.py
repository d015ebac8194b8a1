"""credit/debtor: where debtors who are listed today live or have their seat, by the registers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.transforms.inputs import DerivedInputs

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

KIND = "dishonest_debtor"
PLACES = {
    "population/person": {
        "debtor_name": "full_name",
        "address": "coalesce(current_address, registered_address)",
        "address_source": "if(current_address is null, registered_address_source, current_address_source)",
    },
    "legal_entity/entity": {"debtor_name": "entity_name", "address": "address", "address_source": "address_source"},
}
"""Of each register's golden table, the columns here as Spark SQL: where a person lives now comes before where it is registered."""

COLUMNS = ("master_id", "debtor_name", "address", "address_source")


def transform(inputs: DerivedInputs) -> DataFrame:
    """One row a listing that stands and whose debtor is known; without an address where no register has one."""
    from pyspark.sql import functions as f

    listed = inputs.gold["credit/record"].where(f"kind_code = '{KIND}' and status_code = 'current' and master_id is not null")
    places = listed.where("false").selectExpr("master_id", *(f"cast(null as string) as {name}" for name in COLUMNS[1:]))
    for dataset, columns in PLACES.items():
        if (golden := inputs.gold.get(dataset)) is not None:
            told = [f.expr(sql).alias(name) for name, sql in columns.items()]
            places = places.unionByName(golden.select("master_id", *told))
    found = listed.drop("subject_name").join(places, "master_id", "left")
    return found.withColumnsRenamed({"record_number": "case_number", "authority_name": "court_name"})
