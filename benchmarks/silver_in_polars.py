"""What `jobs.steps.s3_silver` does with a household register, in Polars and delta-rs: a peer of benchmarks.silver.

The same typing, checks and latest state from the same bronze table into a Delta table of the same columns, by the lazy API. It
knows one dataset only, keeps no account of its gate, and could not take a delivery that comes late. Of timestamps that are not
14 digits it reads one form, where Spark and DuckDB read whatever they take for one.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from benchmarks.silver_peer import NAMES, QUARANTINED, Delivery, append, merge
from quality.suite import Check, checks_of
from schemas.codes import REGIONS, load_code_table
from schemas.codes.regions import abolished_regions
from schemas.contract import Contract
from schemas.identifiers import BORN_IN_18XX, CHECK_CHARACTERS, FIFTEEN, PERMIT_PREFIXES, PLACEHOLDERS, WEIGHTS
from schemas.text import FULL_WIDTH, HALF_WIDTH, NAME_DOTS, STANDARD_DOT

FAILED = pl.col("_failed").list.len() > 0
ID, NUMBER = pl.col("citizen_id"), pl.col("_text_citizen_id")
PARTIAL_BIRTH = r"^[0-9]{4}(年|0[1-9]|1[0-2]|[-/.年](0?[1-9]|1[0-2])月?)?$"


def refine(delivery: Delivery) -> dict[str, int]:
    """Bring the silver table up to one delivery; rows checked, and rows that each check found wrong."""
    judged = _judged(delivery).collect()
    append(delivery.quarantine, judged.lazy().filter(FAILED).select(_quarantined(delivery.contract)).collect().to_arrow())
    accepted = judged.lazy().filter(~FAILED)
    if delivery.is_first():
        append(delivery.silver, _opened(accepted, delivery).collect().to_arrow())
    else:
        merge(delivery, _changes(accepted, delivery).collect().to_arrow())
    labels = judged.lazy().select(pl.concat_list("_failed", "_warnings").explode().drop_nulls().value_counts()).collect()
    return {"rows": judged.height} | dict(labels.unnest(labels.columns).iter_rows())


def _opened(rows: pl.LazyFrame, delivery: Delivery) -> pl.LazyFrame:
    return rows.select(
        *delivery.columns,
        pl.lit(delivery.day).alias("_valid_from"),
        pl.lit(None, pl.Date).alias("_valid_to"),
    )


def _changes(accepted: pl.LazyFrame, delivery: Delivery) -> pl.LazyFrame:
    """Versions that a delta closes, changes or deletes, and those that it opens."""
    key = delivery.key
    current = pl.scan_delta(delivery.silver).filter(pl.col("_valid_to").is_null())
    known = current.select(key, pl.col("_record_hash").alias("_known"))
    compared = accepted.join(known, on=key, how="left")
    is_deleted = (pl.col("_op") == "D").fill_null(value=False)
    is_other = pl.col("_record_hash").ne_missing(pl.col("_known"))
    ended = compared.filter(pl.col("_known").is_not_null() & (is_deleted | is_other)).select(key)
    closed = current.join(ended, on=key, how="semi").with_columns(pl.lit(delivery.day).alias("_valid_to"))
    opened = _opened(compared.filter(~is_deleted & is_other), delivery)
    return pl.concat([closed.select(opened.collect_schema().names()), opened])


def _quarantined(contract: Contract) -> list[pl.Expr]:
    row = pl.struct(pl.col(f"_raw_{column.name}").alias(column.name) for column in contract.columns)
    columns = {"check_codes": pl.col("_failed"), "raw_row": pl.col("_raw").fill_null(row.struct.json_encode())}
    return [columns.get(name, pl.col(name)).alias(name) for name in QUARANTINED]


def _judged(delivery: Delivery) -> pl.LazyFrame:
    contract = delivery.contract
    checks = [check for check in checks_of(contract) if check.bad]
    names = [column.name for column in contract.columns]
    special = {
        "citizen_id": ((_standard_id(), _id_class()), ("citizen_id", "citizen_id_class")),
        "birth_date": ((pl.col("_text_birth_date"), _date(pl.col("_text_birth_date"))), ("birth_date_text", "birth_date")),
        "updated_at": ((_time(pl.col("_text_updated_at")),), ("updated_at",)),
    }
    typed = {name: special.get(name, ((pl.col(f"_text_{name}"),), (name,))) for name in names}
    place = ("_delivery_id", "_file", "_row_number", "_record_hash", "_raw", "_op")
    bronze = pl.scan_delta(delivery.bronze)
    delivered = bronze.filter((pl.col("_business_date") == delivery.day) & (pl.col("_delivery_id") == str(delivery.id)))
    return (
        delivered.select(*place, *(pl.col(name).alias(f"_raw_{name}") for name in names))
        .with_columns(_clean(name).alias(f"_text_{name}") for name in names)
        .with_columns(_body().alias("_body"))
        .with_columns(pl.col("_body").cast(pl.Int64, strict=False).alias("_number"))
        .with_columns(_check_character().alias("_check"))
        .with_columns(expression.alias(name) for parts in typed.values() for expression, name in zip(*parts, strict=True))
        .with_columns(_birth_year().alias("birth_year"))
        .pipe(_counted, delivery.key)
        .with_columns(_labels(checks, "quarantine", contract), _labels(checks, "warn", contract))
    )


def _clean(name: str) -> pl.Expr:
    raw = pl.col(f"_raw_{name}")
    translated = raw.str.replace_many(list(FULL_WIDTH), list(HALF_WIDTH)).str.replace_all("[[:cntrl:]]", "")
    text = pl.when(raw.str.contains(r"^[ -~]*$")).then(raw).otherwise(translated)
    if name in NAMES:
        text = text.str.replace_all(f"[{NAME_DOTS}]", STANDARD_DOT)
    if name == "citizen_id":
        compact = text.str.replace_all(r"[\s·–—-]", "").str.to_uppercase()
        text = pl.when(raw.str.contains("^[0-9A-Z]+$")).then(raw).otherwise(compact)
    trimmed = text.str.strip_chars(" ")
    return pl.when(trimmed != "").then(trimmed)


def _is_old(text: pl.Expr) -> pl.Expr:
    return text.str.contains(FIFTEEN)


def _body() -> pl.Expr:
    century = pl.when(NUMBER.str.slice(12, 3).is_in(BORN_IN_18XX)).then(pl.lit("18")).otherwise(pl.lit("19"))
    upgraded = NUMBER.str.slice(0, 6) + century + NUMBER.str.slice(6, 9)
    return pl.when(_is_old(NUMBER)).then(upgraded).otherwise(NUMBER.str.slice(0, 17))


def _check_character() -> pl.Expr:
    digits = [pl.col("_number") // 10 ** (16 - place) % 10 * weight for place, weight in enumerate(WEIGHTS)]
    total: pl.Expr = pl.sum_horizontal(digits, ignore_nulls=False) % 11
    return total.replace_strict(list(range(11)), list(CHECK_CHARACTERS), return_dtype=pl.String)


def _standard_id() -> pl.Expr:
    upgraded = pl.when(_is_old(NUMBER)).then(pl.col("_body") + pl.col("_check")).otherwise(NUMBER)
    return pl.when(NUMBER.is_in(PLACEHOLDERS)).then(None).otherwise(upgraded)


def _id_class() -> pl.Expr:
    standard = _standard_id()
    birth = standard.str.slice(6, 8).str.to_date("%Y%m%d", strict=False)
    is_dated = standard.str.contains("^[0-9]{6}(18|19|20)[0-9]{9}[0-9X]$") & birth.is_not_null()
    is_permit = standard.str.slice(0, 6).is_in(PERMIT_PREFIXES) | standard.str.starts_with("9")
    return (
        pl.when(NUMBER.is_null())
        .then(None)
        .when(standard.is_null())
        .then(pl.lit("placeholder"))
        .when(~standard.str.contains("^[1-9][0-9]{16}[0-9X]$"))
        .then(pl.lit("malformed"))
        .when(standard.str.slice(17, 1) != pl.col("_check"))
        .then(pl.lit("wrong_check_digit"))
        .when(~is_dated)
        .then(pl.lit("wrong_birth"))
        .when(_is_old(NUMBER))
        .then(pl.lit("upgraded_15"))
        .when(is_permit)
        .then(pl.lit("permit"))
        .otherwise(pl.lit("valid"))
    )


def _date(text: pl.Expr) -> pl.Expr:
    forms = {"^[0-9]{8}$": "%Y%m%d", "^[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}[日号]$": "%Y年%m月%d"} | {
        f"^[0-9]{{4}}{between}[0-9]{{1,2}}{between}[0-9]{{1,2}}$": f"%Y{between}%m{between}%d" for between in "-/"
    }
    return pl.coalesce(
        pl.when(text.str.contains(form)).then(text.str.strip_chars_end("日号")).str.to_date(layout, strict=False)
        for form, layout in forms.items()
    )


def _time(text: pl.Expr) -> pl.Expr:
    whole = pl.when(text.str.contains("^[0-9]{14}$")).then(text).str.to_datetime("%Y%m%d%H%M%S", strict=False)
    return pl.coalesce(whole, text.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False)).dt.replace_time_zone("UTC")


def _birth_year() -> pl.Expr:
    text = pl.col("birth_date_text")
    year = pl.when(text.str.contains("^(18|19|20)[0-9]{2}")).then(text.str.slice(0, 4).cast(pl.Int32, strict=False))
    return pl.coalesce(pl.col("birth_date").dt.year(), year)


def _counted(rows: pl.LazyFrame, key: str) -> pl.LazyFrame:
    """Rows with what those of the same key say: whether one before it is the same, and whether there are others."""
    content = pl.concat_str("_record_hash", "_op", separator="|", ignore_nulls=True)
    is_keyed = pl.col("_raw").is_null() & pl.col(key).is_not_null()
    doubled = rows.filter(is_keyed & pl.col(key).is_duplicated()).select("_file", "_row_number", key, content.alias("_content"))
    told = doubled.select(
        "_file",
        "_row_number",
        _is_copy=pl.struct("_file", "_row_number").rank("ordinal").over(key, "_content") > 1,
        _is_contested=pl.col("_content").n_unique().over(key) > 1,
    )
    return rows.join(told, on=["_file", "_row_number"], how="left").with_columns(
        pl.col("_is_copy", "_is_contested").fill_null(value=False)
    )


def _labels(checks: Iterable[Check], action: str, contract: Contract) -> pl.Expr:
    marks = [pl.when(_bad(check, contract)).then(pl.lit(check.label)) for check in checks if check.action == action]
    return pl.concat_list(marks).list.drop_nulls().alias({"quarantine": "_failed", "warn": "_warnings"}[action])


def _bad(check: Check, contract: Contract) -> pl.Expr:
    """Whether a row is wrong by a check; a KeyError tells of one that is not written here yet."""
    value = pl.col(check.column or contract.keys[0])
    is_split, is_partial = pl.col("_raw").is_null(), pl.col("birth_date_text").str.contains(PARTIAL_BIRTH)
    is_undated = pl.col("birth_date").is_null() & pl.col("birth_date_text").is_not_null()
    if check.code == "code_unknown":
        (column,) = (column for column in contract.columns if column.name == check.column)
        return ~value.is_in(list(load_code_table(column.code_table or REGIONS).codes))
    if check.code.startswith("citizen_id_"):
        return pl.col("citizen_id_class") == check.code.removeprefix("citizen_id_")
    return {
        "row_unsplit": ~is_split,
        "operation_unknown": is_split & ~pl.col("_op").fill_null("I").is_in(["I", "U", "D"]),
        "key_null": is_split & value.is_null(),
        "key_duplicate": pl.col("_is_contested"),
        "identical_copy": pl.col("_is_copy"),
        "required_null": is_split & value.is_null(),
        "region_abolished": value.is_in(abolished_regions()),
        "birth_partial": is_undated & is_partial,
        "birth_impossible": is_undated & ~is_partial,
        "untypable": pl.col(f"_text_{check.column}").is_not_null() & value.is_null(),
    }[check.code]
