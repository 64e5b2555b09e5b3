"""
The cell index against spatial joins: `python -m benchmarks.locate`; prints the table of docs/benchmarks.md.

Every peer answers the same points in the same process, turn by turn with the index, and its answers are compared
row by row under the one-owner rule (the lowest unit that intersects the point). Peers that are not installed are
left out: requirements/bench.txt has them. Ten million points and three rounds take a quarter of an hour and 9 GB; the
first table says of each bar whether it was met, by the worse of the two coverages.
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
from typing import Any, NamedTuple

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


class Case(NamedTuple):
    """Polygons, and the same points as coordinates and as the objects that most peers start from."""

    polygons: Geometries
    x: Floats
    y: Floats
    points: Geometries


def by_geopandas(case: Case) -> Callable[[], Pairs]:
    """A join of frames that are there already: points with coordinates as objects."""
    units = geopandas.GeoDataFrame(geometry=case.polygons)
    points = geopandas.GeoDataFrame(geometry=case.points)

    def join() -> Pairs:
        joined = geopandas.sjoin(points, units, predicate="intersects")
        return joined.index.to_numpy(), joined["index_right"].to_numpy()

    return join


def by_shapely(case: Case) -> Callable[[], Pairs]:
    """A tree over the points, asked with prepared polygons: shapely's fastest way."""

    def join() -> Pairs:
        shapely.prepare(case.polygons)
        units, rows = shapely.STRtree(case.points).query(case.polygons, predicate="intersects")
        return rows, units

    return join


def by_sedonadb(case: Case) -> Callable[[], Pairs]:
    """SedonaDB over tables in memory."""
    import sedonadb  # noqa: PLC0415 - an optional peer

    session = sedonadb.connect()
    units = geopandas.GeoDataFrame({"unit": np.arange(len(case.polygons))}, geometry=case.polygons)
    points = geopandas.GeoDataFrame({"point": np.arange(len(case.x))}, geometry=case.points)
    session.create_data_frame(units).to_memtable().to_view("units")
    session.create_data_frame(points).to_memtable().to_view("points")
    query = "SELECT p.point, u.unit FROM points p JOIN units u ON ST_Intersects(u.geometry, p.geometry)"

    def join() -> Pairs:
        table = pa.table(session.sql(query))
        return table["point"].to_numpy(), table["unit"].to_numpy()

    return join


def by_duckdb(case: Case) -> Callable[[], Pairs]:
    """DuckDB over tables of its own geometry."""
    import duckdb  # noqa: PLC0415 - an optional peer
    import duckdb_extension_spatial  # noqa: PLC0415

    database = duckdb.connect(config={"threads": THREADS, "allow_unsigned_extensions": True})
    extension = next(Path(duckdb_extension_spatial.__file__).parent.rglob("spatial.duckdb_extension"))
    database.execute(f"LOAD '{extension}'")
    points = pa.table({"x": case.x, "y": case.y})  # noqa: F841 - duckdb finds it by its name
    wkb = shapely.to_wkb(case.polygons)
    units = pa.table({"unit": np.arange(len(case.polygons)), "wkb": wkb})  # noqa: F841
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


class Bar(NamedTuple):
    """What is asked for: a figure of `Figures`, in which direction, and how much."""

    what: str
    key: str
    floor: float
    stretch: float
    unit: str = "×"

    def met(self, value: float) -> str:
        """Whether a figure is good enough; of a ratio more is better, of all else less."""
        better = (lambda bar: value >= bar) if self.unit == "×" else (lambda bar: value <= bar)
        return "stretch" if better(self.stretch) else "floor" if better(self.floor) else "**no**"


Figures = dict[str, float]
BARS = (
    Bar("x, y arrays against geopandas.sjoin, 1 thread", "geopandas/one", 105, 150),
    Bar("the same, 2 threads", "geopandas/all", 135, 250),
    Bar("against shapely STRtree(points).query(polygons), 2 threads", "shapely/all", 110, 180),
    Bar("against sedonadb, both 2 threads", "sedonadb/all", 45, 80),
    Bar("against duckdb spatial, both 2 threads", "duckdb/all", 85, 150),
    Bar("from a GeoSeries against geopandas.sjoin, 1 thread", "geopandas/series_one", 12, 20),
    Bar("the same, 2 threads", "geopandas/series", 12, 20),
    Bar("build", "build", 4, 1.5, "s"),
    Bar("memory", "memory", 185, 120, "MB"),
    Bar("index of one community (60 units) after an edit", "community", 20, 5, "ms"),
    Bar("load of a saved index, all of it compared with its digest", "verified", 100, 10, "ms"),
    Bar("load of a saved index, head and length compared", "mapped", 100, 10, "ms"),
    Bar("scalar locate, called from Python", "scalar", 3, 1.5, "µs"),
    Bar("mismatches against shapely, on borders and in the mixture", "wrong", 0, 0, "rows"),
)


def against_peers(polygons: Geometries, count: int, rounds: int, peers: list[str]) -> Figures:
    """Speeds in million points a second, ratios to peers, and rows where each peer differs."""
    x, y = mixed_points(polygons, count)
    case = Case(polygons, x, y, shapely.points(x, y))
    index, series = CellIndex.build(polygons), geopandas.GeoSeries(case.points)
    ours = {
        "one": lambda: index.locate(x, y),
        "all": lambda: index.locate(x, y, threads=THREADS),
        "series_one": lambda: index.locate_points(series),
        "series": lambda: index.locate_points(series, threads=THREADS),
    }
    times: dict[str, list[float]] = {key: [] for key in (*ours, *peers)}
    joins = {peer: PEERS[peer](case) for peer in peers}
    expected, figures = index.locate(x, y), Figures()
    for number in range(rounds):
        for peer, join in joins.items():
            for key, ask in ours.items():
                took, answers = seconds(ask)
                times[key].append(took)
                figures[f"wrong/{key}"] = int((answers != expected).sum())
            took, pairs = seconds(join)
            times[peer].append(took)
            figures[f"wrong/{peer}"] = int((lowest(pairs, count) != expected).sum())
            print(f"  round {number + 1}, {peer}: {took:.1f} s", flush=True)
    speeds = {key: count / statistics.median(taken) / 1e6 for key, taken in times.items() if taken}
    ratios = {f"{peer}/{key}": speeds[key] / speeds[peer] for peer in peers for key in ours}
    return figures | speeds | ratios


def alone(polygons: Geometries, rounds: int) -> Figures:
    """What the index costs by itself."""
    index = CellIndex.build(polygons)
    build = statistics.median(seconds(lambda: CellIndex.build(polygons))[0] for _ in range(rounds))
    some = polygons[np.argsort(shapely.distance(polygons, shapely.centroid(polygons[0])))[:60]]
    community = statistics.median(seconds(lambda: CellIndex.build(some))[0] for _ in range(20))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cells"
        index.save(path)
        verified, mapped = (
            statistics.median(seconds(lambda v=v: CellIndex.load(path, verify=v))[0] for _ in range(9))
            for v in (True, False)
        )
    xs, ys = (c.tolist() for c in mixed_points(polygons, 100_000))
    scalar = min(seconds(lambda: [index.locate_one(*p) for p in zip(xs, ys, strict=True)])[0] for _ in range(rounds))
    bx, by = border_points(polygons)
    pairs = shapely.STRtree(shapely.points(bx, by)).query(polygons, predicate="intersects")
    return {
        "units": len(polygons),
        "build": build,
        "memory": index.nbytes / 1e6,
        "community": community * 1e3,
        "verified": verified * 1e3,
        "mapped": mapped * 1e3,
        "scalar": scalar * 10,
        "borders": len(bx),
        "wrong/borders": int((index.locate(bx, by) != lowest((pairs[1], pairs[0]), len(bx))).sum()),
    }


def bars(measured: dict[str, Figures]) -> list[str]:
    """The table of bars: each figure of each coverage, judged by the worse."""
    lines = ["| bar | floor | stretch | " + " | ".join(measured) + " | met |", "|---" * (4 + len(measured)) + "|"]
    for bar in BARS:
        values = [figures[bar.key] for figures in measured.values() if bar.key in figures]
        if len(values) == len(measured):
            worst = (min if bar.unit == "×" else max)(values)
            said = " | ".join(f"{value:.4g} {bar.unit}" for value in values)
            lines.append(f"| {bar.what} | {bar.floor:g} {bar.unit} | {bar.stretch:g} | {said} | {bar.met(worst)} |")
    return lines


def joins(measured: dict[str, Figures], peers: list[str]) -> list[str]:
    """The table of joins: ratios first."""
    heading = f"1 thread | {THREADS} threads | from a GeoSeries, 1 / {THREADS} threads | peer, million points/s"
    lines = [f"| coverage | peer | index faster, {heading} | index, million points/s | rows where the peer differs |"]
    lines.append("|---" * 8 + "|")
    for name, found in measured.items():
        for peer in peers:
            one, both, series_one, series = (found[f"{peer}/{key}"] for key in ("one", "all", "series_one", "series"))
            lines.append(
                f"| {name} | {NAMES[peer]} | {one:.0f} × | {both:.0f} × | {series_one:.0f} / {series:.0f} × "
                f"| {found[peer]:.2f} | {found['one']:.0f} / {found['all']:.0f} / {found['series']:.0f} "
                f"| {found[f'wrong/{peer}']:.0f} |"
            )
    return lines


def judged(found: Figures, peers: list[str]) -> Figures:
    """The figures with all wrong rows: on borders, between our own ways, and against shapely in the mixture."""
    keys = ["borders", *(["one", "all", "series_one", "series"] if peers else []), *({"shapely"} & set(peers))]
    return found | {"wrong": sum(found[f"wrong/{key}"] for key in keys)}


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", nargs="*", default=[p for p in PEERS if find_spec(p)])
    asked = parser.parse_args()
    warm()
    measured: dict[str, Figures] = {}
    for name, make in (("clustered", clustered), ("patchwork", patchwork)):
        polygons = make()
        found = alone(polygons, asked.rounds)
        print(f"{name}: {found['units']:.0f} polygons, {found['borders']:,.0f} points on borders", flush=True)
        measured[name] = judged(found | against_peers(polygons, asked.points, asked.rounds, asked.peers), asked.peers)
    versions = ", ".join(f"{p} {version(p)}" for p in dict.fromkeys(["numba", "numpy", "shapely", *asked.peers]))
    print(f"\n{asked.points:,} points, median of {asked.rounds} rounds, {THREADS} processors, load ", end="")
    print(f"{os.getloadavg()[1]:.1f}, Python {platform.python_version()}, {versions}, ", end="")
    print(f"GEOS {shapely.geos_version_string}\n")
    print(*bars(measured), "", *joins(measured, asked.peers), sep="\n")


if __name__ == "__main__":
    main()
