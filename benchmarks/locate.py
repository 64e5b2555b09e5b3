"""
The cell index against spatial joins: `python -m benchmarks.locate`; prints the table of docs/benchmarks.md.

Every peer answers the same points in the same process, turn by turn with the index, and its answers are compared
row by row under the one-owner rule (the lowest unit that intersects the point). Peers that are not installed are
left out: `pip install --group bench`, and `duckdb-extension-spatial` of the same version as duckdb.
"""

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from benchmarks.coverages import Floats, Geometries, border_points, clustered, mixed_points, patchwork
from geo.locate import CellIndex, warm

Owners = NDArray[Any]
Pairs = tuple[NDArray[Any], NDArray[Any]]
"""Rows of points and of units that meet."""
THREADS = os.cpu_count() or 1


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """How long work takes, and what it gives."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def lowest(pairs: Pairs, count: int) -> Owners:
    """The tie rule on the pairs of a join."""
    owners = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(owners, pairs[0], pairs[1])
    return np.where(owners == np.iinfo(np.int64).max, -1, owners)


def by_geopandas(polygons: Geometries, x: Floats, y: Floats) -> Callable[[], Pairs]:
    """A join of frames that are there already: points with coordinates as objects."""
    units = geopandas.GeoDataFrame(geometry=polygons)
    points = geopandas.GeoDataFrame(geometry=shapely.points(x, y))

    def join() -> Pairs:
        joined = geopandas.sjoin(points, units, predicate="intersects")
        return joined.index.to_numpy(), joined["index_right"].to_numpy()

    return join


def by_shapely(polygons: Geometries, x: Floats, y: Floats) -> Callable[[], Pairs]:
    """A tree over the points, asked with prepared polygons: shapely's fastest way."""
    points = shapely.points(x, y)

    def join() -> Pairs:
        shapely.prepare(polygons)
        units, rows = shapely.STRtree(points).query(polygons, predicate="intersects")
        return rows, units

    return join


def by_sedonadb(polygons: Geometries, x: Floats, y: Floats) -> Callable[[], Pairs]:
    """SedonaDB over tables in memory."""
    import sedonadb  # noqa: PLC0415 - an optional peer

    session = sedonadb.connect()
    units = geopandas.GeoDataFrame({"unit": np.arange(len(polygons))}, geometry=polygons)
    points = geopandas.GeoDataFrame({"point": np.arange(len(x))}, geometry=shapely.points(x, y))
    session.create_data_frame(units).to_memtable().to_view("units")
    session.create_data_frame(points).to_memtable().to_view("points")
    query = "SELECT p.point, u.unit FROM points p JOIN units u ON ST_Intersects(u.geometry, p.geometry)"

    def join() -> Pairs:
        table = pa.table(session.sql(query))
        return table["point"].to_numpy(), table["unit"].to_numpy()

    return join


def by_duckdb(polygons: Geometries, x: Floats, y: Floats) -> Callable[[], Pairs]:
    """DuckDB over tables of its own geometry."""
    import duckdb  # noqa: PLC0415 - an optional peer
    import duckdb_extension_spatial  # noqa: PLC0415

    database = duckdb.connect(config={"threads": THREADS, "allow_unsigned_extensions": True})
    extension = next(Path(duckdb_extension_spatial.__file__).parent.rglob("spatial.duckdb_extension"))
    database.execute(f"LOAD '{extension}'")
    points = pa.table({"x": x, "y": y})  # noqa: F841 - duckdb finds it by its name
    units = pa.table({"unit": np.arange(len(polygons)), "wkb": shapely.to_wkb(polygons)})  # noqa: F841
    make = "CREATE TABLE p AS SELECT row_number() OVER () - 1 AS point, ST_Point(x, y) AS geom FROM points"
    database.execute(make)
    database.execute("CREATE TABLE u AS SELECT unit, ST_GeomFromWKB(wkb) AS geom FROM units")

    def join() -> Pairs:
        table = database.execute(
            "SELECT p.point, u.unit FROM p JOIN u ON ST_Intersects(u.geom, p.geom)"
        ).to_arrow_table()
        return table["point"].to_numpy(), table["unit"].to_numpy()

    return join


PEERS = {"geopandas": by_geopandas, "shapely": by_shapely, "sedonadb": by_sedonadb, "duckdb": by_duckdb}
NAMES = {
    "geopandas": "geopandas.sjoin (intersects), 1 thread",
    "shapely": "shapely STRtree(points).query(polygons), 1 thread",
    "sedonadb": f"sedonadb, {THREADS} threads",
    "duckdb": f"duckdb spatial, {THREADS} threads",
}


def against_peers(name: str, polygons: Geometries, count: int, rounds: int, peers: list[str]) -> list[str]:
    """Rows of the table of joins for one coverage."""
    x, y = mixed_points(polygons, count)
    index = CellIndex.build(polygons)
    series = geopandas.GeoSeries(shapely.points(x, y))
    ours = {
        "one": lambda: index.locate(x, y),
        "all": lambda: index.locate(x, y, threads=THREADS),
        "series": lambda: index.locate_points(series, threads=THREADS),
    }
    times: dict[str, list[float]] = {key: [] for key in (*ours, *peers)}
    joins = {peer: PEERS[peer](polygons, x, y) for peer in peers}
    wrong: dict[str, int] = {}
    expected = index.locate(x, y)
    for _ in range(rounds):
        for peer, join in joins.items():
            for key, ask in ours.items():
                took, answers = seconds(ask)
                times[key].append(took)
                wrong[key] = int((answers != expected).sum())
            took, pairs = seconds(join)
            times[peer].append(took)
            wrong[peer] = int((lowest(pairs, count) != expected).sum())
    middle = {key: statistics.median(taken) for key, taken in times.items()}
    print(f"{name}: ours disagree among themselves in {wrong['all'] + wrong['series']} rows", flush=True)
    speed = {key: count / taken / 1e6 for key, taken in middle.items()}
    return [
        f"| {name} | {NAMES[peer]} | "
        + " | ".join(f"{speed[key] / speed[peer]:.0f} ×" for key in ours)
        + f" | {speed[peer]:.2f} | "
        + " / ".join(f"{speed[key]:.0f}" for key in ours)
        + f" | {wrong[peer]} |"
        for peer in peers
    ]


def alone(name: str, polygons: Geometries, rounds: int) -> list[str]:
    """Rows of the table of what the index costs."""
    build = statistics.median(seconds(lambda: CellIndex.build(polygons))[0] for _ in range(rounds))
    index = CellIndex.build(polygons)
    some = polygons[np.argsort(shapely.distance(polygons, shapely.centroid(polygons[0])))[:60]]
    community = statistics.median(seconds(lambda: CellIndex.build(some))[0] for _ in range(20))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cells"
        index.save(path)
        loads = {
            v: statistics.median(seconds(lambda v=v: CellIndex.load(path, verify=v))[0] for _ in range(9))
            for v in (True, False)
        }
    xs, ys = (c.tolist() for c in mixed_points(polygons, 100_000))
    scalar = min(seconds(lambda: [index.locate_one(*p) for p in zip(xs, ys, strict=True)])[0] for _ in range(rounds))
    bx, by = border_points(polygons)
    pairs = shapely.STRtree(shapely.points(bx, by)).query(polygons, predicate="intersects")
    wrong = int((index.locate(bx, by) != lowest((pairs[1], pairs[0]), len(bx))).sum())
    return [
        f"| {name} | {len(polygons):,} | {build:.2f} s | {index.nbytes / 1e6:.0f} MB | {community * 1e3:.1f} ms "
        f"({len(some)} units) | {loads[True] * 1e3:.0f} / {loads[False] * 1e3:.1f} ms | {scalar * 10:.2f} µs "
        f"| {wrong} of {len(bx):,} |"
    ]


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", nargs="*", default=[p for p in PEERS if find_spec(p)])
    asked = parser.parse_args()
    warm()
    coverages = {"clustered": clustered(), "patchwork": patchwork()}
    costs = [row for name, units in coverages.items() for row in alone(name, units, asked.rounds)]
    joins = [
        row
        for name, units in coverages.items()
        for row in against_peers(name, units, asked.points, asked.rounds, asked.peers)
    ]
    versions = ", ".join(f"{p} {version(p)}" for p in dict.fromkeys(["numba", "numpy", "shapely", *asked.peers]))
    print(f"\n{asked.points:,} points, median of {asked.rounds} rounds, {THREADS} processors, ", end="")
    print(f"Python {platform.python_version()}, {versions}, GEOS {shapely.geos_version_string}\n")
    print(
        f"| coverage | peer | index faster, 1 thread | {THREADS} threads | from a GeoSeries, {THREADS} threads ", end=""
    )
    print("| peer, million points/s | index, million points/s | rows where the peer differs |")
    print("|---|---|---|---|---|---|---|---|", *joins, sep="\n")
    print("\n| coverage | polygons | build | memory | one community | load with / without digest | scalar ", end="")
    print("| wrong on borders (against shapely) |")
    print("|---|---|---|---|---|---|---|---|", *costs, sep="\n")


if __name__ == "__main__":
    main()
