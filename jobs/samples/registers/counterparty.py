"""Whom a credit record is about: people and legal entities, and how departments name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from jobs.samples.entity_errors import distort_entity_names, distort_unified, has_old_number
from jobs.samples.firms import BODY, GOVERNMENT, HOUSEHOLD, SOCIAL, draw_adults
from jobs.samples.registers.enterprise import person_columns
from jobs.samples.registers.named import NOBODY
from jobs.samples.registers.shareholder import CITIZEN_ID
from jobs.samples.registers.writer import Writer
from jobs.samples.streams import Dates, Flags, Numbers, Texts, chosen, texts
from jobs.samples.table import Column

NATURAL_PERSON, LEGAL_PERSON, HOUSEHOLD_BUSINESS = "1", "2", "3"
"""Kinds of a counterparty (code table counterparty_kind)."""


@dataclass(frozen=True)
class Parties:
    """Places of the people and of the entities that records are about; of each pair one is NOBODY."""

    persons: Numbers
    firms: Numbers

    def __len__(self) -> int:
        return len(self.firms)

    @property
    def are_persons(self) -> Flags:
        """Which are natural persons."""
        return np.asarray(self.persons != NOBODY)


@dataclass(frozen=True)
class Written:
    """How parties are written in a register: names, and their numbers, empty where there is none."""

    names: Texts
    citizen_ids: Texts
    unified: Texts
    has_old_only: Flags


def draw_parties(writer: Writer, random: np.random.Generator, firms: Numbers, persons: float, day: date) -> Parties:
    """A party in place of each of ``firms``: the firm, or for the share ``persons`` any grown person."""
    drawn = draw_adults(random, writer.population, day, len(firms))
    is_person = chosen(random, len(firms), persons) & (drawn != NOBODY)
    return Parties(np.where(is_person, drawn, NOBODY), np.where(is_person, NOBODY, firms))


def write_parties(writer: Writer, register: str, parties: Parties, *, may_be_old: bool) -> Written:
    """Parties as a department writes them: errors in names and numbers; some firms by an old number only."""
    firms, noise = writer.firms, writer.noise.entity
    names, citizen_ids = person_columns(writer, register, parties.persons)
    random = writer.streams.named("errors", "firms in", register, writer.serials[f"people in {register}"])
    unified = distort_unified(random, firms.entities["unified"][parties.firms], noise.confusable_letter)
    is_old = chosen(random, len(parties), noise.old_number_only / 100) & has_old_number(firms, parties.firms) & may_be_old
    is_old &= ~parties.are_persons
    firm_names = distort_entity_names(random, firms, parties.firms, noise)
    return Written(
        texts(np.where(parties.are_persons, names, firm_names)),
        citizen_ids,
        texts(np.where(parties.are_persons | is_old, "", unified)),
        is_old,
    )


def decision_columns(writer: Writer, prefix: str, parties: Parties) -> Mapping[str, Column]:
    """The columns of the counterparty in a licence (``XK``) or penalty (``CF``), by the field names of 2018."""
    entities = writer.firms.entities
    written = write_parties(writer, prefix, parties, may_be_old=True)
    random = writer.streams.named("old numbers", prefix, writer.serials[f"people in {prefix}"])
    representatives = np.where(parties.are_persons, NOBODY, entities["representative"][parties.firms])
    names, citizen_ids = person_columns(writer, f"{prefix} representatives", representatives)
    registration, organisation = entities["registration"][parties.firms], entities["organisation"][parties.firms]
    by_registration = written.has_old_only & (registration != "") & ((random.random(len(parties)) < 0.5) | (organisation == ""))
    by_tax = written.has_old_only & ~by_registration & (random.random(len(parties)) < 0.5)
    is_body = np.isin(entities["kind"][parties.firms].astype(str), (SOCIAL, BODY)) & written.has_old_only
    is_social = entities["kind"][parties.firms] == SOCIAL
    certificate = entities["certificate"][parties.firms]
    return {
        f"{prefix}_XDR_MC": written.names,
        f"{prefix}_XDR_LB": party_kinds(writer, parties),
        f"{prefix}_XDR_SHXYM": written.unified,
        f"{prefix}_XDR_GSZC": texts(np.where(by_registration, registration, "")),
        f"{prefix}_XDR_ZZJG": texts(np.where(written.has_old_only & ~by_registration & ~by_tax, organisation, "")),
        f"{prefix}_XDR_SWDJ": texts(np.where(by_tax, entities["old_tax"][parties.firms], "")),
        f"{prefix}_XDR_SYDW": texts(np.where(is_body & ~is_social, certificate, "")),
        f"{prefix}_XDR_SHZZ": texts(np.where(is_body & is_social, certificate, "")),
        f"{prefix}_FDDB": names,
        f"{prefix}_FR_SFZH": citizen_ids,
        f"{prefix}_XDR_ZJLX": texts(np.where(parties.are_persons, CITIZEN_ID, "")),
        f"{prefix}_XDR_ZJHM": written.citizen_ids,
        "_person": parties.persons,
        "_firm": parties.firms,
        "_representative": representatives,
    }


def party_kinds(writer: Writer, parties: Parties) -> Texts:
    """The kind of each party."""
    is_household = writer.firms.entities["kind"][parties.firms] == HOUSEHOLD
    return texts(np.where(parties.are_persons, NATURAL_PERSON, np.where(is_household, HOUSEHOLD_BUSINESS, LEGAL_PERSON)))


def draw_authorities(writer: Writer, random: np.random.Generator, count: int) -> Numbers:
    """Places of the government bodies that decide."""
    entities = writer.firms.entities
    bodies = np.flatnonzero((entities["kind"] == BODY) & (entities["form"] == GOVERNMENT))
    return bodies[random.integers(0, len(bodies), count)]


def decided_before(writer: Writer, random: np.random.Generator, parties: Parties, day: date, days_back: int) -> Dates:
    """Days up to ``day`` and not before the party was founded."""
    drawn = np.datetime64(day, "D") - random.integers(0, days_back, len(parties))
    founded = np.where(parties.are_persons, drawn, writer.firms.entities["founded"][parties.firms])
    latest: Dates = np.minimum(np.maximum(drawn, founded + 1), np.datetime64(day, "D"))
    return latest


def pick(random: np.random.Generator, words: list[str], count: int) -> Texts:
    """Any of the words for each."""
    return np.asarray(texts(words)[random.integers(0, len(words), count)])
