"""A JSON document of any size, read a value at a time: the items of one array, each with the text it was written in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from jobs.io.landing import AGAIN, LONGEST_PIECE, DeliveryRefusedError, file_blocks
from jobs.io.text import BYTE_ORDER_MARK, decode, is_storable

SAFE_CUT = b","
"""A byte that is no part of a character in any encoding we read, and that no array of records is without."""

Run = list[pa.Array]
RunReader = Callable[[bytes, int], Run | None]
"""Reads so many objects, in UTF-8 and nothing but white space between them, into columns; None if they must be read one by one."""

_BLANK = re.compile(r"[ \t\r\n]*")
_BETWEEN = re.compile(r"\}[ \t\r\n]*,[ \t\r\n]*(?=\{)")

_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=float, strict=False)
"""Numbers keep their text; a constant that is no JSON (NaN) becomes a float, which no column takes; a bare control character in
a text, which JSON forbids, would cost the whole file and stays what it is."""


class JsonText:
    """The text of a document, from front to back. Memory: one value and one block."""

    def __init__(self, path: Path, encoding: str, read_run: RunReader | None = None) -> None:
        self._file = path.name
        self._read_run = read_run
        self._tried = 0
        self._blocks = (decode(block, encoding) for block in file_blocks(path, end=SAFE_CUT))
        self._text = next(self._blocks, "").removeprefix(BYTE_ORDER_MARK)
        self._position = 0
        self._lines = 0

    def items(self, steps: Sequence[str]) -> Iterator[tuple[Any, str] | Run]:
        """The items of the array at the path ``steps``, and the text of each; the document must end where it should.

        Many objects in a row may come as one, as what ``read_run`` makes of them.

        Raises DeliveryRefusedError (``unreadable_file``) where the text is no JSON, or there is no such array.
        """
        yield from self._items(list(steps))
        if self._peek():
            raise self._refuse("there is more behind the end of the document")

    def _items(self, steps: Sequence[str]) -> Iterator[tuple[Any, str] | Run]:
        if not steps:
            yield from self._array()
            return
        is_found = False
        for name in self._members():
            if name == steps[0] and not is_found:
                is_found = True
                yield from self._items(steps[1:])
            else:
                self._value()
        if not is_found:
            raise self._refuse(f"the document has no {steps[0]!r}, where the rows should be")

    def _array(self) -> Iterator[tuple[Any, str] | Run]:
        self._expect("[")
        is_first = True
        while self._goes_on("]", is_first=is_first):
            run = self._run()
            yield self._value() if run is None else run
            is_first = False

    def _run(self) -> Run | None:
        """The objects from here to the last but one of the text, if they are read at once; then reading goes on behind them.

        What stands between two objects becomes a line's end. Where that was no end of an object, but within a list or a text, JSON
        allows none, so that the whole is refused; a text that was refused is not tried again.
        """
        if self._read_run is None or self._position < self._tried or self._peek() != "{":
            return None
        end = self._last_end()
        self._tried = end
        if end <= self._position:
            return None
        objects, between = _BETWEEN.subn("}\n", self._text[self._position : end])
        run = self._read_run(objects.encode(), between + 1) if is_storable(objects) else None
        if run is not None:
            self._position = end
        return run

    def _last_end(self) -> int:
        """Where the last object ends behind which another begins; 0 if there is none."""
        place = self._text.rfind("}", self._position)
        while place >= 0 and not _BETWEEN.match(self._text, place):
            place = self._text.rfind("}", self._position, place)
        return place + 1

    def _members(self) -> Iterator[str]:
        """Names of an object's members; whoever asks must read the value of each."""
        self._expect("{")
        is_first = True
        while self._goes_on("}", is_first=is_first):
            name, _ = self._value()
            self._expect(":")
            yield str(name)
            is_first = False

    def _goes_on(self, end: str, *, is_first: bool) -> bool:
        if self._peek() == end:
            self._position += 1
            return False
        if not is_first:
            self._expect(",")
        return True

    def _value(self) -> tuple[Any, str]:
        self._peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._position)
            except json.JSONDecodeError as error:
                where = error.pos - self._position
                if not self._extend():
                    raise self._refuse(error.msg, where) from error
            except RecursionError as error:
                raise self._refuse("values are nested without end") from error
            else:
                raw = self._text[self._position : end]
                if end < len(self._text) or not self._extend():
                    self._position += len(raw)
                    return value, raw

    def _peek(self) -> str:
        """The next character that is not blank, where reading goes on; empty at the end."""
        while self._skip_blank() == len(self._text):
            if not self._extend():
                return ""
        return self._text[self._position]

    def _skip_blank(self) -> int:
        blank = _BLANK.match(self._text, self._position)
        self._position = blank.end() if blank else self._position
        return self._position

    def _expect(self, character: str) -> None:
        found = self._peek()
        if found != character:
            raise self._refuse(f"expected {character!r}, found {found!r}" if found else f"the file ends before {character!r}")
        self._position += 1

    def _extend(self) -> bool:
        """Read one more block behind what is not yet taken; whether there was one."""
        if len(self._text) - self._position > LONGEST_PIECE:
            raise self._refuse("a value is longer than any row may be, or never ends")
        block = next(self._blocks, "")
        self._lines += self._text.count("\n", 0, self._position)
        self._text = self._text[self._position :] + block
        self._position = self._tried = 0
        return bool(block)

    def _refuse(self, what: str, offset: int = 0) -> DeliveryRefusedError:
        place = self._position + offset
        line = self._lines + self._text.count("\n", 0, place) + 1
        return DeliveryRefusedError("unreadable_file", f"{self._file}: no whole JSON document: line {line:,}: {what}. {AGAIN}")
