"""The real service on a small city, and a real browser that may not leave this machine."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import httpx
import pandas as pd
import pytest
import shapely
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect, sync_playwright

from geo import db, publication

ROOT = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
STARTS_WITHIN_S = 90
# Two banners side by side, each with two micro-grids of a hundredth of a degree.
GRIDS = {
    "M1": ("B1", 122.00, 46.00),
    "M2": ("B1", 122.00, 46.01),
    "M3": ("B2", 122.01, 46.00),
    "M4": ("B2", 122.01, 46.01),
}
BANNERS = {"B1": ("西旗", "West Banner"), "B2": ("东旗", "East Banner")}

expect.set_options(timeout=30_000)  # two browsers draw in software at a time

OpenPage = Callable[..., Page]


def small_city() -> gpd.GeoDataFrame:
    rows = [{"code": "L", "parent_code": None, "level": "league", "name": "示例盟", "name_en": "Example League"}]
    rows += [
        {"code": code, "parent_code": "L", "level": "banner", "name": zh, "name_en": en}
        for code, (zh, en) in BANNERS.items()
    ]
    rows += [
        {
            "code": code,
            "parent_code": parent,
            "level": "micro_grid",
            "name": f"微网格{code}",
            "name_en": f"Micro-grid {code}",
            "households": 100,
            "geometry": shapely.box(west, south, round(west + 0.01, 2), round(south + 0.01, 2)),
        }
        for code, (parent, west, south) in GRIDS.items()
    ]
    return gpd.GeoDataFrame(pd.DataFrame(rows).assign(synthetic=True), geometry="geometry", crs="EPSG:4326")


def furnish(dsn: str) -> None:
    """Publish the city, give each banner a team and each micro-grid a station."""
    with db.open_pool(dsn, 1) as pool, db.begin(pool, db.EVERYTHING) as conn:
        publication.publish(conn, small_city(), LONG_AGO, system="test")
        conn.execute(
            """
            INSERT INTO team (id, code, path, kind, name, source, synthetic)
            SELECT gen_random_uuid(), 'T' || u.code, u.path, 'patrol', u.name || '巡防队', 'test', true
            FROM unit_version AS u WHERE u.level IN ('league', 'banner')
            """
        )
        conn.execute(
            """
            INSERT INTO default_team (unit_id, path, team_id, valid)
            SELECT u.unit_id, u.path, t.id, tstzrange('2026-01-01', NULL)
            FROM team AS t INNER JOIN unit_version AS u ON t.path = u.path
            """
        )
        conn.execute(
            """
            INSERT INTO station (id, code, path, kind, name, geom, source, synthetic)
            SELECT gen_random_uuid(), u.code, u.path, 'service', u.name, st_pointonsurface(u.geom), 'test', true
            FROM unit_version AS u WHERE u.level = 'micro_grid'
            """
        )


def report_in_each_grid(url: str) -> None:
    """Five incidents in each micro-grid: the least that may be told."""
    for _, west, south in GRIDS.values():
        for step in range(1, 6):
            incident = {"category": "facility.light", "channel": "patrol", "title": "路灯不亮", "crs": "EPSG:4326"}
            place = {"lon": west + step / 1000, "lat": south + step / 1000}
            httpx.post(f"{url}/v1/incidents", json=incident | place).raise_for_status()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def served(dsn: str) -> Generator[str]:
    """The address of `wangge serve`, as long as it lasts."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("wangge")), "serve", "--port", str(port)]
    environment = os.environ | {"WANGGE_DSN": dsn, "WANGGE_LOG_LEVEL": "warning"}
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            wait_until_live(process, url := f"http://127.0.0.1:{port}")
            yield url
        finally:
            process.terminate()


def wait_until_live(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/health/live").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"wangge serve did not answer at {url}; exit code {process.poll()}")


@pytest.fixture(scope="module")
def empty_service(database: str) -> Generator[str]:
    """The address of a service on a database with the schema and no rows."""
    with served(database) as url:
        yield url


@pytest.fixture(scope="module")
def service(database: str) -> Generator[str]:
    """The address of a service on the small city."""
    furnish(database)
    with served(database) as url:
        report_in_each_grid(url)
        yield url


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    # Not for the session: as long as it is open, an event loop runs in this thread, and asyncio.run is refused.
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser: Browser) -> Generator[OpenPage]:
    """
    Opens pages in contexts that may not leave this machine; what the pages complain of fails the test at its end.

    `bears` is part of the one complaint that a test brings about itself.
    """
    contexts, complaints = [], []

    def guard(route: Route) -> None:
        if route.request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            return route.continue_()
        complaints.append(f"left the machine: {route.request.url}")
        return route.abort()

    def note(message: ConsoleMessage, bears: str) -> None:
        if message.type in {"error", "warning"} and not (bears and bears in message.text):
            complaints.append(f"console: {message.text}")

    def opened(url: str, width: int = 1280, height: int = 900, bears: str = "", **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        context.route("**/*", guard)
        page = context.new_page()
        page.on("console", lambda message: note(message, bears))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints
