"""
A million incidents into the database: `load_file` from Parquet and CSV, against plain ways of PostgreSQL.

Run as ``python benchmarks/ingest.py DSN [ROWS]`` on an empty, migrated database; prints a table in Markdown.
The baselines write the incident's columns alone, into a table with the same indexes and no row security: neither
events, nor assignments, nor owners, nor checks.
"""

import io
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.csv as pc
import shapely

from geo import db
from geo.load_order import LoadOrder
from geo.loads import load_file

CATEGORIES = ("property.repair", "hazard.flue", "facility.light", "environment.rubbish", "help.service")
BARE = """
CREATE TEMPORARY TABLE bare (
  id bigint, source_key text, category text, title text, description text, occurred_at timestamptz,
  closed_at timestamptz, lon double precision, lat double precision, path text, unit_id bigint,
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
            "description": "居民反映，请尽快处理。",
            "occurred_at": occurred,
            "closed_at": occurred + pd.to_timedelta(random.integers(3_600, 200_000, rows), unit="s"),
            "lon": random.uniform(121.5, 122.5, rows).round(7),
            "lat": random.uniform(45.7, 46.7, rows).round(7),
        }
    )


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def baseline(dsn: str, frame: pd.DataFrame, fill: Callable[[psycopg.Connection, pd.DataFrame], None]) -> float:
    """Seconds to fill a bare table and index it, in one transaction."""
    ready = frame.assign(id=np.arange(len(frame)), path="1.2.3.", unit_id=3)
    order = ["id", *(name for name in frame.columns if name != "geometry"), "path", "unit_id"]
    with psycopg.connect(dsn) as conn:
        conn.execute("SET ROLE wangge_app")
        conn.execute(BARE)
        started = time.perf_counter()
        fill(conn, ready[order])
        for index in INDEXES:
            conn.execute(index)
        return time.perf_counter() - started


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


def main(dsn: str, rows: int) -> None:
    frame = incidents(rows)
    few = frame.head(max(rows // 20, 1))
    with tempfile.TemporaryDirectory() as folder, db.open_pool(dsn, 2) as pool:
        area, parquet, csv = (Path(folder, name) for name in ("grids.gpkg", "incidents.parquet", "incidents.csv"))
        grids().to_file(area)
        frame.to_parquet(parquet)
        frame.to_csv(csv, index=False)
        load_file(pool, LoadOrder("units", area, source="bench", root="bench"))
        order = LoadOrder("incidents", parquet, crs="EPSG:4326", source="bench")
        print(f"{rows:,} rows, {datetime.now(UTC):%Y-%m-%d}\n\n| way | rows | seconds | rows/s |\n|---|---|---|---|")
        tell("COPY into a bare table, then indexes", rows, baseline(dsn, frame, by_copy))
        tell("wangge load, Parquet, first time", rows, timed(lambda: load_file(pool, order)))
        tell("wangge load, Parquet, again: nothing changes", rows, timed(lambda: load_file(pool, order)))
        emptied(dsn)
        again = replace(order, path=csv)
        tell("wangge load, CSV, first time", rows, timed(lambda: load_file(pool, again)))
        tell("COPY into a bare table, then indexes, again", rows, baseline(dsn, frame, by_copy))
        tell("executemany into a bare table, then indexes", len(few), baseline(dsn, few, by_executemany))


def tell(way: str, rows: int, seconds: float) -> None:
    print(f"| {way} | {rows:,} | {seconds:.1f} | {rows / seconds:,.0f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)
