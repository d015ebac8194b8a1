"""Citizen identification numbers and permits as Spark SQL text: pure arithmetic, no user-defined function.

Sources: GB 11643-1999 (citizen ID, 18 characters; ISO 7064 MOD 11-2 check), its 15-digit predecessor, the residence permits
of Hong Kong, Macau and Taiwan (810000, 820000, 830000) and the foreign permanent resident ID of 2023 (9 + province + country).
Every function takes Spark SQL text and returns Spark SQL text; the texts are safe under ANSI mode.
"""

from __future__ import annotations

from schemas.sql_text import dashed, literals

WEIGHTS = tuple(pow(2, 17 - place, 11) for place in range(17))
"""Weight of each of the first 17 digits: 2^(17-i) mod 11 (ISO 7064 MOD 11-2)."""

CHECK_CHARACTERS = "10X98765432"
PLACEHOLDERS = ("0" * 15, "0" * 18, "1" * 15, "1" * 18, "9" * 18, "123456789012345678", "无", "不详", "未知", "暂无")
"""What clerks write where there is no number."""

BORN_IN_18XX = ("996", "997", "998", "999")
"""Order codes of 15-digit numbers that mark people born in the 19th century."""

FIFTEEN = "^[1-9][0-9]{14}$"
"""The old form: two digits of the year, no check."""

PERMIT_PREFIXES = ("810000", "820000", "830000")

VALID_CLASSES = ("valid", "upgraded_15", "permit")
"""Classes of numbers that identify: the check digit and the birth date in them are right."""


def first_17(compact: str) -> str:
    """The first 17 characters of the 18-character form of a compact number."""
    century = f"case when substring({compact}, 13, 3) in ({literals(BORN_IN_18XX)}) then '18' else '19' end"
    upgraded = f"concat(substring({compact}, 1, 6), {century}, substring({compact}, 7, 9))"
    return f"case when {compact} rlike '{FIFTEEN}' then {upgraded} else substring({compact}, 1, 17) end"


def standard_citizen_id(compact: str, body: str, number: str) -> str:
    """The 18-character form of a compact number: 15 digits are upgraded, a placeholder is null, all else stays as it is.

    ``body``: its `first_17`; ``number``: those as an integer, null if they are none.
    """
    return (
        f"case when {compact} in ({literals(PLACEHOLDERS)}) then null "
        f"when {compact} rlike '{FIFTEEN}' then concat({body}, {check_digit(number)}) else {compact} end"
    )


def citizen_id_class(compact: str, standard: str, number: str) -> str:
    """What kind of number it is: valid, upgraded_15, permit, wrong_check_digit, wrong_birth, malformed, placeholder, or null.

    ``number``: its `first_17` as an integer.
    """
    return (
        f"case when {compact} is null then null "
        f"when {standard} is null then 'placeholder' "
        f"when not {standard} rlike '^[1-9][0-9]{{16}}[0-9X]$' then 'malformed' "
        f"when substring({standard}, 18, 1) <> {check_digit(number)} then 'wrong_check_digit' "
        f"when {birth_date_in(standard)} is null then 'wrong_birth' "
        f"when length({compact}) = 15 then 'upgraded_15' "
        f"when substring({standard}, 1, 6) in ({literals(PERMIT_PREFIXES)}) or {standard} like '9%' then 'permit' "
        f"else 'valid' end"
    )


def birth_date_in(standard: str) -> str:
    """The birth date written in an 18-character number; null if there is no such date after 1800. Source: GB 11643 §4.2."""
    date = f"try_cast({dashed(standard, 7)} as date)"
    return f"case when {standard} rlike '^[0-9]{{6}}(18|19|20)[0-9]{{9}}[0-9X]$' then {date} end"


def sex_in(standard: str) -> str:
    """The sex an 18-character number says: '1' male (odd 17th digit), '2' female. Source: GB 11643 §4.3."""
    return f"case when try_cast(substring({standard}, 17, 1) as int) % 2 = 1 then '1' else '2' end"


def check_digit(number: str) -> str:
    """The check character of 17 digits, given as an integer. Source: ISO 7064 MOD 11-2."""
    products = " + ".join(f"{number} div {10 ** (16 - place)} % 10 * {weight}" for place, weight in enumerate(WEIGHTS))
    return f"substring('{CHECK_CHARACTERS}', cast(({products}) % 11 as int) + 1, 1)"


def masked_id(compact: str) -> str:
    """A number of which some characters are masked, each of those as ``*``; a placeholder is null."""
    masked = f"translate({compact}, '×●■?', '****')"
    return f"case when {compact} in ({literals(PLACEHOLDERS)}) then null else {masked} end"


def masked_id_class(compact: str, masked: str, number: str) -> str:
    """What kind of number it is: masked (18 or 15 characters, some of them masked), else as `citizen_id_class` says.

    A number of which nothing shows, or more than its length allows, is malformed. Nothing that is masked is guessed.
    """
    return (
        f"case when {masked} rlike '[*]' and {masked} rlike '[0-9]' and {masked} rlike '^([0-9*]{{17}}[0-9X*]|[0-9*]{{15}})$' "
        f"then 'masked' else {citizen_id_class(compact, masked, number)} end"
    )
