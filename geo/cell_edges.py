"""
From rings to distinct edges: each edge once, with the unit on its left and the unit on its right.

Rings come as shapely keeps them, in either direction. An edge is kept from its lower to its higher end
(by x, then y); where two polygons meet in the same edge, each takes one side of it. Two polygons on the
same side overlap: then the edge is kept twice, and the sums of the queries count both.
"""

import numpy as np
from numba import njit

from geo.cells import Float64s, Int32s
from geo.predicates import side


@njit(cache=True, nogil=True)
def is_before(ax: float, ay: float, bx: float, by: float) -> bool:
    """Whether a comes before b, by x and then by y."""
    return ax < bx or (ax == bx and ay < by)


@njit(cache=True, nogil=True)
def first_vertex(xy: Float64s, start: int, stop: int) -> int:
    """The first vertex of a ring in the order of `is_before`: its corner is convex."""
    first = start
    for i in range(start + 1, stop):
        if is_before(xy[i, 0], xy[i, 1], xy[first, 0], xy[first, 1]):
            first = i
    return first


@njit(cache=True, nogil=True)
def distinct_neighbour(xy: Float64s, start: int, stop: int, at: int, step: int) -> int:
    """The next vertex along a ring, or against it, that is another place: rings may repeat a vertex."""
    count = stop - start
    i = at
    for _ in range(count):
        i = start + (i - start + step) % count
        if xy[i, 0] != xy[at, 0] or xy[i, 1] != xy[at, 1]:
            break
    return i


@njit(cache=True, nogil=True)
def runs_left(xy: Float64s, start: int, stop: int) -> bool:
    """Whether a ring runs counter-clockwise: exact, by its first corner, however thin it is."""
    b = first_vertex(xy, start, stop)
    a = distinct_neighbour(xy, start, stop, b, -1)
    c = distinct_neighbour(xy, start, stop, b, 1)
    return side(xy[a, 0], xy[a, 1], xy[b, 0], xy[b, 1], xy[c, 0], xy[c, 1]) > 0.0


@njit(cache=True, nogil=True)
def place_of(keys: np.ndarray, e: int, mask: int) -> int:
    """Where an edge belongs in the hash table, by the bits of its coordinates."""
    h = np.uint64(0)
    for i in range(4):
        h = (h ^ keys[e, i]) * np.uint64(0x9E3779B97F4A7C15)
        h ^= h >> np.uint64(32)
    place: int = np.int64(h & np.uint64(mask))  # pyright: ignore[reportAssignmentType]
    return place


@njit(cache=True, nogil=True)
def is_same(edges: Float64s, a: int, b: int) -> bool:
    """Whether two edges have the same ends."""
    return (
        edges[a, 0] == edges[b, 0]
        and edges[a, 1] == edges[b, 1]
        and edges[a, 2] == edges[b, 2]
        and edges[a, 3] == edges[b, 3]
    )


@njit(cache=True, nogil=True)
def settled(edges: Float64s, keys: np.ndarray, owners: Int32s, table: Int32s, n: int) -> int:
    """Join the edge at `n` to one like it that misses just this side, or keep it; the number of edges then."""
    mask = len(table) - 1
    at = place_of(keys, n, mask)
    which = 0 if owners[n, 0] >= 0 else 1
    while table[at] >= 0:
        e = table[at]
        if is_same(edges, e, n) and owners[e, which] < 0:
            owners[e, which] = owners[n, which]
            return n
        at = (at + 1) & mask
    table[at] = n
    return n + 1


@njit(cache=True, nogil=True)
def distinct_edges(
    xy: Float64s, ring_starts: np.ndarray, part_starts: np.ndarray, units: Int32s, table: Int32s
) -> tuple[Float64s, Int32s]:
    """
    The distinct edges of polygons and the units beside them.

    Parameters
    ----------
    xy
        Vertices, shape (v, 2), without negative zeros.
    ring_starts, part_starts
        Where each ring starts among the vertices, and each polygon among the rings; the first ring of a
        polygon is its shell.
    units
        The unit of each polygon.
    table
        Work space filled with -1; its length is a power of two, more than `v`.

    Returns
    -------
    edges, owners
        Shape (e, 4): x, y of both ends; shape (e, 2): units left and right, -1 for none.
    """
    edges = np.empty((len(xy), 4))
    keys = edges.view(np.uint64)
    owners = np.empty((len(xy), 2), np.int32)
    n = 0
    for p in range(len(units)):
        for r in range(part_starts[p], part_starts[p + 1]):
            start, stop = ring_starts[r], ring_starts[r + 1] - 1
            on_left = runs_left(xy, start, stop) == (r == part_starts[p])
            for i in range(start, stop):
                if xy[i, 0] == xy[i + 1, 0] and xy[i, 1] == xy[i + 1, 1]:
                    continue
                a, b = (i, i + 1) if is_before(xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1]) else (i + 1, i)
                edges[n, 0], edges[n, 1], edges[n, 2], edges[n, 3] = xy[a, 0], xy[a, 1], xy[b, 0], xy[b, 1]
                left = on_left == (a == i)
                owners[n, 0], owners[n, 1] = (units[p], -1) if left else (-1, units[p])
                n = settled(edges, keys, owners, table, n)
    return edges[:n].copy(), owners[:n].copy()
