"""
The lines between micro-grids and between blocks, noded once for the whole league.

Every line of the league goes into one noding on a grid of 1e-7 degrees; the faces between the noded lines are the
blocks. What is a union of faces then shares its edges with its neighbours node by node, across every border.
"""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import Voronoi

from demo.clusters import FloatArray, IntArray

GRID = 1e-7  # degrees, about a centimetre
# A line that should end on another goes this much beyond it: its rounded end might fall short of the other.
BEYOND = 5 * GRID
BEYOND_M = 0.05
Geometries = NDArray[Any]


def ridges(hubs: FloatArray, area: Any, bend: float, rng: np.random.Generator) -> Geometries:
    """
    The lines halfway between hubs, bent as borders on the ground are, inside an area.

    Parameters
    ----------
    hubs
        Shape (n, 2), in metres.
    area
        The zone that the lines divide.
    bend
        How far a line leaves the straight, as a part of its distance to the hub; below 0.5, so that none cross.
    rng
        Draws the bends.

    Returns
    -------
    ndarray
        Linestrings in metres.
    """
    ends, left, right = _voronoi(hubs, shapely.bounds(area))
    shapely.prepare(area)
    # A ridge that leaves the area may end very far off, where its hubs are no measure for a bend.
    within = shapely.contains_xy(area, ends[..., 0], ends[..., 1]).all(axis=1)
    # A short one keeps small beside its length, or it would be a spike.
    length = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    away = np.linalg.norm(ends.mean(axis=1) - left, axis=1)
    bends = np.where(within, np.minimum(bend, 0.15 * length / away), 0.0)
    lines = _lines(_bent(ends, left, right, bends, rng))
    inside = shapely.contains_properly(area, lines)
    crossing = lines[~inside & shapely.intersects(area, lines)]
    cut = shapely.get_parts(shapely.intersection(crossing, shapely.buffer(area, BEYOND_M)))
    return np.concatenate([lines[inside], cut[shapely.get_dimensions(cut) == 1]])


def _voronoi(hubs: FloatArray, bounds: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Ends of each finite ridge (m, 2, 2) and the hubs on its sides; far-off points make the inner ridges finite."""
    x0, y0, x1, y1 = bounds
    middle, reach = np.array([x0 + x1, y0 + y1]) / 2, 20 * max(x1 - x0, y1 - y0)
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    around = middle + reach * np.column_stack([np.cos(angles), np.sin(angles)])
    points = np.concatenate([hubs, around])
    diagram = Voronoi(points)
    vertices = np.array(diagram.ridge_vertices)
    wanted = (vertices >= 0).all(axis=1) & (diagram.ridge_points < len(hubs)).all(axis=1)
    sides = diagram.ridge_points[wanted]
    return diagram.vertices[vertices[wanted]], points[sides[:, 0]], points[sides[:, 1]]


def _bent(
    ends: FloatArray, left: FloatArray, right: FloatArray, bends: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Each ridge through three points drawn towards one hub or the other: it stays in the triangles it had."""
    along = np.array([0.25, 0.5, 0.75])
    drawn = rng.uniform(-1, 1, (len(ends), 3)) * bends[:, None]
    straight = ends[:, :1] + along[None, :, None] * (ends[:, 1:] - ends[:, :1])
    target = np.where(drawn[..., None] > 0, left[:, None], right[:, None])
    inner = straight + np.abs(drawn)[..., None] * (target - straight)
    return np.concatenate([ends[:, :1], inner, ends[:, 1:]], axis=1)


def noded(lines: Geometries) -> Geometries:
    """The lines with a node wherever two meet, on the grid, without the stubs that went beyond another line."""
    parts = shapely.get_parts(shapely.union_all(lines, grid_size=GRID))
    ends = np.stack([shapely.get_coordinates(shapely.get_point(parts, end)) for end in (0, -1)], axis=1)
    _, node, degree = np.unique(ends.reshape(-1, 2), axis=0, return_inverse=True, return_counts=True)
    loose = (degree[node.reshape(-1, 2)] == 1).any(axis=1)
    return parts[~(loose & (shapely.length(parts) < 3 * BEYOND))]


def _lines(points: FloatArray) -> Geometries:
    return np.asarray(shapely.linestrings(points))


def prolonged(lines: Geometries, beyond: float) -> Geometries:
    """Straight lines of two points, each going on beyond its end."""
    points = shapely.get_coordinates(lines).reshape(-1, 2, 2)
    way = points[:, 1] - points[:, 0]
    points[:, 1] += way * (beyond / np.linalg.norm(way, axis=1, keepdims=True))
    return _lines(points)


def faces(lines: Geometries) -> Geometries:
    """The polygons between noded lines."""
    return shapely.get_parts(shapely.polygonize(lines))


def owners(found: Geometries, hubs: Geometries, county_of: IntArray, counties: Geometries) -> IntArray:
    """
    The hub that each face belongs to: the one in it, else that of the neighbour with the longest common border.

    Parameters
    ----------
    found
        Faces, shape (n,).
    hubs
        Points, shape (m,).
    county_of
        Position of each hub's county in `counties`, shape (m,).
    counties
        Their areas; a face without a hub stays in its county.

    Returns
    -------
    ndarray
        Positions in `hubs`, shape (n,).
    """
    tree = shapely.STRtree(found)
    hub, face = tree.query(hubs, predicate="intersects")
    owner = np.full(len(found), -1, dtype=np.int64)
    owner[face[::-1]] = hub[::-1]
    county_tree = shapely.STRtree(counties)
    empty = np.flatnonzero(owner < 0)
    row, own = county_tree.query(shapely.point_on_surface(found[empty]), predicate="intersects")
    own_county = dict(zip(empty[row].tolist(), own.tolist(), strict=True))
    waiting = list(own_county)
    county = np.where(owner >= 0, county_of[owner], -1)
    while waiting:
        given = {face: _neighbour(face, tree, np.where(county == own_county[face], owner, -1)) for face in waiting}
        owner[list(given)] = list(given.values())
        county = np.where(owner >= 0, county_of[owner], -1)
        left = [face for face in waiting if owner[face] < 0]
        if len(left) == len(waiting):
            break
        waiting = left
    return owner


def _neighbour(face: int, tree: shapely.STRtree, owner: IntArray) -> int:
    """The owner along the longest border of a face, or -1; those who may not own it are masked by -1."""
    found = tree.geometries
    near = tree.query(found[face], predicate="touches")
    near = near[owner[near] >= 0]
    if not len(near):
        return -1
    shared = shapely.length(shapely.intersection(shapely.boundary(found[face]), shapely.boundary(found[near])))
    return int(owner[near[shared.argmax()]]) if shared.max() > 0 else -1


def rays(hubs: FloatArray, areas: Geometries, first: FloatArray, counts: IntArray) -> Geometries:
    """
    Lines from a hub to the border of its area, which cut the area into equal sectors.

    Parameters
    ----------
    hubs
        Degrees, shape (n, 2).
    areas
        The micro-grids in degrees, shape (n,).
    first
        Direction of the first ray, radians from east, shape (n,).
    counts
        Rays of each micro-grid, shape (n,).

    Returns
    -------
    ndarray
        Linestrings of two points, in degrees.
    """
    owner = np.repeat(np.arange(len(hubs)), counts)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    angle = first[owner] + 2 * np.pi * number / counts[owner]
    reach = np.ptp(shapely.bounds(areas).reshape(-1, 2, 2), axis=1).sum(axis=1)[owner]
    start = hubs[owner]
    stretch = 1 / np.cos(np.radians(start[:, 1]))
    end = start + reach[:, None] * np.column_stack([np.cos(angle) * stretch, np.sin(angle)])
    around = shapely.buffer(areas, BEYOND, quad_segs=1)
    lines = shapely.intersection(shapely.linestrings(np.stack([start, end], axis=1)), around[owner])
    parts = shapely.get_parts(lines)  # more than one where a town lies in the way
    return parts[shapely.get_dimensions(parts) == 1]


def sector(points: FloatArray, hubs: FloatArray, first: FloatArray, counts: IntArray) -> IntArray:
    """The sector of each point, as `rays` cuts them; all arrays of the same length."""
    away = points - hubs
    angle = np.arctan2(away[:, 1], away[:, 0] * np.cos(np.radians(hubs[:, 1])))
    turn = np.mod(angle - first, 2 * np.pi)
    return np.minimum((turn * counts / (2 * np.pi)).astype(np.int64), counts - 1)
