"""
A million incidents into the database: `load_file` from Parquet and CSV, against plain ways of PostgreSQL.

Run as ``python benchmarks/ingest.py DSN [ROWS]`` on an empty, migrated database on this machine; prints a table in
Markdown. The baselines write the incident's columns alone, into a table of its own with the same indexes and no row
security: neither events, nor assignments, nor owners, nor checks.

Ways take turns, and the medians are told. Beside the time on the clock stands the CPU time of client and server: on a
quiet machine with two cores the clock shows more than half of it; where it shows more than all, others were at work.
"""

import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import psutil
import psycopg
import pyarrow as pa
import pyarrow.csv as pc
import shapely

from geo import db
from geo.keys import open_ring
from geo.load_order import LoadOrder
from geo.loads import load_file

CATEGORIES = ("property.repair", "hazard.flue", "facility.light", "environment.rubbish", "help.service")
ROUNDS = 3
BARE = """
CREATE TABLE wangge.bare (
  id bigint, source_key text COLLATE "C", category text, title text, description text, occurred_at timestamptz,
  closed_at timestamptz, lon double precision, lat double precision, path text COLLATE "C", unit_id bigint,
  geom geometry (Point, 4326) GENERATED ALWAYS AS (st_setsrid(st_makepoint(lon, lat), 4326)) STORED
)
"""
INDEXES = (
    "ALTER TABLE bare ADD PRIMARY KEY (id)",
    "CREATE UNIQUE INDEX ON bare (source_key)",
    "CREATE INDEX ON bare (path, occurred_at)",
    "CREATE INDEX ON bare (occurred_at, id)",
    "CREATE INDEX ON bare USING gist (geom)",
)


def grids() -> gpd.GeoDataFrame:
    """10,000 micro-grids of a hundredth of a degree, about Ulanhot."""
    k = np.arange(10_000)
    x, y = np.round(121.5 + np.arange(101) * 0.01, 2), np.round(45.7 + np.arange(101) * 0.01, 2)
    cells = shapely.box(x[k % 100], y[k // 100], x[k % 100 + 1], y[k // 100 + 1])
    frame = {"code": [f"M{i:05}" for i in k], "name": [f"微网格{i}" for i in k]}
    return gpd.GeoDataFrame(frame, geometry=cells, crs=4326)


def incidents(rows: int) -> pd.DataFrame:
    random = np.random.default_rng(1)
    start = pd.Timestamp("2023-01-01", tz="Asia/Shanghai")
    occurred = start + pd.to_timedelta(random.integers(0, 86_400 * 1_000, rows), unit="s")
    return pd.DataFrame(
        {
            "source_key": [f"2023-{k:08}" for k in range(rows)],
            "category": random.choice(CATEGORIES, rows),
            "title": random.choice(["垃圾堆积未清运", "路灯不亮", "私改烟道", "单元门损坏"], rows),
            # In one of a hundred stands a telephone number.
            "description": np.where(np.arange(rows) % 100, "居民反映，请尽快处理。", "请回电13800138000，谢谢。"),
            "occurred_at": occurred,
            "closed_at": occurred + pd.to_timedelta(random.integers(3_600, 200_000, rows), unit="s"),
            "lon": random.uniform(121.5, 122.5, rows).round(7),
            "lat": random.uniform(45.7, 46.7, rows).round(7),
        }
    )


def cpu_s(dsn: str) -> float:
    """CPU time so far of this process and of all processes of the server."""
    with psycopg.connect(dsn) as conn:
        server = psutil.Process(conn.info.backend_pid).parent()
    if server is None:
        raise RuntimeError("the server is not on this machine")
    own, ended = os.times(), server.cpu_times()
    alive = sum(running_s(process) for process in (server, *server.children()))
    return own.user + own.system + alive + ended.children_user + ended.children_system


def running_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:  # ended a moment ago
        return 0.0
    return times.user + times.system


def timed(dsn: str, work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and of CPU."""
    before, started = cpu_s(dsn), time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    return seconds, cpu_s(dsn) - before


def baseline(dsn: str, frame: pd.DataFrame, fill: Callable[[psycopg.Connection, pd.DataFrame], None]) -> None:
    """Fill a bare table and index it, in one transaction that is then undone."""
    ready = frame.assign(id=np.arange(len(frame)), path="1.2.3.", unit_id=3)
    order = ["id", *(name for name in frame.columns if name != "geometry"), "path", "unit_id"]
    with psycopg.connect(dsn, options="-c role=wangge_owner -c search_path=wangge,public") as conn:
        conn.execute(BARE)
        fill(conn, ready[order])
        for index in INDEXES:
            conn.execute(index)
        conn.rollback()


def by_copy(conn: psycopg.Connection, frame: pd.DataFrame) -> None:
    names = ", ".join(frame.columns)
    with conn.cursor().copy(f"COPY bare ({names}) FROM STDIN (FORMAT csv)") as copy:
        for batch in pa.Table.from_pandas(frame, preserve_index=False).to_batches(65_536):
            sink = io.BytesIO()
            pc.write_csv(batch, sink, pc.WriteOptions(include_header=False))
            copy.write(sink.getbuffer())


def by_executemany(conn: psycopg.Connection, frame: pd.DataFrame) -> None:
    names, marks = ", ".join(frame.columns), ", ".join(["%s"] * len(frame.columns))
    conn.cursor().executemany(
        f"INSERT INTO bare ({names}) VALUES ({marks})", frame.astype(object).itertuples(index=False, name=None)
    )


def emptied(dsn: str) -> None:
    """Take the incidents away, as only the owner of the tables may."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("SET ROLE wangge_owner")
        conn.execute("TRUNCATE wangge.incident CASCADE")
        conn.execute("VACUUM ANALYZE wangge.incident, wangge.incident_event, wangge.assignment")


def main(dsn: str, rows: int) -> None:
    frame = incidents(rows)
    few = frame.head(max(rows // 20, 1))
    with tempfile.TemporaryDirectory() as folder, db.open_pool(dsn, 2) as pool:
        area, parquet, csv = (Path(folder, name) for name in ("grids.gpkg", "incidents.parquet", "incidents.csv"))
        grids().to_file(area)
        frame.to_parquet(parquet)
        frame.to_csv(csv, index=False)
        ring = open_ring(Path(folder, "keys"), Path(folder, "state"))
        load_file(pool, LoadOrder("units", area, source="bench", root="bench"))
        order = LoadOrder("incidents", parquet, crs="EPSG:4326", source="bench")
        # Compiled code is loaded once a process; the service has it, and a command needs a second for it.
        few.head(1_000).to_csv(short := Path(folder, "short.csv"), index=False)
        load_file(pool, replace(order, path=short, dry_run=True), ring=ring)
        ways: dict[str, Callable[[], object]] = {
            "COPY into a bare table, then indexes": lambda: baseline(dsn, frame, by_copy),
            "wangge load, Parquet, first time": lambda: load_file(pool, order, ring=ring),
            "wangge load, Parquet, again: nothing changes": lambda: load_file(pool, order, ring=ring),
            "wangge load, CSV, first time": lambda: load_file(pool, replace(order, path=csv), ring=ring),
        }
        spent = {way: [] for way in ways}
        for _ in range(ROUNDS):
            for way, work in ways.items():
                if way.endswith("first time"):
                    emptied(dsn)
                spent[way].append(timed(dsn, work))
        tell(rows, spent)
        slow = timed(dsn, lambda: baseline(dsn, few, by_executemany))
        tell(len(few), {"executemany into a bare table, then indexes": [slow]})


def tell(rows: int, spent: Mapping[str, list[tuple[float, float]]]) -> None:
    print(f"\n{rows:,} rows, {datetime.now(UTC):%Y-%m-%d}, load average now {os.getloadavg()[0]:.1f}\n")
    print("| way | seconds | CPU seconds | rows/s | each |\n|---|---|---|---|---|")
    for way, rounds in spent.items():
        clock, cpu = (statistics.median(column) for column in zip(*rounds, strict=True))
        each = ", ".join(f"{seconds:.1f}" for seconds, _ in rounds)
        print(f"| {way} | {clock:.1f} | {cpu:.1f} | {rows / clock:,.0f} | {each} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)
