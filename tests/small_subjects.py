"""Credit records and relations of the persons of `tests.small_register`, as the derived gold tables have them."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.small_register import DAY, HOUSEHOLD, LI, WANG

LISTED: dict[str, Any] = {
    "dataset": "court/dishonest_debtor",
    "record_key": "C1#counterparty",
    "subject_master": "population",
    "master_id": LI,
    "match_code": "linked",
    "match_weight": 14.0,
    "matched_with": f"{HOUSEHOLD}|1",
    "match_evidence": "name 13.5, number 13.8",
    "kind_code": "dishonest_debtor",
    "record_number": "(2025)鲁0117执1号",
    "summary": "<腾退房屋>",
    "listed_on": date(2025, 10, 26),
    "status_code": "current",
}
ENDED = {
    "record_number": "XF1",
    "kind_code": "penalty",
    "status_code": "repaired",
    "ends_on": DAY,
    "repaired_by": "X1",
    "match_weight": None,
}


def relation(one: str, other: str, kind: str, source: str, **more: Any) -> dict[str, Any]:
    """An edge by its ends, kind and source."""
    masters = {"from_master": "population", "to_master": "legal_entity" if other.startswith("ent") else "population"}
    told = {"from_id": one, "to_id": other, "kind_code": kind, "source": source, "evidence": f"{source}|1"}
    return told | masters | {"is_conflicting": False, "conflicting_ids": []} | more


RELATIONS = [
    relation(LI, WANG, "spouse", "civil_affairs/marriage_register", since_date=date(2010, 5, 1)),
    relation(LI, WANG, "spouse", HOUSEHOLD),
    relation(WANG, "ent-1", "representative", "market_regulation/enterprise", is_conflicting=True, conflicting_ids=["pop-X"]),
    relation("pop-X", "ent-1", "shareholder", "market_regulation/shareholder", until_date=DAY),
]
