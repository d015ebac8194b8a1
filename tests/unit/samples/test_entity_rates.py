"""Errors of legal entities come at the rates of the noise file. A harsh country is held against its entities as they are."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.samples.registers import ABNORMAL_OPERATIONS, DEBTORS, INSURANCES, LICENCES, PENALTIES, TAXPAYERS, VIOLATIONS
from jobs.samples.registers.named import NOBODY
from jobs.samples.streams import Texts
from jobs.samples.world import World
from tests.unit.samples.test_errors import assert_rate

Flags = NDArray[np.bool_]

NAMES = [
    (TAXPAYERS, "nsrmc", "_firm"),
    (LICENCES, "XK_XDR_MC", "_firm"),
    (PENALTIES, "CF_XDR_MC", "_firm"),
    (ABNORMAL_OPERATIONS, "qymc", "_firm"),
    (INSURANCES, "dwmc", "_employer"),
]


def known(world: World, dataset: str, column: str, firm: str, attribute: str) -> tuple[Texts, Texts, Texts]:
    """What stands in rows that name an entity, what is true, and what was true before."""
    rows = world.registers[dataset].rows
    who = rows[firm]
    is_named = who != NOBODY
    entities = world.firms.entities
    return rows[column][is_named], entities[attribute][who[is_named]], entities["former"][who[is_named]]


@pytest.mark.parametrize(("dataset", "column", "firm"), NAMES)
def test_names_in_another_form_and_old_names(world: World, dataset: str, column: str, firm: str) -> None:
    written, true, former = known(world, dataset, column, firm, "name")
    noise = world.writer.noise.entity
    is_old = (former != "") & (written == former)
    assert_rate((written != true) & ~is_old, ~is_old, noise.other_form_of_name)
    if dataset == TAXPAYERS:
        assert_rate(is_old, np.ones(len(written), dtype=bool), noise.old_name)


@pytest.mark.parametrize(("dataset", "column"), [(LICENCES, "XK_XDR_SHXYM"), (INSURANCES, "dwdm")])
def test_letters_that_look_like_digits(world: World, dataset: str, column: str) -> None:
    written, true, _ = known(world, dataset, column, "_firm" if dataset == LICENCES else "_employer", "unified")
    is_full = np.array([len(code) == 18 for code in written])
    assert_rate(written != true, is_full, world.writer.noise.entity.confusable_letter)
    look_alikes = str.maketrans("OIZS", "0125")
    assert all(code.translate(look_alikes) == right for code, right in zip(written[is_full], true[is_full], strict=True))


def test_the_tax_office_has_the_old_number(world: World) -> None:
    written, unified, _ = known(world, TAXPAYERS, "nsrsbh", "_firm", "unified")
    old = known(world, TAXPAYERS, "nsrsbh", "_firm", "old_tax")[1]
    assert_rate(written == old, old != "", world.writer.noise.entity.tax_office_old_number)
    assert ((written == unified) | (written == old)).all()


@pytest.mark.parametrize(("dataset", "prefix"), [(LICENCES, "XK"), (PENALTIES, "CF")])
def test_decisions_with_an_old_number_only(world: World, dataset: str, prefix: str) -> None:
    rows, entities = world.registers[dataset].rows, world.firms.entities
    is_named = rows["_firm"] != NOBODY
    who = rows["_firm"][is_named]
    could = (entities["organisation"][who] != "") | (entities["registration"][who] != "")
    assert_rate(rows[f"{prefix}_XDR_SHXYM"][is_named] == "", could, world.writer.noise.entity.old_number_only)


def test_the_ids_of_debtors_are_always_masked(world: World) -> None:
    rows, people = world.registers[DEBTORS].rows, world.population.people
    is_person = rows["_person"] != NOBODY
    assert 0.6 < is_person.mean() < 0.9
    masks = rows["cardNum"][is_person]
    assert all("*" in number and number.strip("*").count("*") in (7, 10) for number in masks)
    assert all(len(code) == 18 and "*" not in code for code in rows["cardNum"][~is_person])
    true = people["number"][rows["_person"][is_person]]
    shown = [mask[:4] == number[:4] and mask[-4:].upper() == number[-4:] for mask, number in zip(masks, true, strict=True)]
    assert np.mean(shown) > 0.8
    assert all("*" in number for number in world.registers[VIOLATIONS].rows["法定代表人证件号码"])
