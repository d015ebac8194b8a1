"""Whether a file is in the encoding its contract declares, told before anything is split."""

from __future__ import annotations

import codecs
from pathlib import Path

from jobs.io.landing import AGAIN, DeliveryRefusedError, file_blocks
from jobs.io.readers.json_text import SAFE_CUT as JSON_CUT
from jobs.io.readers.xml_records import SAFE_CUT as XML_CUT
from jobs.io.text import ESCAPED_BYTE, codec_of, decode, is_wide_utf8
from schemas.delivery_format import DeliveryFormat, FileType

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
ENCODING = "wrong_encoding"
HEADER_AND_ROW = 2


ENDS: dict[FileType, bytes] = {
    "csv": b"\n",
    "fixed_width": b"\n",
    "jsonl": b"\n",
    "json": JSON_CUT,
    "geojson": JSON_CUT,
    "xml": XML_CUT,
}
"""Text formats, and what ends a line of them, or what counts as one where a whole document may stand on one line."""


def check_encoding(path: Path, layout: DeliveryFormat, tolerance: float) -> None:
    """Refuse a text file that is in another encoding than its contract declares. Raises DeliveryRefusedError.

    Told from: a UTF-16 mark; a file declared GB 18030 that is valid UTF-8 throughout, which decodes to nonsense without an error;
    more lines than ``tolerance`` (a share) that cannot be decoded. A single one is left to quarantine, unless it is all there is.
    """
    if layout.type in ENDS:
        _check(path, layout.encoding, ENDS[layout.type], tolerance)


def _check(path: Path, encoding: str, end: bytes, tolerance: float) -> None:
    lines = bad_lines = 0
    is_utf8, is_wide = True, False
    for number, block in enumerate(file_blocks(path, end=end)):
        if number == 0 and block.startswith(UTF_16):
            raise DeliveryRefusedError(ENCODING, f"{path.name}: declared {encoding}, but it begins like UTF-16. {AGAIN}")
        is_utf8 = is_utf8 and _is_utf8(block)
        is_wide = is_utf8 and (is_wide or is_wide_utf8(block))
        lines += block.count(end) or 1
        text = decode(block, encoding)
        if ESCAPED_BYTE.search(text):
            bad_lines += sum(1 for line in text.split(end.decode("ascii")) if ESCAPED_BYTE.search(line))
    if is_wide and codec_of(encoding).startswith("gb"):
        raise DeliveryRefusedError(
            ENCODING,
            f"{path.name}: declared {encoding}, but the whole file is UTF-8; its Chinese text would become nonsense. {AGAIN}",
        )
    is_single = bad_lines == 1 and lines > HEADER_AND_ROW
    if bad_lines > tolerance * lines and not is_single:
        raise DeliveryRefusedError(
            ENCODING, f"{path.name}: {bad_lines:,} of {lines:,} lines are not {encoding}, as its contract declares. {AGAIN}"
        )


def _is_utf8(block: bytes) -> bool:
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
