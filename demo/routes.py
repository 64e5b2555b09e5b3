"""Patrol routes: round walks of two to six kilometres on the streets around a squad's home station."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree

from demo.clusters import FloatArray, IntArray
from demo.identity import identifiers
from demo.linework import Geometries
from demo.organisations import FOUNDED, SOURCE
from demo.plane import to_plane

SHORTEST_M, LONGEST_M = 2_000.0, 6_000.0
_REACH_M = 3_000.0
_TRIES = 12
_CHECK_POINTS_EVERY_M = 600.0


@dataclass(frozen=True)
class Network:
    """The streets as a graph: nodes on the drawing board, the shortest street between two of them."""

    points: FloatArray
    ends: IntArray
    length_m: FloatArray
    geometry: Geometries
    graph: csr_array
    street: dict[tuple[int, int], int]

    @classmethod
    def of(cls, streets: gpd.GeoDataFrame) -> "Network":
        """Build the graph of the streets as `streets.lay` gives them."""
        nodes, ends = np.unique(streets[["from_node", "to_node"]].to_numpy(), return_inverse=True)
        ends = ends.reshape(-1, 2)
        shapes, length_m = streets.geometry.to_numpy(), streets["length_m"].to_numpy()
        points = np.empty((len(nodes), 2))
        for side in (0, 1):
            points[ends[:, side]] = shapely.get_coordinates(shapely.get_point(shapes, -side))
        pairs = np.sort(ends, axis=1)
        first = np.lexsort((length_m, pairs[:, 1], pairs[:, 0]))
        first = first[np.r_[True, (np.diff(pairs[first], axis=0) != 0).any(axis=1)]]
        weights = (length_m[first], (pairs[first, 0], pairs[first, 1]))
        street = {(a, b): row for (a, b), row in zip(pairs[first].tolist(), first.tolist(), strict=True)}
        graph = csr_array(weights, shape=(len(nodes), len(nodes)))
        return cls(to_plane(points), ends, length_m, shapes, graph, street)


def walk(streets: gpd.GeoDataFrame, teams: pd.DataFrame, stations: gpd.GeoDataFrame, seed: int) -> gpd.GeoDataFrame:
    """
    A route for each patrol squad that has enough streets around its station.

    Returns
    -------
    GeoDataFrame
        id, code, unit_code, team_code, name, shift, length_m (geodesic), source, synthetic, geometry; EPSG:4326.
    """
    rng = np.random.default_rng([seed, 6])
    network = Network.of(streets)
    squads = teams[teams["kind"] == "patrol"].reset_index(drop=True)
    place = pd.Index(stations["code"]).get_indexer(pd.Index(squads["station_code"]))
    homes = to_plane(shapely.get_coordinates(stations.geometry.to_numpy()[place]))
    near = np.asarray(KDTree(network.points).query(homes)[1])
    rounds = [_round(network, start, rng) for start in near.tolist()]
    kept = [row for row, way in enumerate(rounds) if len(way)]
    ways = [rounds[row] for row in kept]
    found = squads.iloc[kept].reset_index(drop=True)
    frame = pd.DataFrame({
        "id": identifiers(pd.DatetimeIndex([FOUNDED.tz_convert("UTC").tz_localize(None)] * len(found)), rng),
        "code": found["code"] + "-R", "unit_code": found["unit_code"], "team_code": found["code"],
        "name": found["name"] + "巡逻线路", "shift": found["shift"],
        "length_m": [_length(network, way) for way in ways], "source": SOURCE, "synthetic": True,
    })  # fmt: skip
    return gpd.GeoDataFrame(frame, geometry=[_line(network, way) for way in ways], crs="EPSG:4326")


def check_points(routes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Points to be passed on each route, the first at its start: route_code, number, name, geometry."""
    count = np.maximum(3, (routes["length_m"].to_numpy() / _CHECK_POINTS_EVERY_M).astype(np.int64))
    row = np.repeat(np.arange(len(routes)), count)
    number = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    points = shapely.line_interpolate_point(routes.geometry.to_numpy()[row], number / count[row], normalized=True)
    frame = pd.DataFrame(
        {
            "route_code": routes["code"].to_numpy()[row],
            "number": number + 1,
            "name": "签到点" + pd.Series(number + 1).astype(str),
        }
    )
    return gpd.GeoDataFrame(frame, geometry=points, crs="EPSG:4326")


def _round(network: Network, start: int, rng: np.random.Generator) -> list[int]:
    """Nodes of a walk from a start over two others and back; empty where no such walk has the right length."""
    away, before = _ways(network, start)
    for _ in range(_TRIES):
        first = _drawn(away, (600.0, 2_000.0), rng)
        if first < 0:
            return []
        far, back = _ways(network, first)
        second = _drawn(np.where(away < 2_000.0, far, np.inf), (500.0, 2_000.0), rng)
        way = _path(before, first)
        if second >= 0:
            way = [*way, *_path(back, second)[1:], *_path(before, second)[::-1][1:]]
        else:
            way = [*way, *way[::-1][1:]]
        if SHORTEST_M <= _length(network, way) <= LONGEST_M:
            return way
    return []


def _ways(network: Network, start: int) -> tuple[FloatArray, IntArray]:
    away, before = dijkstra(network.graph, directed=False, indices=[start], return_predecessors=True, limit=_REACH_M)
    return away[0], before[0]


def _drawn(away: FloatArray, between: tuple[float, float], rng: np.random.Generator) -> int:
    chosen = np.flatnonzero((away >= between[0]) & (away <= between[1]))
    return int(rng.choice(chosen)) if len(chosen) else -1


def _path(before: IntArray, node: int) -> list[int]:
    way = [node]
    while before[way[-1]] >= 0:
        way.append(int(before[way[-1]]))
    return way[::-1]


def _streets(network: Network, way: list[int]) -> list[int]:
    return [network.street[min(a, b), max(a, b)] for a, b in pairwise(way)]


def _length(network: Network, way: list[int]) -> float:
    return float(network.length_m[_streets(network, way)].sum())


def _line(network: Network, way: list[int]) -> Any:
    parts = []
    for row, node in zip(_streets(network, way), way[:-1], strict=True):
        points = shapely.get_coordinates(network.geometry[row])
        parts.append(points if network.ends[row, 0] == node else points[::-1])
    points = np.concatenate(parts)
    return shapely.linestrings(points[np.r_[True, (np.diff(points, axis=0) != 0).any(axis=1)]])
