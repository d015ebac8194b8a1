"""Semantic types: how delivered text of a meaning becomes a typed, standardised value, and what can be wrong with it.

A type is a list of `Part` s, Spark SQL over the delivered text (``{raw}``) and earlier parts, and of `Rule` s, Spark SQL
that is true of a wrong row. ``{name}`` is the column, ``{stem}`` its name without ``_date``: ``male_birth_date`` derives
``male_birth_year``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas import geography
from schemas.codes import REGIONS
from schemas.identifiers import citizen_id_class, compact_citizen_id, standard_citizen_id
from schemas.text import clean_text, half_width, standard_name

Action = Literal["quarantine", "warn"]


@dataclass(frozen=True)
class Part:
    """A column made from the delivered text: ``level`` orders parts that build on one another; helpers are not kept."""

    name: str
    spark_type: str
    sql: str
    level: int = 0
    is_kept: bool = True


@dataclass(frozen=True)
class Rule:
    """What is wrong where ``bad`` holds, and whether that costs the row its place in silver."""

    code: str
    action: Action
    bad: str
    reason: str


@dataclass(frozen=True)
class SemanticType:
    """A meaning: the parts it is made of (the first kept one is the column itself), its rules and its own code table."""

    parts: tuple[Part, ...]
    rules: tuple[Rule, ...] = ()
    code_table: str | None = None


def fill(template: str, name: str) -> str:
    """A template's SQL for the column ``name``, whose delivered text stands in ``_raw_<name>``."""
    values = {"{name}": name, "{stem}": name.removesuffix("_date"), "{raw}": f"_raw_{name}", "{text}": f"_text_{name}"}
    for placeholder, value in values.items():
        template = template.replace(placeholder, value)
    return template


_TEXT = clean_text("{raw}")

_UNTYPABLE = Rule("untypable", "quarantine", "{text} is not null and {name} is null", "the value cannot be read as its type")

_DATE_SQL = (
    "case when {text} rlike '^[0-9]{8}$' then try_to_date({text}, 'yyyyMMdd') "
    "when {text} rlike '^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$' then try_to_date({text}, 'yyyy-M-d') "
    "when {text} rlike '^[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}$' then try_to_date({text}, 'yyyy/M/d') end"
)
_TIMESTAMP_SQL = (
    "case when {text} rlike '^[0-9]{14}$' then try_to_timestamp({text}, 'yyyyMMddHHmmss') else try_to_timestamp({text}) end"
)
_PHONES_SQL = (
    "filter(transform(from_json({raw}, 'array<string>'), phone -> regexp_replace({phone}, '[^0-9]', '')), phone -> phone <> '')"
).replace("{phone}", half_width("phone"))


def _plain(sql: str, spark_type: str = "string") -> tuple[Part, ...]:
    return (Part("{name}", spark_type, sql),)


def _dated(sql: str, spark_type: str) -> tuple[Part, ...]:
    return (Part("{text}", "string", _TEXT, is_kept=False), Part("{name}", spark_type, sql, 1))


def _degrees(bounds: tuple[float, float]) -> SemanticType:
    """Decimal degrees; a place outside China is kept and marked."""
    outside_china = Rule("outside_china", "warn", geography.outside("{name}", bounds), "there is no such place in China")
    return SemanticType(_dated(geography.degrees("{text}"), "double"), (_UNTYPABLE, outside_china))


SEMANTIC_TYPES: dict[str, SemanticType] = {
    "text": SemanticType(_plain(_TEXT)),
    "serial_number": SemanticType(_plain(_TEXT)),
    "code": SemanticType(_plain(_TEXT)),
    "address": SemanticType(_plain(_TEXT)),
    "person_name": SemanticType(_plain(standard_name("{raw}"))),
    "region_code": SemanticType(_plain(_TEXT), code_table=REGIONS),
    "date": SemanticType(_dated(_DATE_SQL, "date"), (_UNTYPABLE,)),
    "timestamp": SemanticType(_dated(_TIMESTAMP_SQL, "timestamp"), (_UNTYPABLE,)),
    "phones": SemanticType(
        _plain(_PHONES_SQL, "array<string>"),
        (
            Rule(
                "phone_malformed",
                "warn",
                "exists({name}, phone -> not phone rlike '^(1[3-9][0-9]{9}|0[0-9]{9,11})$')",
                "a phone number is neither 11 digits from 13 to 19 nor an area code and number",
            ),
        ),
    ),
    "citizen_id": SemanticType(
        (
            Part("_compact_{name}", "string", compact_citizen_id("{raw}"), is_kept=False),
            Part("{name}", "string", standard_citizen_id("_compact_{name}"), 1),
            Part("{name}_class", "string", citizen_id_class("_compact_{name}", "{name}"), 2),
        ),
        tuple(
            Rule(f"citizen_id_{kind}", "warn", "{name}_class = '" + kind + "'", reason)
            for kind, reason in (
                ("wrong_check_digit", "the last character is not what ISO 7064 MOD 11-2 gives (GB 11643)"),
                ("wrong_birth", "characters 7 to 14 are not a date (GB 11643)"),
                ("malformed", "it is neither 18 nor 15 characters as GB 11643 has them"),
                ("placeholder", "it stands for a number that is not known"),
            )
        ),
    ),
    "longitude": _degrees(geography.LONGITUDES),
    "latitude": _degrees(geography.LATITUDES),
    "crs_tag": SemanticType(
        _plain(f"upper({_TEXT})"),
        (
            Rule("coordinates_untagged", "quarantine", "{name} is null", "nothing says which coordinates these are"),
            Rule(
                "coordinates_unknown",
                "quarantine",
                f"{{name}} not in {geography.COORDINATES}",
                f"the coordinates are none of {geography.COORDINATES}",
            ),
        ),
    ),
    "geometry": SemanticType(
        (
            Part("{name}", "string", "nullif(trim({raw}), '')"),
            Part("_rings_{name}", "array<array<array<double>>>", geography.rings("{name}"), 1, is_kept=False),
        ),
        (
            Rule(
                "geometry_unreadable",
                "warn",
                "{name} is not null and _rings_{name} is null",
                "it is not the GeoJSON of a Polygon or MultiPolygon",
            ),
            Rule(
                "ring_open", "warn", geography.has_open_ring("_rings_{name}"), "a border's last point is not its first (RFC 7946)"
            ),
        ),
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
            Rule("birth_partial", "warn", "{name} is null and {stem}_date_text rlike '^[0-9]{4}$'", "only the year is known"),
            Rule(
                "birth_impossible",
                "warn",
                "{name} is null and {stem}_date_text is not null and not {stem}_date_text rlike '^[0-9]{4}$'",
                "there is no such date",
            ),
        ),
    ),
}
"""Every semantic type a contract may name."""

DEFAULT_TYPES = {"string": "text", "date": "date", "timestamp": "timestamp"}
"""Semantic type of a column that names none, by its logical type."""
