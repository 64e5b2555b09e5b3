"""
Polygons of whole numbers cut to a square, as geometry demands: pieces come apart, and nothing runs twice along an edge.

Each half-plane is cut in turn. Where the rings of a polygon cross its line, the crossings are sorted along the line;
every second stretch between them lies inside of the polygon, and joins the end of one chain of vertices to the
beginning of another. That gives simple rings, where Sutherland and Hodgman leave bridges of no width. What is not
plain, such as crossings that round to one place, is handed back: `tiles.mvt` has GEOS cut those few.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Int64s = NDArray[np.int64]

UNCLEAR = -1
"""Returned in place of a count for what these kernels do not decide."""


class Rings(NamedTuple):
    """Rings in one array of vertices, none repeated at the end; ring ``r`` is ``starts[r]`` up to ``starts[r + 1]``."""

    x: Int64s
    y: Int64s
    starts: Int64s


@njit(cache=True, nogil=True)
def room(vertices: int, rings: int) -> Rings:
    """Space for what a cut may make of so many vertices in so many rings."""
    return Rings(
        np.empty(3 * vertices + 64, np.int64), np.empty(3 * vertices + 64, np.int64),
        np.empty(2 * vertices + rings + 32, np.int64),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def beyond(x: int, low: int, high: int) -> int:
    """-1 for what lies west of the square, 1 for east of it, else 0."""
    return -1 if x < low else (1 if x > high else 0)


@njit(cache=True, nogil=True)
def shorten(
    x: NDArray[np.int32], y: NDArray[np.int32], dx: int, dy: int, low: int, high: int, out: Rings, at: int
) -> int:
    """
    Move a ring by (-dx, -dy), leaving out vertices of its excursions west or east of the square; returns where it ends.

    What stays beyond one side is cut off whatever its course, so that an outline of ten thousand vertices is cut to
    a small tile in one pass over them. Excursions to the north and south must stay: without them the ring might cross
    the lines of the western and eastern side in another order.
    """
    n = len(x)
    run = 0
    for i in range(n):
        here = beyond(int(x[i]) - dx, low, high)
        after = beyond(int(x[i + 1 if i + 1 < n else 0]) - dx, low, high)
        if i > 0 and here != 0 and run == here and after == here:
            continue
        out.x[at], out.y[at] = int(x[i]) - dx, int(y[i]) - dy
        at += 1
        run = here
    return at


@njit(cache=True, nogil=True)
def crossing(across_a: int, along_a: int, across_b: int, along_b: int) -> int:
    """Where along a line an edge crosses it, rounded; the same for both directions of the edge."""
    if across_a > across_b:
        across_a, along_a, across_b, along_b = across_b, along_b, across_a, along_a
    part = -across_a / (across_b - across_a)
    return along_a + int(np.floor(part * (along_b - along_a) + 0.5))


@njit(cache=True, nogil=True)
def inside_by(x: int, y: int, side: int, low: int, high: int) -> int:
    """How far inside of a side a place lies; less than zero beyond it."""
    if side == 0:
        return x - low
    if side == 1:
        return high - x
    return y - low if side == 2 else high - y


@njit(cache=True, nogil=True)
def put_crossing(rings: Rings, i: int, j: int, side: int, low: int, high: int, out: Rings, at: int) -> int:
    """Write the place where an edge crosses the line of a side; returns it along the line."""
    a = inside_by(rings.x[i], rings.y[i], side, low, high)
    b = inside_by(rings.x[j], rings.y[j], side, low, high)
    edge = low if side % 2 == 0 else high
    if side < 2:
        along = crossing(a, rings.y[i], b, rings.y[j])
        out.x[at], out.y[at] = edge, along
    else:
        along = crossing(a, rings.x[i], b, rings.x[j])
        out.x[at], out.y[at] = along, edge
    return along


@njit(cache=True, nogil=True)
def entry_of(rings: Rings, r: int, side: int, low: int, high: int) -> int:
    """A vertex by which a ring comes inside of a side, or `UNCLEAR` if it stays on one side throughout."""
    before = rings.starts[r + 1] - 1
    for i in range(rings.starts[r], rings.starts[r + 1]):
        was = inside_by(rings.x[before], rings.y[before], side, low, high)
        if was < 0 <= inside_by(rings.x[i], rings.y[i], side, low, high):
            return i
        before = i
    return UNCLEAR


@njit(cache=True, nogil=True)
def chains_of_ring(
    rings: Rings, r: int, side: int, low: int, high: int, chains: Rings, ends: Int64s, count: int
) -> int:
    """
    Add the chains of a ring that lie inside of a side, each from where it enters to where it leaves.

    Returns the new count of chains; `ends` holds where along the line each begins and ends. A chain that only touches
    the line is none. Rings that stay on one side add none.
    """
    first, last = rings.starts[r], rings.starts[r + 1]
    j = entry_of(rings, r, side, low, high)
    if j < 0:
        return count
    at, deepest = chains.starts[count], 0
    i = j - 1 if j > first else last - 1
    was = UNCLEAR
    for _ in range(last - first):
        now = inside_by(rings.x[j], rings.y[j], side, low, high)
        if (now >= 0) != (was >= 0):
            ends[2 * count + (now < 0)] = put_crossing(rings, i, j, side, low, high, chains, at)
            at += 1
        if now >= 0:
            chains.x[at], chains.y[at] = rings.x[j], rings.y[j]
            at, deepest = at + 1, max(deepest, now)
        elif was >= 0:
            if deepest > 0:
                count += 1
                chains.starts[count] = at
            at, deepest = chains.starts[count], 0
        was, i = now, j
        j = j + 1 if j + 1 < last else first
    return count


@njit(cache=True, nogil=True)
def pair_ends(ends: Int64s, mates: Int64s) -> bool:
    """
    Pair the ends of chains along a line: the stretches that lie inside of the polygon.

    False if two ends fall on one place, or if a pair is not one end and one beginning.
    """
    order = np.argsort(ends)
    for k in range(0, len(ends), 2):
        a, b = order[k], order[k + 1]
        if ends[a] == ends[b] or (k > 0 and ends[order[k - 1]] == ends[a]) or a % 2 == b % 2:
            return False
        mates[a], mates[b] = b, a
    return True


@njit(cache=True, nogil=True)
def join_chains(chains: Rings, mates: Int64s, out: Rings, count: int) -> int:
    """Add the rings that chains form along a line; returns the new count of rings."""
    used = np.zeros(len(mates) // 2, np.bool_)
    for k in range(len(used)):
        if used[k]:
            continue
        at, chain = out.starts[count], k
        while not used[chain]:
            used[chain] = True
            for i in range(chains.starts[chain], chains.starts[chain + 1]):
                out.x[at], out.y[at] = chains.x[i], chains.y[i]
                at += 1
            chain = mates[2 * chain + 1] // 2
        count += 1
        out.starts[count] = at
    return count


@njit(cache=True, nogil=True)
def keep_whole(rings: Rings, count: int, side: int, low: int, high: int, out: Rings) -> int:
    """Copy the rings that lie inside of a side; returns how many."""
    kept = 0
    out.starts[0] = 0
    for r in range(count):
        within, deepest = True, 0
        for i in range(rings.starts[r], rings.starts[r + 1]):
            depth = inside_by(rings.x[i], rings.y[i], side, low, high)
            within, deepest = within and depth >= 0, max(deepest, depth)
        if not within or deepest == 0:
            continue
        at = out.starts[kept]
        for i in range(rings.starts[r], rings.starts[r + 1]):
            out.x[at], out.y[at] = rings.x[i], rings.y[i]
            at += 1
        kept += 1
        out.starts[kept] = at
    return kept


@njit(cache=True, nogil=True)
def cut_side(rings: Rings, count: int, side: int, low: int, high: int, chains: Rings, out: Rings) -> int:
    """Cut a polygon's rings at one side of the square; returns the count of rings in `out`, or `UNCLEAR`."""
    size = rings.starts[count]
    if 2 * size + 16 > len(out.x) or 2 * size + 16 > len(chains.x) or size // 2 + count + 4 > len(out.starts):
        return UNCLEAR
    kept = keep_whole(rings, count, side, low, high, out)
    ends = np.empty(size + 2, np.int64)
    chains.starts[0] = 0
    found = 0
    for r in range(count):
        found = chains_of_ring(rings, r, side, low, high, chains, ends, found)
    if found == 0:
        return kept
    mates = np.empty(2 * found, np.int64)
    if not pair_ends(ends[: 2 * found], mates):
        return UNCLEAR
    return join_chains(chains, mates, out, kept)


@njit(cache=True, nogil=True)
def doubled_area(rings: Rings, r: int) -> int:
    """Twice the area of a ring; more than zero if it runs as an outer ring does."""
    area, before = 0, rings.starts[r + 1] - 1
    for i in range(rings.starts[r], rings.starts[r + 1]):
        area += rings.x[before] * rings.y[i] - rings.x[i] * rings.y[before]
        before = i
    return int(area)


@njit(cache=True, nogil=True)
def tidy(rings: Rings, count: int, out: Rings) -> int:
    """Copy rings, outer ones first, without repeated vertices or rings that enclose nothing; returns how many."""
    kept = 0
    out.starts[0] = 0
    for sign in (1, -1):
        for r in range(count):
            if doubled_area(rings, r) * sign <= 0:
                continue
            at, before = out.starts[kept], rings.starts[r + 1] - 1
            for i in range(rings.starts[r], rings.starts[r + 1]):
                if rings.x[i] != rings.x[before] or rings.y[i] != rings.y[before]:
                    out.x[at], out.y[at] = rings.x[i], rings.y[i]
                    at += 1
                before = i
            kept += 1
            out.starts[kept] = at
    return kept


@njit(cache=True, nogil=True)
def turn(ax: int, ay: int, bx: int, by: int, cx: int, cy: int) -> int:
    """The sign of the area of a triangle."""
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    return 1 if area > 0 else (-1 if area < 0 else 0)


@njit(cache=True, nogil=True)
def meet(rings: Rings, i: int, j: int, k: int, m: int) -> bool:
    """Whether edges i-j and k-m have a point in common."""
    ax, ay, bx, by = rings.x[i], rings.y[i], rings.x[j], rings.y[j]
    cx, cy, dx, dy = rings.x[k], rings.y[k], rings.x[m], rings.y[m]
    if max(ax, bx) < min(cx, dx) or max(cx, dx) < min(ax, bx) or max(ay, by) < min(cy, dy) or max(cy, dy) < min(ay, by):
        return False
    one, two = turn(ax, ay, bx, by, cx, cy), turn(ax, ay, bx, by, dx, dy)
    if one * two > 0:
        return False
    return turn(cx, cy, dx, dy, ax, ay) * turn(cx, cy, dx, dy, bx, by) <= 0


@njit(cache=True, nogil=True)
def folds(rings: Rings, i: int, j: int, k: int) -> bool:
    """Whether edge j-k runs back over edge i-j."""
    if turn(rings.x[i], rings.y[i], rings.x[j], rings.y[j], rings.x[k], rings.y[k]) != 0:
        return False
    ahead = (rings.x[j] - rings.x[i]) * (rings.x[k] - rings.x[j]) + (rings.y[j] - rings.y[i]) * (
        rings.y[k] - rings.y[j]
    )
    return ahead < 0


@njit(cache=True, nogil=True)
def on_edge(rings: Rings, i: int, low: int, high: int) -> bool:
    """Whether a vertex lies on the square's border."""
    x, y = rings.x[i], rings.y[i]
    return (x == low) | (x == high) | (y == low) | (y == high)


@njit(cache=True, nogil=True)
def clear_of_all(rings: Rings, count: int, r: int, i: int, j: int) -> bool:
    """Whether the edge i-j of ring r meets no other edge but its two neighbours, and these in one vertex only."""
    for s in range(count):
        m = rings.starts[s + 1] - 1
        for k in range(rings.starts[s], rings.starts[s + 1]):
            if m == i:
                pass
            elif s == r and m == j:
                if folds(rings, i, j, k):
                    return False
            elif s == r and k == i:
                if folds(rings, m, i, j):
                    return False
            elif meet(rings, i, j, m, k):
                return False
            m = k
    return True


@njit(cache=True, nogil=True)
def is_plain(rings: Rings, count: int, low: int, high: int) -> bool:
    """Whether the edges that a cut made or moved meet no other; the others are as they were, and were valid."""
    for r in range(count):
        i = rings.starts[r + 1] - 1
        for j in range(rings.starts[r], rings.starts[r + 1]):
            made = on_edge(rings, i, low, high) or on_edge(rings, j, low, high)
            if made and not clear_of_all(rings, count, r, i, j):
                return False
            i = j
    return True


@njit(cache=True, nogil=True)
def outer_rings(rings: Rings, count: int) -> int:
    """How many outer rings there are, or `UNCLEAR` if it is not plain whose a hole is."""
    outer, holes = 0, 0
    for r in range(count):
        if doubled_area(rings, r) > 0:
            outer += 1
        else:
            holes += 1
    if holes > 0 and outer != 1:
        return UNCLEAR
    return outer


@njit(cache=True, nogil=True)
def cut(rings: Rings, count: int, low: int, high: int, chains: Rings, spare: Rings, out: Rings) -> int:
    """
    Cut one polygon to the square from (low, low) to (high, high).

    Parameters
    ----------
    rings
        The outer ring, with a positive area where y runs downwards, and holes, with a negative one. It is overwritten.
    count
        How many rings.
    low, high
        Of the square.
    chains, spare, out
        Space as `room` makes it; the answer stands in `out`, which must not be `rings`.

    Returns
    -------
    int
        How many rings `out` has, or `UNCLEAR`; zero if nothing lies inside.
    """
    count = cut_side(rings, count, 0, low, high, chains, spare)
    if count > 0:
        count = cut_side(spare, count, 1, low, high, chains, rings)
    if count > 0:
        count = cut_side(rings, count, 2, low, high, chains, spare)
    if count > 0:
        count = cut_side(spare, count, 3, low, high, chains, rings)
    if count > 0:
        count = tidy(rings, count, out)
    if count > 0 and (outer_rings(out, count) < 0 or not is_plain(out, count, low, high)):
        return UNCLEAR
    return count
