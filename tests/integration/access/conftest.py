"""
A city of five levels for who may see what, made of one strip of micro-grids, small enough for an oracle.

    L ─┬─ B1 ─┬─ T1 ─┬─ C1 ── M1 M2        own: T1        child: C1
       │      │      └─ C2 ── M3 M4
       │      └─ T2 ──── C3 ── M5 M6       parent: B1     sibling: T2
       └─ B2 ─── T3 ──── C4 ── M7 M8       foreign: T3
"""

import threading
import time
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import uvicorn
from fastapi.testclient import TestClient
from psycopg_pool import ConnectionPool

from api.app import create_app
from geo import accounts, assign, db, identifiers, incident_load, publication, sessions
from geo.roles import Role
from geo.settings import Settings
from tests.served import free_port

Pool = ConnectionPool[db.Connection]
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
PARENTS = {
    "L": None, "B1": "L", "B2": "L", "T1": "B1", "T2": "B1", "T3": "B2", "C1": "T1", "C2": "T1", "C3": "T2", "C4": "T3",
    "M1": "C1", "M2": "C1", "M3": "C2", "M4": "C2", "M5": "C3", "M6": "C3", "M7": "C4", "M8": "C4",
}  # fmt: skip
LEVELS = {"L": "league", "B": "banner", "T": "township", "C": "community", "M": "micro_grid"}
PLACES = {"own": "T1", "parent": "B1", "sibling": "T2", "child": "C1", "foreign": "T3"}
PASSWORD = "correct horse battery"


def area(code: str) -> shapely.Polygon | None:
    west = 122 + 0.01 * (int(code[1]) - 1) if code[0] == "M" else None
    return None if west is None else shapely.box(round(west, 2), 46.0, round(west + 0.01, 2), 46.01)


def above(code: str) -> list[str]:
    """The codes of a unit and all above it, from the root down."""
    parent = PARENTS[code]
    return [*([] if parent is None else above(parent)), code]


@dataclass
class City:
    """What was put in, as the oracle knows it."""

    pool: Pool
    paths: dict[str, str]
    incidents: gpd.GeoDataFrame
    placed: dict[str, UUID]  # an incident of each place of PLACES, by the place's name


def published() -> gpd.GeoDataFrame:
    frame = pd.DataFrame({"code": list(PARENTS), "parent_code": list(PARENTS.values())})
    frame["level"] = frame["code"].str[0].map(LEVELS)
    frame["name"], frame["synthetic"] = "测试" + frame["code"], True
    return gpd.GeoDataFrame(frame, geometry=[area(code) for code in frame["code"]], crs="EPSG:4326")


def incidents(count: int = 160) -> pd.DataFrame:
    """Scattered over the strip, each strictly inside of a micro-grid."""
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({"micro_grid": rng.integers(1, 9, count)})
    frame["lon"] = 122 + 0.01 * (frame["micro_grid"] - 1) + rng.uniform(0.001, 0.009, count)
    frame["lat"] = 46.0 + rng.uniform(0.001, 0.009, count)
    frame["source"], frame["source_key"] = "test", [f"k{n}" for n in range(count)]
    frame["category"] = rng.choice(["hazard.flue", "facility.light", "help.lost"], count)
    frame["title"] = [f"事项-{n}-of-M{grid}" for n, grid in enumerate(frame["micro_grid"])]
    frame["occurred_at"] = [LONG_AGO + timedelta(hours=int(hours)) for hours in rng.integers(0, 9_000, count)]
    frame["synthetic"] = True
    return frame


def furnish(conn: db.Connection, paths: dict[str, str]) -> None:
    """A team, a station, a route and a department at each unit above the micro-grids; the default team of each."""
    for number, (code, path) in enumerate((c, p) for c, p in paths.items() if c[0] != "M"):
        team, point = UUID(int=1000 + number), f"SRID=4326;POINT({122.005 + 0.001 * number} 46.005)"
        conn.execute(
            "INSERT INTO team (id, code, path, kind, name, phone, source) "
            "VALUES (%s, %s, %s, 'patrol', %s, %s, 'test')",
            [team, f"TEAM-{code}", path, f"队伍{code}", f"0482-55500{number:02}"],
        )
        conn.execute(
            "INSERT INTO default_team (unit_id, path, team_id, valid) "
            "VALUES (%s, %s, %s, tstzrange('2025-01-01', NULL))",
            [int(path.split(".")[-2]), path, team],
        )
        conn.execute(
            "INSERT INTO station (id, code, path, kind, name, geom, source) "
            "VALUES (%s, %s, %s, 'service', %s, %s, 'x')",
            [UUID(int=2000 + number), f"STATION-{code}", path, f"服务站{code}", point],
        )
        conn.execute(
            "INSERT INTO route (id, code, path, team_id, name, length_m, geom, source) VALUES "
            "(%s, %s, %s, %s, %s, 9, 'SRID=4326;LINESTRING(122.001 46.001, 122.002 46.002)', 'x')",
            [UUID(int=3000 + number), f"ROUTE-{code}", path, team, f"路线{code}"],
        )
        conn.execute(
            "INSERT INTO department (id, code, path, level, name) VALUES (%s, %s, %s, 'banner', '部门')",
            [UUID(int=4000 + number), f"DEPT-{code}", path],
        )


@pytest.fixture(scope="module")
def city(pool: Pool) -> City:
    with db.begin(pool, db.EVERYTHING) as conn:
        publication.publish(conn, published(), LONG_AGO, system="test")
        found = db.rows(conn, "SELECT code, path FROM unit_version WHERE valid @> now() AND upper_inf(recorded)")
        paths = {row["code"]: row["path"] for row in found}
        paths = {code: paths[code] for code in PARENTS}
        furnish(conn, paths)
        frame = incidents()
        incident_load.put_incidents(conn, frame.drop(columns="micro_grid"), assign.Assigner.load(conn), None)
        ids = {row["source_key"]: row["id"] for row in db.rows(conn, "SELECT id, source_key FROM incident")}
        placed = {place: one_at(conn, paths[code], code) for place, code in PLACES.items()}
    frame["id"] = frame["source_key"].map(ids)
    shape = shapely.points(frame["lon"].to_numpy(), frame["lat"].to_numpy())
    return City(pool, paths, gpd.GeoDataFrame(frame, geometry=shape, crs="EPSG:4326"), placed)


def one_at(conn: db.Connection, path: str, code: str) -> UUID:
    """An incident that stands at a unit itself, as one that lies outside of every micro-grid does at the root."""
    made = UUID(bytes=bytes.fromhex(identifiers.make(1)[0].decode()))
    conn.execute(
        """
        INSERT INTO incident (id, path, unit_id, located, category, channel, title, geom, occurred_at, received_at,
                              source, source_key)
        VALUES (%s, %s, %s, 'inside', 'other', 'grid_worker', %s, 'SRID=4326;POINT(122.09 46.09)', now(), now(),
                'placed', %s)
        """,
        [made, path, int(path.split(".")[-2]), f"PLACED-{code}", code],
    )
    conn.execute(
        "INSERT INTO incident_event (incident_id, number, path, kind, at, account, state) "
        "VALUES (%s, 1, %s, 'reported', now(), 'x', 'reported')",
        [made, path],
    )
    return made


@pytest.fixture(scope="module")
def public(city: City, database: str) -> Generator[TestClient]:
    settings = Settings(dsn=database, pool_size=8, log_level="error")
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.fixture(scope="module")
def wire(city: City, database: str) -> Generator[str]:
    """The address of the same service over a real wire, for answers that do not end by themselves."""
    port = free_port()
    settings = Settings(dsn=database, pool_size=8, log_level="error", port=port)
    server = uvicorn.Server(
        uvicorn.Config(create_app(settings), port=port, log_config=None, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def account(pool: Pool, name: str, role: Role, unit: str | None, organisation: str | None = None) -> str:
    """Make an account with a password and one grant; returns a token of it."""
    with db.begin(pool, db.EVERYTHING) as conn:
        made = accounts.add(conn, name)
        accounts.set_password(conn, made, PASSWORD)
        accounts.grant(conn, made, role, unit, organisation=organisation)
        return sessions.issue(conn, made, accounts.grants(conn, made.id)[0], timedelta(days=1))


def asking(public: TestClient, secret: str | None) -> TestClient:
    client = TestClient(public.app, base_url="http://127.0.0.1:8000")
    if secret is not None:
        client.headers["authorization"] = f"Bearer {secret}"
    return client
