"""
How a disc of uncertainty lies over areas: the share of it in each, as on the ground.

Around each point the plane is the azimuthal equidistant one, in which the disc is a true circle; areas in it are right
to a millionth for radii of kilometres. The area common to a circle and a polygon is exact: a sum over its edges.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Geometries = NDArray[Any]

NOBODY = -1
NEGLIGIBLE = 1e-6
"""What holds less of a disc than this does not hold any."""
STRAIGHT_M = 200.0
"""Up to this radius an edge that is straight in degrees is straight on the ground, to a centimetre."""
_PAIRS = 20_000  # taken at a time
_METRES_A_DEGREE = 110_574.0  # the least that a degree of latitude has
_METRES_ALONG = 111_319.0  # the least that a degree of longitude has at the equator
_EARTH = Geod(ellps="WGS84")


@dataclass(frozen=True)
class Bands:
    """
    The discs that lie in several areas, or in one and outside of all: a row for each part, in order.

    Attributes
    ----------
    point
        Position of the disc, ascending, shape (k,).
    slot
        Position of the area, ascending within a disc; `NOBODY` comes last and is what lies outside of all.
    share
        Of the disc's area; those of a disc sum to 1.
    """

    point: IntArray
    slot: IntArray
    share: FloatArray

    @property
    def slices(self) -> dict[int, slice]:
        """Where the rows of each disc are."""
        points, starts = np.unique(self.point, return_index=True)
        ends = np.append(starts, len(self.point))[1:]
        found = zip(points.tolist(), starts.tolist(), ends.tolist(), strict=True)
        return {point: slice(start, end) for point, start, end in found}


def boxes(
    lon: FloatArray, lat: FloatArray, radius_m: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """West, south, east and north of rectangles in degrees that hold discs; each of shape (n,)."""
    up = radius_m / _METRES_A_DEGREE
    across = radius_m / (_METRES_ALONG * np.cos(np.radians(np.minimum(np.abs(lat) + up, 89.9))))
    return lon - across, lat - up, lon + across, lat + up


def bands(
    lon: FloatArray, lat: FloatArray, radius_m: FloatArray, areas: Geometries, tree: shapely.STRtree | None = None
) -> Bands:
    """
    The share of each disc in each area that it lies in, of discs that lie in more than one.

    Parameters
    ----------
    lon, lat
        Middles in degrees, EPSG:4326, shape (n,).
    radius_m
        Radii in metres, shape (n,); NaN or 0 is no disc. At most a quarter of the earth, clear of the poles.
    areas
        Polygons or multipolygons in EPSG:4326 that do not overlap, shape (m,).
    tree
        Of the areas, if there is one already.
    """
    tree = shapely.STRtree(areas) if tree is None else tree
    asked = np.flatnonzero(radius_m > 0)
    west, south, east, north = boxes(lon[asked], lat[asked], radius_m[asked])
    disc, slot = tree.query(shapely.box(west, south, east, north), predicate="intersects")
    order = np.lexsort((slot, disc))
    disc, slot = asked[disc[order]], slot[order]
    parts = [slice(start, start + _PAIRS) for start in range(0, len(disc), _PAIRS)]
    shares = [_shares(lon, lat, radius_m, disc[part], areas[slot[part]]) for part in parts]
    return _several(disc, slot, np.concatenate(shares) if shares else np.empty(0))


def _several(disc: IntArray, slot: IntArray, share: FloatArray) -> Bands:
    """With what lies outside, and without the discs that lie in one alone."""
    within, place = np.unique(disc, return_inverse=True)
    inside = np.bincount(place, share, len(within))
    outside = np.where(inside < 1 - NEGLIGIBLE, 1 - inside, 0.0)
    point, slot = np.concatenate([disc, within]), np.concatenate([slot, np.full(len(within), NOBODY)])
    share = np.concatenate([share, outside])
    order = np.lexsort((slot, slot == NOBODY, point))
    order = order[share[order] > NEGLIGIBLE]
    order = order[np.bincount(point[order], minlength=1)[point[order]] > 1]
    kept = share[order] / np.bincount(point[order], share[order], minlength=1)[point[order]]
    return Bands(point[order], slot[order], kept)


def _shares(lon: FloatArray, lat: FloatArray, radius_m: FloatArray, disc: IntArray, areas: Geometries) -> FloatArray:
    """What each area of a pair holds of the disc of that pair."""
    radius = radius_m[disc]
    near = _cut(areas, np.stack(boxes(lon[disc], lat[disc], radius)), radius)
    parts, pair = shapely.get_parts(near, return_index=True)
    faces = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    rings, of_part = shapely.get_rings(shapely.orient_polygons(parts[faces]), return_index=True)
    pair = pair[faces][of_part]
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    at = disc[pair[ring]]
    azimuth, _, far = _EARTH.inv(lon[at], lat[at], xy[:, 0], xy[:, 1])
    x, y = far * np.sin(np.radians(azimuth)), far * np.cos(np.radians(azimuth))
    edge = np.flatnonzero(ring[1:] == ring[:-1])
    of_pair = pair[ring[edge]]
    common = circle_and_edges(x[edge], y[edge], x[edge + 1], y[edge + 1], radius[of_pair])
    return np.clip(np.bincount(of_pair, common, len(disc)) / (np.pi * radius**2), 0.0, 1.0)


def _cut(areas: Geometries, bounds: FloatArray, radius: FloatArray) -> Geometries:
    """Areas within rectangles; where they are wide, with points enough that edges are straight on the ground too."""
    near = shapely.intersection(areas, shapely.box(*bounds))
    wide = radius > STRAIGHT_M
    near[wide] = shapely.segmentize(near[wide], (bounds[3] - bounds[1])[wide] / 16)
    return near


def circle_and_edges(x1: FloatArray, y1: FloatArray, x2: FloatArray, y2: FloatArray, radius: FloatArray) -> FloatArray:
    """
    What each directed edge of a polygon contributes to the area common to it and a circle about the origin.

    Parameters
    ----------
    x1, y1, x2, y2
        Ends of the edges, shells against the clock and holes with it, shape (n,).
    radius
        Of the circle that each edge is asked for, shape (n,).
    """
    dx, dy = x2 - x1, y2 - y1
    square, half, beyond = dx * dx + dy * dy, x1 * dx + y1 * dy, x1 * x1 + y1 * y1 - radius * radius
    inside = half * half - square * beyond
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(np.maximum(inside, 0.0))
        enters, leaves = (-half - root) / square, (-half + root) / square
    met = (inside > 0) & (square > 0)
    enters, leaves = (np.where(met, np.clip(t, 0.0, 1.0), 0.0) for t in (enters, leaves))
    ax, ay = x1 + enters * dx, y1 + enters * dy
    # An end within the circle is taken as it is: about the middle the least error would turn its direction around.
    bx, by = np.where(leaves == 1, x2, x1 + leaves * dx), np.where(leaves == 1, y2, y1 + leaves * dy)
    sectors = _angle(x1, y1, ax, ay) + _angle(bx, by, x2, y2)
    return 0.5 * (radius * radius * sectors + ax * by - ay * bx)


def _angle(x1: FloatArray, y1: FloatArray, x2: FloatArray, y2: FloatArray) -> FloatArray:
    """From one direction to another, against the clock, in radians."""
    return np.arctan2(x1 * y2 - y1 * x2, x1 * x2 + y1 * y2)
