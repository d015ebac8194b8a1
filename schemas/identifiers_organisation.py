"""Numbers of organisations as Spark SQL text: pure arithmetic, no user-defined function.

Sources: GB 32100-2015 (unified social credit code, USCC: 18 characters, the last a check over an alphabet of 31, mod 31; characters
9 to 17 are an organisation code), GB 11714-1997 (organisation code: 9 characters, mod 11), 工商注册号编制规则 (registration number:
15 digits, ISO 7064 MOD 11,10), and the old tax number (6 digits of region, then the organisation code).

A number of letters is read as an integer of its alphabet's base, so that a check is plain arithmetic on integers: `value_of` makes
that integer, which is worth a column of its own, for the checks use it once a character.
"""

from __future__ import annotations

from schemas.identifiers import PLACEHOLDERS as NO_CITIZEN_ID
from schemas.sql_text import literals

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Characters of a USCC: no I, O, S, V, Z. Source: GB 32100 §4.5."""

CONFUSABLE, MEANT = "OIZS", "0125"
"""Letters that a USCC cannot have, and the digits that a clerk read as those."""

USCC_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
"""Weight of each of the first 17 characters: 3^(i-1) mod 31. Source: GB 32100 §4.5."""

ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
"""Weight of each of the first 8 characters. Source: GB 11714 §4.2."""

ORGANISATION_CHECKS = "0X987654321"
"""Check character by the weighted sum mod 11: 11 minus it, 10 written as X, 11 as 0."""

PLACEHOLDERS = (*NO_CITIZEN_ID, *(digit * 9 for digit in "019"), "9" * 15, "123456789", "/")
"""What clerks write where there is no number."""

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_USCC_FORM = f"^[1-9ANY][1-9][0-9]{{6}}[{ALPHABET}]{{10}}$"
_ORGANISATION_FORM = "[0-9A-Z]{8}[0-9X]"


def standard_number(compact: str) -> str:
    """A compact number; null where it is a placeholder."""
    return f"case when {compact} in ({literals(PLACEHOLDERS)}) then null else {compact} end"


def repaired_uscc(compact: str) -> str:
    """A compact USCC with the letters it cannot have read as the digits they stand for: a candidate, worth what its checks say."""
    return f"translate({compact}, '{CONFUSABLE}', '{MEANT}')"


def value_of(text: str, base: int) -> str:
    """Text of the USCC alphabet (base 31) or of 0-9A-Z (base 36) as an integer; at most 12 characters. Never an error."""
    digits = f"translate({text}, '{ALPHABET}', '{_DIGITS[:31]}')" if base == len(ALPHABET) else text
    return f"try_cast(conv({digits}, {base}, 10) as bigint)"


def uscc_fault(fixed: str, head: str, tail: str, code: str) -> str:
    """What is wrong with a USCC: malformed, wrong_check_digit, wrong_organisation_code, or null.

    ``head``: characters 2 to 8, which are digits, as an integer (`uscc_head`); ``tail``, ``code``: the value of characters 9 to 16
    in base 31 and in base 36. The two that are left are looked up in the alphabet: dearer than arithmetic, but no number at all.
    """
    first, last = (f"(instr('{ALPHABET}', substring({fixed}, {place}, 1)) - 1)" for place in (1, 17))
    total = " + ".join(
        (
            f"{first} * {USCC_WEIGHTS[0]}",
            _weighted(head, 10, USCC_WEIGHTS[1:8]),
            _weighted(tail, 31, USCC_WEIGHTS[8:16]),
            f"{last} * {USCC_WEIGHTS[16]}",
        )
    )
    check = f"substring('{ALPHABET}', cast((31 - ({total}) % 31) % 31 as int) + 1, 1)"
    return (
        f"case when not {fixed} rlike '{_USCC_FORM}' then 'malformed' "
        f"when substring({fixed}, 18, 1) <> {check} then 'wrong_check_digit' "
        f"when substring({fixed}, 17, 1) <> {organisation_check(code)} then 'wrong_organisation_code' end"
    )


def uscc_head(fixed: str) -> str:
    """Characters 2 to 8 of a USCC as an integer; null if they are not digits."""
    return f"try_cast(substring({fixed}, 2, 7) as bigint)"


def uscc_class(compact: str, standard: str, fixed: str, fault: str) -> str:
    """What kind of USCC it is: valid, confusable_letter (valid once repaired), its fault, placeholder, or null."""
    return (
        f"case when {compact} is null then null when {standard} is null then 'placeholder' "
        f"when {fixed} = {standard} then coalesce({fault}, 'valid') "
        f"when {fault} is null then 'confusable_letter' else 'malformed' end"
    )


def organisation_class(compact: str, standard: str, code: str) -> str:
    """What kind of organisation code it is: valid, wrong_check_digit, malformed, placeholder, or null.

    ``code``: the value of its first 8 characters in base 36.
    """
    return (
        f"case when {compact} is null then null when {standard} is null then 'placeholder' "
        f"when not {standard} rlike '^{_ORGANISATION_FORM}$' then 'malformed' "
        f"when substring({standard}, 9, 1) <> {organisation_check(code)} then 'wrong_check_digit' else 'valid' end"
    )


def organisation_check(code: str) -> str:
    """The check character of an organisation code whose first 8 characters have the value ``code`` in base 36."""
    return f"substring('{ORGANISATION_CHECKS}', cast(({_weighted(code, 36, ORGANISATION_WEIGHTS)}) % 11 as int) + 1, 1)"


def registration_class(compact: str, standard: str, number: str) -> str:
    """What kind of registration number it is: valid, wrong_check_digit, malformed, placeholder, or null.

    ``number``: its first 14 digits as an integer.
    """
    return (
        f"case when {compact} is null then null when {standard} is null then 'placeholder' "
        f"when not {standard} rlike '^[0-9]{{15}}$' then 'malformed' "
        f"when substring({standard}, 15, 1) <> {registration_check(number)} then 'wrong_check_digit' else 'valid' end"
    )


def registration_check(number: str) -> str:
    """The check digit of 14 digits, given as an integer. Source: ISO 7064 MOD 11,10."""
    product = "10"
    for place in range(14):
        product = f"(({product} + {number} div {10 ** (13 - place)} % 10 + 9) % 10 + 1) * 2 % 11"
    return f"cast((11 - {product}) % 10 as string)"


def old_tax_class(standard: str, code: str) -> str:
    """What kind of old tax number of 15 characters it is: old_15 (its organisation code is right), wrong_check_digit, malformed.

    ``code``: the value of characters 7 to 14 in base 36.
    """
    return (
        f"case when not {standard} rlike '^[0-9]{{6}}{_ORGANISATION_FORM}$' then 'malformed' "
        f"when substring({standard}, 15, 1) <> {organisation_check(code)} then 'wrong_check_digit' else 'old_15' end"
    )


def _weighted(number: str, base: int, weights: tuple[int, ...]) -> str:
    """The weighted sum of the digits that an integer has in a base, the first weight being that of the first digit."""
    last = len(weights) - 1
    return " + ".join(f"{number} div {base ** (last - place)} % {base} * {weight}" for place, weight in enumerate(weights))
