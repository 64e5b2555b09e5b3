"""
Two coverages of about 20,000 polygons and the points that try them: deterministic, made in memory.

`clustered` has units of some forty vertices with winding borders, dense in a town and wide around it. `patchwork` has
ragged units grown from small cells, concave and with enclaves, as when micro-grids follow buildings.
"""

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import Voronoi

Geometries = NDArray[np.object_]
Floats = NDArray[np.float64]

WEST, SOUTH, EAST, NORTH = 121.55, 45.78, 122.55, 46.38
"""Around Ulanhot, in degrees."""


class Diagram:
    """The cells of random places that lie wholly in the box: their borders, and whose they are."""

    def __init__(self, count: int, rng: np.random.Generator) -> None:
        town = rng.normal([(WEST + EAST) / 2, (SOUTH + NORTH) / 2], [0.05, 0.035], (int(count * 0.6), 2))
        around = rng.uniform([WEST, SOUTH], [EAST, NORTH], (count - len(town), 2))
        places = np.vstack([town, around])
        places = places[((places > [WEST, SOUTH]) & (places < [EAST, NORTH])).all(axis=1)]
        voronoi = Voronoi(places)
        self.vertices: Floats = np.round(voronoi.vertices, 7)
        within = ((voronoi.vertices > [WEST, SOUTH]) & (voronoi.vertices < [EAST, NORTH])).all(axis=1)
        whole = [bool(r) and -1 not in r and within[r].all() for r in voronoi.regions]
        self.whole = np.array(whole)[voronoi.point_region]
        ends, sides = np.array(voronoi.ridge_vertices), voronoi.ridge_points
        kept = self.whole[sides].any(axis=1)
        self.ends, self.sides = ends[kept], sides[kept]


def clustered(count: int = 20_380, seed: int = 42) -> Geometries:
    """Units with winding borders; borders that come to cross are made straight."""
    rng = np.random.default_rng(seed)
    diagram = Diagram(count, rng)
    straight = diagram.vertices[diagram.ends]
    lines = np.array([winding(a, b, rng) for a, b in straight], dtype=object)
    while True:
        pairs = shapely.STRtree(lines).query(lines, predicate="intersects")
        pairs = pairs[:, pairs[0] < pairs[1]]
        first, second = lines[pairs[0]], lines[pairs[1]]
        shared = shapely.intersection(shapely.boundary(first), shapely.boundary(second))
        crossing = pairs[:, ~shapely.equals(shapely.intersection(first, second), shared)]
        crossing = np.union1d(crossing, np.nonzero(~shapely.is_simple(lines))[0])
        crossing = crossing[shapely.get_num_points(lines[crossing]) > 2]
        if not len(crossing):
            return faces(lines)
        lines[crossing] = shapely.linestrings(straight[crossing])


def winding(start: Floats, end: Floats, rng: np.random.Generator) -> shapely.LineString:
    """A border of five to seven vertices between two places."""
    count = int(rng.integers(5, 8))
    along = np.arange(1, count + 1) / (count + 1)
    aside = np.cumsum(rng.normal(0, 1, count))
    aside = (aside - aside[-1] * along) * 0.1 * np.minimum(along, 1 - along)
    across = np.array([start[1] - end[1], end[0] - start[0]])
    between = start + np.outer(along, end - start) + np.outer(aside, across)
    return shapely.LineString(np.round(np.vstack([start, between, end]), 7))


def patchwork(count: int = 20_000, seed: int = 43) -> Geometries:
    """Units grown at random from an eighth of the cells: each cell goes to the start that reaches it first."""
    rng = np.random.default_rng(seed)
    diagram = Diagram(count * 17 // 2, rng)
    starts = rng.choice(np.nonzero(diagram.whole)[0], count, replace=False)
    both = diagram.sides[diagram.whole[diagram.sides].all(axis=1)]
    size = len(diagram.whole)
    graph = coo_array((rng.exponential(1.0, len(both)), (both[:, 0], both[:, 1])), shape=(size, size)).tocsr()
    unit = dijkstra(graph, directed=False, indices=starts, min_only=True, return_predecessors=True)[2]
    unit = np.where(diagram.whole, unit, -1)
    border = unit[diagram.sides[:, 0]] != unit[diagram.sides[:, 1]]
    lines = diagram.vertices[diagram.ends[border]]
    return faces(shapely.linestrings(lines[(lines[:, 0] != lines[:, 1]).any(axis=1)]))


def faces(lines: Geometries) -> Geometries:
    """The valid polygons between lines."""
    found = shapely.get_parts(shapely.polygonize(lines))
    return found[shapely.is_valid(found)]


def mixed_points(polygons: Geometries, count: int, seed: int = 7) -> tuple[Floats, Floats]:
    """
    Points as they come, and as they hurt: 60 % in clusters, the rest anywhere, and of every 500 points
    five outside, one on a vertex, one at an edge's midpoint, and one beside a vertex by a unit in the last place.
    """
    rng = np.random.default_rng(seed)
    west, south, east, north = shapely.total_bounds(polygons)
    vertices = shapely.get_coordinates(polygons)
    few, near = count // 500, count * 6 // 10
    centres, spread = vertices[rng.integers(len(vertices), size=400)], rng.uniform(0.0005, 0.01, 400)
    at = rng.integers(400, size=near)
    clusters = centres[at] + rng.normal(0, 1, (near, 2)) * spread[at, None]
    beyond = rng.uniform([west - 0.2, north + 0.001], [east + 0.2, north + 0.2], (5 * few, 2))
    i, j, k = rng.integers(len(vertices) - 1, size=(3, few))
    beside = np.nextafter(vertices[k], rng.choice([-np.inf, np.inf], (few, 2)))
    midpoints = (vertices[j] + vertices[j + 1]) / 2
    anywhere = rng.uniform([west, south], [east, north], (count - near - 8 * few, 2))
    points = np.vstack([clusters, beyond, vertices[i], midpoints, beside, anywhere])
    rng.shuffle(points)
    return np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])


def border_points(polygons: Geometries) -> tuple[Floats, Floats]:
    """Every vertex, every edge's midpoint, and the four neighbours of each by a unit in the last place."""
    rings = shapely.get_rings(shapely.get_parts(polygons))
    vertices, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    places = np.vstack([vertices, ((vertices[1:] + vertices[:-1]) / 2)[same]])
    turned = [np.nextafter(places, [dx, dy]) for dx in (-np.inf, np.inf) for dy in (-np.inf, np.inf)]
    points = np.vstack([places, *turned])
    return np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])
