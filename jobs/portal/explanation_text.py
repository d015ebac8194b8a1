"""An explanation in words."""

from __future__ import annotations

from datetime import date
from typing import Any

from jobs.portal.asked import names_record
from jobs.portal.record_text import record_lines, shown

_WIDTH = 24

STRONGEST = 12
"""So many pairs are told at once, the strongest; the others are folded away."""


def render_explanation(explanation: dict[str, Any], *, all_pairs: bool = False) -> str:
    """The explanation that `explain_master` gives, as a text for a person; of many pairs the strongest unless ``all_pairs``."""
    parts = [part(explanation) for part in (_head, _cases, _records, _golden, _history)]
    return "\n\n".join("\n".join(lines) for lines in [*parts, _links(explanation, all_pairs=all_pairs)] if lines)


def _head(explanation: dict[str, Any]) -> list[str]:
    known = f"as release {explanation['release_id']} knows it: {explanation['status']}"
    return [*asked_words(explanation), f"{explanation['master_id']} of {explanation['master']}, {known}."]


def asked_words(explanation: dict[str, Any]) -> list[str]:
    """How the ID that was asked for leads to the one that is explained; nothing if it is the same."""
    asked, found = explanation["asked_id"], explanation["master_id"]
    if asked == found:
        return []
    return [f"{asked} is a record of {found}." if names_record(asked) else f"{asked} was merged into {found}."]


def _cases(explanation: dict[str, Any]) -> list[str]:
    cases = [f"  {case['case_id']}  {_case(case)}" for case in explanation["cases"]]
    return ["Open cases (govlake review show CASE):", *cases] if cases else []


def _case(case: dict[str, Any]) -> str:
    return f"{case['kind']}, with {case['other_id']}, since {case['opened_on']}: {case['detail']}"


def _records(explanation: dict[str, Any]) -> list[str]:
    records = explanation["records"]
    sources = sorted({record["dataset"] for record in records})
    lines = [f"It is made of {counted(len(records), 'record')} of {counted(len(sources), 'dataset')}:"]
    for record in records:
        lines.append(f"  {record['dataset']}|{record['record_key']}, held since {record['held_since']}")
        lines += record_lines(record, indent=6)
    return lines


def _links(explanation: dict[str, Any], *, all_pairs: bool) -> list[str]:
    links = explanation["links"]
    told = links if all_pairs else links[:STRONGEST]
    if not links:
        return ["No other record was found to be the same, so nothing had to hold it together."]
    lines = ["What holds them together (match weights in bits; each bit doubles the odds):"]
    for link in told:
        lines += link_lines(link)
    folded = len(links) - len(told)
    return lines + ([f"  {counted(folded, 'weaker pair')}: add --all"] if folded else [])


def link_lines(link: dict[str, Any]) -> list[str]:
    """A scored pair: its weight, and what it is made of, a line each."""
    return [
        f"  {link['match_weight']:+5.1f}  {link['left']} = {link['right']}",
        f"      {link['prior']:+6.1f}  two records picked at random",
        *(f"      {c['weight']:+6.1f}  {c['comparison']}: {c['level']}" for c in link["comparisons"]),
    ]


def _golden(explanation: dict[str, Any]) -> list[str]:
    lines = ["Its golden values, and why each was chosen:"]
    for value in explanation["golden"]:
        if value["source"] is None:
            continue
        lines.append(f"  {value['column']:<{_WIDTH}} {shown(value['value'])}  from {value['source']} ({value['reason']})")
        lines += [f"  {'':<{_WIDTH}}   not {lost} of {why}" for lost, why in losers(value["alternatives"])]
    empty = [value["column"] for value in explanation["golden"] if value["source"] is None]
    return lines + ([f"  no record says: {', '.join(empty)}"] if empty else [])


def losers(alternatives: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Every value that was not chosen, once: ``sources: lost to a reason``, for each reason that it lost to."""
    values: dict[str, dict[str, list[str]]] = {}
    for other in alternatives:
        sources = values.setdefault(shown(other["value"]), {}).setdefault(other["lost_to"], [])
        if other["source"] not in sources:
            sources.append(other["source"])
    return [
        (value, "; ".join(f"{', '.join(sources)}: lost to {reason}" for reason, sources in reasons.items()))
        for value, reasons in values.items()
    ]


def _history(explanation: dict[str, Any]) -> list[str]:
    return ["What became of the ID:", *(f"  {day}  {sentence}" for day, sentence in timeline(explanation))]


def timeline(explanation: dict[str, Any]) -> list[tuple[date, str]]:
    """What happened to the ID, and what stewards decided about its records: day and sentence, oldest first.

    Of one day the decisions come first, for that night's events obey them.
    """
    told = [(decision["decided_on"], _decision(decision)) for decision in explanation["decisions"]]
    told += [(event["business_date"], _event(event)) for event in explanation["history"]]
    return sorted(told, key=lambda one: one[0])


def _decision(decision: dict[str, Any]) -> str:
    sentence = f"{decision['decided_by']} decided: {decision['left']} and {decision['right']} are {decision['verdict']}"
    waiting = "" if decision["is_counted"] else "; the next night takes it"
    return f"{sentence} ({decision['reason']}{waiting})"


def _event(event: dict[str, Any]) -> str:
    told = {
        "created": "{master_id} was created for {dataset}|{record_key}",
        "split": "{master_id} was split from {other_id}, founded on {dataset}|{record_key}",
        "merged": "{master_id} was merged into {other_id}",
        "moved": "{dataset}|{record_key} moved from {other_id} to {master_id}",
        "retired": "{master_id} was retired: no record is left",
    }
    sentence = told.get(event["event"], "{event}: {master_id} {other_id}").format(**event)
    return f"{sentence} ({event['reason']})" if event["reason"] else sentence


def counted(number: int, what: str) -> str:
    """A number of things, in the singular or plural."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
