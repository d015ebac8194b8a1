"""What `jobs.steps.s3_silver` does with a household register, in DuckDB and delta-rs: a peer of benchmarks.silver.

The same typing, checks and latest state from the same bronze table into a Delta table of the same columns. It knows one dataset
only, keeps no account of its gate, and could not take a delivery that comes late.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from benchmarks.silver_peer import NAMES, QUARANTINED, Delivery, append, merge
from jobs.io.delta import duckdb_connection
from quality.suite import Check, checks_of
from schemas.codes import REGIONS, load_code_table
from schemas.codes.regions import abolished_regions
from schemas.contract import Contract
from schemas.identifiers import BORN_IN_18XX, PERMIT_PREFIXES, PLACEHOLDERS, check_digit
from schemas.sql_text import literals
from schemas.text import FULL_WIDTH, HALF_WIDTH, NAME_DOTS, STANDARD_DOT

FAILED = "len(_failed) > 0"


def refine(delivery: Delivery) -> dict[str, int]:
    """Bring the silver table up to one delivery; rows checked, and rows that each check found wrong."""
    with duckdb_connection() as connection:
        connection.execute("set timezone = 'UTC'; set enable_progress_bar = false")
        connection.execute(f"create temp table judged as {_judged_sql(delivery)}")
        append(delivery.quarantine, _table(connection, f"select {_quarantined(delivery.contract)} from judged where {FAILED}"))
        if delivery.is_first():
            append(delivery.silver, _table(connection, f"{_opened(delivery)} from judged where not {FAILED}"))
        else:
            merge(delivery, _table(connection, _changes(connection, delivery)))
        found = connection.execute(
            "select label, count(*) from (select unnest(_failed || _warnings) as label from judged) group by label "
            "union all select 'rows', count(*) from judged"
        ).fetchall()
    return dict(found)


def _opened(delivery: Delivery) -> str:
    columns = ", ".join(delivery.columns)
    return f"select {columns}, date '{delivery.day}' as _valid_from, cast(null as date) as _valid_to"


def _changes(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> str:
    """Versions that a delta closes, changes or deletes, and those that it opens."""
    key = delivery.key
    connection.execute(f"create temp table current as select * from delta_scan('{delivery.silver}') where _valid_to is null")
    accepted = f"(select j.*, c._record_hash as known from judged j left join current c using ({key}) where not {FAILED})"
    deleted = "coalesce(_op = 'D', false)"
    ended = f"select {key} from {accepted} where known is not null and ({deleted} or _record_hash <> known)"
    closed = f"select * replace (date '{delivery.day}' as _valid_to) from current where {key} in ({ended})"
    opened = f"{_opened(delivery)} from {accepted} where not {deleted} and _record_hash is distinct from known"
    return f"{closed} union all by name {opened}"


def _quarantined(contract: Contract) -> str:
    row = ", ".join(f"{column.name} := _raw_{column.name}" for column in contract.columns)
    columns = {"check_codes": "_failed", "raw_row": f"coalesce(_raw, to_json(struct_pack({row}))::varchar)"}
    return ", ".join(f"{columns.get(name, name)} as {name}" for name in QUARANTINED)


def _judged_sql(delivery: Delivery) -> str:
    contract, key = delivery.contract, delivery.key
    checks = [check for check in checks_of(contract) if check.bad]
    raw = ", ".join(f"{column.name} as _raw_{column.name}" for column in contract.columns)
    cleaned = ", ".join(f"{_clean(column.name)} as _text_{column.name}" for column in contract.columns)
    content = "concat_ws('|', _record_hash, _op)"
    keyed = f"_raw is null and {key} is not null"
    return f"""
        with delivered as (select _delivery_id, _file, _row_number, _record_hash, _raw, _op, {raw}
            from delta_scan('{delivery.bronze}') where _business_date = '{delivery.day}' and _delivery_id = '{delivery.id}'),
        clean as (select *, {cleaned} from delivered),
        bodied as (select *, {_body()} as _body from clean),
        numbered as (select *, try_cast(_body as bigint) as _number from bodied),
        typed as (select *, {_typed(contract)} from numbered),
        dated as (select *, coalesce(year(birth_date), case when birth_date_text ~ '(18|19|20)[0-9]{{2}}.*'
            then try_cast(birth_date_text[1:4] as int) end)::int as birth_year, {_id_class()} as citizen_id_class from typed),
        doubled as (select {key} from dated where {keyed} group by {key} having count(*) > 1),
        copies as (select _file, _row_number,
            row_number() over (partition by {key}, {content} order by _file, _row_number) as _copy,
            min({content}) over (partition by {key}) <> max({content}) over (partition by {key}) as _is_contested
            from dated semi join doubled using ({key}) where {keyed}),
        counted as (select dated.*, coalesce(_copy, 1) as _copy_number, case when _is_contested then 2 else 1 end as _key_versions
            from dated left join copies using (_file, _row_number))
        select *, {_labels(checks, "quarantine", contract)} as _failed, {_labels(checks, "warn", contract)} as _warnings
        from counted"""


def _half(column: str) -> str:
    full, half = (text.replace("'", "''") for text in (FULL_WIDTH, HALF_WIDTH))
    translated = f"regexp_replace(translate({column}, '{full}', '{half}'), '[[:cntrl:]]', '', 'g')"
    return f"case when {column} ~ '[ -~]*' then {column} else {translated} end"


def _clean(name: str) -> str:
    column = f"_raw_{name}"
    text = _half(column)
    if name in NAMES:
        text = f"regexp_replace({text}, '[{NAME_DOTS}]', '{STANDARD_DOT}', 'g')"
    if name == "citizen_id":
        compact = f"upper(regexp_replace({text}, '[\\s·–—-]', '', 'g'))"
        text = f"case when {column} ~ '[0-9A-Z]+' then {column} else {compact} end"
    return f"nullif(trim({text}, ' '), '')"


def _body() -> str:
    text = "_text_citizen_id"
    century = f"case when {text}[13:15] in ({literals(BORN_IN_18XX)}) then '18' else '19' end"
    return f"case when {text} ~ '[1-9][0-9]{{14}}' then concat({text}[1:6], {century}, {text}[7:15]) else {text}[1:17] end"


def _typed(contract: Contract) -> str:
    number, date, time = "_text_citizen_id", "_text_birth_date", "_text_updated_at"
    special = {
        "citizen_id": f"case when {number} in ({literals(PLACEHOLDERS)}) then null when {number} ~ '[1-9][0-9]{{14}}' "
        f"then concat(_body, {_check()}) else {number} end as citizen_id",
        "birth_date": f"{date} as birth_date_text, {_date(date)} as birth_date",
        "updated_at": f"(case when {time} ~ '[0-9]{{14}}' then try_strptime({time}, '%Y%m%d%H%M%S') "
        f"else try_cast({time} as timestamp) end)::timestamptz as updated_at",
    }
    return ", ".join(special.get(column.name, f"_text_{column.name} as {column.name}") for column in contract.columns)


def _date(text: str) -> str:
    forms = {"[0-9]{8}": "%Y%m%d"} | {
        f"[0-9]{{4}}{between}[0-9]{{1,2}}{between}[0-9]{{1,2}}": f"%Y{between}%m{between}%d" for between in "-/"
    }
    cases = " ".join(f"when {text} ~ '{form}' then try_strptime({text}, '{layout}')" for form, layout in forms.items())
    written = f"when {text} ~ '[0-9]{{4}}年[0-9]{{1,2}}月[0-9]{{1,2}}[日号]' then try_strptime({text}[:-2], '%Y年%m月%d')"
    return f"cast(case {cases} {written} end as date)"


def _id_class() -> str:
    birth = "case when citizen_id ~ '[0-9]{6}(18|19|20)[0-9]{9}[0-9X]' then try_strptime(citizen_id[7:14], '%Y%m%d') end"
    return (
        "case when _text_citizen_id is null then null when citizen_id is null then 'placeholder' "
        "when not citizen_id ~ '[1-9][0-9]{16}[0-9X]' then 'malformed' "
        f"when citizen_id[18] <> {_check()} then 'wrong_check_digit' when {birth} is null then 'wrong_birth' "
        "when length(_text_citizen_id) = 15 then 'upgraded_15' "
        f"when citizen_id[1:6] in ({literals(PERMIT_PREFIXES)}) or citizen_id[1] = '9' then 'permit' else 'valid' end"
    )


def _check() -> str:
    return check_digit("_number").replace(" div ", " // ")


def _labels(checks: list[Check], action: str, contract: Contract) -> str:
    marks = [f"case when {_in_duckdb(check, contract)} then '{check.label}' end" for check in checks if check.action == action]
    return f"list_filter([{', '.join(marks)}], lambda label: label is not null)"


def _in_duckdb(check: Check, contract: Contract) -> str:
    """A check's own SQL; what DuckDB says otherwise is put into its own words."""
    if check.code == "region_abolished":
        return f"{check.column} in ({literals(abolished_regions())})"
    if check.code == "code_unknown":
        (column,) = (column for column in contract.columns if column.name == check.column)
        return f"{check.column} not in ({literals(load_code_table(column.code_table or REGIONS).codes)})"
    return (check.bad or "").replace(" rlike ", " ~ ")


def _table(connection: duckdb.DuckDBPyConnection, query: str) -> pa.Table:
    return connection.execute(query).to_arrow_table()
