"""
How a disc of uncertainty lies over areas: the share of it in each, as on the ground.

Around each point the plane is the azimuthal equidistant one, in which the disc is a true circle; areas in it are right
to a millionth for radii of kilometres. The area common to a circle and a polygon is exact: a sum over its edges, most
of which lie beyond the disc and only turn about it. The kernels are serial and release the GIL.

References
----------
The plane is that of the mid-latitude formulas of Gauss, right to the square of distance over the earth's radius.
"""

from dataclasses import dataclass
from math import atan2, ceil, cos, radians, sin, sqrt
from typing import Any, NamedTuple

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Geometries = NDArray[Any]

NOBODY = -1
NEGLIGIBLE = 1e-6
"""What holds less of a disc than this does not hold any."""
STRAIGHT_M = 200.0
"""Up to this radius an edge that is straight in degrees is straight on the ground, to a centimetre."""
_PIECES = 16
"""Along a longer radius, a box about the disc is crossed in so many straight pieces."""
_METRES_A_DEGREE = 110_574.0  # the least that a degree of latitude has
_METRES_ALONG = 111_319.0  # the least that a degree of longitude has at the equator
_SEMI_MAJOR_M, _ECCENTRICITY_2 = 6_378_137.0, 0.0066943799901413165  # WGS84


class Outlines(NamedTuple):
    """
    Areas as flat arrays, shells against the clock and holes with it; and what finds them.

    Attributes
    ----------
    tree
        Of the areas.
    rings, vertices
        Where the rings of an area and the vertices of a ring begin, and where the last ends.
    x, y
        Vertices in degrees, the first of a ring again as its last.
    """

    tree: shapely.STRtree
    rings: IntArray
    vertices: IntArray
    x: FloatArray
    y: FloatArray

    @classmethod
    def of(cls, areas: Geometries) -> "Outlines":
        """Polygons or multipolygons in EPSG:4326 that do not overlap, shape (m,)."""
        parts, of_part = shapely.get_parts(shapely.orient_polygons(areas), return_index=True)
        rings, of_ring = shapely.get_rings(parts, return_index=True)
        xy, of_vertex = shapely.get_coordinates(rings, return_index=True)
        x, y = np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])
        return cls(shapely.STRtree(areas), _starts(of_part[of_ring], len(areas)), _starts(of_vertex, len(rings)), x, y)


def _starts(owners: IntArray, count: int) -> IntArray:
    return np.searchsorted(owners, np.arange(count + 1)).astype(np.int64)


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


def bands(lon: FloatArray, lat: FloatArray, radius_m: FloatArray, outlines: Outlines) -> Bands:
    """
    The share of each disc in each area that it lies in, of discs that lie in more than one.

    Parameters
    ----------
    lon, lat
        Middles in degrees, EPSG:4326, shape (n,).
    radius_m
        Radii in metres, shape (n,); NaN or 0 is no disc. At most some hundred kilometres, clear of the poles.
    outlines
        Of the areas.
    """
    asked = np.flatnonzero(radius_m > 0)
    west, south, east, north = boxes(lon[asked], lat[asked], radius_m[asked])
    disc, slot = outlines.tree.query(shapely.box(west, south, east, north), predicate="intersects")
    order = np.lexsort((slot, disc))
    disc, slot = asked[disc[order]], slot[order]
    box = np.column_stack([east - west, north - south])[np.searchsorted(asked, disc)] / 2
    flat = outlines.rings, outlines.vertices, outlines.x, outlines.y
    held = shares_held(lon[disc], lat[disc], radius_m[disc], box, slot, *flat)
    return _several(disc, slot, np.clip(held, 0.0, 1.0))


def warm() -> None:
    """Compile the kernels, so that the first report with a radius does not wait for them; done at installation."""
    halves = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], dtype=object)
    bands(np.array([1.0]), np.array([0.5]), np.array([1000.0]), Outlines.of(halves))


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


class Disc(NamedTuple):
    """
    A disc, and the plane about its middle.

    Attributes
    ----------
    lon, lat
        Its middle in degrees.
    radius_m
        Its radius.
    across, up
        Half of a box that holds it, in degrees.
    sine, cosine
        Of the latitude.
    """

    lon: float
    lat: float
    radius_m: float
    across: float
    up: float
    sine: float
    cosine: float


@njit(cache=True, nogil=True)
def shares_held(
    lon: FloatArray, lat: FloatArray, radius_m: FloatArray, box: FloatArray, slot: IntArray, rings: IntArray,
    vertices: IntArray, x: FloatArray, y: FloatArray,
) -> FloatArray:  # fmt: skip
    """
    What areas hold of discs, as shares of the discs.

    Parameters
    ----------
    lon, lat, radius_m
        Of the disc of each pair, shape (k,).
    box
        Half of a box that holds the disc, across and up, in degrees, shape (k, 2).
    slot
        The area of each pair, shape (k,).
    rings, vertices, x, y
        See `Outlines`.
    """
    held = np.empty(len(slot))
    for k in range(len(slot)):
        sine, cosine = sin(radians(lat[k])), cos(radians(lat[k]))
        disc, area = Disc(lon[k], lat[k], radius_m[k], box[k, 0], box[k, 1], sine, cosine), 0.0
        for r in range(rings[slot[k]], rings[slot[k] + 1]):
            area += area_of_ring(disc, x[vertices[r] : vertices[r + 1]], y[vertices[r] : vertices[r + 1]])
        held[k] = area / (np.pi * disc.radius_m**2)
    return held


@njit(cache=True, nogil=True)
def area_of_ring(disc: Disc, x: FloatArray, y: FloatArray) -> float:
    """The area common to a disc and a ring, in square metres; less than zero if it runs with the clock."""
    area = 0.0
    u, v = x[0] - disc.lon, y[0] - disc.lat
    before = beyond(disc, u, v)
    for i in range(1, len(x)):
        du, dv = x[i] - disc.lon, y[i] - disc.lat
        here = beyond(disc, du, dv)
        # While all stays beyond one side, only where it began and where it ends counts.
        if before & here and i + 1 < len(x) and before & here & beyond(disc, x[i + 1] - disc.lon, y[i + 1] - disc.lat):
            before &= here
            continue
        area += sector(disc, u, v, du, dv) if before & here else area_of_edge(disc, u, v, du, dv)
        u, v, before = du, dv, beyond(disc, du, dv)
    return area


@njit(cache=True, nogil=True)
def beyond(disc: Disc, u: float, v: float) -> int:
    """By their bits, the sides of the disc's box that a place lies beyond: west, east, south, north."""
    sides = 1 if u < -disc.across else (2 if u > disc.across else 0)
    return sides | (4 if v < -disc.up else (8 if v > disc.up else 0))


@njit(cache=True, nogil=True)
def area_of_edge(disc: Disc, u1: float, v1: float, u2: float, v2: float) -> float:
    """What an edge contributes: what is beyond the box turns about the disc, what is within is cut by the circle."""
    enters, leaves = within_box(disc, u1, v1, u2 - u1, v2 - v1)
    if enters >= leaves:
        return sector(disc, u1, v1, u2, v2)
    length = max(abs(u2 - u1) / disc.across, abs(v2 - v1) / disc.up) * (leaves - enters)
    pieces = 1 if disc.radius_m <= STRAIGHT_M else ceil(length * _PIECES / 2)
    u, v = u1 + enters * (u2 - u1), v1 + enters * (v2 - v1)
    area, (ax, ay) = sector(disc, u1, v1, u, v), on_the_plane(disc, u, v)
    for k in range(1, pieces + 1):
        t = enters + (leaves - enters) * k / pieces
        u, v = (u2, v2) if t == 1.0 else (u1 + t * (u2 - u1), v1 + t * (v2 - v1))
        bx, by = on_the_plane(disc, u, v)
        area += circle_and_edge(ax, ay, bx, by, disc.radius_m)
        ax, ay = bx, by
    return area + sector(disc, u, v, u2, v2)


@njit(cache=True, nogil=True)
def within_box(disc: Disc, u: float, v: float, du: float, dv: float) -> tuple[float, float]:
    """From which to which part of its length an edge lies within the disc's box (Liang and Barsky)."""
    enters, leaves = 0.0, 1.0
    for start, way, side in ((u, du, disc.across), (v, dv, disc.up)):
        if way == 0.0:
            if abs(start) > side:
                return 1.0, 0.0
            continue
        one, two = (-side - start) / way, (side - start) / way
        enters, leaves = max(enters, min(one, two)), min(leaves, max(one, two))
    return enters, leaves


@njit(cache=True, nogil=True)
def on_the_plane(disc: Disc, u: float, v: float) -> tuple[float, float]:
    """Metres east and north of the middle, as far and in the direction as on the ellipsoid."""
    half, lambda_ = radians(v) / 2, radians(u)
    sine = disc.sine * cos(half) + disc.cosine * sin(half)
    cosine = disc.cosine * cos(half) - disc.sine * sin(half)
    bend = 1.0 - _ECCENTRICITY_2 * sine * sine
    normal = _SEMI_MAJOR_M / sqrt(bend)
    east, north = normal * cosine * lambda_, normal * (1.0 - _ECCENTRICITY_2) / bend * 2 * half
    turned = lambda_ * sine / 2  # half of what the meridians converge
    return east * cos(turned) - north * sin(turned), north * cos(turned) + east * sin(turned)


@njit(cache=True, nogil=True)
def sector(disc: Disc, u1: float, v1: float, u2: float, v2: float) -> float:
    """What an edge contributes that lies beyond the circle: the sector that it turns about."""
    if u1 == u2 and v1 == v2:
        return 0.0
    (ax, ay), (bx, by) = on_the_plane(disc, u1, v1), on_the_plane(disc, u2, v2)
    return 0.5 * disc.radius_m**2 * angle(ax, ay, bx, by)


@njit(cache=True, nogil=True)
def circle_and_edge(x1: float, y1: float, x2: float, y2: float, radius: float) -> float:
    """
    What a directed edge of a polygon contributes to the area common to it and a circle about the origin.

    Parameters
    ----------
    x1, y1, x2, y2
        Ends of the edge, of a shell against the clock and of a hole with it.
    radius
        Of the circle.
    """
    dx, dy = x2 - x1, y2 - y1
    square, half, outside = dx * dx + dy * dy, x1 * dx + y1 * dy, x1 * x1 + y1 * y1 - radius * radius
    inside = half * half - square * outside
    enters = leaves = 0.0
    if inside > 0.0 and square > 0.0:
        root = sqrt(inside)
        enters = min(max((-half - root) / square, 0.0), 1.0)
        leaves = min(max((-half + root) / square, 0.0), 1.0)
    ax, ay = x1 + enters * dx, y1 + enters * dy
    # An end within the circle is taken as it is: about the middle the least error would turn its direction around.
    bx, by = (x2, y2) if leaves == 1.0 else (x1 + leaves * dx, y1 + leaves * dy)
    turns = angle(x1, y1, ax, ay) + angle(bx, by, x2, y2)
    return 0.5 * (radius * radius * turns + ax * by - ay * bx)


@njit(cache=True, nogil=True)
def angle(x1: float, y1: float, x2: float, y2: float) -> float:
    """From one direction to another, against the clock, in radians; 0 if one of them is the middle itself."""
    across, along = x1 * y2 - y1 * x2, x1 * x2 + y1 * y2
    return 0.0 if across == 0.0 and along == 0.0 else atan2(across, along)  # zeros have signs, and -0.0 lies behind
