"""The whole demonstration league: the numbers that were promised of it."""

from collections.abc import Generator

import pytest
import shapely
from psycopg_pool import ConnectionPool

import demo
from geo import db, units

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]

PROMISED = {
    "incident": 122_810,
    "station": 1_475,
    "volunteer": 8_171,
    "community": 1_109,
    "closed": 108_404,
    "patrol_members": 3_000,
}


@pytest.fixture(scope="module")
def conn(pool: ConnectionPool[db.Connection]) -> Generator[db.Connection]:
    demo.load(pool)
    with db.begin(pool, db.EVERYTHING) as opened:
        yield opened


def test_the_league_has_the_promised_numbers(conn: db.Connection) -> None:
    found = db.one(
        conn,
        """
        SELECT
          (SELECT count(*) FROM incident) AS incident,
          (SELECT count(*) FROM station) AS station,
          (SELECT count(*) FROM team WHERE kind = 'volunteer') AS volunteer,
          (SELECT count(*) FROM unit_version WHERE level = 'community') AS community,
          (SELECT count(*) FROM incident WHERE state IN ('closed', 'revisited', 'archived')) AS closed,
          (SELECT sum(members) FROM team WHERE kind = 'patrol') AS patrol_members,
          (SELECT count(*) FROM incident WHERE located = 'outside') AS outside
        """,
    )
    outside = found.pop("outside")
    assert found == PROMISED
    assert 24 <= outside <= 60


def test_there_are_about_560_000_households_in_micro_grids_of_60_to_150(conn: db.Connection) -> None:
    found = db.one(
        conn,
        "SELECT sum(households) AS all_of_them, min(households) AS fewest, max(households) AS most "
        "FROM unit_version WHERE level = 'micro_grid'",
    )
    assert found["all_of_them"] == pytest.approx(560_000, rel=0.01)
    assert found["fewest"] >= 60
    assert found["most"] <= 150


def test_the_league_is_one_valid_coverage_and_parents_are_unions(conn: db.Connection) -> None:
    found = units.in_force(conn)
    base = units.base(conn)
    assert shapely.coverage_is_valid(base.geometry.to_numpy())
    areas = found.set_index("unit_id").geometry
    for parent, children in found.groupby("parent_id"):
        assert shapely.coverage_is_valid(children.geometry.to_numpy())
        assert shapely.coverage_union_all(children.geometry.to_numpy()).equals(areas.loc[parent])
