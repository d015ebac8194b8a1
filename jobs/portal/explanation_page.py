"""An explanation as one HTML page that stands alone: no script, nothing fetched, and no more of a person than the words say."""

from __future__ import annotations

from html import escape
from typing import Any

from jobs.portal.explanation_text import STRONGEST, asked_words, counted, losers, timeline
from jobs.portal.page import page, section, table
from jobs.portal.record_text import own_values, relatives_of, shown
from jobs.portal.waterfall import Scale, scale_of, signed, waterfall


def render_page(explanation: dict[str, Any]) -> str:
    """The page of the explanation that `explain_master` gives."""
    title = f"{explanation['master_id']} of {explanation['master']}"
    sections = [
        _head(title, explanation),
        *_cases(explanation["cases"]),
        section("Records", _records(explanation["records"])),
        section("Golden values", _golden(explanation["golden"])),
        section("What became of the ID", _history(explanation)),
        section("What holds them together", _links(explanation)),
    ]
    return page(title, sections)


def _head(title: str, explanation: dict[str, Any]) -> str:
    asked = "".join(f"<p>{escape(words)}</p>" for words in asked_words(explanation))
    status = f"{explanation['status']}, as release {explanation['release_id']} knows it"
    return f'<header>\n<h1>{escape(title)}</h1>\n<p class="note">{escape(status)}</p>\n{asked}</header>'


def _cases(cases: list[dict[str, Any]]) -> list[str]:
    """The section of open cases, if there are any."""
    rows = [
        (
            f'<span class="key id">{case["case_id"]}</span>',
            escape(case["kind"]),
            f'<span class="key id">{case["other_id"]}</span>',
            f'{escape(case["detail"])}<small class="source">since <time>{case["opened_on"]}</time></small>',
        )
        for case in cases
    ]
    return [section("Open cases", table(("Case", "Kind", "Other master", "Why"), rows))] if rows else []


def _records(records: list[dict[str, Any]]) -> str:
    sources = {record["dataset"] for record in records}
    told = f"<p>It is made of {counted(len(records), 'record')} of {counted(len(sources), 'dataset')}.</p>"
    rows = [
        (
            f'{escape(record["dataset"])}<small class="key">{escape(record["record_key"])}</small>',
            _said(record),
            f'<time class="source">{record["held_since"]}</time>',
        )
        for record in records
    ]
    return told + table(("Record", "What it says", "Held since"), rows)


def _said(record: dict[str, Any]) -> str:
    relatives = relatives_of(record)
    told = f'<small class="relatives">relatives: {_pairs(relatives)}</small>' if relatives else ""
    return _pairs(own_values(record)) + told


def _pairs(pairs: list[tuple[str, str]]) -> str:
    """Names, muted, and values one after the other."""
    return "; ".join(f'<span class="source">{escape(name)}=</span>{escape(value)}' for name, value in pairs)


def _links(explanation: dict[str, Any]) -> str:
    links = explanation["links"]
    if not links:
        return "<p>No other record was found to be the same, so nothing had to hold it together.</p>"
    scale = scale_of(links, explanation["thresholds"])
    figures = [_figure(link, explanation["thresholds"], scale) for link in links]
    told = '<p class="note">Match weights in bits: each bit doubles the odds that two records are of one entity.</p>'
    return told + "\n".join(figures[:STRONGEST]) + _folded(figures[STRONGEST:])


def _folded(figures: list[str]) -> str:
    if not figures:
        return ""
    return f"<details>\n<summary>{counted(len(figures), 'weaker pair')}</summary>\n{''.join(figures)}\n</details>"


def _figure(link: dict[str, Any], thresholds: dict[str, float], scale: Scale) -> str:
    pair = f'<span class="key">{escape(link["left"])}</span> and <span class="key">{escape(link["right"])}</span>'
    caption = f"<figcaption><b>{signed(link['match_weight'])}</b> {pair}</figcaption>"
    picture = f'<div class="scroll">{waterfall(link, thresholds, scale)}</div>'
    return f"<figure>\n{caption}\n{picture}\n</figure>"


def _golden(golden: list[dict[str, Any]]) -> str:
    rows = [
        (
            f'{escape(value["title"])}<small class="key">{escape(value["column"])}</small>',
            escape(shown(value["value"])),
            f'{escape(value["source"])}<small class="source">{escape(value["reason"])}</small>',
            "".join(f'{escape(lost)}<small class="source">{escape(why)}</small>' for lost, why in losers(value["alternatives"])),
        )
        for value in golden
        if value["source"] is not None
    ]
    empty = [value["column"] for value in golden if value["source"] is None]
    told = f'<p class="note">No record says: {escape(", ".join(empty))}</p>' if empty else ""
    return table(("Column", "Value", "From, and why", "Not"), rows, value_column=1) + told


def _history(explanation: dict[str, Any]) -> str:
    lines = [f"<li><time>{day}</time><span>{escape(sentence)}</span></li>" for day, sentence in timeline(explanation)]
    return f'<ol class="timeline">\n{"".join(lines)}\n</ol>'
