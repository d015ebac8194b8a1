"""A small town for linkage tests: records of people with errors as registers have them, and who each record really is.

Not the synthetic country (jobs/samples): no files, no lives, only records with the attributes of the population model.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

HOUSEHOLD = "public_security/household_register"
RESIDENCE = "public_security/residence_registration"
MARRIAGE = "civil_affairs/marriage_register"

SURNAMES = (
    "王王王王李李李李张张张刘刘刘陈陈杨杨黄黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾萧田董潘袁"
    "蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆"
)
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华慧巧美静淑惠珠翠雅芝玉萍红娥玲芬燕彩春菊勤珍贞莉国建"
    "志文辉力明永健世广义兴良海山仁波宁贵福生龙元全胜学祥才发武新利清飞彬富顺信子杰涛昌成康星光天达安岩中"
    "茂进林有坚和彪博诚先敬震振壮会思群豪心邦承乐绍功松善厚庆民友裕河哲江超浩亮政谦亨奇固之轮翰朗伯宏言若"
    "鸣朋斌梁栋维启克伦翔旭鹏泽晨辰士以建家致树炎德行时泰盛雄琛钧冠策腾榕风航弘"
)
REGIONS = ["420106", "420102", "420111", "420115", "421002", "421081", "420502", "420606"]
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ATTRIBUTES = ["dataset", "record_key", "citizen_id", "citizen_id_class", "person_name", "former_name", "sex_code", "birth_date"]
ATTRIBUTES += ["birth_year", "region_code", "registered_address", "current_address", "phones", "cancellation_code", "updated_on"]


def citizen_id(region: str, born: date, order: int) -> str:
    """An 18-digit citizen ID with its check character (GB 11643, ISO 7064 MOD 11-2)."""
    body = f"{region}{born:%Y%m%d}{order:03d}"
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, WEIGHTS, strict=True)) % 11]


@dataclass
class Person:
    """One real person; ``number`` is who they are."""

    number: int
    name: str
    sex: str
    born: date
    region: str
    address: str
    phone: str
    identity: str


@dataclass
class Town:
    """People and their records; the same seed gives the same town."""

    seed: int
    size: int
    noise: float = 1.0
    people: list[Person] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    truth: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311 - repeatable noise, no secret
        self._orders: dict[tuple[str, date], int] = {}
        while len(self.people) < self.size:
            self._household()
        for person in self.people:
            self._register(person)
        self._marry()

    def _chance(self, share: float) -> bool:
        return self.random.random() < share * self.noise

    def _household(self) -> None:
        r = self.random
        region, phone = r.choice(REGIONS), f"13{r.randrange(10**9):09d}"
        road, number = r.choice("东西南北中"), r.randrange(1, 400)
        address = f"幸福{road}路{number}号{r.randrange(1, 30)}栋{r.randrange(1, 7)}单元{r.randrange(101, 2000)}室"
        surname, base = r.choice(SURNAMES), date(1930, 1, 1) + timedelta(days=r.randrange(27_000))
        births = [base, base + timedelta(days=r.randrange(-1500, 1500))]
        births += [base + timedelta(days=8000 + r.randrange(4000)) for _ in range(r.randrange(0, 3))]
        if r.random() < 0.01:
            births.append(births[-1])
        for place, born in enumerate(births):
            name = (r.choice(SURNAMES) if place == 1 else surname) + "".join(r.choice(GIVEN) for _ in range(r.choice([1, 2, 2])))
            sex = "1" if place == 0 else "2" if place == 1 else r.choice("12")
            own_phone = phone if r.random() < 0.1 else f"13{r.randrange(10**9):09d}"
            self.people.append(
                Person(len(self.people), name, sex, born, region, address, own_phone, self._identity(region, born, sex))
            )

    def _identity(self, region: str, born: date, sex: str) -> str:
        used = self._orders.get((region, born), self.random.randrange(200))
        order = used + 1 + ((used + 1) % 2 != int(sex) % 2)
        self._orders[(region, born)] = order
        return citizen_id(region, born, order)

    def _register(self, person: Person) -> None:
        self.record(person, HOUSEHOLD, f"R{person.number:08d}", registered_address=person.address, region_code=person.region)
        for visit in range(self.random.choice([0, 0, 1, 1, 2])):
            moved = f"和平{self.random.choice('东西南北')}街{self.random.randrange(1, 900)}号{self.random.randrange(101, 3000)}室"
            details = {"current_address": moved, "region_code": person.region, "phones": [person.phone]}
            if self._chance(0.2):
                details["phones"] = []
            made = self.record(person, RESIDENCE, f"J{person.number:08d}{visit}", **details)
            if self._chance(0.15):
                made.update(citizen_id=None, citizen_id_class=None)
            if self._chance(0.05):
                made.update(birth_date=None)

    def _marry(self) -> None:
        for number, (one, two) in enumerate(zip(self.people[::7], self.people[1::7], strict=False)):
            self.record(one, MARRIAGE, f"M{number:07d}#male")
            self.record(two, MARRIAGE, f"M{number:07d}#female")

    def record(self, person: Person, dataset: str, key: str, **details: Any) -> dict[str, Any]:
        """A record of a person, with the errors that any register makes."""
        r = self.random
        made: dict[str, Any] = dict.fromkeys(ATTRIBUTES) | {
            "dataset": dataset,
            "record_key": key,
            "citizen_id": person.identity,
            "citizen_id_class": "valid",
            "person_name": person.name,
            "sex_code": person.sex,
            "birth_date": person.born,
            "birth_year": person.born.year,
            "updated_on": date(2026, 3, 1),
        }
        made |= details
        if self._chance(0.008):
            place = r.randrange(17)
            digit = str((int(person.identity[place]) + r.randrange(1, 10)) % 10)
            mistyped = person.identity[:place] + digit + person.identity[place + 1 :]
            made.update(citizen_id=mistyped, citizen_id_class="wrong_check_digit")
        if self._chance(0.01):
            made.update(former_name=person.name, person_name=person.name[0] + r.choice(GIVEN) + r.choice(GIVEN))
        if self._chance(0.008):
            made.update(person_name=person.name[:-1] + r.choice(GIVEN))
        if self._chance(0.002) and person.born.day <= 12:
            made.update(birth_date=date(person.born.year, person.born.day, person.born.month))
        if self._chance(0.005):
            made.update(birth_date=person.born - timedelta(days=r.randrange(18, 55)))
        if self._chance(0.001):
            made.update(sex_code="12"[person.sex == "1"])
        self.records.append(made)
        self.truth[(dataset, key)] = person.number
        return made
