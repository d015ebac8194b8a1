"""Who employs people: made-up firms with valid codes, always the same for a person and the number of the job."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from jobs.samples.registers.named import NOBODY
from jobs.samples.streams import Numbers, Texts, texts

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
TRADES = ("机械制造", "食品", "建筑工程", "物流", "信息技术", "纺织", "商贸", "医药", "物业服务", "餐饮管理")
TRADE_NAMES = ("鲁兴", "泉盛", "齐鲁宏达", "金泰", "海岳", "明湖", "历山", "东方华信", "盛源", "恒通", "嘉禾", "百川")


@dataclass(frozen=True)
class Employers:
    """One employer a row: its place among legal entities (NOBODY: made up), USCC, organisation code and name."""

    entity: Numbers
    uscc: Texts
    organisation_code: Texts
    name: Texts


def employer_of(who: Numbers, jobs: Numbers) -> Employers:
    """The employer of each person in the job of this number; the next number is another employer."""
    codes, names = _made_up_firms()
    place = (who * 7919 + who // len(codes) + jobs) % len(codes)
    return Employers(np.full(len(who), NOBODY), _uscc(codes[place]), codes[place], names[place])


@cache
def _made_up_firms() -> tuple[Texts, Texts]:
    """Organisation codes and names."""
    names = [f"{name}{trade}有限公司" for name in TRADE_NAMES for trade in TRADES]
    bodies = [f"MA{number:06d}" for number in range(len(names))]
    return texts([body + _organisation_check(body) for body in bodies]), texts(names)


def _organisation_check(body: str) -> str:
    """The ninth character of an organisation code (GB 11714)."""
    total = sum(int(character, 36) * weight for character, weight in zip(body, ORGANISATION_WEIGHTS, strict=True))
    return "0X987654321"[total % 11]


@cache
def _uscc_of(organisation_code: str) -> str:
    """The USCC of an enterprise (91) in the region 370100: the organisation code follows, then the check (GB 32100)."""
    body = f"91370100{organisation_code}"
    total = sum(USCC_ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(body))
    return body + USCC_ALPHABET[-total % 31]


def _uscc(organisation_codes: Texts) -> Texts:
    return texts([_uscc_of(code) for code in organisation_codes])
