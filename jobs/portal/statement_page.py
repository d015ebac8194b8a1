"""A credit statement as one HTML page to print: what stands, what is over, what was asked for; each with how sure the match is."""

from __future__ import annotations

from html import escape
from typing import Any

from jobs.portal.page import page, section, table

TITLES = ("信用记录 Record", "内容 What was decided", "公示 Listed", "状态 Status", "认定依据 Match")


def render_statement(statement: dict[str, Any]) -> str:
    """The page of the statement that `credit_statement` gives."""
    title = f"信用报告 {statement['name'] or statement['master_id']}"
    parts = [
        _head(title, statement),
        section("在公示的信用记录 Current listings", _records(statement["current"], "无 None.")),
        section("已结束的信用记录 Ended listings", _records(statement["ended"], "无 None.")),
        section("信用修复申请 Applications for repair", _records(statement["noted"], "无 None.")),
        '<footer><p class="note">认定依据以比特计：每一比特使两条记录属于同一主体的可能性加倍。 '
        "Match weights in bits: each bit doubles the odds that two records are of one subject.</p></footer>",
    ]
    return page(title, parts, language="zh-CN")


def _head(title: str, statement: dict[str, Any]) -> str:
    asked, found = statement["asked_id"], statement["master_id"]
    merged = f"<p>{escape(asked)} 已并入 was merged into {escape(found)}.</p>" if asked != found else ""
    number = f"<p>证件号码 Number: {escape(statement['number'])}</p>" if statement["number"] else ""
    told = f"{found} · {statement['business_date']} · 发布版本 release {statement['release_id']}"
    return f'<header>\n<h1>{escape(title)}</h1>\n<p class="note">{escape(told)}</p>\n{number}{merged}</header>'


def _records(records: list[dict[str, Any]], none: str) -> str:
    return table(TITLES, [_row(record) for record in records], value_column=3) if records else f"<p>{none}</p>"


def _row(record: dict[str, Any]) -> tuple[str, ...]:
    repaired = f'<small class="source">修复 {escape(record["repaired_by"])}</small>' if record["repaired_by"] else ""
    decided = f'<small class="source">决定 <time>{record["decided_on"]}</time></small>' if record["decided_on"] else ""
    until = f" – <time>{record['ends_on']}</time>" if record["ends_on"] else ""
    return (
        f'{escape(record["kind"])}<small class="key">{escape(record["record_number"])}</small>',
        f'{escape(record["summary"] or "")}<small class="source">{escape(record["authority_name"] or "")}</small>',
        f"<time>{record['listed_on']}</time>{until}{decided}",
        f"{escape(record['status'])}{repaired}",
        f'<span class="source">{escape(record["match"])}</span>',
    )
