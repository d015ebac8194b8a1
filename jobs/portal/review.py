"""Cases that are left to a person: list them, and show both sides of one. No JVM."""

from __future__ import annotations

from typing import Any

from jobs.io.release_reader import find_release, open_release
from jobs.io.state import Release
from jobs.linkage.comparable import COMPARED
from jobs.linkage.decisions import Decision, standing
from jobs.linkage.model import load_model
from jobs.linkage.review import kinds_of_cases
from jobs.linkage.standardise import RECORD_ID
from jobs.linkage.survive import RECENCY
from jobs.portal.evidence import MasterLake, Row, links_among, record_id, scoring_model
from jobs.settings import Settings
from jobs.steps.stewards import decisions_of
from schemas.errors import UsageError
from schemas.names import TableName, linked_table
from schemas.odcs import suggest

TABLES = ("review", "records", "edges", "crosswalk")

BY_NUMBER = {"is_born_by_number": "birth date", "is_sex_by_number": "sex"}
"""Match columns of a model which say that a record is compared by what its valid number says, for it says nothing itself."""


def list_cases(settings: Settings, kind: str | None = None, master: str | None = None) -> list[Row]:
    """The open cases of the current release, those of most weight first; the columns of linked/review with ``master`` and
    ``decision``: what a steward has said of the pair already, in words. Raises UsageError if there is no such kind or master.
    """
    release = find_release(settings)
    cases = [case for each in registers_in(release, master) for case in _cases(settings, release, each)]
    if kind is not None:
        _require_kind(kind, {case["kind"] for case in cases}.union(*(_kinds(settings, each) for each in registers_in(release))))
    chosen = [case for case in cases if kind in (None, case["kind"])]
    return sorted(chosen, key=lambda case: (case["kind"], -(case["match_weight"] or 0.0), case["case_id"]))


def find_case(settings: Settings, case_id: str) -> Row:
    """The open case of that ID, as `list_cases` has it. Raises UsageError if there is none."""
    cases = {case["case_id"]: case for case in list_cases(settings)}
    if case_id not in cases:
        closed = "To decide on the records of one that is closed: govlake review decide-records."
        raise UsageError(f"no open case {case_id!r}. See `govlake review list`. {closed}")
    return cases[case_id]


def pair_of(case: Row) -> tuple[str, str]:
    """The two records of a case, each by its dataset and record key joined by ``|``."""
    return record_id(case), f"{case['other_dataset']}|{case['other_record_key']}"


def show_case(settings: Settings, case_id: str) -> Row:
    """Both sides of a case: ``{"case", "fields", "by_number", "link", "thresholds", "left", "right"}``.

    ``fields``: the attributes that either has, ``{"field", "left", "right", "agree", "shared"}``: whether they agree, null if that
    cannot be said, and what two lists share. ``by_number``: what either side's valid number says in place of its record.
    ``link``: the pair's match weights, null if it was not compared or weighs too little to be kept. ``left`` and ``right``: the
    other records of that side's master. Raises UsageError as `find_case` and `scoring_model` do.
    """
    case = find_case(settings, case_id)
    master = case["master"]
    with open_release(settings, None, [str(linked_table(master, name)) for name in TABLES]) as connection:
        lake = MasterLake(connection, master)
        model = scoring_model(lake, settings.linkage.models / master)
        left, right = (_record(lake, identity) for identity in pair_of(case))
        links = links_among(lake, pair_of(case), model)
        by_number = [_by_number(lake, identity) for identity in pair_of(case)]
        masters = [lake.rows_of(case[side]) for side in ("master_id", "other_id")]
    known = [name for name in model.rules.attributes if name in left]  # a release may be older than an attribute
    return {
        "case": case,
        "fields": [_compared(name, left, right) for name in known if not _is_empty(left[name], right[name])],
        "by_number": dict(zip(("left", "right"), by_number, strict=True)),
        "link": links[0] if links else None,
        "thresholds": model.rules.thresholds.model_dump(),
        "left": [record for record in masters[0] if record != left],
        "right": [record for record in masters[1] if record != right],
    }


def registers_in(release: Release, master: str | None = None) -> list[str]:
    """The registers of a release that have cases, or ``master`` alone. Raises UsageError if it is not among them."""
    tables = [TableName.parse(name) for name in release.tables]
    masters = sorted(t.dataset.group for t in tables if t == linked_table(t.dataset.group, "review"))
    if master is None:
        return masters
    if master not in masters:
        raise UsageError(f"release {release.release_id} has no review table of {master!r}. {suggest(master, masters)}")
    return [master]


def _kinds(settings: Settings, master: str) -> list[str]:
    return kinds_of_cases(load_model(settings.linkage.models / master))


def _require_kind(kind: str, kinds: set[str]) -> None:
    if kind not in kinds:
        raise UsageError(f"there is no kind of case {kind!r}. {suggest(kind, sorted(kinds))}")


def _cases(settings: Settings, release: Release, master: str) -> list[Row]:
    with open_release(settings, release.release_id, [str(linked_table(master, "review"))]) as connection:
        cases = MasterLake(connection, master).rows("review", "true")
    taken = {decision.pair: decision for decision in standing(decisions_of(settings.root, master))}
    return [{"master": master} | case | {"decision": _words(taken.get(frozenset(pair_of(case))))} for case in cases]


def _words(decision: Decision | None) -> str | None:
    return f"{decision.verdict}, by {decision.decided_by} from {decision.decided_on}" if decision else None


def _record(lake: MasterLake, identity: str) -> Row:
    (found,) = lake.records(f"{RECORD_ID} = $identity", identity=identity)
    return found


def _by_number(lake: MasterLake, identity: str) -> list[str]:
    """What a record is compared by that only its number says; nothing in a release that does not tell."""
    found = lake.rows("records", f"{RECORD_ID} = $identity", identity=identity)
    compared = [row.get(COMPARED) or {} for row in found]
    return [words for column, words in BY_NUMBER.items() if any(row.get(column) for row in compared)]


def _is_empty(*values: Any) -> bool:
    return all(value is None or value == [] for value in values)


def _compared(name: str, left: Row, right: Row) -> Row:
    values = left[name], right[name]
    is_open = name == RECENCY or None in values
    lists = [set(value) for value in values if isinstance(value, list)]
    is_equal = lists[0] == lists[1] if len(lists) == 2 else values[0] == values[1]
    shared = sorted(lists[0] & lists[1]) if len(lists) == 2 else []
    return {
        "field": name,
        "left": left[name],
        "right": right[name],
        "agree": None if is_open else is_equal,
        "shared": shared,
    }
