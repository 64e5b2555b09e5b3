"""The demonstration league in the database: what was promised of it holds in the stored rows."""

from collections.abc import Generator
from typing import LiteralString

import pytest
import shapely
from psycopg_pool import ConnectionPool

import demo
from geo import db, units
from geo.assign import Assigner
from geo.errors import Conflict

Pool = ConnectionPool[db.Connection]


@pytest.fixture(scope="module")
def scale() -> float:
    return 0.03


@pytest.fixture(scope="module")
def report(pool: Pool, scale: float) -> demo.Report:
    return demo.load(pool, seed=7, scale=scale)


@pytest.fixture
def conn(pool: Pool, report: demo.Report) -> Generator[db.Connection]:
    with db.begin(pool, db.EVERYTHING) as opened:
        yield opened


def count(conn: db.Connection, query: LiteralString) -> int:
    return db.one(conn, query)["count"]


def digest(pool: Pool) -> dict[str, str]:
    tables = ["unit_version", "block", "building", "entrance", "street", "water", "station", "department", "team"]
    tables += ["default_team", "post", "route", "check_point", "incident", "incident_event", "unit_alias", "load"]
    with db.begin(pool, db.EVERYTHING) as conn:
        return {
            table: db.one(conn, f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) AS md5 FROM {table} AS t")[
                "md5"
            ]
            for table in tables
        }


def test_loading_twice_changes_nothing(pool: Pool, report: demo.Report, scale: float) -> None:
    before = digest(pool)
    again = demo.load(pool, seed=7, scale=scale)
    assert (again.published.made, again.published.changed) == (0, 0)
    assert {name: counted.loaded for name, counted in again.counted.items()} == dict.fromkeys(report.counted, 0)
    assert digest(pool) == before


def test_another_scale_into_the_same_database_is_refused(pool: Pool, report: demo.Report, scale: float) -> None:
    with pytest.raises(Conflict, match="needs an empty database"):
        demo.load(pool, seed=7, scale=scale * 2)


def test_the_coverage_of_each_community_and_of_the_league_is_valid(conn: db.Connection) -> None:
    base = units.base(conn)
    assert shapely.coverage_is_valid(base.geometry.to_numpy())
    for community in units.in_force(conn, level="community").itertuples():
        mine = base[base["path"].str.startswith(community.path)]
        assert shapely.coverage_is_valid(mine.geometry.to_numpy())


def test_parents_are_the_union_of_their_children(conn: db.Connection) -> None:
    found = units.in_force(conn)
    for parent, children in found.groupby("parent_id"):
        union = shapely.union_all(children.geometry.to_numpy())
        assert union.equals(found.set_index("unit_id").geometry.loc[parent])


def test_no_incident_is_without_an_owner_and_a_team(conn: db.Connection) -> None:
    assert count(conn, "SELECT count(*) FROM incident WHERE unit_id IS NULL OR team_id IS NULL OR path = ''") == 0
    assert count(conn, "SELECT count(*) FROM incident") == count(conn, "SELECT count(*) FROM assignment")


def test_what_lies_outside_goes_to_the_league(conn: db.Connection) -> None:
    found = db.rows(
        conn,
        "SELECT u.level, count(*) AS n FROM incident AS i INNER JOIN unit_version AS u USING (unit_id) "
        "WHERE i.located = 'outside' GROUP BY 1",
    )
    assert [row["level"] for row in found] == ["league"]


def test_every_micro_grid_resolves_to_a_team(conn: db.Connection) -> None:
    base = units.base(conn)
    inside = shapely.get_coordinates(shapely.point_on_surface(base.geometry.to_numpy()))
    owners = Assigner.load(conn).assign(inside[:, 0], inside[:, 1])
    assert (owners.unit_id == base["unit_id"].to_numpy()).all()
    assert set(owners.team_rule) == {"default_of_unit", "default_of_parent"}


def test_every_synthetic_row_is_marked(conn: db.Connection) -> None:
    for table in ("block", "building", "street", "water", "station", "department", "team", "post", "route", "incident"):
        assert count(conn, f"SELECT count(*) FROM {table} WHERE NOT synthetic") == 0
    real = db.rows(conn, "SELECT DISTINCT level FROM unit_version WHERE NOT synthetic ORDER BY 1")
    assert [row["level"] for row in real] == ["banner", "league"]


def test_the_path_of_what_stands_on_the_ground_is_that_of_its_micro_grid(conn: db.Connection) -> None:
    for table in ("block", "building"):
        wrong = (
            f"SELECT count(*) FROM {table} AS b INNER JOIN unit_version AS u USING (path) "
            "WHERE NOT st_covers(st_buffer(u.geom, 1e-9), b.geom)"
        )
        assert count(conn, wrong) == 0


def test_the_sources_disagreements_are_kept_with_the_load(conn: db.Connection, report: demo.Report) -> None:
    options = db.one(conn, "SELECT options FROM load WHERE source = 'demo'")["options"]
    assert len(options["disagreements"]) == len(report.disagreements) > 50
    assert count(conn, "SELECT count(*) FROM unit_alias WHERE system = 'mca'") > 0
