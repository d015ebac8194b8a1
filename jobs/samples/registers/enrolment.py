"""Rows of ``education/enrolment``: children of school age, each with a guardian, a school and a grade."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from jobs.samples.errors import distort_births, distort_sexes
from jobs.samples.registers.named import NOBODY, Named
from jobs.samples.registers.persons import written_names, written_numbers, written_phones
from jobs.samples.registers.writer import Writer, dashed
from jobs.samples.streams import Flags, Numbers, Texts, chosen, texts, years_of
from jobs.samples.table import Column

KEY = "学籍号"
SCHOOL, GRADE = "学籍信息/学校", "学籍信息/年级"
GRADES = (*(f"1{year}" for year in range(1, 7)), *(f"2{year}" for year in range(1, 4)), *(f"3{year}" for year in range(1, 4)))
"""Codes of ``school_grade``: the kind of school, and the year there."""

FIRST_AGE = 6
SCHOOL_YEAR_BEGINS = "09-01"
SCHOOLS_OF_A_KIND = "一二三四五六七八九"
MOTHERS_SHARE = 0.6

NAMED = (
    Named("_student", KEY, "学生/身份证件号", "学生/姓名", "学生/出生日期", role="student"),
    Named("_guardian", KEY, "监护人/身份证件号", "监护人/姓名", phone="监护人/联系电话", role="guardian"),
)


def first_enrolment_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """Enrolments of the first day: most children of school age."""
    random = writer.streams.named("enrolments")
    is_enrolled = chosen(random, len(writer.population.people), writer.society.share_enrolled)
    return enrolment_rows(writer, np.flatnonzero(are_of_school_age(writer, start) & is_enrolled), start)


def are_of_school_age(writer: Writer, day: date) -> Flags:
    """Who is alive and between the first and the last grade."""
    people = writer.population.people
    year = _school_years(people["birth"], day)
    return np.asarray((year >= 0) & (year < len(GRADES)) & ~people["is_dead"] & ~people["is_foreign"])


def enrolment_rows(writer: Writer, students: Numbers, day: date) -> Mapping[str, Column]:
    """Rows as they are first written on ``day``."""
    people, noise = writer.population.people, writer.noise
    random = writer.errors(KEY)
    absent = noise.citizen_id.absent_in_enrolment
    guardians = _guardians(writer, random, students)
    year = _school_years(people["birth"][students], day)
    entered = _school_year_of(day) - year
    serials = writer.next_serials(KEY, len(students)).tolist()
    return {
        KEY: texts([f"L3701{first}{serial:08d}" for first, serial in zip(entered.tolist(), serials, strict=True)]),
        "学生/姓名": written_names(writer, random, students),
        "学生/性别": distort_sexes(random, people["sex"][students], noise.other.sex_wrong),
        "学生/出生日期": distort_births(random, people["birth"][students], noise.birth_date, dashed, year_only=0),
        "学生/身份证件号": written_numbers(writer, random, students, absent=absent),
        "监护人/姓名": written_names(writer, random, guardians),
        "监护人/身份证件号": written_numbers(writer, random, guardians, absent=absent),
        "监护人/联系电话": written_phones(writer, random, guardians),
        SCHOOL: schools(writer, random, students, year),
        GRADE: texts(GRADES)[year],
        "_student": students,
        "_guardian": guardians,
        "_year": year,
    }


def schools(writer: Writer, random: np.random.Generator, students: Numbers, years: Numbers) -> Texts:
    """A school of the right kind in each student's county; in a home county for who comes from elsewhere."""
    population = writer.population
    county = population.households["county"][population.people["household"][students]] % population.counties.home
    kind = texts(["小学", "中学", "高级中学"])[np.searchsorted([6, 9], years, side="right")]
    number = texts(list(SCHOOLS_OF_A_KIND))[random.integers(0, len(SCHOOLS_OF_A_KIND), len(students))]
    return texts([f"{c}第{n}{k}" for c, n, k in zip(population.counties.full_names[county], number, kind, strict=True)])


def _guardians(writer: Writer, random: np.random.Generator, students: Numbers) -> Numbers:
    """Mother or father if they live; else the head of the household; else nobody."""
    people = writer.population.people
    mothers, fathers = (_who_can(writer, people[parent][students]) for parent in ("mother", "father"))
    prefers_mother = random.random(len(students)) < MOTHERS_SHARE
    found = np.where((mothers != NOBODY) & (prefers_mother | (fathers == NOBODY)), mothers, fathers)
    heads = _who_can(writer, writer.heads_of_households()[people["household"][students]])
    return np.where(found != NOBODY, found, np.where(heads != students, heads, NOBODY))


def _who_can(writer: Writer, who: Numbers) -> Numbers:
    people = writer.population.people
    return np.where((who != NOBODY) & ~people["is_dead"][who] & ~people["is_foreign"][who], who, NOBODY)


def _school_year_of(day: date) -> int:
    """The calendar year in which the school year of ``day`` began."""
    return day.year if day.isoformat()[5:] >= SCHOOL_YEAR_BEGINS else day.year - 1


def _school_years(births: Column, day: date) -> Numbers:
    """Full school years since the child was old enough: 0 in the first grade, negative below school age."""
    births = births.astype("datetime64[D]")
    began = _school_year_of(day)
    turned = began - years_of(births)
    late = births > (births.astype("datetime64[Y]").astype("datetime64[M]") + 8).astype("datetime64[D]")
    return turned - late - FIRST_AGE
