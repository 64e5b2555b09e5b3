"""A community drawn anew: what stays, ends and comes of what; and at its instant open incidents and places go along."""

from collections.abc import Generator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import geopandas as gpd
import procrastinate
import pytest
import shapely
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool

from geo import db, incidents, jobs, publication, reports, units
from geo.activation import Activated, activate
from geo.assign import Assigner
from geo.db import EVERYTHING, begin
from geo.incidents import Change
from geo.lifecycle import State
from geo.publication import PendingEdition, RetiredCode
from geo.replacement import NotTheCommunity, Replaced, TooSoon, replace_grids
from geo.reports import Report
from tests.city import LONG_AGO, furnish
from tests.conftest import Server, copied

Pool = ConnectionPool[db.Connection]
T = datetime.fromisoformat("2026-06-01T00:00:00+08:00")
BEFORE, AFTER = T - timedelta(days=1), T + timedelta(seconds=5)
LATER = T + timedelta(minutes=2)


@pytest.fixture
def database(server: Server, template: str) -> Generator[str]:
    with copied(server, template) as name:
        yield make_conninfo(server.login, dbname=name)


@pytest.fixture
def city(database: str) -> Generator[Pool]:
    with db.open_pool(database, 4) as opened:
        with begin(opened, EVERYTHING, LONG_AGO) as conn:
            furnish(conn)
        yield opened


@pytest.fixture
def app(database: str) -> procrastinate.App:
    return jobs.queue(database)


def drawn(**areas: shapely.Polygon) -> gpd.GeoDataFrame:
    columns = {"code": list(areas), "name": [f"微{code}" for code in areas], "synthetic": True}
    return gpd.GeoDataFrame(columns, geometry=list(areas.values()), crs="EPSG:4326")


def box(west: float, east: float, south: float = 46.0, north: float = 46.01) -> shapely.Polygon:
    return shapely.box(west, south, east, north)


# B1 was M1 and M2, cut at 122.01; now it is M2 and M5, cut at 122.004.
ANEW = {"M5": box(122.0, 122.004), "M2": box(122.004, 122.02)}


def redraw(
    pool: Pool, app: procrastinate.App, now: datetime = BEFORE, at: datetime = T, **areas: shapely.Polygon
) -> Replaced:
    with begin(pool, EVERYTHING, now) as conn:
        return replace_grids(conn, app, "B1", drawn(**(areas or ANEW)), at, system="test")


def report(pool: Pool, lon: float, lat: float, now: datetime = BEFORE) -> UUID:
    what = Report("hazard.flue", "snap", "x", lon, lat, "EPSG:4326")
    with begin(pool, EVERYTHING, now) as conn:
        return reports.report(conn, what, Assigner.load(conn)).id


def walk(pool: Pool, incident: UUID, steps: Sequence[State], now: datetime = BEFORE) -> None:
    for version, state in enumerate(steps, 1):
        with begin(pool, EVERYTHING, now) as conn:
            team = db.one(conn, "SELECT id FROM team WHERE code = 'T1'")["id"]
            incidents.change_state(conn, incident, Change(state, "x", team), version)


def where(pool: Pool, incident: UUID, now: datetime = LATER) -> str | None:
    with begin(pool, EVERYTHING, now) as conn:
        return incidents.read(conn, incident).unit_code


def query(pool: Pool, text: str) -> list[db.Row]:
    with begin(pool, EVERYTHING, LATER) as conn:
        return conn.execute(text).fetchall()


def test_a_community_is_drawn_anew(city: Pool, app: procrastinate.App) -> None:
    report(city, 122.002, 46.005)
    report(city, 122.008, 46.005)
    done = redraw(city, app)
    assert (done.published.made, done.retired, done.fitted) == (1, ["M1"], ["M3"])
    with begin(city, EVERYTHING, AFTER) as conn:
        now, then = units.in_force(conn), units.in_force(conn, T - timedelta(seconds=1))
    assert set(then["code"]) == {"L", "B1", "B2", "M1", "M2", "M3", "M4"}
    assert set(now["code"]) == {"L", "B1", "B2", "M2", "M5", "M3", "M4"}
    leaves = now.loc[~now["derived"]]
    assert shapely.coverage_is_valid(leaves.geometry.to_numpy())
    lineage = query(
        city,
        """
        SELECT p.code AS former, s.code AS new, round(area_share::numeric, 3)::float AS area,
               incident_share AS incidents, household_share AS households
        FROM unit_lineage AS l
        INNER JOIN issued_code AS p ON p.unit_id = l.predecessor_id
        INNER JOIN issued_code AS s ON s.unit_id = l.successor_id ORDER BY 1, 2
        """,
    )
    assert [tuple(row.values()) for row in lineage] == [
        ("M1", "M2", 0.6, 0.5, None),
        ("M1", "M5", 0.4, 0.5, None),
        ("M2", "M2", 1.0, None, None),
    ]


def test_what_cannot_be_drawn_is_refused_and_nothing_stands(city: Pool, app: procrastinate.App) -> None:
    with pytest.raises(TooSoon):
        redraw(city, app, now=T - timedelta(seconds=59))
    with pytest.raises(TooSoon):
        redraw(city, app, now=T)
    with pytest.raises(TooSoon):
        redraw(city, app, now=AFTER)
    with pytest.raises(NotTheCommunity, match="left out"):
        redraw(city, app, M5=box(122.0, 122.004))
    with pytest.raises(NotTheCommunity, match=r"[1-9][\d,]* m² beyond"):
        redraw(city, app, M5=box(122.0, 122.02, 46.0, 46.011))
    with pytest.raises(units.UnitNotFound), begin(city, EVERYTHING, BEFORE) as conn:
        replace_grids(conn, app, "B9", drawn(**ANEW), T, system="test")
    assert query(city, "SELECT count(*) AS n FROM unit_version") == [{"n": 7}]
    assert query(city, "SELECT count(*) AS n FROM jobs.procrastinate_jobs") == [{"n": 0}]


def test_a_community_with_a_pending_edition_must_be_drawn_on_that(city: Pool, app: procrastinate.App) -> None:
    redraw(city, app)
    with pytest.raises(PendingEdition, match="Unit B1 changes at 2026-06-01"):
        redraw(city, app, now=BEFORE + timedelta(hours=1), at=T - timedelta(hours=1), M6=box(122.0, 122.02))
    done = redraw(city, app, now=BEFORE + timedelta(hours=1), at=T + timedelta(days=1), M6=box(122.0, 122.02))
    assert done.retired == ["M2", "M5"]
    with pytest.raises(RetiredCode, match="M1"):
        redraw(city, app, now=BEFORE + timedelta(hours=2), at=T + timedelta(days=2), M1=ANEW["M5"], M6=ANEW["M2"])


def test_open_incidents_go_along_and_settled_ones_stay(city: Pool, app: procrastinate.App) -> None:
    moves, stays = report(city, 122.002, 46.005), report(city, 122.015, 46.005)
    taken, settled = report(city, 122.002, 46.006), report(city, 122.002, 46.007)
    outside = report(city, 130.0, 46.0)
    walk(city, taken, [State.ACCEPTED, State.DISPATCHED, State.SIGNED])
    walk(city, settled, [State.REFUSED])
    redraw(city, app)
    assert activate(city, T - timedelta(seconds=1)).incidents == 0
    assert [where(city, i, T - timedelta(seconds=1)) for i in (moves, stays, taken)] == ["M1", "M2", "M1"]
    assert activate(city, AFTER).incidents == 2
    assert [where(city, i) for i in (moves, stays, taken, outside)] == ["M5", "M2", "M5", "L"]
    with begin(city, EVERYTHING, LATER) as conn:
        assert incidents.read(conn, settled).version == 2
        events = incidents.history(conn, moves)
        codes = dict(units.in_force(conn, known=LATER).set_index("code")["unit_id"])
    assert (events[-1].kind, events[-1].payload["reason"]) == ("reassigned", "edition_changed")
    assert events[-1].payload["unit_id"] == codes["M5"]
    runs = query(
        city,
        "SELECT r.reason, r.edition_valid, a.owner_rule FROM assignment AS a "
        f"INNER JOIN assignment_run AS r ON r.id = a.run_id WHERE incident_id = '{moves}' ORDER BY r.id",
    )
    assert [row["reason"] for row in runs] == ["reported", "edition_changed"]
    assert runs[-1]["edition_valid"] == T
    feed = query(city, "SELECT path, body FROM feed WHERE kind = 'unit.reassigned'")
    assert sorted(row["body"]["incidents"] for row in feed) == [2, 2], "one row a unit: M1 lost two, M5 won two"


def test_activation_is_safe_to_run_again_and_late_and_ends(city: Pool, app: procrastinate.App) -> None:
    moved = report(city, 122.002, 46.005)
    redraw(city, app)
    assert activate(city, AFTER).incidents == 1
    assert activate(city, AFTER) == Activated()
    straggler = report(city, 122.003, 46.005)  # received before T, committed after the first run
    assert activate(city, T + timedelta(minutes=1)).incidents == 1
    assert query(city, "SELECT count(*) AS n FROM activation") == [{"n": 1}]
    assert activate(city, LATER) == Activated()
    assert [where(city, i) for i in (moved, straggler)] == ["M5", "M5"]
    with begin(city, EVERYTHING, LATER) as conn:
        assert len(incidents.history(conn, moved)) == 2


def test_places_go_to_the_micro_grid_they_stand_in(city: Pool, app: procrastinate.App) -> None:
    with begin(city, EVERYTHING, BEFORE) as conn:
        grid = units.read(conn, "M1")["path"]
        for n, lon in enumerate([122.002, 122.008]):
            conn.execute(
                "INSERT INTO building (code, path, geom, source, households) VALUES (%s, %s, "
                "st_multi(st_buffer(st_setsrid(st_makepoint(%s, 46.005), 4326), 0.0001)), 'test', 10)",
                [f"H{n}", grid, lon],
            )
        conn.execute(
            "INSERT INTO post (unit_id, path, kind, filled) SELECT unit_id, path, 'judge', false "
            "FROM unit_version WHERE code = 'M1'"
        )
    redraw(city, app)
    share = query(city, "SELECT household_share AS h FROM unit_lineage WHERE household_share IS NOT NULL")
    assert [row["h"] for row in share] == [0.5, 0.5]
    activate(city, AFTER)
    paths = query(
        city,
        "SELECT b.code, u.code AS unit FROM building AS b INNER JOIN unit_version AS u ON u.path = b.path "
        "AND upper_inf(u.valid) AND upper_inf(u.recorded) UNION ALL SELECT 'post', u.code FROM post AS p "
        "INNER JOIN unit_version AS u ON u.path = p.path AND upper_inf(u.valid) AND upper_inf(u.recorded) ORDER BY 1",
    )
    assert [(row["code"], row["unit"]) for row in paths] == [("H0", "M5"), ("H1", "M2"), ("post", "B1")]


def test_a_moved_community_takes_incidents_teams_and_scope_along(city: Pool, app: procrastinate.App) -> None:
    """M2 leaves banner B1 for B2: whoever holds B2 sees its incidents from then on, and B1's desk no more."""
    incident = report(city, 122.015, 46.005)
    with begin(city, EVERYTHING, BEFORE) as conn:
        conn.execute(
            "INSERT INTO team (id, code, path, kind, name, source) SELECT gen_random_uuid(), 'T9', path, 'patrol', "
            "'x', 'test' FROM unit_version WHERE code = 'M2'"
        )
        found = units.in_force(conn).set_index("code")
        old, new = found.at["B1", "path"], found.at["B2", "path"]
        moved = gpd.GeoDataFrame(found.loc[["M2"]].reset_index()).assign(parent_code="B2")
        publication.publish(conn, moved, T, system="test")
    for path, at, seen in [(old, AFTER, 1), (new, AFTER, 0)]:
        with begin(city, db.Scope(path), at) as conn:
            assert db.one(conn, "SELECT count(*) AS n FROM team WHERE code = 'T9'")["n"] == seen
    activate(city, AFTER)
    for path, seen in [(old, 0), (new, 1)]:
        with begin(city, db.Scope(path), AFTER) as conn:
            assert db.one(conn, "SELECT count(*) AS n FROM team WHERE code = 'T9'")["n"] == seen
            assert db.one(conn, "SELECT count(*) AS n FROM incident")["n"] == seen
    with begin(city, EVERYTHING, LATER) as conn:
        assert incidents.read(conn, incident).team_code == "T2", "untaken: the new banner's default team has it"
