"""The public figures as a job makes them and the database keeps them."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import mapbox_vector_tile
import psycopg
import pytest
from psycopg_pool import ConnectionPool

from geo import db, public_figures, publication
from geo.db import EVERYTHING, PUBLIC, Scope, begin
from tests.city import LONG_AGO, small_city

Pool = ConnectionPool[db.Connection]
ZONE = "Asia/Shanghai"
NOW = datetime(2026, 3, 23, 1, tzinfo=UTC)
COUNTS = {"M1": 7, "M2": 5, "M3": 3, "M4": 9}  # M3 has too few, so that B2 is not split


@pytest.fixture(scope="module")
def city(pool: Pool) -> Pool:
    with begin(pool, EVERYTHING) as conn:
        publication.publish(conn, small_city(), LONG_AGO, system="test")
        paths = {row["code"]: row["path"] for row in db.rows(conn, "SELECT code, path FROM unit_version")}
        for code, count in COUNTS.items():
            for number in range(count):
                put(conn, paths[code], NOW - timedelta(days=5), "hazard.ice" if number else "dispute.land")
        assert public_figures.publish(conn, NOW, ZONE) > 0
    return pool


def put(conn: db.Connection, path: str, at: datetime, category: str) -> None:
    conn.execute(
        "INSERT INTO incident (id, path, unit_id, located, category, channel, title, geom, occurred_at, received_at, "
        "source, source_key) VALUES (%s, %s, %s, 'inside', %s, 'patrol', 'x', 'SRID=4326;POINT(122 46)', %s, now(), "
        "'test', %s)",
        [uuid4(), path, int(path.split(".")[-2]), category, at, str(uuid4())],
    )


def told(conn: db.Connection, kind: public_figures.Kind, category: str = "") -> dict[str, int]:
    return {row["code"]: row["incidents"] for row in public_figures.read(conn, kind, category)}


def test_a_unit_with_too_few_is_told_with_its_parent_only(city: Pool) -> None:
    with begin(city, PUBLIC) as conn:
        assert told(conn, "week") == {"L": 24, "B1": 12, "B2": 12, "M1": 7, "M2": 5}
        assert told(conn, "week", "hazard") == {}  # four disputes in all
        assert told(conn, "month") == {"L": 0, "B1": 0, "B2": 0, "M1": 0, "M2": 0, "M3": 0, "M4": 0}
        assert [row["code"] for row in public_figures.read(conn, "week", "") if row["finest"]] == ["M1", "M2", "B2"]


def test_tiles_show_the_finest_units_that_are_told(city: Pool) -> None:
    with begin(city, PUBLIC) as conn:
        shown = {}
        for depth in (1, 2, 6):
            tile = public_figures.tile(conn, "week", "", 10, 859, 364, depth)
            features = mapbox_vector_tile.decode(tile)["public_heat"]["features"]
            shown[depth] = {one["properties"]["code"]: one["properties"]["n"] for one in features}
    assert shown == {1: {"L": 24}, 2: {"B1": 12, "B2": 12}, 6: {"M1": 7, "M2": 5, "B2": 12}}


def test_what_is_finished_is_never_made_again(city: Pool) -> None:
    with begin(city, EVERYTHING) as conn:
        path = db.one(conn, "SELECT path FROM unit_version WHERE code = 'M1'")["path"]
        put(conn, path, NOW - timedelta(days=5), "hazard.ice")
        assert public_figures.publish(conn, NOW, ZONE) == 0
        assert told(conn, "week")["M1"] == 7
    with begin(city, EVERYTHING) as conn, pytest.raises(psycopg.errors.RestrictViolation):
        conn.execute("UPDATE public_figure SET incidents = 8")


def test_a_month_around_a_told_week_keeps_what_would_be_left_to_itself(city: Pool) -> None:
    with begin(city, EVERYTHING) as conn:
        path = db.one(conn, "SELECT path FROM unit_version WHERE code = 'M2'")["path"]
        for _ in range(2):  # in March, out of the told week
            put(conn, path, NOW - timedelta(days=20), "hazard.ice")
        public_figures.publish(conn, datetime(2026, 4, 2, tzinfo=UTC), ZONE)
    with begin(city, PUBLIC) as conn:
        march = {"since": datetime(2026, 2, 28, 16, tzinfo=UTC)}  # 27 in all, three more than the week's 24
        assert db.rows(conn, "SELECT FROM public_figure WHERE period = 'month' AND since = %(since)s", **march) == []


def test_the_database_itself_refuses_a_figure_of_one_to_four_and_one_by_anybody_else(city: Pool) -> None:
    figure = "INSERT INTO public_figure VALUES ('week', '2020-01-06', '2020-01-13', '', 1, '1.', %s, true, now())"
    with begin(city, EVERYTHING) as conn, pytest.raises(psycopg.errors.CheckViolation):
        conn.execute(figure, [4])
    for scope in (Scope("1."), PUBLIC, Scope("", role="admin")):
        with begin(city, scope) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute(figure, [5])
