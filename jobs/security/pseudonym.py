"""Keyed pseudonyms: the same text and key always give the same one, and without the key nobody can tell what it stands for."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import Column

ALGORITHM = "HMAC-SHA-256, first 160 bits, base32 (RFC 2104, FIPS 180-4, RFC 4648)"
"""How a pseudonym is made, as extracts state it."""

LENGTH = 32
"""Characters of a pseudonym: 160 bits, five a character; two of a billion texts collide with a chance below 1e-30."""


def keyed_pseudonym(key: bytes, text: str) -> str:
    """The pseudonym of ``text`` under ``key``: 32 characters of A-Z and 2-7."""
    digest = hmac.digest(key, text.encode("utf-8"), hashlib.sha256)
    return base64.b32encode(digest[:20]).decode("ascii")


def pseudonym_column(key: bytes, column: Column) -> Column:
    """`keyed_pseudonym` of a Spark string column, null for null; the key travels to the workers with the function."""
    import pyarrow as pa
    from pyspark.sql.functions import arrow_udf

    def pseudonyms(texts: pa.Array) -> pa.Array:
        return pa.array([None if text is None else keyed_pseudonym(key, text) for text in texts.to_pylist()], pa.string())

    # The annotations are strings in this module, which Spark cannot read: it is told the types of the function here.
    pseudonyms.__annotations__ = {"texts": pa.Array, "return": pa.Array}
    return arrow_udf(pseudonyms, "string")(column)
