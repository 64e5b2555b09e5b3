"""The worker as a process of its own: killed between a publication and its instant, and killed at the instant."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import geopandas as gpd
import pytest
import shapely
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool

from geo import db, incidents, jobs, reports
from geo.assign import Assigner
from geo.db import EVERYTHING, begin
from geo.replacement import NOTICE, replace_grids
from geo.reports import Report
from tests.city import LONG_AGO, furnish
from tests.conftest import Server, copied
from tests.served import ROOT, SERVE

Pool = ConnectionPool[db.Connection]
REPORTS = 300
# B1 was M1 and M2, cut at 122.01; it becomes M5 and M2, cut at 122.004.
ANEW = gpd.GeoDataFrame(
    {"code": ["M5", "M2"], "name": ["微M5", "微M2"], "synthetic": True},
    geometry=[shapely.box(122.0, 46.0, 122.004, 46.01), shapely.box(122.004, 46.0, 122.02, 46.01)],
    crs="EPSG:4326",
)


@pytest.fixture
def dsn(server: Server, template: str) -> Generator[str]:
    with copied(server, template) as name:
        yield make_conninfo(server.login, dbname=name)


@pytest.fixture
def city(dsn: str) -> Generator[Pool]:
    with db.open_pool(dsn, 4) as opened:
        with begin(opened, EVERYTHING, LONG_AGO) as conn:
            furnish(conn)
        yield opened


@contextmanager
def worker(dsn: str, state_dir: Path) -> Generator[subprocess.Popen[bytes]]:
    settings = {"WANGGE_DSN": dsn, "WANGGE_STATE_DIR": str(state_dir), "WANGGE_LOG_FORMAT": "json"}
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, "worker"], cwd=ROOT, env=os.environ | settings, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def report(pool: Pool, count: int) -> list[UUID]:
    """Report incidents in M1, half of what will be M5 and half of what will be M2."""
    made: list[UUID] = []
    for n in range(count):
        what = Report("hazard.flue", "snap", "x", (122.002, 122.007)[n % 2], 46.005, "EPSG:4326")
        with begin(pool, EVERYTHING) as conn:
            made.append(reports.report(conn, what, Assigner.load(conn)).id)
    return made


def publish(pool: Pool, dsn: str, after: timedelta) -> datetime:
    """Draw B1 anew, given notice a while ago, for an instant that is near now."""
    with begin(pool, EVERYTHING) as conn:
        at = db.instant(conn) + after
    with begin(pool, EVERYTHING, at - NOTICE - timedelta(seconds=5)) as conn:
        replace_grids(conn, jobs.queue(dsn), "B1", ANEW, at, system="test")
    return at


def until(found: Callable[[], bool], wait_s: float) -> None:
    end = time.monotonic() + wait_s
    while not found():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.1)


def working(pool: Pool) -> bool:
    with begin(pool, EVERYTHING) as conn:
        return bool(db.one(conn, "SELECT count(*) AS n FROM jobs.procrastinate_workers")["n"])


def owners(pool: Pool, wanted: list[UUID]) -> list[str | None]:
    with begin(pool, EVERYTHING) as conn:
        return [incidents.read(conn, incident).unit_code for incident in wanted]


def moves(pool: Pool, wanted: list[UUID]) -> list[int]:
    with begin(pool, EVERYTHING) as conn:
        histories = [incidents.history(conn, incident) for incident in wanted]
    return [sum(event.kind == "reassigned" for event in events) for events in histories]


def test_a_worker_killed_between_publication_and_its_instant_leaves_the_work_to_the_next(
    city: Pool, dsn: str, tmp_path: Path
) -> None:
    made = report(city, 4)
    with worker(dsn, tmp_path) as first:
        until(lambda: working(city), 30)
        at = publish(city, dsn, timedelta(seconds=4))
        first.kill()
        first.wait()
    assert owners(city, made) == ["M1"] * 4
    late = report(city, 2)
    until(lambda: datetime.now(at.tzinfo) > at, 10)
    with worker(dsn, tmp_path):
        until(lambda: all(moves(city, made)), 30)
    assert owners(city, made + late) == ["M5", "M2"] * 3
    assert moves(city, made) == [1] * 4


@pytest.mark.full
def test_workers_killed_at_the_instant_itself_move_each_open_incident_once(
    city: Pool, dsn: str, tmp_path: Path
) -> None:
    made = report(city, REPORTS)
    at = publish(city, dsn, timedelta(seconds=2))
    until(lambda: datetime.now(at.tzinfo) > at, 10)
    for wait_s in (0.0, 0.05, 0.1, 0.2):
        with worker(dsn, tmp_path) as killed:
            until(lambda: working(city), 30)
            time.sleep(wait_s)
            killed.kill()
            killed.wait()
    with worker(dsn, tmp_path):
        until(lambda: all(moves(city, made)), 150)
    assert owners(city, made) == ["M5", "M2"] * (REPORTS // 2)
    assert moves(city, made) == [1] * REPORTS
