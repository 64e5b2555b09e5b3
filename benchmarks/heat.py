"""
Heat tiles under filters out of memory, against a pyramid table in PostGIS and against ST_SnapToGrid, interleaved; and
how long it takes from an accepted report to its heat tile changed, over HTTP.

    python benchmarks/heat.py DSN [--incidents 5000000] [--runs 5] [--reports 200]

DSN is a migrated database of its own: the program makes a league of 20,000 micro-grids and fills it with synthetic
incidents, six in ten of them in one town. What is compared gives the same counts, or the run fails. The pyramid table
holds every cell of every zoom, as a peer would keep it that asks for no filters, and answers with points made in the
tile's own units, which is the cheapest there is; ours writes squares, with and without filters. ST_SnapToGrid reads
a table in EPSG:3857 with a GiST index, under the same filter.
"""

import argparse
import itertools
import math
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import geopandas as gpd
import httpx
import mapbox_vector_tile
import numpy as np
import pandas as pd
import psycopg
import shapely

from geo import accounts, db, heat_source, publication, sessions
from geo.db import EVERYTHING, Scope
from geo.heat_filter import HeatFilter
from geo.heat_index import STATES, size_of
from geo.lifecycle import SETTLED
from geo.roles import Role
from geo.slices import Slice
from tiles import heat
from tiles.heat import Desk

ZONE = "Asia/Shanghai"
WEST, SOUTH, STEP_X, STEP_Y, COLUMNS, ROWS, BANNERS = 119.5, 45.0, 0.02, 0.024, 200, 100, 5
TOWN = (122.07, 46.08)
SERVE = "from api.cli.program import main; main()"
FILL = """
INSERT INTO incident (id, path, unit_id, located, category, channel, state, title, geom, occurred_at, received_at,
                      closed_at, source, source_key, synthetic)
SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(%(first)s + p.n), 12, '0'))::uuid, u.path, u.unit_id, 'inside',
       c.codes[1 + (random() * (cardinality(c.codes) - 1))::int],
       'import', CASE WHEN p.closed THEN 'closed' ELSE 'handling' END, 'x',
       st_setsrid(st_makepoint(p.lon, p.lat), 4326), p.at, p.at, CASE WHEN p.closed THEN p.at END, 'bench',
       %(part)s || '-' || p.n, true
FROM (
  SELECT n, random() < 0.8 AS closed,
         timestamptz '2023-01-01' + random() * interval '1095 days' AS at,
         CASE WHEN town THEN 122.07 + 0.02 * g ELSE 119.5 + 3.999 * random() END AS lon,
         CASE WHEN town THEN 46.08 + 0.015 * h ELSE 45.0 + 2.399 * random() END AS lat
  FROM (
    SELECT n, random() < 0.6 AS town, sqrt(-2 * ln(1 - random())) * cos(6.28318 * random()) AS g,
           sqrt(-2 * ln(1 - random())) * cos(6.28318 * random()) AS h
    FROM generate_series(1, %(count)s) AS n
  ) AS q
) AS p
CROSS JOIN (SELECT array_agg(code) AS codes FROM category WHERE parent IS NOT NULL) AS c
INNER JOIN unit_version AS u
  ON u.code = 'M-' || floor((p.lon - 119.5) / 0.02)::int || '-' || floor((p.lat - 45.0) / 0.024)::int
"""
POINTS = """
CREATE TABLE heat_point AS
SELECT st_transform(geom, 3857)::geometry (Point, 3857) AS geom, category, state, occurred_at, path FROM incident
"""
# Cells of zoom 22 first, then each coarser zoom out of the one before: n and the open ones.
PYRAMID = """
CREATE TABLE heat_pyramid AS
WITH RECURSIVE cell AS (
  SELECT 22 AS zoom, floor((st_x(geom) + 20037508.342789244) / 40075016.685578488 * 2 ^ 22)::int AS x,
         floor((20037508.342789244 - st_y(geom)) / 40075016.685578488 * 2 ^ 22)::int AS y,
         count(*) AS n, count(*) FILTER (WHERE state <> 'closed') AS open
  FROM heat_point GROUP BY 2, 3
)
SELECT * FROM cell
"""
COARSER = """
INSERT INTO heat_pyramid
SELECT zoom - 1, x >> 1, y >> 1, sum(n), sum(open) FROM heat_pyramid WHERE zoom = %(zoom)s GROUP BY 1, 2, 3
"""
FROM_PYRAMID = """
SELECT st_asmvt(t, 'heat', 4096, 'geom') FROM (
  SELECT n, open, st_makepoint((x - %(x)s * 64) * 64 + 32, (y - %(y)s * 64) * 64 + 32) AS geom
  FROM heat_pyramid
  WHERE zoom = %(z)s + 6 AND x BETWEEN %(x)s * 64 AND %(x)s * 64 + 63 AND y BETWEEN %(y)s * 64 AND %(y)s * 64 + 63
) AS t
"""
FROM_POINTS = """
SELECT st_asmvt(t, 'heat', 4096, 'geom') FROM (
  SELECT n, open, st_asmvtgeom(place, st_tileenvelope(%(z)s, %(x)s, %(y)s), 4096, 0) AS geom FROM (
    SELECT st_snaptogrid(geom, 20037508.342789244 / 2 ^ (%(z)s + 6), 20037508.342789244 / 2 ^ (%(z)s + 6),
                         40075016.685578488 / 2 ^ (%(z)s + 6), 40075016.685578488 / 2 ^ (%(z)s + 6)) AS place,
           count(*) AS n, count(*) FILTER (WHERE state <> 'closed') AS open
    FROM heat_point
    WHERE geom && st_tileenvelope(%(z)s, %(x)s, %(y)s)
      AND path >= %(first)s AND path < %(end)s
      AND (%(since)s::timestamptz IS NULL OR occurred_at >= %(since)s)
      AND (%(until)s::timestamptz IS NULL OR occurred_at < %(until)s)
      AND (%(category)s::text IS NULL OR starts_with(category, %(category)s))
      AND (%(open)s::boolean IS NULL OR state <> 'closed')
      AND (%(hours)s::int[] IS NULL OR extract(hour FROM occurred_at AT TIME ZONE 'Asia/Shanghai') = any(%(hours)s))
      AND (%(days)s::int[] IS NULL OR extract(isodow FROM occurred_at AT TIME ZONE 'Asia/Shanghai') = any(%(days)s))
    GROUP BY 1
  ) AS q
) AS t
"""
YEAR = (datetime(2024, 3, 5, 3, tzinfo=UTC), datetime(2025, 2, 7, 9, tzinfo=UTC))
DAY = (datetime(2025, 2, 6, 16, tzinfo=UTC), datetime(2025, 2, 7, 16, tzinfo=UTC))
NOTHING = dict.fromkeys(("since", "until", "category", "open", "hours", "days"))
HOURS, DAYS = list(range(8, 18)), [1, 2, 3, 4, 5]


def filters(path: str) -> dict[str, tuple[Scope, HeatFilter, dict[str, object]]]:
    """Each filter as it is asked of memory, and of SQL."""
    wide = {"first": "", "end": "~"} | NOTHING
    below = {"first": path, "end": Scope(path).upper}
    still_open = frozenset(STATES) - SETTLED
    hazard, week = frozenset({"hazard"}), frozenset(range(5))
    return {
        "none": (EVERYTHING, HeatFilter(), wide),
        "category": (EVERYTHING, HeatFilter(categories=hazard), wide | {"category": "hazard."}),
        "year": (EVERYTHING, HeatFilter(*YEAR), wide | {"since": YEAR[0], "until": YEAR[1]}),
        "day": (EVERYTHING, HeatFilter(*DAY), wide | {"since": DAY[0], "until": DAY[1]}),
        "banner, open": (Scope(path), HeatFilter(states=still_open), wide | below | {"open": True}),
        "all": (
            Scope(path),
            HeatFilter(*YEAR, frozenset(HOURS), week, hazard, still_open, path),
            wide | below | {"since": YEAR[0], "until": YEAR[1], "category": "hazard.", "open": True, "hours": HOURS,
                            "days": DAYS},
        ),
    }  # fmt: skip


def league() -> gpd.GeoDataFrame:
    units: list[tuple[str, str | None, str, object]] = [("L", None, "league", None)]
    units += [(f"B-{i}", "L", "banner", None) for i in range(BANNERS)]
    for i, j in itertools.product(range(COLUMNS), range(ROWS)):
        west, south = WEST + STEP_X * i, SOUTH + STEP_Y * j
        corners = [round(number, 3) for number in (west, south, west + STEP_X, south + STEP_Y)]
        units.append((f"M-{i}-{j}", f"B-{i * BANNERS // COLUMNS}", "micro_grid", shapely.box(*corners)))
    frame = pd.DataFrame(units, columns=["code", "parent_code", "level", "geometry"])
    frame["name"], frame["synthetic"] = "测试" + frame["code"], True
    return gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=frame["geometry"].tolist(), crs="EPSG:4326")


def fill(dsn: str, incidents: int) -> None:
    with db.open_pool(dsn, 1) as pool, db.begin(pool, EVERYTHING) as conn:
        if db.one(conn, "SELECT count(*) AS n FROM unit")["n"]:
            return
        publication.publish(conn, league(), datetime(2022, 1, 1, tzinfo=UTC), system="bench")
        conn.execute(
            "INSERT INTO team (id, code, path, kind, name, source) "
            "SELECT %s, 'T', path, 'patrol', 'x', 'bench' FROM unit_version WHERE code = 'L'",
            [UUID(int=1)],
        )
        conn.execute(
            "INSERT INTO default_team (unit_id, path, team_id, valid) "
            "SELECT unit_id, path, %s, tstzrange('2022-01-01', NULL) FROM unit_version WHERE code = 'L'",
            [UUID(int=1)],
        )
        made = accounts.add(conn, "bench")
        accounts.grant(conn, made, Role.DISPATCHER, None)
    with psycopg.connect(dsn, options="-c role=wangge_owner -c search_path=wangge,public") as conn:
        for number, part in enumerate(range(0, incidents, 250_000)):
            conn.execute(FILL, {"part": f"p{number}", "first": part, "count": min(250_000, incidents - part)})
            conn.commit()
        conn.autocommit = True
        conn.execute("VACUUM ANALYZE incident")


def copy_for_peers(dsn: str) -> None:
    """The tables of the peers, out of the incidents as they are now: an earlier run has reported some."""
    with psycopg.connect(dsn, options="-c role=wangge_owner -c search_path=wangge,public") as conn:
        conn.execute("DROP TABLE IF EXISTS heat_point, heat_pyramid")
        conn.execute(POINTS)
        conn.execute(PYRAMID)
        for zoom in range(22, 6, -1):
            conn.execute(COARSER, {"zoom": zoom})
        conn.execute("CREATE INDEX ON heat_pyramid (zoom, x, y); CREATE INDEX ON heat_point USING gist (geom)")
        conn.commit()
        conn.autocommit = True
        conn.execute("VACUUM ANALYZE heat_point")
        conn.execute("VACUUM ANALYZE heat_pyramid")


def tiles_at(zoom: int) -> list[tuple[int, int, int]]:
    """The tile of the town, and one in the country."""
    places = [TOWN, (121.03, 46.71)]
    return sorted({(zoom, *tile_of(*place, zoom)) for place in places})


def tile_of(lon: float, lat: float, zoom: int) -> tuple[int, int]:
    y = 0.5 - math.atanh(math.sin(math.radians(lat))) / (2 * math.pi)
    return int((lon / 360 + 0.5) * 2**zoom), int(y * 2**zoom)


def total(tile: bytes) -> int:
    layers = mapbox_vector_tile.decode(bytes(tile)) if tile else {}
    return sum(one["properties"]["n"] for one in layers.get("heat", {"features": []})["features"])


def taken(work: Callable[[], bytes]) -> tuple[float, bytes]:
    begun = time.perf_counter()
    made = work()
    return (time.perf_counter() - begun) * 1000, made


def compare(dsn: str, runs: int) -> None:
    with db.open_pool(dsn, 1) as pool, db.begin(pool, EVERYTHING) as conn:
        begun = time.perf_counter()
        view = heat_source.load(conn, ZONE)
        count = view.total
        print(f"\nloaded {count:,} incidents in {time.perf_counter() - begun:.1f} s, "
              f"{size_of(view.index) / max(1, count):.0f} bytes an incident\n")  # fmt: skip
        path = db.one(conn, "SELECT path FROM unit_version WHERE code = 'B-3'")["path"]
    print("| zoom | filter | incidents | memory ms | pyramid table ms | ratio | SnapToGrid ms | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    every: list[float] = []
    with psycopg.connect(dsn, options="-c role=wangge_owner -c search_path=wangge,public") as conn:
        for zoom in (0, 3, 6, 8, 10, 11, 12, 14, 16):
            for name, (scope, wanted, asked) in filters(path).items():
                every += one_row(conn, zoom, name, Desk(view, Slice.of(scope), wanted, datetime.now(UTC)), asked, runs)
    quantiles = np.quantile(every, [0.5, 0.99, 1])
    print(f"\nall tiles and filters, {len(every)} of them: p50 {quantiles[0]:.2f} ms, p99 {quantiles[1]:.2f} ms, "
          f"most {quantiles[2]:.2f} ms")  # fmt: skip


def one_row(
    conn: psycopg.Connection, zoom: int, name: str, desk: Desk, asked: dict[str, object], runs: int
) -> list[float]:
    ours, pyramid, snapped, incidents = [], [], [], 0
    for z, x, y in tiles_at(zoom):
        place = {"z": z, "x": x, "y": y}
        expected = total(heat.tile(desk, z, x, y))
        incidents += expected
        for run in range(runs):
            ours.append(taken(lambda: heat.tile(desk, z, x, y))[0])  # noqa: B023
            if name == "none":
                took, made = taken(lambda: fetched(conn, FROM_PYRAMID, place))  # noqa: B023
                pyramid.append(took)
                assert run or total(made) == expected, (name, place)
            if 10 <= zoom <= 12 and run < 3:
                took, made = taken(lambda: fetched(conn, FROM_POINTS, place | asked))  # noqa: B023
                snapped.append(took)
                assert run or abs(total(made) - expected) <= 2 + expected // 1000, (name, place, total(made), expected)
    cells = [f"{zoom} | {name} | {incidents:,} | {statistics.median(ours):.2f}", *against(ours, pyramid)]
    print(f"| {' | '.join([*cells, *against(ours, snapped)])} |", flush=True)
    return ours


def against(ours: list[float], theirs: list[float]) -> list[str]:
    if not theirs:
        return ["", ""]
    return [f"{statistics.median(theirs):.2f}", f"{statistics.median(theirs) / statistics.median(ours):.1f}"]


def fetched(conn: psycopg.Connection, query: str, params: dict[str, object]) -> bytes:
    row = conn.execute(query, params, prepare=True, binary=True).fetchone()
    return row[0] if row else b""


def served(dsn: str) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"WANGGE_DSN": dsn, "WANGGE_LOG_LEVEL": "error"}
    process = subprocess.Popen([sys.executable, "-c", SERVE, "serve", "--port", str(port)], env=environment)
    return process, f"http://127.0.0.1:{port}"


def token(dsn: str) -> str:
    with db.open_pool(dsn, 1) as pool, db.begin(pool, EVERYTHING) as conn:
        account = accounts.lookup(conn, "bench")
        assert account is not None
        return sessions.issue(conn, account, accounts.grants(conn, account.id)[0], timedelta(hours=6))


def answering(client: httpx.Client, path: str) -> httpx.Response:
    for _ in range(6000):
        try:
            answer = client.get(path)
            if answer.status_code in {200, 204}:
                return answer
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise SystemExit("the service did not become ready")


def latency(dsn: str, reports: int) -> None:
    """From the answer to a report until the tile, asked for over and over, has another tag."""
    process, url = served(dsn)
    zoom, waits, spent = 14, [], []
    x, y = tile_of(*TOWN, zoom)
    path = f"/tiles/heat/{zoom}/{x}/{y}"
    try:
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token(dsn)}"}, timeout=60) as client:
            begun = time.perf_counter()
            tag = answering(client, path).headers.get("etag")
            print(f"\nserved over HTTP {time.perf_counter() - begun:.1f} s after the start of the service")
            body = {"category": "hazard.flue", "channel": "snap", "title": "x", "crs": "EPSG:4326"}
            for _ in range(reports):
                made = client.post("/v1/incidents", json=body | {"lon": TOWN[0], "lat": TOWN[1]})
                assert made.status_code == 201, made.text
                accepted = time.perf_counter()
                while True:
                    asked = time.perf_counter()
                    found = client.get(path)
                    spent.append(time.perf_counter() - asked)
                    if found.headers.get("etag") != tag:
                        break
                waits.append(time.perf_counter() - accepted)
                tag = found.headers.get("etag")
    finally:
        process.terminate()
        process.wait()
    for what, seconds in (("from an accepted report to its tile changed", waits), ("one tile over HTTP", spent)):
        p50, p99 = np.quantile(seconds, [0.5, 0.99]) * 1000
        print(f"{what}: p50 {p50:.1f} ms, p99 {p99:.1f} ms ({len(seconds)})")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("dsn")
    asked.add_argument("--incidents", type=int, default=5_000_000)
    asked.add_argument("--runs", type=int, default=5)
    asked.add_argument("--reports", type=int, default=200)
    given = asked.parse_args()
    fill(given.dsn, given.incidents)
    copy_for_peers(given.dsn)
    compare(given.dsn, given.runs)
    latency(given.dsn, given.reports)


if __name__ == "__main__":
    main()
