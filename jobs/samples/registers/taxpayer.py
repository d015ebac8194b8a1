"""Rows of ``taxation/taxpayer``: firms and organisations as the tax office knows them, some still under their old number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from jobs.samples.entity_errors import distort_entity_names
from jobs.samples.firms import BRANCH, COMPANY, HOUSEHOLD, SOCIAL
from jobs.samples.registers.enterprise import authority_names, person_columns, states
from jobs.samples.registers.named import LEGAL_ENTITY, Named
from jobs.samples.registers.writer import Writer, iso
from jobs.samples.streams import Flags, Numbers, chosen, texts
from jobs.samples.table import Column

NAMED = (Named("_firm", "nsrsbh", "nsrsbh", "nsrmc", phone="lxdh", address="scjydz", master=LEGAL_ENTITY),)
KINDS_TAXED = (COMPANY, BRANCH, HOUSEHOLD, SOCIAL)


def first_taxpayer_rows(writer: Writer, _start: date) -> Mapping[str, Column]:
    """The taxpayers of the first day; those that are dissolved have left."""
    who = np.flatnonzero(writer.firms.are(*KINDS_TAXED))
    random = writer.streams.named("taxpayers")
    may_be_old = writer.firms.entities["old_tax"][who] != ""
    is_old = may_be_old & chosen(random, len(who), writer.noise.entity.tax_office_old_number / 100)
    return taxpayer_rows(writer, who, is_old)


def taxpayer_rows(writer: Writer, who: Numbers, is_old: Flags) -> Mapping[str, Column]:
    """Rows as they are first written, some under the old number."""
    firms, entities = writer.firms, writer.firms.entities
    random = writer.errors("nsrsbh")
    writer.next_serials("nsrsbh", len(who))
    contacts, _ = person_columns(writer, "taxpayer", entities["representative"][who])
    return {
        "nsrsbh": texts(np.where(is_old, entities["old_tax"][who], entities["unified"][who])),
        "nsrmc": distort_entity_names(random, firms, who, writer.noise.entity),
        "lxr": contacts,
        "lxdh": entities["phone"][who].copy(),
        "scjydz": entities["address"][who].copy(),
        "nsrzt": states(writer, who),
        "zgswjg": authority_names(writer, entities["county"][who], "税务局"),
        "djrq": iso(entities["founded"][who]),
        "_firm": who,
    }
