"""Five nights in which a firm is penalised, renamed, led by another and repaired: every table tells it, older releases keep theirs.

Night 0: the registers as they are. Night 1: two penalties, one under a mistyped number and a name that no register has yet.
Night 2: the firm is renamed to it. Night 3: another person represents it, and the police correct the number of the one who did.
Night 4: one penalty is repaired, the other withdrawn.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from jobs.io.release_reader import query_release
from jobs.io.run_context import RunContext
from jobs.io.state import releases
from jobs.night import run_night
from jobs.samples.entity_numbers import old_organisation_codes, unified_codes
from jobs.samples.streams import texts
from jobs.settings import Settings, load_settings
from schemas.catalog import Catalog
from schemas.names import release_id
from tests.landing_area import FIRST_DAY, HOUSEHOLDS, LandingArea, Row, household, later
from tests.linkage_people import citizen_id
from tests.night.lakes import narrowed

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

ENTERPRISES, CHANGES = "market_regulation/enterprise", "market_regulation/enterprise_change"
PENALTIES, REPAIRS = "credit/administrative_penalty", "credit/repair"
GROUPS = {"population", "legal_entity", "credit", "relation"}

FIRM, OTHER_FIRM = unified_codes(texts(["91"] * 2), texts(["370102"] * 2), old_organisation_codes(np.array([1, 2]), 7)).tolist()
(OFFICE,) = unified_codes(texts(["11"]), texts(["370102"]), old_organisation_codes(np.array([3]), 7)).tolist()
MISTYPED_FIRM = FIRM[:11] + str((int(FIRM[11]) + 3) % 10) + FIRM[12:]
OLD_NAME, NEW_NAME = "济南云科软件有限公司", "济南世纪宏远网络科技有限公司"
LI, WANG = ("李明", citizen_id("370102", date(1980, 2, 29), 101)), ("王芳", citizen_id("370102", date(1985, 12, 31), 202))
MISTYPED_LI = LI[1][:15] + str((int(LI[1][15]) + 3) % 10) + LI[1][16:]
REPAIRED, WITHDRAWN = "鲁济市监罚〔2026〕1号", "鲁济市监罚〔2026〕2号"


def _resident(number: int, name: str, identity: str, sex: str) -> Row:
    return household(number, XM=name, GMSFHM=identity, CSRQ=identity[6:14], XB=sex, HKQH="370102", HH=f"H{number}", YHZGX="02")


def _firm(code: str, name: str, representative: tuple[str, str]) -> Row:
    person, number = representative
    row = {"tyshxydm": code, "qymc": name, "fddbr": person, "fddbr_zjhm": number, "zczb": "100", "bz": "156", "qylx": "11"}
    return row | {"dz": f"济南市历下区解放路{code[9:11]}号", "djjg": "济南市市场监督管理局", "clrq": "2015-06-01", "zt": "1"}


def _change(number: int, item: str, before: str, after: str, day: date) -> Row:
    return {"bgbh": f"BG{number}", "tyshxydm": FIRM, "bgsx": item, "bgq": before, "bgh": after, "hzrq": day.isoformat()}


def _penalty(number: str, code: str, name: str) -> Row:
    return {
        "CF_WSH": number,
        "CF_CFJGDM": OFFICE,
        "CF_XDR_MC": name,
        "CF_XDR_LB": "2",
        "CF_XDR_SHXYM": code,
        "CF_CFLB": "03",
        "CF_NR_FK": "1.5",
        "CF_JDRQ": FIRST_DAY.isoformat(),
        "CF_CFJG": "济南市市场监督管理局",
    }


def _repair(day: date) -> Row:
    firm = {"mc": NEW_NAME, "tyshxydm": FIRM, "zjhm": None}
    record = {"ly": "行政处罚", "wsh": REPAIRED}
    return {"sqbh": "X1", "xfjl": record, "xdr": firm, "slrq": later(2).isoformat(), "jdrq": day.isoformat(), "jg": "1"}


def _deliver(landing: LandingArea) -> None:
    """What each of the five days brings."""
    people = [("赵云", 303), ("孙丽", 404), ("周涛", 505), ("吴敏", 606)]
    others = [(name, citizen_id("370102", date(1970 + order % 20, 5, 6), order)) for name, order in people]
    residents = [_resident(n, name, number, "12"[int(number[16]) % 2 == 0]) for n, (name, number) in enumerate([WANG, *others], 2)]
    li = _resident(1, LI[0], MISTYPED_LI, "1")
    landing.deliver(HOUSEHOLDS, rows=[li, *residents])
    landing.deliver(ENTERPRISES, rows=[_firm(FIRM, OLD_NAME, LI), _firm(OTHER_FIRM, "济南恒泰建材有限公司", others[0])])

    withdrawn = _penalty(WITHDRAWN, MISTYPED_FIRM, NEW_NAME)
    landing.deliver(PENALTIES, later(1), rows=[_penalty(REPAIRED, FIRM, OLD_NAME), withdrawn], mode="delta")

    landing.deliver(ENTERPRISES, later(2), rows=[_firm(FIRM, NEW_NAME, LI)], mode="delta", previous=FIRST_DAY)
    landing.deliver(CHANGES, later(2), rows=[_change(1, "1", OLD_NAME, NEW_NAME, later(2))], mode="delta")

    landing.deliver(ENTERPRISES, later(3), rows=[_firm(FIRM, NEW_NAME, WANG)], mode="delta", previous=later(2))
    landing.deliver(CHANGES, later(3), rows=[_change(2, "3", LI[0], WANG[0], later(3))], mode="delta", previous=later(2))
    corrected = li | {"GMSFHM": LI[1], "GXSJ": f"{later(3):%Y%m%d}120000"}
    landing.deliver(HOUSEHOLDS, later(3), rows=[corrected], mode="delta", previous=FIRST_DAY)

    landing.deliver(REPAIRS, later(4), rows=[_repair(later(4))], mode="delta")
    landing.deliver(PENALTIES, later(4), rows=[withdrawn | {"op": "D"}], mode="delta", previous=later(1))


class Town:
    """The lake after five nights; every question is asked of the release of one of them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def ask(self, night: int, sql: str) -> list[tuple[Any, ...]]:
        answer = query_release(self.settings, sql, release_id(later(night), 1))
        return [tuple(row.values()) for row in answer.to_pylist()]

    def person(self, night: int, name: str) -> str:
        [(master,)] = self.ask(night, f"select master_id from gold.population__person where full_name = '{name}'")
        return str(master)

    def firm(self, night: int) -> str:
        [(master,)] = self.ask(night, f"select master_id from gold.legal_entity__entity where unified_code = '{FIRM}'")
        return str(master)

    def penalty(self, night: int, number: str) -> tuple[Any, ...]:
        wanted = "master_id, match_code, status_code, ends_on"
        [found] = self.ask(night, f"select {wanted} from gold.credit__record where record_number = '{number}'")
        return found


@pytest.fixture(scope="module")
def town(spark: SparkSession, catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Town:
    home = tmp_path_factory.mktemp("town")
    settings = load_settings(home=str(home / "lake"), landing=home / "landing", keys=home / "keys")
    ours = narrowed(catalog, {HOUSEHOLDS, ENTERPRISES, CHANGES, PENALTIES, REPAIRS}, GROUPS)
    _deliver(LandingArea(RunContext(settings, ours, FIRST_DAY, f"night/{FIRST_DAY}/1"), ours))
    for night in range(5):
        assert run_night(settings, ours, later(night), lambda _: None).exit_code == 0
    assert len(releases(settings.root)) == 5
    return Town(settings)


def test_the_renamed_firm_keeps_its_id_and_both_its_names(town: Town) -> None:
    assert len({town.firm(night) for night in range(5)}) == 1
    wanted = f"select entity_name, former_name from gold.legal_entity__entity where unified_code = '{FIRM}'"
    assert [town.ask(night, wanted) for night in (1, 2)] == [[(OLD_NAME, None)], [(NEW_NAME, OLD_NAME)]]


def test_what_was_alone_under_the_new_name_is_merged_into_the_firm_by_the_renaming(town: Town) -> None:
    alone, firm = town.penalty(1, WITHDRAWN)[0], town.firm(1)
    assert town.penalty(1, WITHDRAWN)[1:] == ("alone", "current", None)
    assert alone != firm
    assert town.penalty(2, WITHDRAWN) == (firm, "linked", "current", None)
    events = "select event, master_id, other_id, business_date from linked.legal_entity__events where event = 'merged'"
    assert town.ask(1, events) == []
    assert town.ask(4, events) == [("merged", alone, firm, later(2))]
    tombstone = f"select status, merged_into, ended_on from linked.legal_entity__master where master_id = '{alone}'"
    assert town.ask(4, tombstone) == [("merged", firm, later(2))]


def test_the_history_of_the_firm_is_told_in_order(town: Town) -> None:
    told = "select event_code, item_code, value_before, value_after, event_date from gold.legal_entity__entity_history"
    events = town.ask(4, f"{told} where master_id = '{town.firm(4)}' order by event_number")
    assert events == [
        ("founded", None, None, None, date(2015, 6, 1)),
        ("changed", "1", OLD_NAME, NEW_NAME, later(2)),
        ("changed", "3", LI[0], WANG[0], later(3)),
    ]


def test_another_represents_the_firm_and_both_relations_stay_with_their_days(town: Town) -> None:
    wanted = f"from gold.relation__edge where kind_code = 'representative' and to_id = '{town.firm(4)}'"
    edges = f"select from_id, since_date, until_date, is_conflicting {wanted} order by since_date"
    assert town.ask(2, edges) == [(town.person(2, LI[0]), FIRST_DAY, None, False)]
    li, wang = (town.person(4, name) for name, _ in (LI, WANG))
    assert town.ask(4, edges) == [(li, FIRST_DAY, later(3), False), (wang, later(3), None, False)]
    name = f"select representative_name from gold.legal_entity__entity where unified_code = '{FIRM}'"
    assert (town.ask(2, name), town.ask(3, name)) == ([(LI[0],)], [(WANG[0],)])


def test_a_corrected_number_leaves_the_person_its_id_and_the_wrong_number_its_days(town: Town) -> None:
    li = town.person(4, LI[0])
    assert li == town.person(0, LI[0])
    numbers = f"select identifier, is_current, last_seen_date from gold.population__identifier where master_id = '{li}'"
    assert set(town.ask(2, numbers)) == {(LI[1], True, None), (MISTYPED_LI, True, None)}
    assert set(town.ask(4, numbers)) == {(LI[1], True, None), (MISTYPED_LI, False, later(2))}


def test_a_repaired_and_a_withdrawn_penalty_end_on_their_day_and_stay(town: Town) -> None:
    firm = town.firm(4)
    assert town.penalty(3, REPAIRED) == (firm, "linked", "current", None)
    assert town.penalty(4, REPAIRED) == (firm, "linked", "repaired", later(4))
    assert [town.penalty(n, WITHDRAWN)[2:] for n in (3, 4)] == [("current", None), ("removed", later(4))]
    standing = f"select penalty_count, record_count from gold.credit__subject where master_id = '{firm}'"
    assert town.ask(3, standing) == [(2, 2)]
    assert town.ask(4, standing) == [(0, 3)], "both penalties and the application for repair are history"


def test_the_market_regulator_receives_both_penalties_with_their_ends(town: Town) -> None:
    folder = Path(town.settings.outbox_root) / "market_regulation" / "penalty" / str(later(4)) / "1"
    assert (folder / "_READY").is_file()
    ends = town.ask(4, "select record_number, ends_on from gold.credit__record where kind_code = 'penalty' order by 1")
    assert ends == [(REPAIRED, later(4)), (WITHDRAWN, later(4))]
