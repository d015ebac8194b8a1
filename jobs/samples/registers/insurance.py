"""Rows of ``human_resources/social_insurance``: adults whom an employer insures. Rows stay; what has ended has an end date."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from jobs.samples.employers import employer_of
from jobs.samples.entity_errors import distort_entity_names, distort_unified
from jobs.samples.registers.named import LEGAL_ENTITY, Named
from jobs.samples.registers.persons import written_names, written_numbers, written_phones
from jobs.samples.registers.writer import Writer, inserted_at, iso
from jobs.samples.streams import Dates, Flags, Numbers, chosen, texts
from jobs.samples.table import Column

KEY, WRITTEN_AT, UNTIL = "grsbh", "updated_at", "zzrq"
ALL_KINDS, ONLY_PENSION_AND_INJURY = "1,2,3,4", "1,3"
"""Codes of ``insurance_kind``."""

SHARE_OF_ALL_KINDS = 0.9
WORK_FROM, WORK_TO = 20, 60
YEARS_BACK = 12

NAMED = (
    Named("_person", KEY, "sfzh", "xm", phone="lxdh", role="insured"),
    Named("_employer", KEY, "dwdm", "dwmc", role="employer", master=LEGAL_ENTITY),
)


def first_insurance_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """Insurances of the first day, all running, written within the years before."""
    random = writer.streams.named("social insurance")
    is_employed = chosen(random, len(writer.population.people), writer.society.share_employed)
    who = np.flatnonzero(can_work(writer, start) & is_employed)
    first = np.datetime64(start, "D")
    since = first - random.integers(2, 365 * YEARS_BACK, len(who))
    since = np.maximum(since, writer.population.people["birth"][who].astype("datetime64[D]") + 16 * 366)
    since = np.minimum(since, first - 1)
    behind = (random.random(len(who)) * (first - since).astype(np.int64)).astype(np.int64)
    return insurance_rows(writer, who, since, first - 1 - behind)


def can_work(writer: Writer, day: date) -> Flags:
    """Who is alive, registered and of working age."""
    people, ages = writer.population.people, writer.population.ages(day)
    return np.asarray((ages >= WORK_FROM) & (ages < WORK_TO) & ~people["is_dead"] & ~people["is_foreign"])


def insurance_rows(writer: Writer, who: Numbers, since: Dates, written: Dates) -> Mapping[str, Column]:
    """Rows as they are first written; ``_job`` counts a person's employers."""
    random = writer.errors(KEY)
    count = len(who)
    jobs = np.zeros(count, dtype=np.int64)
    serials = writer.next_serials(KEY, count).tolist()
    return {
        KEY: texts([f"3701{serial:09d}" for serial in serials]),
        "sfzh": written_numbers(writer, random, who, absent=0),
        "xm": written_names(writer, random, who),
        "lxdh": written_phones(writer, random, who),
        **employer_columns(writer, random, who, jobs),
        "cbxz": texts(np.where(chosen(random, count, SHARE_OF_ALL_KINDS), ALL_KINDS, ONLY_PENSION_AND_INJURY)),
        "cbrq": iso(since),
        UNTIL: texts([""] * count),
        WRITTEN_AT: inserted_at(random, written),
        "_person": who,
        "_job": jobs,
    }


def employer_columns(writer: Writer, random: np.random.Generator, who: Numbers, jobs: Numbers) -> Mapping[str, Column]:
    """Code and name of the employer; the code is the USCC, or still the old organisation code."""
    firms, noise = writer.firms, writer.noise
    employers = employer_of(firms, who, jobs)
    old_codes = firms.entities["organisation"][employers]
    has_old_code = chosen(random, len(who), noise.other.employer_by_old_code / 100) & (old_codes != "")
    codes = distort_unified(random, firms.entities["unified"][employers], noise.entity.confusable_letter)
    return {
        "dwdm": texts(np.where(has_old_code, old_codes, codes)),
        "dwmc": distort_entity_names(random, firms, employers, noise.entity),
        "_employer": employers,
    }
