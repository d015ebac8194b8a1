"""Contract → checks → Great Expectations suite. Each check has a code, an action, and names its wrong rows by Spark SQL.

Codes. Of a row: ``row_unsplit``, ``operation_unknown``, ``key_null``, ``key_duplicate``, ``identical_copy``. Of a column:
``required_null``, ``untypable``, ``code_unknown``, and those of its semantic type. Of a table: the names of the contract's own
``quality`` entries.

Actions. ``quarantine``: the row does not pass. ``warn``: it passes, marked. ``stop``: nothing passes (master data and what
leaves: there is nobody to send a row back to).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from schemas.codes import load_code_table
from schemas.contract import Column, Contract
from schemas.names import Layer
from schemas.silver import rules_of, semantic_type_of
from schemas.sql_text import literal

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite

Action = Literal["quarantine", "warn", "stop"]

FAILED_CODES, WARNINGS, STOPS = "_failed_codes", "_warnings", "_stops"
MARKS: dict[Action, str] = {"quarantine": FAILED_CODES, "warn": WARNINGS, "stop": STOPS}
"""Columns of marked rows: labels of the checks that a row fails, by what follows from it."""

IDENTICAL_COPY = "identical_copy"
"""The check that keeps out copies of a row that is kept: no fault of the row, and it does not count towards a tolerance."""

UNREADABLE_KEY = ("row_unsplit", "key_null")
"""The checks of which a row fails one if its key is not known: it may be that of any row."""

COPY_NUMBER, KEY_VERSIONS = "_copy_number", "_key_versions"
"""Columns of staged rows: which copy of an identical row it is (from 1), and how many different rows have its key."""


@dataclass(frozen=True)
class Check:
    """One check: ``bad`` is true of a wrong row; a check of a whole table has ``query`` instead, which selects wrong rows."""

    code: str
    action: Action
    reason: str
    column: str | None = None
    bad: str | None = None
    query: str | None = None

    @property
    def label(self) -> str:
        """How rows name it: ``code``, or ``code:column``."""
        return f"{self.code}:{self.column}" if self.column else self.code

    @property
    def mark(self) -> str:
        """Predicate of a marked row: whether it fails this check."""
        return f"array_contains({MARKS[self.action]}, {literal(self.label)})"


SUMS = (
    Check("rows_kept_out", "warn", "a check keeps the row out", bad=f"size({FAILED_CODES}) > 0"),
    Check(
        "rows_wrong",
        "warn",
        "a check keeps the row out, and it is no copy of a row that is kept",
        bad=f"size(array_remove({FAILED_CODES}, '{IDENTICAL_COPY}')) > 0",
    ),
)
"""Counted with every suite: rows that fail any check that keeps out, and of these the ones that count towards a tolerance."""


def checks_of(contract: Contract) -> list[Check]:
    """All checks that a contract asks for, in the order in which a row meets them."""
    if Layer.SILVER in contract.layers:
        return [*_delivery_checks(contract), *(c for column in contract.columns for c in _source_checks(contract, column))]
    return [
        *_key_checks(contract),
        *(c for column in contract.columns for c in _value_checks(column)),
        *_table_checks(contract),
    ]


def suite_of(name: str, checks: Sequence[Check]) -> ExpectationSuite:
    """The checks of rows as a Great Expectations suite; each expectation's ``meta`` has the check's label."""
    import great_expectations as gx

    return gx.ExpectationSuite(name=name, expectations=[_expectation(check) for check in checks if check.bad])


def _delivery_checks(contract: Contract) -> list[Check]:
    keys = " or ".join(f"{key} is null" for key in contract.keys)
    return [
        Check("row_unsplit", "quarantine", "the row cannot be split into its columns", bad="_raw is not null"),
        Check(
            "operation_unknown",
            "quarantine",
            "the operation is not I, U or D",
            bad="_raw is null and not coalesce(_op, 'I') in ('I', 'U', 'D')",
        ),
        Check("key_null", "quarantine", "the key is empty", bad=f"_raw is null and ({keys})"),
        Check(
            "key_duplicate",
            "quarantine",
            "other rows of the delivery have the same key and other values",
            bad=f"{KEY_VERSIONS} > 1",
        ),
        Check(IDENTICAL_COPY, "quarantine", "a copy of another row of the delivery, which is kept", bad=f"{COPY_NUMBER} > 1"),
    ]


def _source_checks(contract: Contract, column: Column) -> list[Check]:
    checks = [Check(rule.code, rule.action, rule.reason, column.name, rule.bad) for rule in rules_of(contract, column)]
    if column.is_required and not column.is_key:
        checks.append(
            Check("required_null", "warn", "a required value is empty", column.name, f"_raw is null and {column.name} is null")
        )
    table = column.code_table or semantic_type_of(contract, column).code_table
    return checks + ([_code_check(column.name, table, "warn")] if table else [])


def _key_checks(contract: Contract) -> list[Check]:
    if not contract.keys:
        return []
    nulls = " or ".join(f"{key} is null" for key in contract.keys)
    return [
        Check("key_null", "stop", "the key is empty", bad=nulls),
        Check("key_duplicate", "stop", "another row has the same key", bad=f"{KEY_VERSIONS} > 1"),
    ]


def _value_checks(column: Column) -> list[Check]:
    checks = []
    if column.is_required and not column.is_key:
        checks.append(Check("required_null", "stop", "a required value is empty", column.name, f"{column.name} is null"))
    if column.code_table:
        checks.append(_code_check(column.name, column.code_table, "warn"))
    return checks


def _table_checks(contract: Contract) -> list[Check]:
    return [
        Check(check.code, "stop" if check.is_failure else "warn", check.description, query=check.query)
        for check in contract.quality
    ]


def _code_check(column: str, table: str, action: Action) -> Check:
    codes = load_code_table(table)
    listed = ", ".join(f"'{code}'" for code in codes.codes)
    reason = f"the code is not in {codes.standard}"
    return Check("code_unknown", action, reason, column, f"{column} not in ({listed})")


def _expectation(check: Check) -> object:
    """The expectation that fails exactly where some row is marked with the check."""
    from quality.expectations.rows import ExpectNoRowToMeet

    meta = {"label": check.label, "action": check.action, "sql": check.bad}
    return ExpectNoRowToMeet(predicate=check.bad if check in SUMS else check.mark, meta=meta)
