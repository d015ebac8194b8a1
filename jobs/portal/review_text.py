"""A case in words, for a person at a terminal."""

from __future__ import annotations

from typing import Any

from jobs.portal.explanation_text import link_lines
from jobs.portal.record_text import RELATIVE, record_lines, shown_field

_OPPOSITE = {"left": "right", "right": "left"}


def render_case(shown_case: dict[str, Any]) -> str:
    """Both sides of a case, as `jobs.portal.review.show_case` gives them, field by field."""
    case = shown_case["case"]
    lines = [f"{case['case_id']} of {case['master']}: {case['kind']}, open since {case['opened_on']}", f"  {case['detail']}"]
    if case["decision"]:
        lines.append(f"  decided already: {case['decision']}; the next night takes it")
    return "\n".join([*lines, "", *_sides(shown_case), "", *_fields(shown_case), "", *_weights(shown_case), "", *_hints(case)])


def _sides(shown_case: dict[str, Any]) -> list[str]:
    """The record of either side, and what else its master holds."""
    case = shown_case["case"]
    sides = {
        "left": (case["dataset"], case["record_key"], case["master_id"]),
        "right": (case["other_dataset"], case["other_record_key"], case["other_id"]),
    }
    lines = []
    for side, (dataset, key, master_id) in sides.items():
        lines.append(f"{side:5}  {dataset}|{key} of {master_id}{', which also holds' if shown_case[side] else ''}")
        for record in shown_case[side]:
            lines.append(f"         {record['dataset']}|{record['record_key']}")
            lines += record_lines(record, indent=13, other_side=_said_by(shown_case, _OPPOSITE[side]))
    return lines


def _said_by(shown_case: dict[str, Any], side: str) -> set[str]:
    """Texts that the records of a side's master say of their own entity, its number among them."""
    records = [{field["field"]: field[side] for field in shown_case["fields"]}, *shown_case[side]]
    said = [(name, value) for record in records for name, value in record.items()]
    return {value for name, value in said if isinstance(value, str) and not name.startswith(RELATIVE)}


def _fields(shown_case: dict[str, Any]) -> list[str]:
    """The two records of the case, field by field."""
    rows = [_row(field, _said_by(shown_case, "left"), _said_by(shown_case, "right")) for field in shown_case["fields"]]
    rows.insert(0, ("", "left", "right", ""))
    widths = [max(display_width(row[column]) for row in rows) for column in range(3)]
    return [
        ("  ".join([f"{mark:1}", *(padded(text, width) for text, width in zip(row, widths, strict=True))])).rstrip()
        for *row, mark in rows
    ] + [_LEGEND, *_numbers_say(shown_case["by_number"])]


def _row(field: dict[str, Any], of_left: set[str], of_right: set[str]) -> tuple[str, str, str, str]:
    name = field["field"]
    return name, shown_field(name, field["left"], of_right), shown_field(name, field["right"], of_left), _mark(field)


def _mark(field: dict[str, Any]) -> str:
    """What stands before a field; nothing where only one side says anything."""
    if field["agree"] is None:
        return ""
    return "=" if field["agree"] else "≈" if field["shared"] else "≠"


_LEGEND = "= the same   ≈ two lists that share a value   ≠ different   (no mark: one side says nothing, or it does not matter)"


def _numbers_say(by_number: dict[str, list[str]]) -> list[str]:
    """Of which side the number was asked because the record itself does not say."""
    return [
        f"The {side} record has no {' and no '.join(words)}: what its valid number says is compared."
        for side, words in by_number.items()
        if words
    ]


def _weights(shown_case: dict[str, Any]) -> list[str]:
    limits = shown_case["thresholds"]
    told = f"A pair is linked at {limits['link']:.1f} and looked at from {limits['review']:.1f}."
    if shown_case["link"] is None:
        return [f"The two were not compared, or weigh less than {limits['review']:.1f}: they share no block, or disagree too much."]
    return ["Match weights in bits; each bit doubles the odds:", *link_lines(shown_case["link"]), told]


def _hints(case: dict[str, Any]) -> list[str]:
    return [
        f"All of the left: govlake explain {case['master']} {case['master_id']}",
        f"All of the right: govlake explain {case['master']} {case['other_id']}",
        f"To decide: govlake review decide {case['case_id']} same|different --by NAME --why TEXT",
    ]


def display_width(text: str) -> int:
    """Columns that a text takes on a terminal, where a Chinese character takes two."""
    from rich.cells import cell_len

    return cell_len(text)


def padded(text: str, width: int) -> str:
    """The text, filled with blanks to ``width`` columns of a terminal."""
    return text + " " * (width - display_width(text))
