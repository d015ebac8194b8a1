"""Rows of ``credit/administrative_licence`` and ``credit/administrative_penalty``, by the 双公示 field names of 2018."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from jobs.samples.firm_names import load_words
from jobs.samples.registers.counterparty import Parties, decided_before, decision_columns, draw_authorities, draw_parties, pick
from jobs.samples.registers.named import LEGAL_ENTITY, Named
from jobs.samples.registers.writer import Writer, iso
from jobs.samples.streams import Dates, Numbers, Texts, texts, years_of
from jobs.samples.table import Column

LICENCE, PENALTY = "XK", "CF"


def named_in(prefix: str) -> tuple[Named, ...]:
    """Whom a decision names: the counterparty, and the representative of a firm."""
    number, name = f"{prefix}_XDR_SHXYM", f"{prefix}_XDR_MC"
    old = (f"{prefix}_XDR_GSZC", f"{prefix}_XDR_ZZJG", f"{prefix}_XDR_SWDJ")
    return (
        Named("_person", "_key", f"{prefix}_XDR_ZJHM", name, role="counterparty"),
        Named("_representative", "_key", f"{prefix}_FR_SFZH", f"{prefix}_FDDB", role="representative"),
        Named("_firm", "_key", number, name, role="counterparty", master=LEGAL_ENTITY, other_numbers=old),
    )


SHARE_LICENSED, SHARE_PENALISED = 0.5, 0.2
"""Licences and penalties before the first day, for each entity that is there."""

SHARE_PERSONS = 0.2
YEARS_BACK = 3
WARNING, CRITICISM, FINE, CONFISCATION, STOPPED = "01", "02", "03", "04", "10"
LICENCE_KINDS, PENALTY_KINDS = ("1", "2", "3", "4", "5"), (WARNING, CRITICISM, FINE, FINE, CONFISCATION, STOPPED)
IN_FORCE, EXPIRED = "1", "2"


def first_licence_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """Licences of the years before the first day."""
    random = writer.streams.named("first licences")
    return licence_rows(writer, _first_parties(writer, random, SHARE_LICENSED, start), start, 365 * YEARS_BACK)


def first_penalty_rows(writer: Writer, start: date) -> Mapping[str, Column]:
    """Penalties of the years before the first day."""
    random = writer.streams.named("first penalties")
    return penalty_rows(writer, _first_parties(writer, random, SHARE_PENALISED, start), start, 365 * YEARS_BACK)


def licence_rows(writer: Writer, parties: Parties, day: date, days_back: int) -> Mapping[str, Column]:
    """Licences decided up to ``day``, valid for some years."""
    random, count = writer.errors("XK_WSH"), len(parties)
    decided = decided_before(writer, random, parties, day, days_back)
    authorities = draw_authorities(writer, random, count)
    numbers = _decision_numbers(writer, "XK_WSH", "审许字", decided)
    kinds = random.integers(0, len(LICENCE_KINDS), count)
    content = pick(random, load_words()["licences"], count)
    until = decided + 365 * random.integers(1, 6, count)
    codes, names = _authority_columns(writer, authorities)
    return {
        "XK_WSH": numbers,
        "XK_XKJGDM": codes,
        **decision_columns(writer, LICENCE, parties),
        "XK_XKWS": np.asarray(content + "决定书"),
        "XK_XKLB": texts([LICENCE_KINDS[kind] for kind in kinds.tolist()]),
        "XK_XKZS": np.asarray(content + "证"),
        "XK_XKBH": texts([f"JY{serial:012d}" for serial in _serials(writer, "XK_WSH", count)]),
        "XK_NR": content,
        "XK_JDRQ": iso(decided),
        "XK_YXQZ": iso(decided),
        "XK_YXQZI": iso(until),
        "XK_XKJG": names,
        "XK_ZT": texts(np.where(until < np.datetime64(day, "D"), EXPIRED, IN_FORCE)),
        "XK_LYDW": names.copy(),
        "XK_LYDWDM": codes.copy(),
        "_key": np.asarray(numbers + "|" + codes),
    }


def penalty_rows(writer: Writer, parties: Parties, day: date, days_back: int) -> Mapping[str, Column]:
    """Penalties decided up to ``day``; fines in 10,000 yuan."""
    random, count = writer.errors("CF_WSH"), len(parties)
    decided = decided_before(writer, random, parties, day, days_back)
    authorities = draw_authorities(writer, random, count)
    numbers = _decision_numbers(writer, "CF_WSH", "监罚字", decided)
    kinds = texts(PENALTY_KINDS)[random.integers(0, len(PENALTY_KINDS), count)]
    offences = pick(random, load_words()["offences"], count)
    fines = random.integers(5, 2000, count).tolist()
    codes, names = _authority_columns(writer, authorities)
    is_fine, is_confiscated = kinds == FINE, kinds == CONFISCATION
    amounts = texts([f"{fine / 100:.2f}" for fine in fines])
    return {
        "CF_WSH": numbers,
        "CF_CFJGDM": codes,
        **decision_columns(writer, PENALTY, parties),
        "CF_WFXW": offences,
        "CF_SY": np.asarray("经查，当事人" + offences + "，情况属实。"),
        "CF_YJ": pick(random, load_words()["laws"], count),
        "CF_CFLB": kinds,
        "CF_NR": texts(np.where(is_fine, "罚款" + amounts + "万元", np.where(kinds == STOPPED, "责令停产停业", "责令改正"))),
        "CF_NR_FK": texts(np.where(is_fine, amounts, "")),
        "CF_NR_WFFF": texts(np.where(is_confiscated, amounts, "")),
        "CF_NR_ZKDX": texts([""] * count),
        "CF_JDRQ": iso(decided),
        "CF_YXQ": texts([""] * count),
        "CF_GSJZQ": iso(decided + 3 * 365),
        "CF_CFJG": names,
        "CF_SJLY": names.copy(),
        "CF_SJLYDM": codes.copy(),
        "_key": np.asarray(numbers + "|" + codes),
    }


def _first_parties(writer: Writer, random: np.random.Generator, share: float, start: date) -> Parties:
    firms = np.flatnonzero(~writer.firms.entities["is_gone"] & (random.random(len(writer.firms)) < share))
    return draw_parties(writer, random, firms, SHARE_PERSONS, start)


def _decision_numbers(writer: Writer, serial_name: str, word: str, decided: Dates) -> Texts:
    serials = writer.next_serials(serial_name, len(decided)).tolist()
    return texts([f"济{word}〔{year}〕{serial}号" for year, serial in zip(years_of(decided).tolist(), serials, strict=True)])


def _serials(writer: Writer, name: str, count: int) -> list[int]:
    """The running numbers that were given last."""
    last = writer.serials[name]
    return list(range(last - count + 1, last + 1))


def _authority_columns(writer: Writer, authorities: Numbers) -> tuple[Texts, Texts]:
    entities = writer.firms.entities
    return entities["unified"][authorities].copy(), entities["name"][authorities].copy()
