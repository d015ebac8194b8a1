"""XML that strangers wrote, read a block at a time: no DTD, no entities, no network, no tree larger than one record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from lxml import etree

from jobs.io.landing import AGAIN, LONGEST_PIECE, DeliveryRefusedError
from jobs.io.text import EncodingUnsupportedError, codec_of

Elements = Iterator[etree._Element]

_DECLARED = re.compile(rb"""\A(?:\xef\xbb\xbf)?\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)""")


def check_declared_encoding(file: str, start: bytes, encoding: str) -> None:
    """Refuse a document whose own declaration says another encoding than the contract; without one it is UTF-8."""
    found = _DECLARED.match(start)
    declared = found.group(1).decode("ascii") if found else "utf-8"
    try:
        is_same = codec_of(declared) == codec_of(encoding)
    except EncodingUnsupportedError:
        is_same = False
    if not is_same:
        raise DeliveryRefusedError(
            "wrong_encoding", f"{file}: it says of itself that it is {declared}, its contract declares {encoding}. {AGAIN}"
        )


def read_elements(file: str, blocks: Iterable[bytes], tags: str | Sequence[str], root: str | None = None) -> Elements:
    """Each element called as ``tags``, whole, of a document in UTF-8 whose root is called ``root``, if that is told.

    Whoever reads them must `forget` what it is done with. Raises DeliveryRefusedError (``unreadable_file``) where the text is no
    well-formed XML, has a document type or another root, or has no such element for longer than any record may be.
    """
    parser = etree.XMLPullParser(
        events=("end",),
        tag=tags,
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    silent = 0
    is_first = True
    try:
        for block in blocks:
            parser.feed(block)
            silent += len(block)
            for _, element in parser.read_events():
                if is_first:
                    _check_no_document_type(file, element)
                is_first = False
                silent = 0
                yield element
            if silent > LONGEST_PIECE:
                raise refuse_xml(file, f"{silent:,} bytes are no whole element")
        top = parser.close()
    except etree.XMLSyntaxError as error:
        raise refuse_xml(file, f"line {error.lineno}: {error.msg}") from error
    _check_no_document_type(file, top)
    if root is not None and top.tag != root:
        raise refuse_xml(file, f"its root is {top.tag}, the contract's record_path begins with {root}")


def forget(element: etree._Element) -> None:
    """Free an element that was read, and what stands before it."""
    element.clear(keep_tail=True)
    parent = element.getparent()
    if parent is not None:
        while element.getprevious() is not None:
            del parent[0]


def refuse_xml(file: str, what: str) -> DeliveryRefusedError:
    """The error for a file that is no XML we take."""
    return DeliveryRefusedError("unreadable_file", f"{file}: no XML that can be read: {what}. {AGAIN}")


def _check_no_document_type(file: str, element: etree._Element) -> None:
    if element.getroottree().docinfo.doctype:
        raise refuse_xml(file, "it has a document type (DOCTYPE), which may hold entities; deliveries have none")
