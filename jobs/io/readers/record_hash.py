"""The hash of a delivered row, by which silver tells whether a row has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

HEX_DIGITS = 64


def record_hashes(rows: pa.RecordBatch, columns: Sequence[str]) -> pa.Array:
    """SHA-256 (hex) of each row over the text of ``columns`` and ``_raw``, not the operation: equal rows, equal hashes.

    Hashed are the texts, one behind the other, and the length of each in bytes (four bytes, little-endian; -1 for a null), so that
    no two rows read the same. Arrow puts them together; only the hash itself is made row by row.
    """
    contents = _contents(rows, [*columns, "_raw"])
    ends = np.frombuffer(contents.buffers()[1], np.int32)[: len(contents) + 1].tolist()
    data = contents.buffers()[2].to_pybytes()
    empty = hashlib.sha256()
    digests = []
    for start, end in pairwise(ends):
        digest = empty.copy()  # a third quicker than to ask for a new one each time
        digest.update(data[start:end])
        digests.append(digest.digest())
    return _texts(b"".join(digests).hex().encode("ascii"), HEX_DIGITS)


def _contents(rows: pa.RecordBatch, names: Sequence[str]) -> pa.Array:
    """What is hashed of each row, as bytes."""
    values = [rows[name] for name in names]
    lengths = np.column_stack([pc.fill_null(pc.binary_length(value), -1).to_numpy() for value in values]).astype("<i4")
    width = lengths.shape[1] * lengths.itemsize
    ends = pa.py_buffer(np.arange(0, len(rows) * width + 1, width, dtype=np.int32))
    written = pa.Array.from_buffers(pa.binary(), len(rows), [None, ends, pa.py_buffer(lengths)])
    texts = [pc.fill_null(value, "").cast(pa.binary()) for value in values if value.null_count < len(value)]
    return pc.binary_join_element_wise(*texts, written, b"")


def _texts(characters: bytes, width: int) -> pa.Array:
    """ASCII cut into texts of equal width."""
    count = len(characters) // width
    ends = np.arange(0, len(characters) + 1, width, dtype=np.int32)
    return pa.Array.from_buffers(pa.string(), count, [None, pa.py_buffer(ends), pa.py_buffer(characters)])
