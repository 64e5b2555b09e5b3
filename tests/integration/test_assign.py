"""Who answers for a point: against exact arithmetic, the SQL twin, and the rules of the default team."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

import geopandas as gpd
import numpy as np
import pytest
import shapely
from psycopg_pool import ConnectionPool

from geo import assign, db, sql_twin, units
from geo.db import EVERYTHING, begin
from geo.errors import BadCoordinate
from geo.publication import publish

Pool = ConnectionPool[db.Connection]
AT = datetime(2024, 1, 1, tzinfo=UTC)
LATER = datetime(2024, 6, 1, tzinfo=UTC)
WEST, EAST = UUID(int=1), UUID(int=2)
FIVE = UUID(int=5)


def triangles() -> list[shapely.Polygon]:
    """Sixty irregular triangles that tile a square degree, in an order that has nothing to do with their place."""
    rng = np.random.default_rng(7)
    nodes = np.vstack([rng.uniform([121, 46], [122, 47], (28, 2)), [[121, 46], [121, 47], [122, 46], [122, 47]]])
    made = list(shapely.delaunay_triangles(shapely.multipoints(nodes)).geoms)
    return [made[i] for i in rng.permutation(len(made))]


def world() -> gpd.GeoDataFrame:
    """Triangles under two communities of one league; the third community is a leaf apart."""
    tiles = triangles()
    rows: list[dict[str, Any]] = [
        {"code": "L", "parent_code": None, "level": "league"},
        {"code": "W", "parent_code": "L", "level": "community"},
        {"code": "E", "parent_code": "L", "level": "community"},
        {"code": "F", "parent_code": "L", "level": "community", "geometry": shapely.box(130, 46, 131, 47)},
    ]
    for i, tile in enumerate(tiles):
        parent = "W" if tile.centroid.x < 121.5 else "E"
        rows.append({"code": f"T{i}", "parent_code": parent, "level": "micro_grid", "geometry": tile})
    frame = gpd.GeoDataFrame(rows, geometry="geometry", crs="EPSG:4326")
    return frame.assign(name=frame["code"])


@dataclass(frozen=True)
class City:
    pool: Pool
    ids: dict[str, int]
    tiles: dict[int, shapely.Polygon]
    assigner: assign.Assigner


def name_team(conn: db.Connection, unit_id: int, team: UUID) -> None:
    db.execute(
        conn,
        "INSERT INTO default_team (unit_id, path, team_id, valid) "
        "SELECT unit_id, path, %(team)s, tstzrange(%(at)s, NULL) "
        "FROM unit_version WHERE unit_id = %(unit_id)s AND upper_inf(recorded)",
        unit_id=unit_id,
        team=team,
        at=AT,
    )


@pytest.fixture(scope="module")
def bare(pool: Pool) -> Pool:
    with begin(pool, EVERYTHING, AT) as conn, pytest.raises(assign.NoUnits):
        assign.Assigner.load(conn)
    return pool


@pytest.fixture(scope="module")
def city(bare: Pool) -> City:
    with begin(bare, EVERYTHING, AT) as conn:
        publish(conn, world(), AT, system="test")
        found = units.in_force(conn)
        ids = dict(zip(found["code"], found["unit_id"].tolist(), strict=True))
        for team in (WEST, EAST, FIVE):
            db.execute(
                conn,
                "INSERT INTO team (id, code, path, kind, name, source) "
                "VALUES (%(id)s, %(code)s, '1.', 'patrol', '红城义警', 'test')",
                id=team,
                code=str(team),
            )
        name_team(conn, ids["E"], EAST)
        name_team(conn, ids["T5"], FIVE)
        with pytest.raises(assign.NoDefaultTeam):
            assign.Assigner.load(conn)
        name_team(conn, ids["L"], WEST)
        base = units.base(conn)
        tiles = dict(zip(base["unit_id"].tolist(), base.geometry, strict=True))
        return City(bare, ids, tiles, assign.Assigner.load(conn))


def covers(ring: np.ndarray, x: float, y: float) -> bool:
    """Whether a ring without holes holds a point or has it on its edge, in exact arithmetic."""
    inside = False
    px, py = Fraction(x), Fraction(y)
    for (x1, y1), (x2, y2) in zip(ring[:-1].tolist(), ring[1:].tolist(), strict=True):
        ax, ay, bx, by = Fraction(x1), Fraction(y1), Fraction(x2), Fraction(y2)
        side = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
        if side == 0 and min(ax, bx) <= px <= max(ax, bx) and min(ay, by) <= py <= max(ay, by):
            return True
        if (ay <= py) != (by <= py) and (side > 0) == (by > ay):
            inside = not inside
    return inside


def exact_owners(city: City, points: np.ndarray) -> list[list[int]]:
    """The ids of all tiles that cover each point, ascending."""
    rings = {unit: (shapely.get_coordinates(tile), tile.bounds) for unit, tile in sorted(city.tiles.items())}
    return [
        [
            unit
            for unit, (ring, (west, south, east, north)) in rings.items()
            if west <= x <= east and south <= y <= north and covers(ring, x, y)
        ]
        for x, y in points.tolist()
    ]


def hard_points(city: City) -> np.ndarray:
    """Every vertex, edge midpoint and third, each with its neighbours one step of a double away; and points between."""
    rings = [shapely.get_coordinates(tile) for tile in city.tiles.values()]
    nodes = np.unique(np.vstack(rings), axis=0)
    starts, ends = np.vstack([ring[:-1] for ring in rings]), np.vstack([ring[1:] for ring in rings])
    on_edges = np.vstack([(starts + ends) / 2, starts + (ends - starts) / 3])
    sharp = np.vstack([nodes, on_edges])
    steps = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1)]
    near = [np.column_stack([step(sharp[:, 0], dx), step(sharp[:, 1], dy)]) for dx, dy in steps]
    scattered = np.random.default_rng(3).uniform([120.9, 45.9], [122.1, 47.1], (500, 2))
    return np.vstack([*near, scattered, [[130.5, 46.5], [0, 0], [-180, -90], [180, 90]]])


def step(values: np.ndarray, direction: int) -> np.ndarray:
    return np.nextafter(values, np.inf * direction) if direction else values


@pytest.fixture(scope="module")
def points(city: City) -> np.ndarray:
    return hard_points(city)


@pytest.fixture(scope="module")
def expected(city: City, points: np.ndarray) -> list[list[int]]:
    return exact_owners(city, points)


def test_the_points_are_hard(expected: list[list[int]]) -> None:
    several = [len(owners) for owners in expected]
    assert several.count(0) > 100
    assert several.count(1) > 1000
    assert several.count(2) > 20
    assert max(several) > 4


def test_every_point_has_the_owner_that_exact_arithmetic_gives(
    city: City, points: np.ndarray, expected: list[list[int]]
) -> None:
    root = city.ids["L"]
    owners = city.assigner.assign(points[:, 0], points[:, 1])
    assert owners.unit_id.tolist() == [found[0] if found else root for found in expected]
    located = ["outside", "inside", "edge"]
    assert owners.located.tolist() == [located[min(len(found), 2)] for found in expected]
    assert owners.candidates == {i: found for i, found in enumerate(expected) if len(found) > 1}
    rules = ["root_for_outside", "one_owner", "lowest_of_edge"]
    assert owners.owner_rule.tolist() == [rules[min(len(found), 2)] for found in expected]
    assert all(units.path_ids(path)[-1] == unit for path, unit in zip(owners.path, owners.unit_id, strict=True))


def test_the_sql_twin_gives_the_same_owner(city: City, points: np.ndarray, expected: list[list[int]]) -> None:
    with begin(city.pool, EVERYTHING, LATER) as conn:
        found = [units.owner(conn, lon, lat) for lon, lat in points.tolist()]
    assert [row["unit_id"] if row else None for row in found] == [owners[0] if owners else None for owners in expected]


def test_the_nearest_unit_upwards_names_the_team(city: City) -> None:
    inside = {code: city.tiles[city.ids[code]].representative_point() for code in city.ids if code[0] in "TF"}
    owners = city.assigner.assign(
        np.array([*[point.x for point in inside.values()], 0.0]),
        np.array([*[point.y for point in inside.values()], 0.0]),
    )
    with begin(city.pool, EVERYTHING, LATER) as conn:
        parents = {
            unit: units.path_ids(units.read(conn, code)["path"])[-2]
            for code, unit in city.ids.items()
            if code in inside
        }
    for i, code in enumerate(inside):
        answer = (owners.team_id[i], owners.team_unit_id[i], owners.team_rule[i])
        if code == "T5":
            assert answer == (FIVE, city.ids["T5"], "default_of_unit")
        elif parents[city.ids[code]] == city.ids["E"]:
            assert answer == (EAST, city.ids["E"], "default_of_parent")
        else:
            assert answer == (WEST, city.ids["L"], "default_of_root")
    assert (owners.unit_id[-1], owners.team_id[-1], owners.team_rule[-1]) == (city.ids["L"], WEST, "default_of_root")


def test_no_points_have_no_owners(city: City) -> None:
    owners = city.assigner.assign(np.array([]), np.array([]))
    assert owners.unit_id.shape == (0,)
    assert owners.candidates == {}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_point_that_is_nowhere_is_refused_by_its_row(city: City, bad: float) -> None:
    with pytest.raises(BadCoordinate, match="Row 1"):
        city.assigner.assign(np.array([121.5, bad]), np.array([46.5, 46.5]))
    with pytest.raises(BadCoordinate, match="Row 0"):
        city.assigner.assign(np.array([121.5, 121.5]), np.array([bad, 46.5]))


def test_a_run_keeps_the_edition_it_answered_by(city: City) -> None:
    with begin(city.pool, EVERYTHING, LATER) as conn:
        first, second = assign.new_run(conn, city.assigner), assign.new_run(conn, city.assigner)
        assert second > first
        run = db.one(conn, "SELECT * FROM assignment_run WHERE id = %(id)s", id=first)
    assert (run["edition_valid"], run["edition_recorded"], run["at"], run["account"]) == (AT, AT, LATER, "system")


@pytest.mark.parametrize("name", ["touched", "overlays", "near"])
def test_the_twin_finds_units_by_the_spatial_index(city: City, name: str) -> None:
    sides = {side: [number] for side, number in {"west": 121.4, "south": 46.4, "east": 121.6, "north": 46.6}.items()}
    asked = sides | {"lon": [121.5], "lat": [46.5]} | city.assigner.key._asdict()
    with begin(city.pool, EVERYTHING) as conn:
        conn.execute("SET LOCAL enable_seqscan = off")  # the city is small: the question is whether the index may serve
        lines = conn.execute("EXPLAIN " + sql_twin.SQL[name], asked).fetchall()
    plan = "\n".join(line["QUERY PLAN"] for line in lines)
    assert re.search(r"idx_unit_version_geom.*\n\s+Index Cond: \(geom && ", plan), plan
