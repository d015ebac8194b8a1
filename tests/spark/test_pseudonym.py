from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.security.pseudonym import keyed_pseudonym, pseudonym_column

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_the_column_form_gives_the_same_pseudonyms(spark: SparkSession) -> None:
    key = b"k" * 32
    ids = spark.createDataFrame([("pop-1",), ("张伟",), (None,)], "id string")
    found = {row.id: row.ref for row in ids.select("id", pseudonym_column(key, ids["id"]).alias("ref")).collect()}
    assert found == {"pop-1": keyed_pseudonym(key, "pop-1"), "张伟": keyed_pseudonym(key, "张伟"), None: None}
