from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from jobs.linkage.entities import Entities, Findings, HashCollisionError, group_records
from jobs.linkage.explain import explain_edge
from jobs.linkage.identify import id_drawer, identify
from jobs.linkage.model import Model, load_model
from jobs.linkage.reasons import with_reasons
from jobs.linkage.review import NEAR, review_cases
from jobs.settings import PROJECT

DAY = date(2026, 3, 2)
NOBODY = pd.DataFrame({"record_hash_l": [], "record_hash_r": [], "decision": []}, dtype=object)
NO_CASES = pd.DataFrame({"case_id": [], "opened_on": []}, dtype=object)
NO_MASTERS = pd.DataFrame({"master_id": [], "first_business_date": []}, dtype=object)
NO_CROSSWALK = pd.DataFrame({"dataset": [], "record_key": [], "master_id": [], "valid_from": []}, dtype=object)


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(PROJECT / "conf" / "linkage" / "population")


def _records(numbers: dict[str, str | None]) -> pd.DataFrame:
    """Records with a valid number each, or none; one with ``*`` is masked."""
    rows = [
        ("d", key, _hash(key), None if number and "*" in number else number, number if number and "*" in number else None)
        for key, number in sorted(numbers.items())
    ]
    return pd.DataFrame(rows, columns=["dataset", "record_key", "record_hash", "id_valid", "masked_number"], dtype=object)


def _hash(key: str) -> int:
    return int.from_bytes(key.encode(), "big")


def _edges(model: Model, *pairs: tuple[str, str, float]) -> pd.DataFrame:
    """Pairs that agree on the number alone, so that its weight is all there is above the prior."""
    rows: list[dict[str, Any]] = []
    for left, right, weight in pairs:
        row: dict[str, Any] = {"record_id_l": f"d|{left}", "record_id_r": f"d|{right}", "match_weight": weight}
        row |= {"record_hash_l": _hash(left), "record_hash_r": _hash(right)}
        row["is_link"] = weight >= model.rules.thresholds.link
        for comparison in model.comparisons:
            best = max(comparison.levels) if comparison.output_column_name == "number" else -1
            row |= {f"gamma_{comparison.output_column_name}": best, f"mw_{comparison.output_column_name}": 0.0}
        rows.append(row | {"mw_number": weight + 15.0})
    return pd.DataFrame(rows)


def _decided(*pairs: tuple[str, str, str]) -> pd.DataFrame:
    rows = [(_hash(left), _hash(right), decision) for left, right, decision in pairs]
    return pd.DataFrame(rows, columns=["record_hash_l", "record_hash_r", "decision"], dtype=object)


def _groups(found: Entities) -> list[str]:
    return sorted("".join(keys) for _, keys in found.members.groupby("component")["record_key"])


def test_two_valid_numbers_hold_the_link_that_would_join_them_and_a_case_is_opened(model: Model) -> None:
    records = _records({"a": "1", "b": None, "c": "2"})
    edges = _edges(model, ("a", "b", 20.0), ("b", "c", 9.0))
    found = group_records(Findings(records, edges, NOBODY), model)
    assert _groups(found) == ["ab", "c"]
    masters = found.members["component"].astype(str).to_numpy(object)
    (case,) = review_cases(Findings(records, edges, NOBODY), found.held, masters, model, NO_CASES, DAY).to_dict("records")
    assert (case["kind"], case["record_key"], case["other_record_key"], case["match_weight"]) == (
        "two valid numbers",
        "b",
        "c",
        9.0,
    )
    assert case["opened_on"] == DAY
    known = pd.DataFrame({"case_id": [case["case_id"]], "opened_on": [date(2026, 1, 1)]})
    again = review_cases(Findings(records, edges, NOBODY), found.held, masters, model, known, DAY)
    assert again["opened_on"].tolist() == [date(2026, 1, 1)], "a case stays as old as it is"


def test_near_pairs_and_shared_numbers_are_for_a_person_but_not_if_they_are_one_entity_anyhow(model: Model) -> None:
    records = _records({"a": "1", "b": None, "c": "1", "e": None})
    limit = model.rules.thresholds.link
    edges = _edges(model, ("a", "b", limit - 0.1), ("a", "e", limit), ("e", "b", limit - 0.2))
    found = group_records(Findings(records, edges, NOBODY), model)
    assert _groups(found) == ["ae", "b", "c"]
    masters = found.members["component"].astype(str).to_numpy(object)
    cases = review_cases(Findings(records, edges, NOBODY), found.held, masters, model, NO_CASES, DAY)
    told = sorted(cases[["kind", "record_key", "other_record_key"]].itertuples(index=False, name=None))
    assert told == [(NEAR, "a", "b"), ("shared id_valid", "a", "c")], "one case between two masters, the heaviest"


def test_a_case_keeps_its_name_when_another_record_gives_it_more_weight(model: Model) -> None:
    limit = model.rules.thresholds.link

    def case_of(*pairs: tuple[str, str, float]) -> str:
        findings = Findings(_records({"a": "1", "b": None, "c": None}), _edges(model, *pairs), NOBODY)
        found = group_records(findings, model)
        masters = found.members["component"].astype(str).to_numpy(object)
        (case,) = review_cases(findings, found.held, masters, model, NO_CASES, DAY)["case_id"]
        return str(case)

    one = case_of(("a", "c", 20.0), ("a", "b", limit - 0.2))
    assert case_of(("a", "c", 20.0), ("a", "b", limit - 0.2), ("c", "b", limit - 0.1)) == one


def test_no_cases(model: Model) -> None:
    findings = Findings(_records({"a": "1"}), _edges(model, ("a", "gone", 3.0)), NOBODY)
    found = group_records(findings, model)
    cases = review_cases(findings, found.held, found.members["component"].to_numpy(object), model, NO_CASES, DAY)
    assert cases.empty


def test_stewards_join_and_part_and_the_last_word_counts(model: Model) -> None:
    records = _records({"a": "1", "b": "2", "c": None, "e": None})
    edges = _edges(model, ("a", "c", 20.0), ("c", "e", 20.0))
    decisions = _decided(("a", "b", "different"), ("a", "b", "same"), ("c", "a", "different"), ("a", "gone", "same"))
    assert _groups(group_records(Findings(records, edges, decisions), model)) == ["ab", "ce"]


def test_who_joins_two_registrations_joins_all_records_of_both(model: Model) -> None:
    records = _records({"a": "1", "b": "1", "c": "1", "x": "2", "y": "2", "z": None})
    edges = _edges(model, ("a", "b", 20.0), ("a", "c", 19.0), ("x", "y", 20.0), ("y", "z", 9.0))
    joined = group_records(Findings(records, edges, _decided(("a", "x", "same"))), model)
    assert _groups(joined) == ["abcxyz"]
    assert joined.held == ()


def test_what_a_steward_parted_needs_no_second_look(model: Model) -> None:
    findings = Findings(_records({"a": "1", "b": "1"}), _edges(model, ("a", "b", 20.0)), _decided(("b", "a", "different")))
    found = group_records(findings, model)
    assert _groups(found) == ["a", "b"]
    masters = found.members["component"].astype(str).to_numpy(object)
    assert review_cases(findings, found.held, masters, model, NO_CASES, DAY).empty


def test_an_edge_is_explained_in_words_that_add_up(model: Model) -> None:
    (edge,) = _edges(model, ("a", "b", 7.5)).to_dict("records")
    told = explain_edge(edge, model)
    assert (told.prior_weight, told.words) == (-15.0, "same number +22.5")
    assert {finding.comparison: finding.finding for finding in told.evidence}["name"] == "name not known"


def test_events_say_why(model: Model) -> None:
    records = _records({"a": "1", "b": None, "c": None, "e": None})
    draw = id_drawer(b"k" * 32, "t")

    def night(edges: pd.DataFrame, crosswalk: pd.DataFrame, masters: pd.DataFrame, decisions: pd.DataFrame = NOBODY) -> Any:
        findings = Findings(records, edges, decisions)
        grouped = group_records(findings, model)
        found = identify(grouped.members, crosswalk, masters, DAY, draw)
        events = with_reasons(found, grouped.held, findings, edges.merge, model)
        return found, dict(zip(events["event"], events["reason"], strict=True))

    apart, _ = night(_edges(model, ("a", "b", 20.0), ("c", "e", 20.0)), NO_CROSSWALK, NO_MASTERS)
    joined, reasons = night(_edges(model, ("a", "b", 20.0), ("c", "e", 20.0), ("b", "c", 12.0)), apart.crosswalk, apart.masters)
    assert reasons["merged"] == "d|b and d|c are linked: weight 12.0 (two records picked at random -15.0, same number +27.0)"
    masters = apart.masters.set_index("master_id").drop(joined.events.query("event == 'merged'")["master_id"]).reset_index()
    crosswalk = joined.members[["dataset", "record_key", "master_id"]].assign(valid_from=DAY)
    _, reasons = night(_edges(model, ("a", "b", 20.0), ("c", "e", 20.0)), crosswalk, masters)
    assert reasons["split"].startswith("no link to the records that stay with t-")
    assert reasons["moved"] == reasons["split"], "what makes a new master moves its records"
    _, reasons = night(_edges(model, ("b", "c", 12.0), ("c", "e", 20.0)), apart.crosswalk, apart.masters)
    assert reasons["moved"] == "d|b and d|c are linked: weight 12.0 (two records picked at random -15.0, same number +27.0)"
    two = _edges(model, ("a", "b", 20.0), ("c", "e", 20.0))
    all_linked = _edges(model, ("a", "b", 20.0), ("c", "e", 20.0), ("b", "c", 12.0))
    _, reasons = night(two, apart.crosswalk, apart.masters, _decided(("b", "e", "same")))
    assert reasons["merged"] == "a steward decided that d|b and d|e are the same"
    _, reasons = night(all_linked, apart.crosswalk, apart.masters, _decided(("a", "b", "same"), ("c", "e", "same")))
    assert reasons["merged"].startswith("d|b and d|c are linked"), "what was decided joined no two masters"
    _, reasons = night(two, crosswalk, masters, _decided(("b", "c", "different")))
    assert reasons["split"].startswith("no link"), "they are not linked anyhow"
    _, reasons = night(all_linked, crosswalk, masters, _decided(("b", "c", "different")))
    assert reasons["split"].startswith("a steward decided that records of it and of t-")


def test_two_records_of_one_hash_are_named_and_not_mixed_up(model: Model) -> None:
    records = _records({"a": "1", "b": None, "c": "2"})
    records.loc[2, "record_hash"] = _hash("a")
    with pytest.raises(HashCollisionError, match=r"d\|a and d\|c have the same .* rename its role in the recordRoles"):
        group_records(Findings(records, _edges(model, ("a", "b", 20.0)), NOBODY), model)


def _cases_of(findings: Findings, found: Entities, model: Model) -> list[tuple[str, str, str]]:
    masters = found.members["component"].astype(str).to_numpy(object)
    cases = review_cases(findings, found.held, masters, model, NO_CASES, DAY)
    return sorted(cases[["kind", "record_key", "other_record_key"]].itertuples(index=False, name=None))


def test_a_masked_number_joins_the_only_person_in_question(model: Model) -> None:
    records = _records({"a": "1", "b": None, "m": "4*2"})
    findings = Findings(records, _edges(model, ("a", "b", 20.0), ("a", "m", 9.0), ("b", "m", 1.0)), NOBODY)
    found = group_records(findings, model)
    assert _groups(found) == ["abm"]
    assert _cases_of(findings, found, model) == []


def test_a_masked_number_that_fits_two_persons_joins_neither_and_both_are_for_review(model: Model) -> None:
    records = _records({"a": "1", "b": "2", "m": "4*2"})
    both = Findings(records, _edges(model, ("a", "m", 12.0), ("b", "m", 9.0)), NOBODY)
    found = group_records(both, model)
    assert _groups(found) == ["a", "b", "m"]
    assert _cases_of(both, found, model) == [("masked number", "a", "m"), ("masked number", "b", "m")]
    near = Findings(records, _edges(model, ("a", "m", 12.0), ("b", "m", 1.0)), NOBODY)
    found = group_records(near, model)
    assert _groups(found) == ["a", "b", "m"], "one that weighs less comes into question all the same"
    assert _cases_of(near, found, model) == [("masked number", "a", "m"), (NEAR, "b", "m")]


def test_a_masked_number_never_joins_two_persons_and_a_steward_decides(model: Model) -> None:
    records = _records({"a": "1", "b": None, "m": "4*2", "n": "4*2"})
    edges = _edges(model, ("a", "m", 12.0), ("b", "m", 12.0), ("a", "n", 12.0))
    assert _groups(group_records(Findings(records, edges, NOBODY), model)) == ["an", "b", "m"]
    for decision, groups in (("different", ["an", "bm"]), ("same", ["amn", "b"])):
        decided = Findings(records, edges, _decided(("a", "m", decision)))
        assert _groups(group_records(decided, model)) == groups


def test_of_two_masked_records_that_a_steward_parted_neither_joins_the_one_person_that_both_fit(model: Model) -> None:
    records = _records({"a": "1", "m": "4*2", "n": "4*2"})
    edges = _edges(model, ("a", "m", 12.0), ("a", "n", 12.0))
    parted = Findings(records, edges, _decided(("m", "n", "different")))
    found = group_records(parted, model)
    assert _groups(found) == ["a", "m", "n"]
    assert _cases_of(parted, found, model) == [("masked number", "a", "m"), ("masked number", "a", "n")]
    decided = Findings(records, edges, _decided(("m", "n", "different"), ("a", "m", "same")))
    assert _groups(group_records(decided, model)) == ["am", "n"]


def test_a_masked_number_without_a_link_is_only_near(model: Model) -> None:
    findings = Findings(_records({"a": "1", "m": "4*2"}), _edges(model, ("a", "m", 1.0)), NOBODY)
    found = group_records(findings, model)
    assert _groups(found) == ["a", "m"]
    assert _cases_of(findings, found, model) == [(NEAR, "a", "m")]
