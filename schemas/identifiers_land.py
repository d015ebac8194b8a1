"""Numbers of land and of what stands on it as Spark SQL text. They have a form, but no check digit.

Source: GB/T 37346-2019 不动产单元设定与代码编制规则. A parcel code has 19 characters: county (6), cadastral area (3) and
subarea (3), ownership (G state, J collective, Z disputed), kind of right in the land, and a serial number (5). A real-estate
unit has 28: the parcel, what is on it (F building, L trees, Q other, W nothing), and the unit (8): building (4) and unit (4),
or eight zeros.
"""

from __future__ import annotations

_PARCEL = "[1-9][0-9]{11}[GJZ][A-HLNSWXY][0-9]{5}"
_UNIT = "([FLQ][0-9]{8}|W0{8})"
PARCEL_LENGTH = 19


def parcel_class(compact: str, standard: str) -> str:
    """What kind of parcel code it is: valid, malformed, placeholder, or null."""
    return _class(compact, standard, _PARCEL)


def unit_class(compact: str, standard: str) -> str:
    """What kind of real-estate unit number it is: valid, malformed, placeholder, or null."""
    return _class(compact, standard, _PARCEL + _UNIT)


def _class(compact: str, standard: str, form: str) -> str:
    return (
        f"case when {compact} is null then null when {standard} is null then 'placeholder' "
        f"when {standard} rlike '^{form}$' then 'valid' else 'malformed' end"
    )
