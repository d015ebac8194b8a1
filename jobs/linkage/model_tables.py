"""Tables that a model brings along for the SQL of its columns: characters to translate, and words to find."""

from __future__ import annotations

import re


def read_characters(text: str) -> tuple[str, str]:
    """A character table, ``from<tab>to`` a line, as the two arguments of SQL ``translate``. Raises ValueError, line first."""
    targets: dict[str, str] = {}
    for number, line in _lines_of(text):
        source, tab, target = line.partition("\t")
        if not tab or len(source) != 1 or len(target) != 1 or source in targets:
            raise ValueError(f"{number}: write one character, a tab, one character, each source once; found {line!r}")
        targets[source] = target
    return "".join(targets), "".join(targets.values())


def read_words(text: str) -> str:
    """A word table, a word a line, as a regular expression that finds the longest that fits. Raises ValueError, line first."""
    words: set[str] = set()
    for number, line in _lines_of(text):
        if line != line.strip() or line in words:
            raise ValueError(f"{number}: write one word, without blanks around it, each once; found {line!r}")
        words.add(line)
    return f"(?:{'|'.join(map(re.escape, sorted(words, key=lambda word: (-len(word), word))))})"


def _lines_of(text: str) -> list[tuple[int, str]]:
    """The lines that are neither empty nor comments, each with its number from 1."""
    return [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line and not line.startswith("#")]
