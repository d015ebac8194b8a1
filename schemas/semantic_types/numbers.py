"""Semantic types of identifiers. Each has ``{name}``, standardised, and ``{name}_class``, which says what kind of number it is.

What a check needs as an integer is a helper of its own level: Spark then computes it once a row, not once a character.
"""

from __future__ import annotations

from schemas.identifiers import (
    VALID_CLASSES,
    citizen_id_class,
    first_17,
    masked_id,
    masked_id_class,
    standard_citizen_id,
)
from schemas.identifiers_land import PARCEL_LENGTH, parcel_class, unit_class
from schemas.identifiers_organisation import (
    old_tax_class,
    organisation_class,
    registration_class,
    repaired_uscc,
    standard_number,
    uscc_class,
    uscc_fault,
    uscc_head,
    value_of,
)
from schemas.semantic_types.model import Part, Rule, SemanticType, helper
from schemas.sql_text import literals
from schemas.text import compact_number

_COMPACT, _BODY, _FIXED, _HEAD, _TAIL, _CODE, _NUMBER = (
    f"_{part}_{{name}}" for part in ("compact", "body", "fixed", "head", "tail", "code", "number")
)
_FAULT = uscc_fault(_FIXED, _HEAD, _TAIL, _CODE)

_WRONG_CHECK = "the check character is not what its standard gives"
_MALFORMED = "it does not have the form its standard prescribes"
_PLACEHOLDER = "it stands for a number that is not known"
_COMMON = {"wrong_check_digit": _WRONG_CHECK, "malformed": _MALFORMED, "placeholder": _PLACEHOLDER}
_OF_USCC = {
    "wrong_organisation_code": "characters 9 to 17 are no organisation code (GB 11714)",
    "confusable_letter": "a letter I, O, S or Z stands for a digit; the column that ends in _repaired holds what passes",
}

_DELIVERED = (
    helper("compact", compact_number("{raw}"), 0),
    Part("{name}", "string", standard_number(_COMPACT), 1),
)
_AS_ID = (
    helper("compact", compact_number("{raw}"), 0),
    helper("body", first_17(_COMPACT), 1),
    helper("number", f"try_cast({_BODY} as bigint)", 2, "bigint"),
)
_AS_USCC = (
    helper("fixed", repaired_uscc(_COMPACT), 1),
    helper("head", uscc_head(_FIXED), 2, "bigint"),
    helper("tail", value_of(f"substring({_FIXED}, 9, 8)", 31), 2, "bigint"),
)


def _warnings(kind: str, reasons: dict[str, str]) -> tuple[Rule, ...]:
    """A warning for every class of a number that is not right."""
    return tuple(Rule(f"{kind}_{fault}", "warn", f"{{name}}_class = '{fault}'", reason) for fault, reason in reasons.items())


def _class(sql: str) -> Part:
    return Part("{name}_class", "string", sql, 4)


def _derived(name: str, sql: str) -> Part:
    """A column that depends on the class."""
    return Part(name, "string", sql, 5)


_REPAIRED = _derived("{name}_repaired", f"case when {{name}}_class = 'confusable_letter' then {_FIXED} end")
_CITIZEN_FAULTS = {
    "wrong_check_digit": "the last character is not what ISO 7064 MOD 11-2 gives (GB 11643)",
    "wrong_birth": "characters 7 to 14 are not a date (GB 11643)",
    "malformed": "it is neither 18 nor 15 characters as GB 11643 has them",
    "placeholder": _PLACEHOLDER,
}
_CITIZEN_ID = SemanticType(
    (
        *_AS_ID,
        Part("{name}", "string", standard_citizen_id(_COMPACT, _BODY, _NUMBER), 3),
        _class(citizen_id_class(_COMPACT, "{name}", _NUMBER)),
    ),
    _warnings("citizen_id", _CITIZEN_FAULTS),
)
_MASKED_CITIZEN_ID = SemanticType(
    (
        *_AS_ID,
        Part("{name}", "string", masked_id(_COMPACT), 1),
        _class(masked_id_class(_COMPACT, "{name}", _NUMBER)),
        _derived("{name}_head", "case when {name}_class = 'masked' then nullif(regexp_extract({name}, '^[0-9]*', 0), '') end"),
        _derived("{name}_tail", "case when {name}_class = 'masked' then nullif(regexp_extract({name}, '[0-9X]*$', 0), '') end"),
    ),
    _warnings("masked_citizen_id", _CITIZEN_FAULTS),
)
_USCC = SemanticType(
    (
        *_DELIVERED,
        *_AS_USCC,
        helper("code", value_of(f"substring({_FIXED}, 9, 8)", 36), 2, "bigint"),
        _class(uscc_class(_COMPACT, "{name}", _FIXED, _FAULT)),
        _REPAIRED,
    ),
    _warnings("uscc", _COMMON | _OF_USCC),
)
_ORGANISATION_CODE = SemanticType(
    (
        *_DELIVERED,
        helper("code", value_of("substring({name}, 1, 8)", 36), 2, "bigint"),
        _class(organisation_class(_COMPACT, "{name}", _CODE)),
    ),
    _warnings("organisation_code", _COMMON),
)
_REGISTRATION_NUMBER = SemanticType(
    (
        *_DELIVERED,
        helper("number", "try_cast(substring({name}, 1, 14) as bigint)", 2, "bigint"),
        _class(registration_class(_COMPACT, "{name}", _NUMBER)),
    ),
    _warnings("registration_number", _COMMON),
)
_BODY_OF_CODE = (
    f"case length({_COMPACT}) when 9 then substring({_COMPACT}, 1, 8) when 15 then substring({_COMPACT}, 7, 8) "
    f"else substring({_FIXED}, 9, 8) end"
)
"""The first 8 characters of the organisation code that a number of this length holds."""

_TAX_NUMBER = SemanticType(
    (
        *_DELIVERED,
        *_AS_USCC,
        helper("code", value_of(_BODY_OF_CODE, 36), 2, "bigint"),
        _class(
            f"case when length({{name}}) = 15 then {old_tax_class('{name}', _CODE)} "
            f"else {uscc_class(_COMPACT, '{name}', _FIXED, _FAULT)} end"
        ),
        _REPAIRED,
        _derived(
            "{name}_organisation_code",
            "case when {name}_class = 'old_15' then substring({name}, 7, 9) "
            f"when {{name}}_class in ('valid', 'confusable_letter') then substring({_FIXED}, 9, 9) end",
        ),
    ),
    _warnings("tax_number", _COMMON | _OF_USCC),
)
_FORM_ONLY = {"malformed": _MALFORMED, "placeholder": _PLACEHOLDER}
_PARCEL_CODE = SemanticType((*_DELIVERED, _class(parcel_class(_COMPACT, "{name}"))), _warnings("parcel_code", _FORM_ONLY))
_REAL_ESTATE_UNIT = SemanticType(
    (
        *_DELIVERED,
        _class(unit_class(_COMPACT, "{name}")),
        _derived("{name}_parcel_code", f"case when {{name}}_class = 'valid' then substring({{name}}, 1, {PARCEL_LENGTH}) end"),
    ),
    _warnings("real_estate_unit", _FORM_ONLY),
)
_IS_ID = f"_as_id_{{name}} in ({literals(VALID_CLASSES)})"
_HITS = " + ".join(f"if({hit}, 1, 0)" for hit in (_IS_ID, "_as_registration_{name} = 'valid'", "_as_tax_{name} = 'old_15'"))
_KIND = (
    f"case when _standard_{{name}} is null then null "
    f"when {_COMPACT} rlike '[*]' then 'masked_citizen_id' "
    f"when length({_COMPACT}) = 15 and {_HITS} > 1 then 'ambiguous' "
    f"when {_IS_ID} then 'citizen_id' "
    "when _as_uscc_{name} in ('valid', 'confusable_letter') then 'uscc' "
    "when _as_short_{name} = 'valid' then 'organisation_code' "
    "when _as_registration_{name} = 'valid' then 'registration_number' "
    "when _as_tax_{name} = 'old_15' then 'tax_number' else 'unknown' end"
)
"""Which check a number passes. One 15-digit citizen ID in ten passes that of a registration number by chance: no guess."""

_ANY_NUMBER = SemanticType(
    (
        *_AS_ID,
        helper("standard", standard_number(_COMPACT), 1),
        helper("id", standard_citizen_id(_COMPACT, _BODY, _NUMBER), 3),
        *_AS_USCC,
        helper("code", value_of(_BODY_OF_CODE, 36), 2, "bigint"),
        helper("serial", f"try_cast(substring({_COMPACT}, 1, 14) as bigint)", 2, "bigint"),
        helper("as_id", citizen_id_class(_COMPACT, "_id_{name}", _NUMBER), 4),
        helper("as_uscc", uscc_class(_COMPACT, "_standard_{name}", _FIXED, _FAULT), 3),
        helper("as_short", organisation_class(_COMPACT, "_standard_{name}", _CODE), 3),
        helper("as_registration", registration_class(_COMPACT, "_standard_{name}", "_serial_{name}"), 3),
        helper("as_tax", old_tax_class("_standard_{name}", _CODE), 3),
        Part("{name}_kind", "string", _KIND, 5),
        Part("{name}", "string", "case when {name}_kind = 'citizen_id' then _id_{name} else _standard_{name} end", 6),
        Part("{name}_repaired", "string", f"case when {{name}}_kind = 'uscc' and {_FIXED} <> {_COMPACT} then {_FIXED} end", 6),
        # Also of an ambiguous number: a row may say elsewhere that it is a person's.
        Part("{name}_citizen_id", "string", f"case when {_IS_ID} then _id_{{name}} end", 5),
    ),
    (
        Rule("number_ambiguous", "warn", "{name}_kind = 'ambiguous'", "its check holds for more than one kind of number"),
        Rule(
            "number_unknown", "warn", "{name}_kind = 'unknown'", "it is no number of a known kind, or its check character is wrong"
        ),
        Rule("number_placeholder", "warn", f"{_COMPACT} is not null and {{name}} is null", _PLACEHOLDER),
    ),
)

NUMBERS: dict[str, SemanticType] = {
    "citizen_id": _CITIZEN_ID,
    "masked_citizen_id": _MASKED_CITIZEN_ID,
    "uscc": _USCC,
    "organisation_code": _ORGANISATION_CODE,
    "registration_number": _REGISTRATION_NUMBER,
    "tax_number": _TAX_NUMBER,
    "any_number": _ANY_NUMBER,
    "parcel_code": _PARCEL_CODE,
    "real_estate_unit": _REAL_ESTATE_UNIT,
}
"""Semantic types of identifiers, by name."""
