"""Semantic types of values: texts, names, dates, numbers, phones, lists."""

from __future__ import annotations

from schemas.codes import REGIONS
from schemas.codes.regions import abolished_regions
from schemas.semantic_types.model import Part, Rule, SemanticType, helper, plain
from schemas.sql_text import dashed, literals
from schemas.text import clean_text, half_width, standard_name

_TEXT = clean_text("{raw}")

UNTYPABLE = Rule("untypable", "quarantine", "{text} is not null and {name} is null", "the value cannot be read as its type")

_DATE_SQL = (
    f"case when {{text}} rlike '^(?!0000)[0-9]{{8}}$' then try_cast({dashed('{text}')} as date) "
    "when {text} rlike '^(?!0000)[0-9]{4}(-[0-9]{1,2}-[0-9]{1,2}|/[0-9]{1,2}/[0-9]{1,2}|年[0-9]{1,2}月[0-9]{1,2}[日号])$' "
    "then try_cast(translate({text}, '/年月日号', '---') as date) end"
)
"""A calendar's years begin with 1; a cast would take the year 0."""

_PARTIAL_BIRTH = "{stem}_date_text rlike '^[0-9]{4}(年|0[1-9]|1[0-2]|[-/.年](0?[1-9]|1[0-2])月?)?$'"
"""The year alone, or year and month: 1990, 1990年, 199005, 1990-05, 1990年5月."""

_TIMESTAMP_SQL = (
    f"try_cast(case when {{text}} rlike '^(?!0000)[0-9]{{14}}$' then concat({dashed('{text}')}, ' ', "
    "substring({text}, 9, 2), ':', substring({text}, 11, 2), ':', substring({text}, 13, 2)) else {text} end as timestamp)"
)

_FIGURE = "[+-]?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)"
"""A figure as registers write it: digits, perhaps in groups of three."""

_PLAIN_FIGURE = "replace(_figure_{name}, ',', '')"
_INTEGER_SQL = (
    f"case when _figure_{{name}} rlike '^{_FIGURE}([.]0*)?$' then try_cast(split_part({_PLAIN_FIGURE}, '.', 1) as bigint) end"
)
_NUMBER_SQL = (
    f"case when _figure_{{name}} rlike '^{_FIGURE}([.][0-9]*)?(E[+-]?[0-9]+)?$' then try_cast({_PLAIN_FIGURE} as double) end"
)

_WITHOUT_CURRENCY = "regexp_replace(upper({text}), '[ ¥￥]|人民币|RMB|CNY', '')"
"""What a figure is read from: no blanks, no mark of the yuan before it."""

_MONEY = "decimal(20,6)"
_YES, _NO = ("是", "有", "1", "TRUE", "T", "YES", "Y"), ("否", "无", "0", "FALSE", "F", "NO", "N")
_BOOLEAN_SQL = f"case when upper({{text}}) in ({literals(_YES)}) then true when upper({{text}}) in ({literals(_NO)}) then false end"

PHONE_FORM = "^(1(3[0-9]|4[5-9]|5[0-35-9]|6[2567]|7[0-8]|8[0-9]|9[0-35-9])[0-9]{8}|0[1-9][0-9]{8,10}|[48]00[0-9]{7})$"
"""A mobile number of a prefix in use, an area code with a number, or a number of a service. Source: 电信网编号计划 (2017)."""

_PHONE_REASON = "it is neither a mobile number of a prefix in use, nor an area code with a number, nor a 400 or 800 number"


def standard_phone(delivered: str) -> str:
    """The digits of a phone number without the country code 86 before a mobile number; null if there are none."""
    digits = f"regexp_replace({half_width(delivered)}, '[^0-9]', '')"
    return f"nullif(regexp_replace({digits}, '^(00)?86(?=1[3-9][0-9]{{9}}$)', ''), '')"


def _typed(sql: str, spark_type: str) -> SemanticType:
    """A column read from the trimmed text; what cannot be read costs the row its place."""
    return SemanticType((helper("text", _TEXT, 0), Part("{name}", spark_type, sql, 1)), (UNTYPABLE,))


def _figure(sql: str, spark_type: str, *rules: Rule) -> SemanticType:
    """A column read from the trimmed text without currency; what cannot be read costs the row its place."""
    parts = (helper("text", _TEXT, 0), helper("figure", _WITHOUT_CURRENCY, 1), Part("{name}", spark_type, sql, 2))
    return SemanticType(parts, (UNTYPABLE, *rules))


def _amount(unit: int) -> SemanticType:
    """An amount of money in ``unit`` yuan; a unit that is written behind the figure is heeded, else it is the column's."""
    value = f"try_cast(regexp_replace(_figure_{{name}}, '[^0-9.+-]', '') as {_MONEY})"
    units = {"[.0-9]$": unit, "[.0-9]元整?$": 1, "万元?整?$": 10_000, "亿元?整?$": 100_000_000}
    scaled = " ".join(f"when _figure_{{name}} rlike '{end}' then {_scaled(value, yuan, unit)}" for end, yuan in units.items())
    negative = Rule("amount_negative", "warn", "{name} < 0", "the amount is below zero")
    is_amount = f"_figure_{{name}} rlike '^{_FIGURE}([.][0-9]*)?[万亿]?(元整?)?$'"
    return _figure(f"case when not {is_amount} then null {scaled} end", _MONEY, negative)


def _scaled(value: str, yuan: int, unit: int) -> str:
    if yuan == unit:
        return value
    factor = f"* {yuan // unit}" if yuan > unit else f"/ {unit // yuan}"
    return f"try_cast({value} {factor} as {_MONEY})"


VALUES: dict[str, SemanticType] = {
    "text": SemanticType(plain(_TEXT)),
    "serial_number": SemanticType(plain(_TEXT)),
    "code": SemanticType(plain(_TEXT)),
    "address": SemanticType(plain(_TEXT)),
    "person_name": SemanticType(plain(standard_name("{raw}"))),
    "region_code": SemanticType(
        plain(_TEXT),
        (
            Rule(
                "region_abolished",
                "warn",
                f"{{name}} in ({literals(abolished_regions())})",
                "the region is in force no longer (GB/T 2260)",
            ),
        ),
        code_table=REGIONS,
    ),
    "date": _typed(_DATE_SQL, "date"),
    "timestamp": _typed(_TIMESTAMP_SQL, "timestamp"),
    "integer": _figure(_INTEGER_SQL, "bigint"),
    "number": _figure(_NUMBER_SQL, "double"),
    "boolean": _typed(_BOOLEAN_SQL, "boolean"),
    "amount": _amount(1),
    "amount_10k": _amount(10_000),
    "phone": SemanticType(
        plain(standard_phone("{raw}")), (Rule("phone_malformed", "warn", f"not {{name}} rlike '{PHONE_FORM}'", _PHONE_REASON),)
    ),
    "phones": SemanticType(
        plain(
            f"array_compact(transform(from_json({{raw}}, 'array<string>'), phone -> {standard_phone('phone')}))",
            "array<string>",
        ),
        (Rule("phone_malformed", "warn", f"exists({{name}}, phone -> not phone rlike '{PHONE_FORM}')", _PHONE_REASON),),
    ),
    "text_list": SemanticType(
        plain("from_json({raw}, 'array<string>')", "array<string>"),
        (Rule("untypable", "quarantine", "{raw} is not null and {name} is null", "the value cannot be read as a list"),),
    ),
    "birth_date": SemanticType(
        (
            Part("{stem}_date_text", "string", _TEXT),
            Part("{name}", "date", _DATE_SQL.replace("{text}", "{stem}_date_text"), 1),
            Part(
                "{stem}_year",
                "int",
                "coalesce(year({name}), case when {stem}_date_text rlike '^(18|19|20)[0-9]{2}' "
                "then try_cast(substring({stem}_date_text, 1, 4) as int) end)",
                2,
            ),
        ),
        (
            Rule("birth_partial", "warn", f"{{name}} is null and {_PARTIAL_BIRTH}", "only the year, or year and month, is known"),
            Rule(
                "birth_impossible",
                "warn",
                f"{{name}} is null and {{stem}}_date_text is not null and not {_PARTIAL_BIRTH}",
                "there is no such date",
            ),
        ),
    ),
}
"""Semantic types of values, by name."""
