"""The frame of an HTML page that stands alone: no script, nothing fetched, one style for screen and print."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

STYLE = Path(__file__).with_name("explanation.css")


def page(title: str, parts: Sequence[str], language: str = "en") -> str:
    """A whole page; ``parts`` are HTML already."""
    style = STYLE.read_text(encoding="utf-8")
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n" + "\n".join(parts) + "\n</body>\n</html>\n"
    )


def section(title: str, content: str) -> str:
    """A part of a page under its heading; both are HTML already."""
    return f"<section>\n<h2>{title}</h2>\n{content}\n</section>"


def table(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]], value_column: int | None = None) -> str:
    """A table of cells that are HTML already."""
    head = "".join(f"<th>{title}</th>" for title in titles)
    body = "\n".join(f"<tr>{''.join(_cell(cell, is_value=at == value_column) for at, cell in enumerate(row))}</tr>" for row in rows)
    return f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>'


def _cell(content: str, *, is_value: bool) -> str:
    return f'<td class="value">{content}</td>' if is_value else f"<td>{content}</td>"
