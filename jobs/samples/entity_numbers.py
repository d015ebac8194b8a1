"""Numbers of legal entities as they are issued: organisation code, unified code, old registration number and old tax number.

Rules: organisation code GB 11714-1997, unified social credit code GB 32100-2015, registration number of 15 digits with a check
by ISO 7064 MOD 11,10 (GS 15-2006), tax number before 2015-10 = region and organisation code.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from unicodedata import normalize

import numpy as np

from jobs.samples.streams import Flags, Numbers, Texts, texts

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Characters of a unified code: no I, O, S, V, Z."""

ORGANISATION_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])
UNIFIED_WEIGHTS = np.array([pow(3, place, 31) for place in range(17)])

_VALUES = np.zeros(128, dtype=np.int64)
_VALUES[[ord(character) for character in ALPHABET]] = np.arange(31)
_LETTER_VALUES = np.zeros(128, dtype=np.int64)
for _place, _character in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
    _LETTER_VALUES[ord(_character)] = _place

UNIFIED_SHAPE = re.compile(rf"[1-9ANY][{ALPHABET}][0-9]{{6}}[{ALPHABET}]{{10}}")
ORGANISATION_SHAPE, TAX_SHAPE = re.compile("[0-9A-Z]{8}[0-9X]"), re.compile("[0-9]{6}[0-9A-Z]{8}[0-9X]")
REGISTRATION_SHAPE = re.compile("[0-9]{15}")

OLD_BODIES, OLD_STEP = 10**8, 48_271_003
NEW_BODIES, NEW_STEP = 31**6, 387_420_481
"""How many bodies there are of each kind, and a step without a common factor, by which running numbers are spread over them."""


def old_organisation_codes(serials: Numbers, offset: int) -> Texts:
    """Codes of nine characters, digits before the check, as issued until 2015: one for each running number."""
    spread = (serials * OLD_STEP + offset) % OLD_BODIES
    return with_organisation_check(texts([f"{body:08d}" for body in spread.tolist()]))


def new_organisation_codes(serials: Numbers, offset: int) -> Texts:
    """Codes from the pool ``MA``, as issued since 2015: one for each running number."""
    spread = (serials * NEW_STEP + offset) % NEW_BODIES
    digits = (spread[:, None] // 31 ** np.arange(5, -1, -1)) % 31
    characters = np.array(list(ALPHABET))[digits]
    return with_organisation_check(texts(["MA" + "".join(row) for row in characters.tolist()]))


def with_organisation_check(bodies: Texts) -> Texts:
    """Organisation codes from their first eight characters: 11 minus the weighted sum modulo 11, ten is X, eleven is 0."""
    checks = (11 - (_read(bodies, 8, _LETTER_VALUES) * ORGANISATION_WEIGHTS).sum(axis=1) % 11) % 11
    return _joined(bodies, np.array(list("0123456789X"))[checks])


def unified_codes(authorities: Texts, regions: Texts, organisation_codes: Texts) -> Texts:
    """Unified codes: two characters of authority and category, six of region, the organisation code, the check."""
    bodies = np.asarray(authorities + regions + organisation_codes)
    checks = (31 - (_read(bodies, 17, _VALUES) * UNIFIED_WEIGHTS).sum(axis=1) % 31) % 31
    return _joined(bodies, np.array(list(ALPHABET))[checks])


def registration_numbers(regions: Texts, classes: Numbers, serials: Numbers) -> Texts:
    """Registration numbers: region, class (0-3 domestic, 4-5 foreign, 6-9 household business), running number, check."""
    numbers = zip(regions, classes.tolist(), serials.tolist(), strict=True)
    return _with_registration_check(texts([f"{region}{kind}{serial:07d}" for region, kind, serial in numbers]))


def entity_keys(numbers: Texts) -> Texts:
    """What each number says of its entity: its organisation code, whichever number it stands in, or a registration number.

    Empty for a number that is not valid. A number of 15 characters whose end is an organisation code is taken for a tax number.
    """
    written = texts([normalize("NFKC", number).strip().upper().replace("-", "") for number in numbers])
    found = texts([""] * len(written))
    for shape, are_valid, start in KINDS_OF_NUMBER:
        is_open = [not key and shape.fullmatch(number) is not None for key, number in zip(found, written, strict=True)]
        rows = np.flatnonzero(np.array(is_open, dtype=bool))
        rows = rows[are_valid(written[rows])]
        found[rows] = texts([f"G{number}" if start is None else number[start : start + 9] for number in written[rows]])
    return found


def _are_unified(numbers: Texts) -> Flags:
    parts = (texts([number[start:end] for number in numbers]) for start, end in ((0, 2), (2, 8), (8, 17)))
    authorities, regions, organisations = parts
    return np.asarray((unified_codes(authorities, regions, organisations) == numbers) & _are_organisation(organisations))


def _are_organisation(codes: Texts) -> Flags:
    return np.asarray(with_organisation_check(texts([code[:8] for code in codes])) == codes)


def _are_registration(numbers: Texts) -> Flags:
    return np.asarray(_with_registration_check(texts([number[:14] for number in numbers])) == numbers)


def _are_tax(numbers: Texts) -> Flags:
    return _are_organisation(texts([number[6:] for number in numbers]))


KINDS_OF_NUMBER: tuple[tuple[re.Pattern[str], Callable[[Texts], Flags], int | None], ...] = (
    (UNIFIED_SHAPE, _are_unified, 8),
    (TAX_SHAPE, _are_tax, 6),
    (ORGANISATION_SHAPE, _are_organisation, 0),
    (REGISTRATION_SHAPE, _are_registration, None),
)
"""Shape, check and where the organisation code begins, of each kind of number."""


def _with_registration_check(bodies: Texts) -> Texts:
    """Registration numbers from their first 14 digits (ISO 7064 MOD 11,10)."""
    product = np.full(len(bodies), 10)
    for digits in _read(bodies, 14, _VALUES).T:
        total = (product + digits) % 10
        product = np.where(total == 0, 10, total) * 2 % 11
    return _joined(bodies, np.array(list("0123456789"))[(11 - product) % 10])


def _read(bodies: Texts, width: int, values: Numbers) -> Numbers:
    """The value of each character, a row a body."""
    if not len(bodies):
        return np.zeros((0, width), dtype=np.int64)
    joined = "".join(body[:width] for body in bodies).encode("ascii")
    return np.asarray(values[np.frombuffer(joined, dtype=np.uint8)].reshape(len(bodies), width))


def _joined(bodies: Texts, checks: Texts) -> Texts:
    return texts([body + check for body, check in zip(bodies, checks.tolist(), strict=True)])
