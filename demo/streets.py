"""
Streets along the borders of blocks: all of them in towns, and between villages the roads that lead to the county seat.

What is drawn is connected within a county: from every hub of a micro-grid a road leads to the seat.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from demo.clusters import FloatArray, IntArray
from demo.counties import COUNTIES
from demo.linework import GRID, Geometries
from demo.partition import Ground
from demo.plane import to_degrees, to_plane

_GEOD = Geod(ellps="WGS84")
_BORDER_DETOUR = 4.0  # roads keep off the borders of counties
_CLASSES = (("primary", 300), ("secondary", 60), ("tertiary", 10), ("unclassified", 1))  # and the hubs they serve


def lay(ground: Ground) -> gpd.GeoDataFrame:
    """
    The streets of the league.

    Returns
    -------
    GeoDataFrame
        code, name, class, from_node, to_node, length_m (geodesic), micro_grid (position of one beside it), town,
        geometry (linestring, EPSG:4326); ascending by code.
    """
    lines, hub_nodes = _lines(ground)
    lines["class"], reached = "", np.zeros(len(lines), dtype=bool)
    for number in range(len(COUNTIES)):
        own = np.flatnonzero(lines["counties"].to_numpy() & (1 << number))
        hubs = hub_nodes[_from_seat(ground, number)]
        if len(hubs):
            drawn = _drawn(lines.iloc[own], hubs)
            lines.loc[own[drawn != ""], "class"] = drawn[drawn != ""]
            reached[own] |= drawn != ""
    kept = lines[reached].reset_index(drop=True)
    kept["name"] = _names(ground, kept)
    kept["code"] = "demo-" + pd.Series(np.arange(len(kept))).map("{:06d}".format)
    columns = ["code", "name", "class", "from_node", "to_node", "length_m", "micro_grid", "town", "geometry"]
    return gpd.GeoDataFrame(kept[columns], geometry="geometry", crs="EPSG:4326")


def lengths(lines: Geometries) -> FloatArray:
    """Geodesic length of each linestring of EPSG:4326 in metres, shape (n,)."""
    points, row = shapely.get_coordinates(lines, return_index=True)
    step = _GEOD.inv(points[:-1, 0], points[:-1, 1], points[1:, 0], points[1:, 1])[2]
    return np.asarray(np.bincount(row[:-1], np.where(row[:-1] == row[1:], step, 0.0), len(lines)), dtype=np.float64)


def _lines(ground: Ground) -> tuple[pd.DataFrame, IntArray]:
    """All noded lines with their nodes, lengths, and what lies beside them; and the node of each hub."""
    shapes = ground.lines
    ends = np.stack([shapely.get_coordinates(shapely.get_point(shapes, end)) for end in (0, -1)], axis=1)
    hubs = np.round(to_degrees(ground.hubs) / GRID) * GRID
    keys = _key(np.concatenate([ends.reshape(-1, 2), hubs]))
    _, node = np.unique(keys, return_inverse=True)
    micro, counties, town, ray = _beside(ground, shapes)
    frame = pd.DataFrame({
        "from_node": node[0 : 2 * len(shapes) : 2] + 1,
        "to_node": node[1 : 2 * len(shapes) : 2] + 1,
        "length_m": lengths(shapes),
        "micro_grid": micro, "counties": counties, "town": town, "ray": ray, "geometry": shapes,
    })  # fmt: skip
    frame = frame[(frame["length_m"] > 0) & (frame["from_node"] != frame["to_node"])]
    frame = frame.sort_values(["from_node", "to_node", "length_m"], ignore_index=True)
    return frame, node[2 * len(shapes) :] + 1


def _key(points: FloatArray) -> IntArray:
    """One whole number a point, ordered by longitude, then latitude; equal for what the noding made equal."""
    whole = np.round(points / GRID).astype(np.int64)
    return whole[:, 0] * 2_000_000_000 + whole[:, 1]


def _beside(ground: Ground, shapes: Geometries) -> tuple[IntArray, IntArray, NDArray[np.bool_], NDArray[np.bool_]]:
    """Of each line: one micro-grid beside it, its counties as bits, whether it is in town, whether it cuts one."""
    middles = shapely.line_interpolate_point(shapes, 0.5, normalized=True)
    areas = ground.micro_grids.geometry.to_numpy()
    line, micro = shapely.STRtree(areas).query(middles, predicate="dwithin", distance=2 * GRID)
    adcodes = [county.adcode for county in COUNTIES]
    bit = 1 << ground.micro_grids["county"].map(adcodes.index).to_numpy(dtype=np.int64)
    counties = np.zeros(len(shapes), dtype=np.int64)
    np.bitwise_or.at(counties, line, bit[micro])
    town = np.bincount(line, ground.micro_grids["town"].to_numpy()[micro], len(shapes)) > 0
    one = np.zeros(len(shapes), dtype=np.int64)
    one[line[::-1]] = micro[::-1]
    return one, counties, town, np.bincount(line, minlength=len(shapes)) == 1


def _from_seat(ground: Ground, number: int) -> IntArray:
    """The micro-grids of a county, the one at the seat first."""
    county = COUNTIES[number]
    mine = np.flatnonzero((ground.micro_grids["county"] == county.adcode).to_numpy())
    away = ((ground.hubs[mine] - to_plane(np.array(county.seat))) ** 2).sum(axis=1)
    return mine[np.argsort(away, kind="stable")]


def _drawn(lines: pd.DataFrame, hubs: IntArray) -> NDArray[np.object_]:
    """The class of each line of a county, and nothing for one that is no street or leads nowhere."""
    named = _classes(_served(lines, hubs), lines["town"].to_numpy(), lines["ray"].to_numpy())
    nodes, ends = np.unique(lines[["from_node", "to_node"]].to_numpy(), return_inverse=True)
    ends = ends.reshape(-1, 2)
    street = ends[named != ""]
    graph = csr_array((np.ones(len(street)), (street[:, 0], street[:, 1])), shape=(len(nodes), len(nodes)))
    part = connected_components(graph, directed=False)[1]
    return np.where(part[ends[:, 0]] == part[np.searchsorted(nodes, hubs[0])], named, "")


def _served(lines: pd.DataFrame, hubs: IntArray) -> IntArray:
    """How many hubs reach the first of them through each line, each by its shortest way."""
    nodes, ends = np.unique(lines[["from_node", "to_node"]].to_numpy(), return_inverse=True)
    ends = ends.reshape(-1, 2)
    single = np.array([1, 2, 4, 8, 16, 32])
    weight = lines["length_m"].to_numpy() * np.where(np.isin(lines["counties"], single), 1.0, _BORDER_DETOUR)
    graph = csr_array((weight, (ends[:, 0], ends[:, 1])), shape=(len(nodes), len(nodes)))
    targets = np.searchsorted(nodes, hubs)
    away, before = dijkstra(graph, directed=False, indices=targets[0], return_predecessors=True)
    count = np.bincount(targets, minlength=len(nodes))
    for node in np.argsort(-np.where(np.isfinite(away), away, -1.0), kind="stable").tolist():
        if before[node] >= 0:
            count[before[node]] += count[node]
    towards = (before[ends[:, 0]] == ends[:, 1], before[ends[:, 1]] == ends[:, 0])
    return np.where(towards[0], count[ends[:, 0]], np.where(towards[1], count[ends[:, 1]], 0))


def _classes(served: IntArray, town: NDArray[np.bool_], ray: NDArray[np.bool_]) -> NDArray[np.object_]:
    named = np.full(len(served), "", dtype=object)
    named[ray & ~town] = "track"
    named[town] = "residential"
    for name, least in reversed(_CLASSES):
        named[(served >= least) & ~(town & (name == "unclassified"))] = name
    return named


def _names(ground: Ground, kept: pd.DataFrame) -> NDArray[np.object_]:
    community = ground.communities.set_index("code")["name"]
    place = community.reindex(ground.micro_grids["community"].to_numpy()[kept["micro_grid"]]).to_numpy()
    bounds = shapely.bounds(kept["geometry"].to_numpy())
    across = (bounds[:, 2] - bounds[:, 0]) * 0.69 > bounds[:, 3] - bounds[:, 1]
    stem = np.array([name.removesuffix("社区") for name in place], dtype=object)
    in_town = stem + np.where(across, "街", "路").astype(object)
    outside = stem + kept["class"].map({"primary": "公路", "secondary": "公路", "tertiary": "乡道"}).fillna("村道")
    return np.where(kept["town"], in_town, outside)
