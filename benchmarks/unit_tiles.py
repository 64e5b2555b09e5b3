"""
Unit tiles against tipg and against ST_AsMVT: 20,000 micro-grids, zooms 10 to 16, interleaved in one run.

    python benchmarks/unit_tiles.py DSN TIPG_PYTHON [TILES] [ROUNDS]

DSN is an empty database of its own, which the run fills; TIPG_PYTHON an interpreter of an environment with tipg. Our
service runs as `wangge serve`, is asked with the cookie of a session, and answers all six levels and their names; tipg
answers micro-grids from zoom 12 on and communities below, as ours does, and nothing else. Both compress. Every answer
is 200 with a body, or 204 where nothing is, and peers' bodies are counted, for an empty 200 is quick.
"""

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from urllib.parse import quote

import geopandas as gpd
import httpx
import numpy as np
import pandas as pd
import psycopg
import shapely
from coverages import EAST, NORTH, SOUTH, WEST, clustered
from morecantile import tms
from psycopg.conninfo import conninfo_to_dict

from geo import accounts, db, migrate, publication, sessions, units
from geo.roles import Role
from tiles.mvt import layer_of_areas
from tiles.quantise import quantised, world

SERVE = "from api.cli.program import main; main()"
TIPG = "import uvicorn; uvicorn.run('tipg.main:app', port={port}, access_log=False, log_level='error', loop='uvloop')"
ZOOMS = range(10, 17)
CLIENTS = 4
Tile = tuple[int, int, int]
Ask = Callable[[Tile], bytes]

ST_ASMVT = """
SELECT st_asmvt(t, 'micro_grid', 4096, 'geom', 'id') FROM (
  SELECT id, code, name, st_asmvtgeom(st_transform(geom, 3857), st_tileenvelope(%s, %s, %s), 4096, 64) AS geom
  FROM wangge.bench_micro_grid
  WHERE geom && st_transform(st_tileenvelope(%s, %s, %s, margin => 0.015625), 4326)
) AS t WHERE geom IS NOT NULL
"""


def hierarchy() -> gpd.GeoDataFrame:
    """The coverage of `coverages.clustered` under communities, townships and banners, by squares of their middles."""
    areas = clustered()
    x, y = shapely.get_coordinates(shapely.centroid(areas)).T
    column, row = ((x - WEST) / (EAST - WEST) * 24).astype(int), ((y - SOUTH) / (NORTH - SOUTH) * 16).astype(int)
    community = np.char.add(np.char.add("C", column.astype(str)), np.char.add("-", row.astype(str)))
    township = np.char.add(np.char.add("T", (column // 4).astype(str)), np.char.add("-", (row // 4).astype(str)))
    banner = np.char.add("B", (column // 12).astype(str))
    named = [("L", None, "league")] + [(code, "L", "banner") for code in sorted(set(banner))]
    named += sorted({(t, b, "township") for t, b in zip(township, banner, strict=True)})
    named += sorted({(c, t, "community") for c, t in zip(community, township, strict=True)})
    parents = pd.DataFrame(named, columns=["code", "parent_code", "level"])
    parents["geometry"] = None
    grids = pd.DataFrame({"code": [f"M{n:05}" for n in range(len(areas))], "parent_code": community, "geometry": areas})
    grids["level"] = "micro_grid"
    frame = pd.concat([parents, grids.sort_values("parent_code")], ignore_index=True)
    frame["name"] = "网格" + frame["code"]
    frame["synthetic"] = True
    return gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4326")


def fill(dsn: str) -> str:
    """Publish the units, copy them for the peers, and start a session; returns its secret."""
    migrate.upgrade(dsn)
    with db.open_pool(dsn, 1) as pool, db.begin(pool, db.EVERYTHING) as conn:
        if not db.first(conn, "SELECT 1 FROM unit_version"):
            publication.publish(conn, hierarchy(), datetime(2026, 1, 1, tzinfo=UTC), system="bench")
        account = accounts.lookup(conn, "bench") or accounts.add(conn, "bench")
        grants = accounts.grants(conn, account.id)
        if not grants:
            accounts.grant(conn, account, Role.DISPATCHER, "L")
        secret = sessions.start(conn, account.id, accounts.grants(conn, account.id)[0])
    with psycopg.connect(dsn, autocommit=True, options="-c role=wangge_owner") as conn:
        for level in ("micro_grid", "community"):
            # The type must carry the SRID: without one tipg answers with empty tiles.
            conn.execute(f"DROP TABLE IF EXISTS wangge.bench_{level}")
            conn.execute(
                f"CREATE TABLE wangge.bench_{level} AS SELECT unit_id AS id, code, name, "
                f"geom::geometry(MultiPolygon, 4326) AS geom FROM wangge.unit_version WHERE level = '{level}'"
            )
            conn.execute(f"CREATE INDEX ON wangge.bench_{level} USING gist (geom)")
            conn.execute(f"ALTER TABLE wangge.bench_{level} ADD PRIMARY KEY (id)")
            conn.execute(f"GRANT SELECT ON wangge.bench_{level} TO wangge_app, PUBLIC")
            conn.execute(f"ANALYZE wangge.bench_{level}")
        conn.execute("GRANT USAGE ON SCHEMA wangge TO PUBLIC")
    return secret


def some_tiles(count: int, seed: int) -> list[Tile]:
    """As many tiles of each zoom as there are, up to the count, around places where people are."""
    rng, found = random.Random(seed), []
    for zoom in ZOOMS:
        here: set[Tile] = set()
        for _ in range(count * 4):
            if len(here) == count:
                break
            if rng.random() < 0.6:
                lon, lat = rng.gauss((WEST + EAST) / 2, 0.05), rng.gauss((SOUTH + NORTH) / 2, 0.035)
            else:
                lon, lat = rng.uniform(WEST, EAST), rng.uniform(SOUTH, NORTH)
            tile = tms.get("WebMercatorQuad").tile(lon, lat, zoom)
            here.add((zoom, tile.x, tile.y))
        found += sorted(here)
    rng.shuffle(found)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def process(arguments: list[str], more: dict[str, str], ready: str) -> Iterator[None]:
    running = subprocess.Popen(arguments, env=os.environ | more)
    try:
        for _ in range(600):
            try:
                if httpx.get(ready).status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        yield
    finally:
        running.terminate()
        running.wait()


class Keeper:
    """One connection that stays open; what it costs to ask must not hide what it costs to answer."""

    def __init__(self, port: int, path: Callable[[Tile], str], headers: str) -> None:
        self.path, self.headers = path, f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept-Encoding: gzip\r\n{headers}\r\n"
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, tile: Tile) -> int:
        """Ask for a tile; returns the size of its body."""
        self.socket.sendall(f"GET {self.path(tile)}{self.headers}".encode())
        got = self.socket.recv(262_144)
        while (end := got.find(b"\r\n\r\n")) < 0:
            got += self.socket.recv(262_144)
        head = got[:end].lower()
        status = int(head[9:12])
        if status == 204:
            return 0
        assert status == 200, (tile, head)
        at = head.find(b"content-length: ")
        if at < 0:
            while not got.endswith(b"0\r\n\r\n"):
                got += self.socket.recv(262_144)
            return len(got) - end - 4
        size, have = int(head[at + 16 :].split(b"\r\n", 1)[0]), len(got) - end - 4
        while have < size:
            have += len(self.socket.recv(262_144))
        return size


def ask_all(port: int, path: Callable[[Tile], str], headers: str, tiles: list[Tile]) -> tuple[float, np.ndarray, int]:
    """Requests a second, how long each took in ms, and the bytes of all bodies."""

    def one(part: list[Tile]) -> tuple[list[float], int]:
        keeper, took, size = Keeper(port, path, headers), [], 0
        for tile in part:
            begun = time.perf_counter()
            size += keeper.ask(tile)
            took.append(time.perf_counter() - begun)
        return took, size

    begun = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as threads:
        done = list(threads.map(one, [tiles[n::CLIENTS] for n in range(CLIENTS)]))
    seconds = time.perf_counter() - begun
    took = np.concatenate([np.array(part) for part, _ in done]) * 1000
    return len(tiles) / seconds, took, sum(size for _, size in done)


def encoders(dsn: str, tiles: list[Tile], rounds: int) -> None:
    """Our encoder and ST_AsMVT, each for the micro-grids of the same tiles with the same attributes."""
    with db.open_pool(dsn, 1) as pool, db.begin(pool, db.EVERYTHING) as conn:
        grids = units.in_force(conn, level="micro_grid").sort_values("path", ignore_index=True)
    areas = shapely.transform(grids.geometry.to_numpy(), world)
    told = {"code": grids["code"].tolist(), "name": grids["name"].tolist()}
    ids = grids["unit_id"].to_numpy()
    layers = {zoom: layer_of_areas("micro_grid", ids, quantised(areas, zoom), told) for zoom in ZOOMS}
    fine = [tile for tile in tiles if tile[0] >= 12][:400]
    layers[12].tile(0, 0)
    ratios = []
    with psycopg.connect(dsn, options="-c role=wangge_owner") as conn:
        for _ in range(rounds):
            begun = time.perf_counter()
            ours = sum(len(layers[zoom].tile(x, y)) for zoom, x, y in fine)
            middle = time.perf_counter()
            theirs = sum(len(conn.execute(ST_ASMVT, (*tile, *tile)).fetchone()[0]) for tile in fine)
            end = time.perf_counter()
            per_tile_ms = (middle - begun) / len(fine) * 1000, (end - middle) / len(fine) * 1000
            ratios.append(per_tile_ms[1] / per_tile_ms[0])
            print(
                f"encoder {per_tile_ms[0]:.3f} ms a tile, ST_AsMVT {per_tile_ms[1]:.2f} ms: {ratios[-1]:.0f} x "
                f"({ours:,} and {theirs:,} bytes)"
            )
    print(f"encoder against ST_AsMVT, median: {np.median(ratios):.0f} x")


def over_http(dsn: str, tipg: str, secret: str, rounds: list[list[Tile]]) -> None:
    ours, theirs = free_port(), free_port()
    found = conninfo_to_dict(dsn)
    place = f"{quote(found['host'], safe='')}:{found.get('port', 5432)}"
    url = f"postgresql://{found['user']}:{quote(str(found.get('password', '')))}@{place}/{found['dbname']}"
    url += "?role=wangge_app"  # which may make what tipg makes in each session, temporary functions
    peer = {"DATABASE_URL": url, "TIPG_DB_SCHEMAS": '["wangge"]', "TIPG_MAX_FEATURES_PER_TILE": "30000"}
    peer |= {"TIPG_DB_TABLES": '["wangge.bench_micro_grid", "wangge.bench_community"]', "PYTHONPATH": ""}
    us = {"WANGGE_DSN": dsn, "WANGGE_LOG_FORMAT": "json", "WANGGE_LOG_LEVEL": "info"}
    cookie = f"Cookie: wangge={secret}\r\n"

    def our_path(tile: Tile) -> str:
        return "/tiles/units/{}/{}/{}".format(*tile)

    def their_path(tile: Tile) -> str:
        level = "micro_grid" if tile[0] >= 12 else "community"
        return "/collections/wangge.bench_{}/tiles/WebMercatorQuad/{}/{}/{}".format(level, *tile)

    serve, tipg_serve = [sys.executable, "-c", SERVE, "serve", "--port", str(ours)], TIPG.format(port=theirs)
    with ExitStack() as running:
        running.enter_context(process(serve, us, f"http://127.0.0.1:{ours}/health/ready"))
        running.enter_context(process([tipg, "-c", tipg_serve], peer, f"http://127.0.0.1:{theirs}/healthz"))
        httpx.get(f"http://127.0.0.1:{ours}/tiles/units.json", timeout=60)
        time.sleep(60)  # every zoom is prepared in the background, once an edition
        rates: dict[str, list[float]] = {"cold": [], "cold p99": [], "cached": []}
        for tiles in rounds:
            cold, took, size = ask_all(ours, our_path, cookie, tiles)
            peers, took_peer, size_peer = ask_all(theirs, their_path, "", tiles)
            cached, took_cached, _ = ask_all(ours, our_path, cookie, tiles * 5)
            p99, p99_peer = np.percentile(took, 99), np.percentile(took_peer, 99)
            print(
                f"cold {cold:.0f}/s p99 {p99:.1f} ms ({size:,} bytes); tipg {peers:.0f}/s p99 {p99_peer:.1f} ms "
                f"({size_peer:,} bytes); cached {cached:.0f}/s p99 {np.percentile(took_cached, 99):.1f} ms"
            )
            for name, ratio in (("cold", cold / peers), ("cold p99", p99 / p99_peer), ("cached", cached / peers)):
                rates[name].append(ratio)
    for name, ratios in rates.items():
        print(f"{name} against tipg, median: {np.median(ratios):.2f} x")


def main() -> None:
    dsn, tipg, count, rounds = (*sys.argv[1:], *("", "", "100", "3")[len(sys.argv) - 1 :])
    secret = fill(dsn)
    encoders(dsn, some_tiles(int(count), 0), int(rounds))
    everything = some_tiles(int(count) * int(rounds), 1)
    parts = [everything[n :: int(rounds)] for n in range(int(rounds))]  # what was asked once is cold no more
    over_http(dsn, tipg, secret, parts)


if __name__ == "__main__":
    main()
