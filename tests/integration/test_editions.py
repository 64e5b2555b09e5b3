"""Editions: what a process holds and answers by, before and from the instant of a change, as known then and later."""

import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from psycopg_pool import ConnectionPool

from geo import db, units
from geo.assign import Assigner
from geo.db import EVERYTHING, INTAKE, begin
from geo.edition import key_of
from geo.editions import Editions
from geo.errors import BadCoordinate
from geo.sql_twin import SqlTwin
from tests.city import GRIDS, LONG_AGO, furnish, small_city

Pool = ConnectionPool[db.Connection]


@pytest.fixture(scope="module")
def city(pool: Pool) -> Pool:
    with begin(pool, EVERYTHING, LONG_AGO) as conn:
        furnish(conn)
    return pool


@pytest.fixture
def held(city: Pool, database: str) -> Editions:
    return Editions(database)


def redrawn(divider: float) -> gpd.GeoDataFrame:
    """M1 and M2 of banner B1 with their border elsewhere; and the corner that M3 and M4 must have there then."""
    frame = small_city()
    west, east = shapely.box(122.00, 46.00, divider, 46.01), shapely.box(divider, 46.00, 122.02, 46.01)
    north = [shapely.box(122.00, 46.01, 122.01, 46.02), shapely.box(122.01, 46.01, 122.02, 46.02)]
    corners = shapely.MultiPoint([(divider, 46.01), (122.01, 46.01)])
    snapped = [shapely.snap(shapely.segmentize(area, 1), corners, 1e-9) for area in [west, east, *north]]
    areas = dict(zip(GRIDS, snapped, strict=True))
    chosen = frame.loc[frame["code"].isin(areas)].copy()
    chosen["geometry"] = [areas[code] for code in chosen["code"]]
    return chosen


def test_an_edition_is_all_that_is_in_force(city: Pool, held: Editions) -> None:
    with begin(city, EVERYTHING) as conn:
        found = held.current(conn)
        expected = units.in_force(conn)
    assert found.units["path"].is_monotonic_increasing
    by_id = found.units.sort_values("unit_id")
    assert by_id["unit_id"].tolist() == expected["unit_id"].tolist()
    assert by_id["code"].tolist() == expected["code"].tolist()
    assert shapely.equals_identical(by_id.geometry.to_numpy(), expected.geometry.to_numpy()).all()
    assert found.base["code"].tolist() == list(GRIDS)
    x, y = np.array([122.005, 122.01, 130.0]), np.array([46.005, 46.01, 46.0])
    first = int(found.base["unit_id"].iloc[0])
    assert found.locate(x, y).tolist() == [first, first, -1]
    assert found.locate_overlay(x, y).tolist() == [-1, -1, -1]


def test_whoever_asks_gets_the_same_edition(city: Pool, held: Editions) -> None:
    with begin(city, INTAKE) as conn:
        first = held.current(conn)
    with begin(city, EVERYTHING) as conn:
        assert held.current(conn) is first


def test_a_file_brings_back_the_same_edition(city: Pool, database: str, tmp_path: Path) -> None:
    with begin(city, EVERYTHING) as conn:
        built = Editions(database, tmp_path).current(conn)
        (file,) = tmp_path.glob("*.edition")
        written = file.stat().st_ino
        mapped = Editions(database, tmp_path).current(conn)
    assert file.stat().st_ino == written, "a file is never written again"
    assert (mapped.key, mapped.digest) == (built.key, built.digest)
    assert mapped.units.equals(built.units)
    assert mapped.units.dtypes.tolist() == built.units.dtypes.tolist()
    x, y = np.random.default_rng(1).uniform([121.99, 45.99], [122.03, 46.03], (500, 2)).T
    assert np.array_equal(mapped.locate(x, y), built.locate(x, y))


@pytest.mark.parametrize("harm", ["cut", "change"])
def test_a_damaged_file_is_built_anew(city: Pool, database: str, tmp_path: Path, harm: str) -> None:
    with begin(city, EVERYTHING) as conn:
        Editions(database, tmp_path).current(conn)
        (file,) = tmp_path.glob("*.edition")
        whole = file.read_bytes()
        damaged = whole[:-100] if harm == "cut" else whole[:-200] + bytes(200)
        assert damaged != whole
        file.write_bytes(damaged)
        found = Editions(database, tmp_path).current(conn)
    assert found.locate([122.005], [46.005])[0] > 0
    assert file.read_bytes() == whole


def test_what_a_killed_builder_left_and_what_is_old_is_taken_away(city: Pool, database: str, tmp_path: Path) -> None:
    left = [tmp_path / "abc.editionxyz.part", *(tmp_path / f"{n}.v1.edition" for n in range(8))]
    for age, path in enumerate(left):
        path.write_bytes(b"")
        os.utime(path, (age, age))
    with begin(city, EVERYTHING) as conn:
        Editions(database, tmp_path).current(conn)
    assert not left[0].exists()
    assert len(list(tmp_path.glob("*.edition"))) == 6
    assert left[-1].exists()


def test_the_twin_answers_like_the_index_for_whoever_asks(city: Pool) -> None:
    corners = [(x, y) for x in (122.0, 122.01, 122.02) for y in (46.0, 46.01, 46.02)]
    points = np.array([*corners, (122.005, 46.01), (122.003, 46.004), (123.0, 46.0)])
    with begin(city, EVERYTHING) as conn:
        exact = Assigner.load(conn).assign(*points.T)
    with begin(city, INTAKE) as conn:
        key = key_of(conn)
        assert key
        twin = SqlTwin(conn, key).assign(*points.T)
    for name in ("unit_id", "path", "located", "owner_rule", "team_id", "team_unit_id", "team_rule"):
        assert getattr(twin, name).tolist() == getattr(exact, name).tolist(), name
    assert twin.candidates == exact.candidates
    with begin(city, INTAKE) as conn, pytest.raises(BadCoordinate, match="Row 1"):
        SqlTwin(conn, key).assign(np.array([122.0, np.nan]), np.array([46.0, 46.0]))
