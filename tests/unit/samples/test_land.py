"""The land agrees with the people on it; its codes, borders and coordinates are held against checks of their own."""

from __future__ import annotations

import json
import math
import re
from datetime import date
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest

from jobs.io.delta import read_table
from jobs.io.run_context import RunContext
from jobs.io.state import delivery_states
from jobs.samples.deliveries import Post, send, take
from jobs.samples.life import live
from jobs.samples.people import NOBODY
from jobs.samples.places import take_apart
from jobs.samples.register import Register
from jobs.samples.registers import HOUSEHOLDS, PARCELS, REAL_ESTATE, RESIDENCES, STANDARD_ADDRESSES
from jobs.samples.settings import load_country, load_noise
from jobs.samples.streams import Streams
from jobs.samples.truth import ENTITIES, PEOPLE, truth_of
from jobs.samples.world import World, create_world
from jobs.settings import Settings
from jobs.steps.s1_land import land
from jobs.steps.s2_bronze import load_bronze
from schemas.catalog import load_catalog
from schemas.names import DatasetName, Layer
from tests.unit.samples.replay import FIRST
from tests.unit.samples.test_errors import assert_rate

LAND = (STANDARD_ADDRESSES, PARCELS, REAL_ESTATE)
Point = tuple[float, float]

PARCEL_CODE = re.compile(r"(\d{6})\d{3}\d{3}(?:G[BS]|J[A-FLNSXWY]|Z[A-Y])\d{5}")
UNIT_CODE = re.compile(r"(.{19})F(\d{4})(\d{4})")


@pytest.fixture(scope="module")
def lived() -> World:
    """A small typical country after a week."""
    world = small_world("typical")
    for day in range(3, 9):
        live(world, load_country().life, date(2026, 3, day))
    return world


def small_world(noise: str) -> World:
    return create_world(1500, FIRST, load_country(), load_noise(noise), Streams(5), load_catalog())


def borders(register: Register, column: str = "geometry") -> list[dict[str, Any]]:
    return [json.loads(text) for text in register.rows[column]]


def outer_ring(geometry: dict[str, Any]) -> list[Point]:
    rings = geometry["coordinates"][0]
    return [tuple(point) for point in (rings[0] if geometry["type"] == "MultiPolygon" else rings)]


def is_inside(point: Point, ring: list[Point]) -> bool:
    """Even-odd rule."""
    crossings = 0
    for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (y1 > point[1]) != (y2 > point[1]) and point[0] < x1 + (point[1] - y1) * (x2 - x1) / (y2 - y1):
            crossings += 1
    return crossings % 2 == 1


def crosses_itself(ring: list[Point]) -> bool:
    def turn(a: Point, b: Point, c: Point) -> bool:
        return (b[0] - a[0]) * (c[1] - a[1]) > (b[1] - a[1]) * (c[0] - a[0])

    edges = list(pairwise(ring))
    return any(
        turn(a, c, d) != turn(b, c, d) and turn(a, b, c) != turn(a, b, d)
        for (a, b), (c, d) in combinations(edges, 2)
        if not {a, b} & {c, d}
    )


def metres_between(one: Point, other: Point) -> float:
    """Great circle, by haversine."""
    (x1, y1), (x2, y2) = (tuple(map(math.radians, point)) for point in (one, other))
    chord = math.sin((y2 - y1) / 2) ** 2 + math.cos(y1) * math.cos(y2) * math.sin((x2 - x1) / 2) ** 2
    return 2 * 6_371_008.8 * math.asin(math.sqrt(chord))


def area_of(ring: list[Point]) -> float:
    """Two triangles by Heron's formula from the lengths of their sides: no formula of the country's own."""

    def triangle(a: Point, b: Point, c: Point) -> float:
        x, y, z = metres_between(a, b), metres_between(b, c), metres_between(c, a)
        half = (x + y + z) / 2
        return math.sqrt(half * (half - x) * (half - y) * (half - z))

    return triangle(ring[0], ring[1], ring[2]) + triangle(ring[0], ring[2], ring[3])


@pytest.mark.parametrize("dataset", LAND)
def test_what_is_delivered_is_what_the_contract_says(world: World, dataset: str) -> None:
    register, contract = world.registers[dataset], load_catalog().find(dataset)
    assert register.delivered == tuple(column.physical_name for column in contract.columns)
    assert {name for name in register.rows.columns if not name.startswith("_")} == set(register.delivered)
    assert len(register) > 5000
    optional = {"LZH", "ZBX"} if dataset == STANDARD_ADDRESSES else set()
    for column in contract.columns:
        assert (column.physical_name in optional) == bool((register.rows[column.physical_name] == "").any())


def test_codes_have_the_parts_that_the_registers_prescribe(world: World) -> None:
    counties = set(world.population.counties.current_codes)
    parcels = set(world.registers[PARCELS].rows["ZDDM"])
    assert all((found := PARCEL_CODE.fullmatch(code)) and found[1] in counties for code in parcels)
    units = [UNIT_CODE.fullmatch(code) for code in world.registers[REAL_ESTATE].rows["BDCDYH"]]
    assert all(unit and unit[1] in parcels and unit[2] != "0000" and unit[3] != "0000" for unit in units)


def test_households_and_residents_live_at_standard_addresses(lived: World) -> None:
    known = set(lived.registers[STANDARD_ADDRESSES].rows["DZMC"])
    for dataset, column in ((HOUSEHOLDS, "HKDZ"), (RESIDENCES, "residence.address")):
        addresses = set(lived.registers[dataset].rows[column])
        assert {re.sub(r"\d+单元\d+室$", "", address) for address in addresses} <= known
    assert len(known) == len(lived.registers[STANDARD_ADDRESSES])


def test_buildings_stand_on_parcels_that_do_not_touch(world: World) -> None:
    cadastre = world.writer.cadastre
    rows = world.registers[PARCELS].rows
    rings = {
        parcel: outer_ring(g) for parcel, g in zip(rows["_parcel"], borders(world.registers[PARCELS], "_geometry"), strict=True)
    }
    addresses = world.registers[STANDARD_ADDRESSES].rows
    for building, point in zip(addresses["_building"], addresses["_point"], strict=True):
        east, _, north = point.partition(",")
        assert is_inside((float(east), float(north)), rings[cadastre.buildings["parcel"][building]])
    boxes: dict[tuple[int, int], int] = {}
    for parcel, ring in rings.items():
        cell = (math.floor(min(x for x, _ in ring) / 0.0006 + 1e-3), math.floor(min(y for _, y in ring) / 0.0005 + 1e-3))
        assert boxes.setdefault(cell, parcel) == parcel
    assert not any(crosses_itself(ring) for ring in rings.values())


def test_borders_go_wrong_at_their_rates(world: World) -> None:
    register, noise = world.registers[PARCELS], world.writer.noise.land
    found, correct = borders(register), borders(register, "_geometry")
    rings, true_rings = [outer_ring(g) for g in found], [outer_ring(g) for g in correct]
    everyone = np.ones(len(register), dtype=bool)
    is_crossed = np.array([crosses_itself(ring) for ring in rings])
    is_open = np.array([ring[0] != ring[-1] for ring in rings])
    has_sliver = np.array([g["type"] == "MultiPolygon" for g in found])
    west = np.array([ring[0][0] - true[0][0] for ring, true in zip(rings, true_rings, strict=True)])
    is_shifted = np.abs(west + 0.0003) < 1e-6
    has_neighbour = (world.writer.cadastre.parcels["serial"] - 1) % 10 != 0
    assert_rate(is_crossed, everyone, noise.parcel_crossed)
    assert_rate(is_open, ~is_crossed, noise.parcel_open)
    assert_rate(is_shifted, has_neighbour & ~is_crossed & ~is_open, noise.parcel_overlapping)
    assert_rate(has_sliver, ~is_crossed & ~is_open & ~is_shifted, noise.parcel_with_sliver)
    is_wrong = is_crossed | is_open | is_shifted | has_sliver
    assert [g for g, wrong in zip(found, is_wrong, strict=True) if not wrong] == [
        g for g, wrong in zip(correct, is_wrong, strict=True) if not wrong
    ]
    assert not is_shifted[~has_neighbour].any()


def test_surveyed_areas_are_those_of_the_borders(world: World) -> None:
    register = world.registers[PARCELS]
    true = np.array([area_of(outer_ring(g)) for g in borders(register, "_geometry")])
    surveyed = register.rows["ZDMJ"].astype(float)
    assert np.allclose(true, register.rows["_area"].astype(float), rtol=0.01)  # sphere against ellipsoid
    is_wrong = np.abs(surveyed / true - 1) > 0.03
    assert_rate(is_wrong, np.ones(len(true), dtype=bool), world.writer.noise.land.area_wrong)
    assert (np.abs(surveyed / true - 1) < 0.22).all()


def test_coordinates_go_wrong_at_their_rates(world: World) -> None:
    rows, noise = world.registers[STANDARD_ADDRESSES].rows, world.writer.noise.land
    everyone = np.ones(len(rows), dtype=bool)
    is_swapped = rows["JD"].astype(float) < rows["WD"].astype(float)
    assert_rate(is_swapped, everyone, noise.coordinates_swapped)
    assert_rate(rows["ZBX"] == "", everyone, noise.untagged)
    assert_rate(rows["ZBX"] == "GCJ-02", rows["ZBX"] != "", noise.gcj02)
    assert set(rows["ZBX"]) == {"", "GCJ-02", "EPSG:4490"}
    for east, north, tag, true in zip(rows["JD"], rows["WD"], rows["ZBX"], rows["_point"], strict=True):
        if tag and float(east) > float(north):
            true_east, _, true_north = true.partition(",")
            measured = metres_between((float(east), float(north)), (float(true_east), float(true_north)))
            assert 100 < measured < 900 if tag == "GCJ-02" else measured == 0


def test_holders_are_people_or_firms_with_shares_of_a_whole(world: World) -> None:
    rows, people, firms = world.registers[REAL_ESTATE].rows, world.population.people, world.writer.firms.entities
    sizes, agreeing, owned = [], [], 0
    columns = [rows[name] for name in ("_holders", "_firms", "QLR[].MC", "QLR[].ZJH", "QLR[].ZJZL", "QLR[].QLBL")]
    for way, holders, owners, *texts in zip(rows["GYFS"], *columns, strict=True):
        names, numbers, kinds, shares = map(json.loads, texts)
        assert len(holders) == len(owners) == len(set(holders)) == len(names) == len(numbers) == len(kinds) == len(shares)
        assert way == ("0" if len(holders) == 1 else "1" if shares == [None] * len(shares) else "2")
        assert way == "1" or sum(map(Fraction, shares)) == 1
        for who, firm, number, kind in zip(holders, owners, numbers, kinds, strict=True):
            assert (who == NOBODY) != (firm == NOBODY)
            assert kind == ("7" if who == NOBODY else "2" if people["is_foreign"][who] else "1")
            agreeing.append(number == (firms["unified"][firm] if who == NOBODY else people["number"][who]))
            owned += who == NOBODY
        sizes.append(len(holders))
    assert min(sizes) == 1
    assert max(sizes) > 2
    assert 0.8 < np.mean(agreeing) < 1
    assert 0.03 < owned / len(rows) < 0.05


def test_a_sold_unit_has_two_holders_one_after_the_other_in_the_truth(lived: World) -> None:
    register = lived.registers[REAL_ESTATE]
    by_key: dict[str, list[dict[str, Any]]] = {}
    for row in [*truth_of(lived, PEOPLE).to_pylist(), *truth_of(lived, ENTITIES).to_pylist()]:
        if row["dataset"] == REAL_ESTATE:
            by_key.setdefault(row["record_key"], []).append(row)
    for rows in by_key.values():
        rows.sort(key=lambda row: row["first_business_date"])
    sold = 0
    for version in register.earlier["_holders"]:
        for code, holders in zip(version.rows["BDCDYH"], version.rows["_holders"], strict=True):
            before, *after = by_key[f"{code}#holder-1"]
            assert holders[0] == NOBODY or before["entity_id"] == f"P{holders[0]:09d}"
            for following in after:
                assert (following["first_business_date"] - before["last_business_date"]).days == 1
                before = following
            assert before["last_business_date"] is None
            sold += len(after)
    assert sold > 3
    alive = [row for rows in by_key.values() for row in rows if row["last_business_date"] is None]
    assert len(alive) == sum(map(len, register.rows["_holders"]))


def test_a_day_brings_addresses_parcels_surveys_and_sales() -> None:
    world = small_world("harsh")
    counts = {dataset: {"I": 0, "U": 0} for dataset in LAND}
    for day in range(3, 9):
        live(world, load_country().life, date(2026, 3, day))
        for dataset in LAND:
            for operation in counts[dataset]:
                counts[dataset][operation] += int((world.registers[dataset].operations == operation).sum())
    assert min(counts[STANDARD_ADDRESSES]["I"], *counts[PARCELS].values(), *counts[REAL_ESTATE].values()) > 3
    assert len(set(world.registers[REAL_ESTATE].rows["BDCDYH"])) == len(world.registers[REAL_ESTATE])


def test_the_same_seed_writes_the_same_rows(lived: World) -> None:
    again = small_world("typical")
    for day in range(3, 9):
        live(again, load_country().life, date(2026, 3, day))
    for dataset in LAND:
        for name, column in lived.registers[dataset].rows.columns.items():
            assert column.tolist() == again.registers[dataset].rows[name].tolist(), (dataset, name)


def test_clean_land_has_no_errors() -> None:
    world = small_world("clean")
    parcels, addresses = world.registers[PARCELS].rows, world.registers[STANDARD_ADDRESSES].rows
    assert (parcels["geometry"] == parcels["_geometry"]).all()
    assert (parcels["ZDMJ"] == parcels["_area"]).all()
    assert set(addresses["ZBX"]) == {"EPSG:4490"}
    assert [f"{east},{north}" for east, north in zip(addresses["JD"], addresses["WD"], strict=True)] == addresses["_point"].tolist()


@pytest.mark.parametrize("dataset", LAND)
def test_what_is_written_arrives_in_bronze(settings: Settings, dataset: str) -> None:
    catalog, name = load_catalog(), DatasetName.parse(dataset)
    world = create_world(300, FIRST, load_country(), load_noise("harsh"), Streams(5), catalog)
    register, contract = world.registers[dataset], catalog.by_dataset[name]
    everything = take(register, contract, np.arange(len(register)), is_full=True)
    send(everything, Post(settings.landing_root, FIRST, None), None)
    ctx = RunContext(settings, catalog, FIRST, "night/2026-03-02/1")
    land(ctx, name)
    load_bronze(ctx, name)
    [state] = delivery_states(settings.root)
    assert (state.status, state.rows_bronze) == ("received", len(register))
    bronze = sorted(read_table(ctx.path(contract.table(Layer.BRONZE))).to_pylist(), key=lambda row: row["_row_number"])
    for column in contract.columns:
        assert [row[column.name] or "" for row in bronze] == register.rows[column.physical_name].tolist()


def test_addresses_are_taken_apart() -> None:
    city = take_apart("山东省济南市历城区北园街道北园大街248号锦绣苑6号楼2单元1503室", "山东省济南市历城区")
    assert city is not None
    assert (city.street, city.road, city.number, city.building, city.block) == ("北园街道", "北园大街", "248号", "锦绣苑6号楼", 6)
    assert not city.is_rural
    village = take_apart("山东省济南市章丘区口镇前朱屯村58号", "山东省济南市章丘区")
    assert village is not None
    assert (village.street, village.road, village.number, village.is_rural) == ("口镇", "前朱屯村", "58号", True)
    assert take_apart("某地", "山东省济南市章丘区") is None
