"""Rows of ``civil_affairs/social_organisation`` and ``staffing_office/public_institution``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from jobs.samples.firm_names import load_words
from jobs.samples.firms import BODY, SOCIAL
from jobs.samples.registers.enterprise import authority_names, representative_columns, states
from jobs.samples.registers.named import LEGAL_ENTITY, Named
from jobs.samples.registers.writer import Writer, iso
from jobs.samples.streams import Numbers, texts
from jobs.samples.table import Column

UNIFIED = "统一社会信用代码"
NAMED_SOCIAL = (
    Named("_representative", "mz:tyshxydm", "mz:fddbr/mz:zjhm", "mz:fddbr/mz:xm", role="representative"),
    Named("_firm", "mz:tyshxydm", "mz:tyshxydm", "mz:mc", address="mz:zs", role="entity", master=LEGAL_ENTITY),
)
NAMED_PUBLIC = (Named("_firm", UNIFIED, UNIFIED, "机构名称", address="住所", master=LEGAL_ENTITY),)
GRADES = {"1": ("5", "6"), "2": ("7", "9")}
"""Grades by form: a government body is a county's bureau; public institutions stand below, or have no grade."""


def first_social_rows(writer: Writer, _start: date) -> Mapping[str, Column]:
    """The social organisations of the first day."""
    return social_rows(writer, np.flatnonzero(writer.firms.entities["kind"] == SOCIAL))


def social_rows(writer: Writer, who: Numbers) -> Mapping[str, Column]:
    """Rows as they are first written."""
    entities = writer.firms.entities
    random = writer.errors("social organisations")
    writer.next_serials("social organisations", len(who))
    names, numbers = representative_columns(writer, "social organisation", who)
    supervisors = texts(load_words()["supervisors"])[random.integers(0, len(load_words()["supervisors"]), len(who))]
    return {
        "mz:tyshxydm": entities["unified"][who].copy(),
        "mz:mc": entities["name"][who].copy(),
        "mz:lx/@dm": entities["form"][who].copy(),
        "mz:ywzgdw": np.asarray(writer.firms.prefixes.county[entities["county"][who]] + supervisors),
        "mz:fddbr/mz:xm": names,
        "mz:fddbr/mz:zjhm": numbers,
        "mz:zs": entities["address"][who].copy(),
        "mz:clrq": iso(entities["founded"][who]),
        "mz:zt/@dm": states(writer, who),
        "_firm": who,
        "_representative": entities["representative"][who].copy(),
    }


def first_public_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """Government bodies and public institutions of the first day."""
    entities = writer.firms.entities
    who = np.flatnonzero(entities["kind"] == BODY)
    random = writer.streams.named("public bodies")
    grades = texts([GRADES[form][draw % len(GRADES[form])] for form, draw in zip(entities["form"][who], who.tolist(), strict=True)])
    age = (np.datetime64(start, "D") - entities["founded"][who]).astype(np.int64)
    return {
        UNIFIED: entities["unified"][who].copy(),
        "机构名称": entities["name"][who].copy(),
        "举办单位": authority_names(writer, entities["county"][who], "人民政府"),
        "编制数": texts([str(count) for count in entities["establishment"][who].tolist()]),
        "机构级别": grades,
        "住所": entities["address"][who].copy(),
        "核准日期": iso(np.datetime64(start, "D") - 1 - (random.random(len(who)) * np.minimum(age, 1500)).astype(np.int64)),
        "_firm": who,
    }
