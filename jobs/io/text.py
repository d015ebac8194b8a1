"""Bytes to text and back, by the 2022 edition of GB 18030.

CPython's ``gb18030`` codec still follows an older edition: 19 two-byte codes become private-use characters. Java follows the
2022 edition. The same file must give the same characters whichever reads it, so what the codec returns is repaired here.
The edition also gave those private-use characters the four-byte codes that became free. Systems of before 2022 still write the
real characters by those codes, so they are read as such: nothing delivered ever becomes private-use by its age.
Source: GB 18030-2022; the codes are in ``schemas/codes/gb18030_2022.json``.
"""

from __future__ import annotations

import codecs
import json
import re
from functools import cache
from pathlib import Path

import pyarrow as pa

import schemas
from schemas.errors import GovlakeError

BYTE_ORDER_MARK = "\ufeff"
ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
"""What a byte that cannot be decoded becomes (PEP 383) until `show_bytes` makes it readable."""

_WIDE = re.compile("[\u0800-\U0010ffff]")

NEWLINE_SAFE = ("utf-8", "gb18030", "gbk", "gb2312", "ascii")
"""Encodings in which the byte 0A is always a line feed, so that a file may be cut there before it is decoded."""


class EncodingUnsupportedError(GovlakeError):
    """A contract declares an encoding that the readers cannot cut into lines."""


def codec_of(encoding: str) -> str:
    """The codec for a declared encoding; the byte order mark is dealt with apart. Raises EncodingUnsupportedError."""
    try:
        name = codecs.lookup(encoding).name.removesuffix("-sig")
    except LookupError:
        name = encoding
    if name not in NEWLINE_SAFE:
        raise EncodingUnsupportedError(
            f"deliveryFormat.encoding {encoding!r} is not supported. Use one of {', '.join(NEWLINE_SAFE)}, utf-8-sig."
        )
    return name


def decode(data: bytes, encoding: str) -> str:
    """Text of whole lines. A byte that cannot be decoded becomes an escape (`ESCAPED_BYTE`) and costs only itself.

    A line of UTF-8 in a file of GB 18030 would decode to nonsense without an error; its bytes all become escapes.
    """
    codec = codec_of(encoding)
    if not codec.startswith("gb") or data.isascii():
        return _decode(data, codec)
    lines = data.split(b"\n")
    if not any(_is_stray_utf8(line) for line in lines):
        return repair(_decode(data, codec))
    return "\n".join(_decode(line, "ascii") if _is_stray_utf8(line) else repair(_decode(line, codec)) for line in lines)


def is_storable(text: str) -> bool:
    """Whether a text has neither an escaped byte nor another half of a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def byte_order_mark(encoding: str) -> bytes:
    """The byte order mark of an encoding; empty if it has none."""
    return BYTE_ORDER_MARK.encode(codec_of(encoding), errors="ignore")


def is_valid_utf8(data: bytes) -> bool:
    """Whether bytes are UTF-8, told by Arrow: several times as quick as decoding them."""
    try:
        pa.array([data], pa.large_binary()).cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True


def is_wide_utf8(data: bytes) -> bool:
    """Whether bytes are valid UTF-8 and hold a character from U+0800 on, as all Chinese ones are."""
    try:
        return _WIDE.search(data.decode("utf-8")) is not None
    except UnicodeDecodeError:
        return False


def encode(text: str, encoding: str) -> bytes:
    """Bytes of a text as a system of today writes them. Raises UnicodeEncodeError for what the encoding cannot hold."""
    codec = codec_of(encoding)
    if codec.startswith("gb"):
        text = text.translate({ord(new): old for old, new in _repairs().items()})
    return text.encode(codec)


def repair(text: str) -> str:
    """Text decoded by an older GB 18030, with the 19 characters that the 2022 edition assigns to private-use codes."""
    for old, new in _repairs().items():
        text = text.replace(old, new)
    return text


def show_bytes(text: str) -> str:
    r"""Text that can be stored: an escaped byte as ``\xNN``, any other lone surrogate as ``\uNNNN``."""
    visible = ESCAPED_BYTE.sub(lambda found: f"\\x{ord(found.group()) - 0xDC00:02x}", text)
    return visible.encode("utf-8", errors="backslashreplace").decode("utf-8")


def _decode(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return data.decode(codec, errors="surrogateescape")


def _is_stray_utf8(line: bytes) -> bool:
    """Valid UTF-8 that no GB 2312 text could be: a few short words are valid in both, and then they are what was declared."""
    if line.isascii() or not is_wide_utf8(line):
        return False
    try:
        line.decode("gb2312")
    except UnicodeDecodeError:
        return True
    return False


@cache
def _repairs() -> dict[str, str]:
    path = Path(schemas.__file__).parent / "codes" / "gb18030_2022.json"
    codes = json.loads(path.read_text(encoding="utf-8"))["codes"]
    return {_character(code["delivered_as"]): _character(code["character"]) for code in codes}


def _character(code_point: str) -> str:
    return chr(int(code_point.removeprefix("U+"), 16))
