"""A small market for linkage tests: records of firms as registers have them, with errors.

Not the synthetic country (jobs/samples): no files, no lives, only records with the attributes of the model of legal entities.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from jobs.samples.entity_numbers import old_organisation_codes, registration_numbers, unified_codes
from jobs.samples.streams import texts

REGISTER, TAX, ACCOUNTS = "market_regulation/enterprise", "taxation/taxpayer", "utilities/account"
FIRST, LAST = "鑫恒盛瑞泰华金中天永德宏嘉诚信联东润海正", "达源丰隆和通祥兴利顺昌宇星晟腾辉捷泽邦城"
TRADES = ("商贸", "建材", "机械制造", "食品", "物流", "装饰工程", "信息技术", "餐饮管理", "物业管理", "广告传媒")
COUNTIES = ("历下区", "市中区", "天桥区", "槐荫区")


def market_records(seed: int, size: int) -> list[dict[str, Any]]:
    """Three records for each of ``size`` firms: the register's, the tax office's and a utility account's."""
    draw = random.Random(seed)  # noqa: S311 - repeatable noise, no secret
    serials = np.arange(1, size + 1)
    regions = texts(["370102"] * size)
    organisations = old_organisation_codes(serials, seed)
    unified = unified_codes(texts(["91"] * size), regions, organisations).tolist()
    registrations = registration_numbers(regions, np.full(size, 2), serials).tolist()
    return [record for n in range(size) for record in _firm(draw, n, unified[n], registrations[n])]


def _firm(draw: random.Random, number: int, unified: str, registration: str) -> list[dict[str, Any]]:
    rest = draw.choice(FIRST) + draw.choice(LAST) + draw.choice(["", *LAST[:6]]) + draw.choice(TRADES)
    name = f"济南{draw.choice(['', '市' + draw.choice(COUNTIES)])}{rest}有限公司"
    phone, county = f"139{number:08d}", draw.choice(COUNTIES)
    address = f"济南市{county}{draw.choice('东西南北')}{draw.choice(['环', '关', '园'])}路{draw.randrange(1, 400)}号"
    number_of = {"representative_citizen_id": f"3701021975{number:08d}", "representative_citizen_id_class": "valid"}
    representative = {"representative_name": draw.choice("王李张刘陈杨") + draw.choice(FIRST) + draw.choice(LAST)} | number_of
    valid = {"unified_code": unified, "unified_code_class": "valid"}
    old = {"registration_number": registration, "registration_number_class": "valid"} if draw.random() < 0.4 else {}
    by_tax = {"tax_number": unified, "tax_number_class": "valid"} | valid
    if draw.random() < 0.2:
        by_tax = {"tax_number": unified[2:17], "tax_number_class": "old_15"}
    other = draw.choice(
        [name, name, name.replace("有限公司", "有限责任公司"), f"{rest}有限公司", f"{rest[:2]}新{rest[2:]}有限公司"]
    )
    place = {"phone": phone, "address": address}
    rows = [(REGISTER, {"entity_name": name, "address": address} | valid | old | representative)]
    rows.append((TAX, {"entity_name": other} | by_tax | place))
    rows.append((ACCOUNTS, {"entity_name": draw.choice([name, other])} | place))
    return [{"dataset": dataset, "record_key": f"{number:06d}"} | row for dataset, row in rows]
