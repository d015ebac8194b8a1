"""Spoils good files in seeded ways and reads them as the landing step does; run as a process of its own, with bounded memory.

``python -m tests.unit.ingest.fuzz FIRST COUNT`` reads the mutations FIRST to FIRST + COUNT - 1, each of one format in turn. It
prints each number before it reads it, so that a crash or a hang can be told, then a JSON line: what went wrong, peak memory.
"""

import io
import json
import random
import resource
import sys
import tempfile
import traceback
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.processes import peak_mb
from jobs.io.landing import DeliveryRefusedError
from tests.unit.ingest.delivered import CASES, ROWS, Case, contract_of, read, write

MEMORY_LIMIT = 4 * 1024**3
"""Address space that the process may take."""

LINE_FORMATS = frozenset({"csv", "csv-gb18030", "pipe", "fixed", "jsonl"})

DELIVERED: tuple[Mapping[str, str], ...] = tuple({**ROWS[number % len(ROWS)], "id": f"A{number:04d}"} for number in range(40))

Mutation = Callable[[random.Random, bytes], bytes]


@cache
def good_file(case_number: int) -> bytes:
    return write(CASES[case_number], DELIVERED)


def cut(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data))]


def flip_bits(chance: random.Random, data: bytes) -> bytes:
    spoilt = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 8, 64))):
        spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def splice(chance: random.Random, data: bytes) -> bytes:
    start, length, place = chance.randrange(len(data)), chance.randrange(1, 200), chance.randrange(len(data))
    return data[:place] + data[start : start + length] + data[place:]


def drop_piece(chance: random.Random, data: bytes) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.randrange(1, 200) :]


def insert_noise(chance: random.Random, data: bytes) -> bytes:
    noise = chance.choice((b"\x00", b"\xff\xfe", b'"', b"\r", b"\n", b"\\", b"<", b"&", b"{", b"[" * 5000, chance.randbytes(50)))
    place = chance.randrange(len(data))
    return data[:place] + noise + data[place:]


def encode_again(chance: random.Random, data: bytes) -> bytes:
    old, new = chance.choice((("utf-8", "gb18030"), ("gb18030", "utf-8"), ("utf-8", "utf-16"), ("latin-1", "utf-8")))
    start = chance.choice((0, chance.randrange(len(data))))
    return data[:start] + data[start:].decode(old, "replace").encode(new, "replace")


def shuffle_lines(chance: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    chance.shuffle(lines)
    return b"\n".join(lines)


def shuffle_columns(chance: random.Random, data: bytes) -> bytes:
    mark = chance.choice((b",", b"|", b">", b": "))
    lines = [line.split(mark) for line in data.split(b"\n")]
    for line in lines:
        chance.shuffle(line)
    return b"\n".join(mark.join(line) for line in lines)


def add_entities(chance: random.Random, data: bytes) -> bytes:
    laughs = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 20}">' for n in range(12))
    kind = chance.choice(
        (f'[<!ENTITY e0 "ha">{laughs}]', '[<!ENTITY e12 SYSTEM "file:///dev/zero">]', 'SYSTEM "http://localhost:9/"')
    )
    declared = data.replace(b"?>", b"?><!DOCTYPE x " + kind.encode() + b">", 1)
    return chance.choice((declared, data)).replace(b"A0007", b"&e12;", 1)


def blow_up(chance: random.Random, data: bytes) -> bytes:
    """Text that packs well: in a container it is a bomb."""
    place = data.find(b"A0007")
    return data[:place] + chance.choice((b" ", b"<a>", b"[", b"1")) * chance.choice((10_000, 30_000_000)) + data[place:]


BYTES: tuple[Mutation, ...] = (cut, flip_bits, flip_bits, splice, drop_piece, insert_noise)
TEXT: tuple[Mutation, ...] = (*BYTES, encode_again, shuffle_lines, shuffle_columns, add_entities)


def mutate(number: int) -> tuple[Case, bytes, bytes, Mutation]:
    """The format, the good file, the spoilt one, and how it was spoilt."""
    chance = random.Random(number)  # noqa: S311 - a seeded test, not a secret
    case_number = number % len(CASES)
    case, data = CASES[case_number], good_file(case_number)
    kind = case.layout["type"]
    if kind == "xlsx" and chance.random() < 0.8:
        mutation = chance.choice((*TEXT, blow_up))
        return case, data, mutate_part(chance, data, mutation), mutation
    mutation = chance.choice(BYTES if kind in ("xlsx", "parquet") else TEXT)
    return case, data, mutation(chance, data), mutation


def mutate_part(chance: random.Random, data: bytes, mutation: Mutation) -> bytes:
    """A container one part of which was spoilt before it was packed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        spoilt = chance.choice([*names, *[name for name in names if "sheet1" in name] * 5])
        for name in names:
            part = old.read(name)
            new.writestr(name, mutation(chance, part) if name == spoilt else part)
    return out.getvalue()


def lost_rows(case: Case, good: bytes, spoilt: bytes, rows: list[dict[str, Any]]) -> list[str]:
    """IDs of rows that were not touched by a flip and are not there; a flip may join a line with the next."""
    old, new = good.split(b"\n"), spoilt.split(b"\n")
    same = {line for place, line in enumerate(old) if line in new and (place == 0 or old[place - 1] in new)}
    found = {row["id"] for row in rows}
    return [row["id"] for row in DELIVERED if row["id"] not in found and any(row["id"].encode() in line for line in same)]


def problem_of(number: int, path: Path) -> str | None:
    """What is wrong with how a mutation was read; None if nothing is."""
    case, good, spoilt, mutation = mutate(number)
    name = f"{number} ({case.name}, {mutation.__name__})"
    try:
        rows = read(path, contract_of(case), spoilt)
    except DeliveryRefusedError as refused:
        return None if path.name in refused.reason and len(refused.reason) < 2000 else f"{name}: {refused.reason[:500]}"
    except Exception:  # noqa: BLE001 - whatever it is, it is what the test looks for
        return f"{name}: {traceback.format_exc(limit=-4)}"
    numbers = [row["_row_number"] for row in rows]
    if numbers != list(range(1, len(rows) + 1)):
        return f"{name}: rows are numbered {numbers[:9]}"
    if any(row["_raw"] is not None and row["id"] is not None for row in rows):
        return f"{name}: a row is both split and not"
    lost = lost_rows(case, good, spoilt, rows) if case.name in LINE_FORMATS and mutation is flip_bits else []
    return f"{name}: lost {lost}" if lost else None


def main(first: int, count: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "delivered"
        for number in range(first, first + count):
            print(number, flush=True)
            if problem := problem_of(number, path):
                problems.append(problem)
    print(json.dumps({"problems": problems, "peak_mb": peak_mb()}, ensure_ascii=False))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
