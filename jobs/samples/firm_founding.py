"""How legal entities are founded: those of the first day, and the columns of new ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from jobs.samples import firm_names
from jobs.samples.addresses import draw_addresses, draw_phones
from jobs.samples.entity_numbers import new_organisation_codes, old_organisation_codes, registration_numbers, unified_codes
from jobs.samples.firm_names import JOINT_STOCK, LIMITED, LIMITED_LONG
from jobs.samples.firms import (
    BODY,
    BRANCH,
    COMPANY,
    GOVERNMENT,
    HOUSEHOLD,
    REGISTERED_FIRMS,
    SOCIAL,
    Firms,
    adults_of,
    draw_adults,
    draw_company_names,
)
from jobs.samples.people import NOBODY, Population
from jobs.samples.settings import Economy
from jobs.samples.streams import Choice, Dates, Numbers, Streams, Texts, chosen, texts
from jobs.samples.table import Column, Table

AUTHORITIES = {COMPANY: "91", BRANCH: "91", HOUSEHOLD: "92"}
"""First two characters of the unified code; of the other kinds: 5 and 1, and the kind of organisation or body."""

UNIFIED_SINCE = np.datetime64("2015-10-01", "D")
"""Entities founded before it had numbers of each office, which some records still bear."""

BRANCH_TYPE, HOUSEHOLD_TYPE = "21", "41"
COMPANY_TYPES = {LIMITED: "11", LIMITED_LONG: "11", JOINT_STOCK: "12"}
"""Codes of the table enterprise_type, by legal form."""

SHELLS_A_GROUP = 6


def found_firms(population: Population, start: date, economy: Economy, streams: Streams) -> Firms:
    """The entities of the day before ``start``, one to so many people."""
    random = streams.named("firms")
    count = max(round(len(population.people) / economy.people_per_entity), 2)
    kinds = _kinds(economy).of(random.random(count))
    kinds[:2] = texts([COMPANY, BODY])
    offsets = int(random.integers(0, 10**8)), int(random.integers(0, 31**6))
    prefixes = firm_names.prefixes_of(population.counties)
    firms = Firms(Table({}), prefixes, set(), offsets, economy)
    founded = _founded(random, count, start)
    firms.entities = Table(entity_columns(firms, population, random, kinds, founded, start, first_place=0))
    firms.busy = np.zeros(count, dtype=bool)
    _group_shells(firms, random, economy)
    _rename(firms, random, economy)
    _close(firms, random, economy)
    firms.employers = np.flatnonzero(firms.are(COMPANY, SOCIAL, BODY))
    return firms


def entity_columns(
    firms: Firms, population: Population, random: np.random.Generator, kinds: Texts, founded: Dates, day: date, first_place: int
) -> Mapping[str, Column]:
    """Entities as they are founded; they will stand at ``first_place`` and behind."""
    count = len(kinds)
    county = random.integers(0, population.counties.home, count)
    representative = _representatives(random, population, kinds, day)
    form = _forms(random, kinds)
    columns: dict[str, Column] = {
        "kind": kinds,
        "form": form,
        "county": county,
        "address": draw_addresses(random, population.counties, county, np.zeros(count, dtype=bool)),
        "phone": draw_phones(random, count),
        "representative": representative,
        "parent": _parents(firms, random, kinds, first_place),
        "industry": _industries(random, kinds),
        "capital": _capital(random, kinds),
        "establishment": np.where(kinds == BODY, random.integers(5, 200, count), 0),
        "founded": founded,
        "former": texts([""] * count),
        "is_gone": np.zeros(count, dtype=bool),
        "is_revoked": np.zeros(count, dtype=bool),
    }
    columns |= _numbers(firms, population, random, columns, first_place)
    return {**columns, **_names(firms, population, random, columns, first_place)}


def draw_kinds(random: np.random.Generator, count: int, economy: Economy) -> Texts:
    """Kinds of new entities; nobody founds public bodies."""
    kinds = _kinds(economy).of(random.random(count))
    kinds[kinds == BODY] = COMPANY
    return kinds


def _kinds(economy: Economy) -> Choice:
    shares = {
        HOUSEHOLD: economy.share_household_business,
        BRANCH: economy.share_branch,
        SOCIAL: economy.share_social_organisation,
        BODY: economy.share_public_body,
    }
    return Choice.parse(" ".join(f"{kind} {share}" for kind, share in {COMPANY: 1 - sum(shares.values()), **shares}.items()))


def _founded(random: np.random.Generator, count: int, start: date) -> Dates:
    """Days of foundation, the more the later: half of all in the last ten years."""
    ages = random.random(count) * random.random(count) * 38 * 365
    return np.datetime64(start, "D") - 1 - ages.astype(np.int64)


def _representatives(random: np.random.Generator, population: Population, kinds: Texts, day: date) -> Numbers:
    """A grown person for each; a household business has an owner who has no other, as far as there are enough people."""
    anybody = draw_adults(random, population, day, len(kinds))
    adults = adults_of(population, day)
    owners = random.permutation(adults)[np.arange(len(kinds)) % len(adults)] if len(adults) else anybody
    return np.where(kinds == HOUSEHOLD, owners, np.where(kinds == BODY, NOBODY, anybody))


def _parents(firms: Firms, random: np.random.Generator, kinds: Texts, first_place: int) -> Numbers:
    """For each branch a company: one that is there, or on the first day one of the same."""
    companies = np.flatnonzero((firms.entities["kind"] if first_place else kinds) == COMPANY)
    drawn = companies[random.integers(0, len(companies), len(kinds))]
    return np.where(kinds == BRANCH, drawn, NOBODY)


def _forms(random: np.random.Generator, kinds: Texts) -> Texts:
    words = firm_names.load_words()
    found = texts(["1"] * len(kinds))
    for kind, table in ((SOCIAL, "social_organisations"), (BODY, "public_bodies")):
        choice = Choice.parse(" ".join(f"{code} {entry['weight']}" for code, entry in words[table].items()))
        here = kinds == kind
        found[here] = choice.of(random.random(int(here.sum())))
    found[kinds == HOUSEHOLD] = "2"
    found[np.flatnonzero(kinds == BODY)[:1]] = GOVERNMENT
    return found


def _industries(random: np.random.Generator, kinds: Texts) -> Texts:
    firm = firm_names.draw_industries(random, len(kinds), "firm")
    household = firm_names.draw_industries(random, len(kinds), "household")
    return texts(np.where(kinds == HOUSEHOLD, household, np.where(np.isin(kinds.astype(str), (COMPANY, BRANCH)), firm, "")))


def _capital(random: np.random.Generator, kinds: Texts) -> Numbers:
    usual = np.array([10, 50, 100, 200, 300, 500, 1000, 2000, 5000])
    drawn = usual[random.integers(0, len(usual), len(kinds))]
    return np.where(kinds == COMPANY, drawn, np.where(kinds == HOUSEHOLD, random.integers(1, 50, len(kinds)), 0))


def _numbers(
    firms: Firms, population: Population, random: np.random.Generator, columns: Mapping[str, Column], first_place: int
) -> Mapping[str, Column]:
    """The numbers of each, old ones only where it was founded before the unified code."""
    kinds, count = columns["kind"], len(columns["kind"])
    serials = np.arange(first_place + 1, first_place + count + 1)
    is_old = columns["founded"] < UNIFIED_SINCE
    old, new = firms.offsets
    organisation = np.where(is_old, old_organisation_codes(serials, old), new_organisation_codes(serials, new))
    region = np.asarray(population.counties.current_codes[columns["county"]])
    authority = texts([AUTHORITIES.get(kind, {SOCIAL: "5", BODY: "1"}.get(kind, "") + form) for kind, form in _pairs(columns)])
    classes = np.where(kinds == HOUSEHOLD, 6, np.where(random.random(count) < 0.04, 4, 2))
    is_firm = np.isin(kinds.astype(str), REGISTERED_FIRMS)
    certificates = [
        f"{'社证' if kind == SOCIAL else '事证'}字第{code}{serial:06d}号"
        for kind, code, serial in zip(kinds, region, serials.tolist(), strict=True)
    ]
    has_office_numbers = is_old & (kinds != HOUSEHOLD)
    return {
        "unified": unified_codes(authority, region, texts(organisation)),
        "organisation": texts(np.where(has_office_numbers, organisation, "")),
        "registration": texts(np.where(is_old & is_firm, registration_numbers(region, classes, serials), "")),
        "old_tax": texts(np.where(has_office_numbers, region + organisation, "")),
        "certificate": texts(np.where(is_old & ~is_firm, texts(certificates), "")),
    }


def _pairs(columns: Mapping[str, Column]) -> list[tuple[str, str]]:
    return list(zip(columns["kind"], columns["form"], strict=True))


def _names(
    firms: Firms, population: Population, random: np.random.Generator, columns: Mapping[str, Column], first_place: int
) -> Mapping[str, Column]:
    """Names by kind, with the type of firm that goes with the legal form. Branches bear the name of their firm."""
    kinds, county, industry = columns["kind"], columns["county"], columns["industry"]
    name, prefix, type_code = texts([""] * len(kinds)), texts([""] * len(kinds)), texts([""] * len(kinds))
    here = kinds == COMPANY
    legal = Choice.parse(f"{LIMITED} 8 {LIMITED_LONG} 1 {JOINT_STOCK} 0.5").of(random.random(int(here.sum())))
    name[here], prefix[here] = draw_company_names(firms, random, county[here], industry[here], legal)
    type_code[here] = texts([COMPANY_TYPES[form] for form in legal])
    here = kinds == HOUSEHOLD
    surnames = population.people["surname"][columns["representative"][here]]
    name[here], prefix[here] = firm_names.draw_household_names(random, firms.prefixes, county[here], industry[here], surnames)
    type_code[here] = HOUSEHOLD_TYPE
    for kind, draw in ((SOCIAL, firm_names.draw_organisation_names), (BODY, firm_names.draw_body_names)):
        here = kinds == kind
        drawn, prefix[here] = draw(random, firms.prefixes, county[here], columns["form"][here])
        name[here] = firm_names.with_ordinals(drawn, prefix[here], firms.names)
    here = kinds == BRANCH
    parents = columns["parent"][here]
    known = name if first_place == 0 else firms.entities["name"]
    numbers = _ranks(parents) + (_branches_of(firms, parents) if first_place else 0)
    name[here] = firm_names.branch_names(random, firms.prefixes, county[here], known[parents], numbers)
    type_code[here] = BRANCH_TYPE
    return {"name": name, "prefix": prefix, "type": type_code}


def _branches_of(firms: Firms, parents: Numbers) -> Numbers:
    """How many branches each firm has."""
    known = firms.entities["parent"]
    return np.bincount(known[known != NOBODY], minlength=len(firms))[parents]


def _ranks(parents: Numbers) -> Numbers:
    """For each branch its place among those of its firm, from 0."""
    order = np.argsort(parents, kind="stable")
    ordered = parents[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(parents) else np.zeros(0, dtype=np.int64)
    ranks = np.arange(len(parents)) - np.repeat(starts, np.diff(np.r_[starts, len(parents)]))
    found = np.empty(len(parents), dtype=np.int64)
    found[order] = ranks
    return found


def _group_shells(firms: Firms, random: np.random.Generator, economy: Economy) -> None:
    """One representative of many shell firms at one address."""
    shells = np.flatnonzero(firms.are(COMPANY) & chosen(random, len(firms), economy.share_shell))
    heads = shells[np.arange(len(shells)) // SHELLS_A_GROUP * SHELLS_A_GROUP]
    for column in ("representative", "address"):
        firms.entities[column][shells] = firms.entities[column][heads]


def _rename(firms: Firms, random: np.random.Generator, economy: Economy) -> None:
    """Some companies have had another name."""
    entities = firms.entities
    who = np.flatnonzero(firms.are(COMPANY) & chosen(random, len(firms), economy.share_renamed))
    forms = texts([LIMITED] * len(who))
    entities["former"][who], _ = draw_company_names(firms, random, entities["county"][who], entities["industry"][who], forms)


def _close(firms: Firms, random: np.random.Generator, economy: Economy) -> None:
    """Some firms are dissolved, and a few companies bear the name of one of those; some are revoked."""
    entities, count = firms.entities, len(firms)
    is_firm = firms.are(*REGISTERED_FIRMS)
    entities["is_gone"] = is_firm & chosen(random, count, economy.share_gone) & (np.arange(count) > 0)
    entities["is_revoked"] = is_firm & ~entities["is_gone"] & chosen(random, count, economy.share_revoked)
    free = np.flatnonzero(entities["is_gone"] & (entities["kind"] == COMPANY) & (entities["type"] == COMPANY_TYPES[LIMITED]))
    heirs = np.flatnonzero(firms.are(COMPANY) & (entities["type"] == COMPANY_TYPES[LIMITED]) & (entities["former"] == ""))
    wanted = min(round(int(firms.are(COMPANY).sum()) * economy.share_name_reused), len(free), len(heirs))
    before, after = random.choice(free, wanted, replace=False), random.choice(heirs, wanted, replace=False)
    for column in ("name", "prefix"):
        entities[column][after] = entities[column][before]
