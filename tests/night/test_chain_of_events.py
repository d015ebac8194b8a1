"""Nights in which a firm is penalised, renamed, led by another and repaired: every table tells it, older releases keep theirs.

The registers as they are; two penalties, one under a mistyped number and a name that no register has yet; the firm is renamed to
it; another person represents it, and the police correct the number of the one who did; one penalty is repaired, the other
withdrawn. In full each has a night of its own; in the fast loop the first two come in one night, all others but the withdrawal in
the next.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

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


class Nights(NamedTuple):
    """In which night each event comes, and the last night that is run; the registers are there from night 0 on."""

    penalised: int
    renamed: int
    led_by_another: int
    repaired: int
    withdrawn: int
    last: int


FIVE, TWO = Nights(1, 2, 3, 4, withdrawn=4, last=4), Nights(0, 1, 1, 1, withdrawn=2, last=1)


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


def _deliver(landing: LandingArea, nights: Nights) -> None:
    """What each of the days brings."""
    people = [("赵云", 303), ("孙丽", 404), ("周涛", 505), ("吴敏", 606)]
    others = [(name, citizen_id("370102", date(1970 + order % 20, 5, 6), order)) for name, order in people]
    residents = [_resident(n, name, number, "12"[int(number[16]) % 2 == 0]) for n, (name, number) in enumerate([WANG, *others], 2)]
    li = _resident(1, LI[0], MISTYPED_LI, "1")
    landing.deliver(HOUSEHOLDS, rows=[li, *residents])
    landing.deliver(ENTERPRISES, rows=[_firm(FIRM, OLD_NAME, LI), _firm(OTHER_FIRM, "济南恒泰建材有限公司", others[0])])

    penalised, renamed, led, repaired, withdrawn_on, _ = map(later, nights)
    withdrawn = _penalty(WITHDRAWN, MISTYPED_FIRM, NEW_NAME)
    landing.deliver(PENALTIES, penalised, rows=[_penalty(REPAIRED, FIRM, OLD_NAME), withdrawn], mode="delta")

    renaming = _change(1, "1", OLD_NAME, NEW_NAME, renamed)
    succession = _change(2, "3", LI[0], WANG[0], led)
    if led == renamed:
        landing.deliver(ENTERPRISES, led, rows=[_firm(FIRM, NEW_NAME, WANG)], mode="delta", previous=FIRST_DAY)
        landing.deliver(CHANGES, led, rows=[renaming, succession], mode="delta")
    else:
        landing.deliver(ENTERPRISES, renamed, rows=[_firm(FIRM, NEW_NAME, LI)], mode="delta", previous=FIRST_DAY)
        landing.deliver(CHANGES, renamed, rows=[renaming], mode="delta")
        landing.deliver(ENTERPRISES, led, rows=[_firm(FIRM, NEW_NAME, WANG)], mode="delta", previous=renamed)
        landing.deliver(CHANGES, led, rows=[succession], mode="delta", previous=renamed)
    corrected = li | {"GMSFHM": LI[1], "GXSJ": f"{led:%Y%m%d}120000"}
    landing.deliver(HOUSEHOLDS, led, rows=[corrected], mode="delta", previous=FIRST_DAY)

    landing.deliver(REPAIRS, repaired, rows=[_repair(repaired)], mode="delta")
    landing.deliver(PENALTIES, withdrawn_on, rows=[withdrawn | {"op": "D"}], mode="delta", previous=penalised)


class Town:
    """The lake after its nights; every question is asked of the release of one of them."""

    def __init__(self, settings: Settings, nights: Nights) -> None:
        self.settings, self.nights, self.last = settings, nights, nights.last

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

    def stands(self, night: int) -> tuple[str, date | None]:
        """How the penalty stands that is withdrawn, and when it ends."""
        withdrawn = self.nights.withdrawn
        return ("current", None) if night < withdrawn else ("removed", later(withdrawn))


@pytest.fixture(scope="module", params=[pytest.param(TWO, id="two nights"), pytest.param(FIVE, id="five", marks=pytest.mark.slow)])
def town(request: pytest.FixtureRequest, spark: SparkSession, catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Town:
    nights: Nights = request.param
    home = tmp_path_factory.mktemp("town")
    settings = load_settings(home=str(home / "lake"), landing=home / "landing", keys=home / "keys")
    ours = narrowed(catalog, {HOUSEHOLDS, ENTERPRISES, CHANGES, PENALTIES, REPAIRS}, GROUPS)
    _deliver(LandingArea(RunContext(settings, ours, FIRST_DAY, f"night/{FIRST_DAY}/1"), ours), nights)
    for night in range(nights.last + 1):
        assert run_night(settings, ours, later(night), lambda _: None).exit_code == 0
    assert len(releases(settings.root)) == nights.last + 1
    return Town(settings, nights)


def test_the_renamed_firm_keeps_its_id_and_both_its_names(town: Town) -> None:
    assert len({town.firm(night) for night in range(town.last + 1)}) == 1
    wanted = f"select entity_name, former_name from gold.legal_entity__entity where unified_code = '{FIRM}'"
    renamed = town.nights.renamed
    assert [town.ask(night, wanted) for night in (renamed - 1, renamed)] == [[(OLD_NAME, None)], [(NEW_NAME, OLD_NAME)]]


def test_what_was_alone_under_the_new_name_is_merged_into_the_firm_by_the_renaming(town: Town) -> None:
    penalised, renamed = town.nights.penalised, town.nights.renamed
    alone, firm = town.penalty(penalised, WITHDRAWN)[0], town.firm(penalised)
    assert town.penalty(penalised, WITHDRAWN)[1:] == ("alone", "current", None)
    assert alone != firm
    assert town.penalty(renamed, WITHDRAWN) == (firm, "linked", *town.stands(renamed))
    events = "select event, master_id, other_id, business_date from linked.legal_entity__events where event = 'merged'"
    assert town.ask(penalised, events) == []
    assert town.ask(town.last, events) == [("merged", alone, firm, later(renamed))]
    tombstone = f"select status, merged_into, ended_on from linked.legal_entity__master where master_id = '{alone}'"
    assert town.ask(town.last, tombstone) == [("merged", firm, later(renamed))]


def test_the_history_of_the_firm_is_told_in_order(town: Town) -> None:
    told = "select event_code, item_code, value_before, value_after, event_date from gold.legal_entity__entity_history"
    events = town.ask(town.last, f"{told} where master_id = '{town.firm(town.last)}' order by event_number")
    assert events == [
        ("founded", None, None, None, date(2015, 6, 1)),
        ("changed", "1", OLD_NAME, NEW_NAME, later(town.nights.renamed)),
        ("changed", "3", LI[0], WANG[0], later(town.nights.led_by_another)),
    ]


def test_another_represents_the_firm_and_both_relations_stay_with_their_days(town: Town) -> None:
    led = town.nights.led_by_another
    wanted = f"from gold.relation__edge where kind_code = 'representative' and to_id = '{town.firm(town.last)}'"
    edges = f"select from_id, since_date, until_date, is_conflicting {wanted} order by since_date"
    assert town.ask(led - 1, edges) == [(town.person(led - 1, LI[0]), FIRST_DAY, None, False)]
    li, wang = (town.person(town.last, name) for name, _ in (LI, WANG))
    assert town.ask(town.last, edges) == [(li, FIRST_DAY, later(led), False), (wang, later(led), None, False)]
    name = f"select representative_name from gold.legal_entity__entity where unified_code = '{FIRM}'"
    assert (town.ask(led - 1, name), town.ask(led, name)) == ([(LI[0],)], [(WANG[0],)])


def test_a_corrected_number_leaves_the_person_its_id_and_the_wrong_number_its_days(town: Town) -> None:
    before, li = town.nights.led_by_another - 1, town.person(town.last, LI[0])
    assert li == town.person(0, LI[0])
    numbers = f"select identifier, is_current, last_seen_date from gold.population__identifier where master_id = '{li}'"
    assert set(town.ask(before, numbers)) == {(LI[1], True, None), (MISTYPED_LI, True, None)}
    assert set(town.ask(town.last, numbers)) == {(LI[1], True, None), (MISTYPED_LI, False, later(before))}


def test_a_repaired_and_a_withdrawn_penalty_end_on_their_day_and_stay(town: Town) -> None:
    renamed, repaired = town.nights.renamed, town.nights.repaired
    firm = town.firm(town.last)
    assert town.penalty(repaired - 1, REPAIRED) == (firm, "linked", "current", None)
    assert town.penalty(repaired, REPAIRED) == (firm, "linked", "repaired", later(repaired))
    assert [town.penalty(night, WITHDRAWN)[2:] for night in range(repaired - 1, repaired + 1)] == [
        town.stands(repaired - 1),
        town.stands(repaired),
    ]
    standing = f"select penalty_count, record_count from gold.credit__subject where master_id = '{firm}'"
    before = 2 if renamed < repaired else 1  # the penalty under the new name is the firm's from its renaming on
    after = 0 if town.nights.withdrawn == repaired else 1
    assert town.ask(repaired - 1, standing) == [(before, before)]
    assert town.ask(repaired, standing) == [(after, 3)], "both penalties and the application for repair are history"


def test_the_market_regulator_receives_both_penalties_with_their_ends(town: Town) -> None:
    repaired_on = later(town.nights.repaired)
    folder = Path(town.settings.outbox_root) / "market_regulation" / "penalty" / str(repaired_on) / "1"
    assert (folder / "_READY").is_file()
    ends = town.ask(town.last, "select record_number, ends_on from gold.credit__record where kind_code = 'penalty' order by 1")
    assert ends == [(REPAIRED, repaired_on), (WITHDRAWN, town.stands(town.last)[1])]
