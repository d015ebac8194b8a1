"""What happens to legal entities on a day. The market regulator hears of everything; the tax office of most.

Each event writes the entity as it now is, the register's row, and for firms a row of ``enterprise_change`` that agrees with it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from jobs.samples.entity_errors import distort_entity_names
from jobs.samples.firm_founding import draw_kinds, entity_columns
from jobs.samples.firm_names import LIMITED
from jobs.samples.firms import BODY, COMPANY, REGISTERED_FIRMS, SOCIAL, draw_adults, draw_company_names
from jobs.samples.registers import (
    ENTERPRISE_CHANGES,
    ENTERPRISES,
    PUBLIC_INSTITUTIONS,
    SHAREHOLDERS,
    SOCIAL_ORGANISATIONS,
    TAXPAYERS,
)
from jobs.samples.registers.enterprise import (
    ADDRESS,
    CAPITAL,
    DISSOLVED,
    NAME,
    REPRESENTATIVE,
    SHAREHOLDERS_ITEM,
    change_rows,
    enterprise_rows,
    representative_columns,
)
from jobs.samples.registers.named import NOBODY
from jobs.samples.registers.organisation import social_rows
from jobs.samples.registers.shareholder import holder_columns, shareholder_rows
from jobs.samples.registers.taxpayer import KINDS_TAXED, taxpayer_rows
from jobs.samples.registers.writer import chance, days, how_many, iso
from jobs.samples.streams import Numbers, Texts, chosen, texts
from jobs.samples.table import Column
from jobs.samples.world import Today, World


def firms_founded(world: World, today: Today) -> None:
    """New entities, in every register that has their kind."""
    writer, firms = world.writer, world.firms
    kinds = draw_kinds(today.random, how_many(today.random, len(firms), today.life.firms.founded), firms.economy)
    founded = days(today.day, len(kinds))
    who = firms.entities.append(
        entity_columns(firms, world.population, today.random, kinds, founded, today.day, first_place=len(firms))
    )
    firms.busy = np.concatenate([firms.busy, np.ones(len(who), dtype=bool)])
    written = kinds.astype(str)
    registered = np.isin(written, REGISTERED_FIRMS)
    taxed = who[np.isin(written, KINDS_TAXED)]
    new: Mapping[str, Mapping[str, Column]] = {
        ENTERPRISES: enterprise_rows(writer, who[registered], founded[registered]),
        SHAREHOLDERS: shareholder_rows(writer, who[kinds == COMPANY], today.day),
        TAXPAYERS: taxpayer_rows(writer, taxed, np.zeros(len(taxed), dtype=bool)),
        SOCIAL_ORGANISATIONS: social_rows(writer, who[kinds == SOCIAL]),
    }
    for dataset, rows in new.items():
        world.registers[dataset].insert(rows, today.day)


def firms_renamed(world: World, today: Today) -> None:
    """Companies take another name; at some the tax office keeps the old one."""
    firms, entities = world.firms, world.firms.entities
    who = _happens(world, today, today.life.firms.renamed, COMPANY)
    before = entities["name"][who]
    forms = texts([LIMITED] * len(who))
    names, prefixes = draw_company_names(firms, today.random, entities["county"][who], entities["industry"][who], forms)
    entities["former"][who], entities["name"][who], entities["prefix"][who] = before, names, prefixes
    _register_change(world, today, who, NAME, "qymc", names)
    heard = who[~chosen(today.random, len(who), firms.renamed_share(world.writer.noise.entity.old_name))]
    written = distort_entity_names(today.random, firms, heard, world.writer.noise.entity)
    _update(world, TAXPAYERS, heard, {"nsrmc": written})


def firms_moved(world: World, today: Today) -> None:
    """Firms move within their county; the tax office is told."""
    entities = world.firms.entities
    who = _happens(world, today, today.life.firms.moved, *REGISTERED_FIRMS)
    county = entities["county"][who]
    addresses = world.draw_addresses(today.random, county, np.zeros(len(who), dtype=bool))
    entities["address"][who] = addresses
    _register_change(world, today, who, ADDRESS, "dz", addresses)
    _update(world, TAXPAYERS, who, {"scjydz": addresses})


def new_representatives(world: World, today: Today) -> None:
    """Companies and social organisations get another legal representative."""
    entities, writer = world.firms.entities, world.writer
    who = _happens(world, today, today.life.firms.new_representatives, COMPANY, SOCIAL)
    persons = draw_adults(today.random, world.population, today.day, len(who))
    is_other = (persons != entities["representative"][who]) & (persons != NOBODY)
    who, persons = who[is_other], persons[is_other]
    entities["representative"][who] = persons
    companies, social = who[entities["kind"][who] == COMPANY], who[entities["kind"][who] == SOCIAL]
    names, numbers = representative_columns(writer, "enterprise", companies)
    rows = _rows_of(world, ENTERPRISES, companies)
    register = world.registers[ENTERPRISES]
    before = register.rows["fddbr"][rows].copy()
    values: dict[str, Column] = {"fddbr": names, "fddbr_zjhm": numbers, "hzrq": iso(days(today.day, len(rows)))}
    register.succeed(("_representative",), rows, {**values, "_representative": entities["representative"][companies]}, today.day)
    _write_changes(world, today, companies, REPRESENTATIVE, before, names)
    names, numbers = representative_columns(writer, "social organisation", social)
    values = {"mz:fddbr/mz:xm": names, "mz:fddbr/mz:zjhm": numbers, "_representative": entities["representative"][social]}
    rows = _rows_of(world, SOCIAL_ORGANISATIONS, social)
    world.registers[SOCIAL_ORGANISATIONS].succeed(("_representative",), rows, values, today.day)


def new_capital(world: World, today: Today) -> None:
    """Companies raise their capital."""
    entities = world.firms.entities
    who = _happens(world, today, today.life.firms.new_capital, COMPANY)
    entities["capital"][who] *= today.random.integers(2, 5, len(who))
    _register_change(world, today, who, CAPITAL, "zczb", texts([str(amount) for amount in entities["capital"][who].tolist()]))


def shares_passed_on(world: World, today: Today) -> None:
    """A line of a company's shareholders passes to another person; at most one line a company and day."""
    firms, register = world.firms, world.registers[SHAREHOLDERS]
    is_free = firms.is_free(COMPANY)[register.rows["_firm"]] & register.is_alive
    places = chance(today.random, is_free, today.life.firms.shares_passed_on)
    who, first = np.unique(register.rows["_firm"][places], return_index=True)
    places = places[first]
    persons = draw_adults(today.random, world.population, today.day, len(places))
    is_other = (persons != register.rows["_person"][places]) & (persons != NOBODY)
    who, places, persons = who[is_other], places[is_other], persons[is_other]
    firms.busy[who] = True
    before = register.rows["gdmc"][places].copy()
    values = {
        **holder_columns(world.writer, persons, who, np.zeros(len(who), dtype=bool)),
        "rjrq": iso(days(today.day, len(who))),
    }
    register.succeed(("_person", "_holder"), places, values, today.day)
    _approve(world, today, who)
    _write_changes(world, today, who, SHAREHOLDERS_ITEM, before, values["gdmc"])


def firms_dissolved(world: World, today: Today) -> None:
    """Firms are dissolved: the register keeps them with their state, the tax office and the list of shareholders do not."""
    who = _happens(world, today, today.life.firms.dissolved, *REGISTERED_FIRMS)
    world.firms.entities["is_gone"][who] = True
    state = texts([DISSOLVED] * len(who))
    _update(world, ENTERPRISES, who, {"zt": state, "hzrq": iso(days(today.day, len(who)))})
    for dataset in (TAXPAYERS, SHAREHOLDERS):
        register = world.registers[dataset]
        register.delete(np.flatnonzero(np.isin(register.rows["_firm"], who)), today.day)


def tax_numbers_exchanged(world: World, today: Today) -> None:
    """The tax office takes over the unified code: the row under the old number goes, one under the new comes."""
    register, entities = world.registers[TAXPAYERS], world.firms.entities
    firm = register.rows["_firm"]
    is_old = register.is_alive & (register.rows["nsrsbh"] == entities["old_tax"][firm]) & ~world.firms.busy[firm]
    places = chance(today.random, is_old, today.life.firms.tax_numbers_exchanged)
    who = firm[places]
    register.delete(places, today.day)
    register.insert(taxpayer_rows(world.writer, who, np.zeros(len(who), dtype=bool)), today.day)


def establishments_changed(world: World, today: Today) -> None:
    """Government bodies and public institutions get or lose posts."""
    entities = world.firms.entities
    who = _happens(world, today, today.life.firms.establishments_changed, BODY)
    entities["establishment"][who] += today.random.integers(1, 10, len(who))
    values = {
        "编制数": texts([str(count) for count in entities["establishment"][who].tolist()]),
        "核准日期": iso(days(today.day, len(who))),
    }
    _update(world, PUBLIC_INSTITUTIONS, who, values)


def _happens(world: World, today: Today, per_mille: float, *kinds: str) -> Numbers:
    """The entities of the kinds to whom an event happens; no other will happen to them today."""
    who = chance(today.random, world.firms.is_free(*kinds), per_mille)
    world.firms.busy[who] = True
    return who


def _rows_of(world: World, dataset: str, who: Numbers) -> Numbers:
    """The row of each entity in a register that has one for each."""
    rows = world.registers[dataset].rows["_firm"]
    order = np.argsort(rows, kind="stable")
    return np.asarray(order[np.searchsorted(rows[order], who)])


def _update(world: World, dataset: str, who: Numbers, values: Mapping[str, Column]) -> None:
    """Set columns of the rows of entities that have one; ``values`` has one of each entity."""
    register = world.registers[dataset]
    firm = register.rows["_firm"]
    places = np.flatnonzero(np.isin(firm, who) & register.is_alive)
    order = np.argsort(who, kind="stable")
    at = order[np.searchsorted(who[order], firm[places])]
    register.update(places, {name: column[at] for name, column in values.items()})


def _register_change(world: World, today: Today, who: Numbers, item: str, column: str, after: Texts) -> None:
    """Set a column of firms' rows in the register, and write the change with what stood there before."""
    rows = _rows_of(world, ENTERPRISES, who)
    before = world.registers[ENTERPRISES].rows[column][rows].copy()
    _update(world, ENTERPRISES, who, {column: after})
    _approve(world, today, who)
    _write_changes(world, today, who, item, before, after)


def _approve(world: World, today: Today, who: Numbers) -> None:
    """The register's row says when its latest entry was approved."""
    _update(world, ENTERPRISES, who, {"hzrq": iso(days(today.day, len(who)))})


def _write_changes(world: World, today: Today, who: Numbers, item: str, before: Texts, after: Texts) -> None:
    rows = change_rows(world.writer, who, item, before, after, days(today.day, len(who)))
    world.registers[ENTERPRISE_CHANGES].insert(rows, today.day)
