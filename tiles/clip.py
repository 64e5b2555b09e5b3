"""
Polygons of whole numbers cut to a square, as geometry demands: pieces come apart, and nothing runs twice along an edge.

Each half-plane is cut in turn. Where the rings of a polygon cross its line, the crossings are sorted along the line;
every second stretch between them lies inside of the polygon, and joins the end of one chain of vertices to the
beginning of another. That gives simple rings, where Sutherland and Hodgman leave bridges of no width. What is not
plain, such as crossings that round to one place, is handed back: `tiles.mvt` has GEOS cut those few.
"""

from typing import NamedTuple

import numpy as np

from tiles.columns import Int64s
from tiles.kernels import bare, inlined, taking

UNCLEAR = -1
"""Returned in place of a count for what these kernels do not decide."""
FEW = 32
"""Up to so many numbers are sorted one by one."""


class Rings(NamedTuple):
    """Rings in one array of vertices, none repeated at the end; ring ``r`` is ``starts[r]`` up to ``starts[r + 1]``."""

    x: Int64s
    y: Int64s
    starts: Int64s


@taking
def room(vertices: int, rings: int) -> Rings:
    """Space for what a cut may make of so many vertices in so many rings."""
    return Rings(
        np.empty(3 * vertices + 64, np.int64), np.empty(3 * vertices + 64, np.int64),
        np.empty(2 * vertices + rings + 32, np.int64),
    )  # fmt: skip


class Space(NamedTuple):
    """
    Where polygons are cut, one after another; taken once for all of a tile.

    Attributes
    ----------
    rings
        The polygon that is to be cut; it is overwritten.
    spare, chains
        What one side leaves of it, and the chains that this is made of.
    ends, mates, order
        Where along a line each chain begins and ends, which of these ends belong together, and their order.
    """

    rings: Rings
    spare: Rings
    chains: Rings
    ends: Int64s
    mates: Int64s
    order: Int64s


@taking
def space(vertices: int, rings: int) -> Space:
    """Space for cutting any polygon of up to so many vertices in so many rings."""
    most = 3 * vertices + 66
    return Space(
        room(vertices, rings), room(vertices, rings), room(vertices, rings),
        np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64),
    )  # fmt: skip


@bare
def crossing(across_a: int, along_a: int, across_b: int, along_b: int) -> int:
    """Where along a line an edge crosses it, rounded; the same for both directions of the edge."""
    if across_a > across_b:
        across_a, along_a, across_b, along_b = across_b, along_b, across_a, along_a
    part = -across_a / (across_b - across_a)
    return along_a + int(np.floor(part * (along_b - along_a) + 0.5))


@bare
def reach(across: Int64s, first: int, last: int, sign: int, edge: int) -> tuple[int, int]:
    """How far inside of a side the vertices from the first up to the last lie at least and at most; beyond it < 0."""
    least = most = sign * (across[first] - edge)
    for i in range(first + 1, last):
        depth = sign * (across[i] - edge)
        least, most = min(least, depth), max(most, depth)
    return least, most


@bare
def entry_of(across: Int64s, first: int, last: int, sign: int, edge: int) -> int:
    """The vertex by which a ring comes inside of a side that it crosses."""
    before = sign * (across[last - 1] - edge)
    for i in range(first, last):
        depth = sign * (across[i] - edge)
        if before < 0 <= depth:
            return i
        before = depth
    return first


@inlined
def chains_of_ring(
    across: Int64s, along: Int64s, first: int, last: int, sign: int, edge: int,
    to_across: Int64s, to_along: Int64s, starts: Int64s, ends: Int64s, count: int,
) -> int:  # fmt: skip
    """
    Add the chains of a ring that lie inside of a side which it crosses, each from where it enters to where it leaves.

    Returns the new count of chains; `ends` holds where along the line each begins and ends. A chain that only touches
    the line is none.
    """
    j = entry_of(across, first, last, sign, edge)
    i = j - 1 if j > first else last - 1
    at, deepest = starts[count], 0
    was = sign * (across[i] - edge)
    for _ in range(last - first):
        now = sign * (across[j] - edge)
        if (now >= 0) != (was >= 0):
            to_across[at], to_along[at] = edge, crossing(was, along[i], now, along[j])
            ends[2 * count + (now < 0)] = to_along[at]
            at += 1
        if now >= 0:
            to_across[at], to_along[at] = across[j], along[j]
            at, deepest = at + 1, max(deepest, now)
        elif was >= 0:
            if deepest > 0:
                count += 1
                starts[count] = at
            at, deepest = starts[count], 0
        was, i = now, j
        j = j + 1 if j + 1 < last else first
    return count


@taking
def sort_ends(ends: Int64s, count: int, order: Int64s) -> None:
    """Order ends along their line; there are two of them nearly always."""
    if count > FEW:
        order[:count] = np.argsort(ends[:count])
        return
    for k in range(count):
        m = k
        while m > 0 and ends[order[m - 1]] > ends[k]:
            order[m] = order[m - 1]
            m -= 1
        order[m] = k


@inlined
def pair_ends(ends: Int64s, count: int, order: Int64s, mates: Int64s) -> bool:
    """
    Pair the ends of chains along a line: the stretches that lie inside of the polygon.

    False if two ends fall on one place, or if a pair is not one end and one beginning.
    """
    sort_ends(ends, count, order)
    for k in range(0, count, 2):
        a, b = order[k], order[k + 1]
        if ends[a] == ends[b] or (k > 0 and ends[order[k - 1]] == ends[a]) or a % 2 == b % 2:
            return False
        mates[a], mates[b] = b, a
    return True


@inlined
def join_chains(chains: Rings, found: int, mates: Int64s, out: Rings, count: int) -> int:
    """Add the rings that chains form along a line; returns the new count of rings. What is used up has no mate."""
    for k in range(found):
        at, chain = out.starts[count], k
        while mates[2 * chain + 1] != UNCLEAR:
            for i in range(chains.starts[chain], chains.starts[chain + 1]):
                out.x[at], out.y[at] = chains.x[i], chains.y[i]
                at += 1
            after = mates[2 * chain + 1] // 2
            mates[2 * chain + 1] = UNCLEAR
            chain = after
        if at > out.starts[count]:
            count += 1
            out.starts[count] = at
    return count


@bare
def keep_whole(rings: Rings, r: int, out: Rings, count: int) -> int:
    """Copy a ring; returns the new count of rings."""
    at = out.starts[count]
    for i in range(rings.starts[r], rings.starts[r + 1]):
        out.x[at], out.y[at] = rings.x[i], rings.y[i]
        at += 1
    out.starts[count + 1] = at
    return count + 1


@inlined
def cut_side(rings: Rings, count: int, side: int, low: int, high: int, taken: Space, out: Rings) -> int:
    """Cut a polygon's rings at one side of the square; returns the count of rings in `out`, or `UNCLEAR`."""
    size, chains = rings.starts[count], taken.chains
    if 2 * size + 16 > len(out.x) or 2 * size + 16 > len(chains.x) or size // 2 + count + 4 > len(out.starts):
        return UNCLEAR
    across, along, to_across, to_along = rings.x, rings.y, chains.x, chains.y
    if side >= 2:
        across, along, to_across, to_along = rings.y, rings.x, chains.y, chains.x
    sign, edge = (1, low) if side % 2 == 0 else (-1, high)
    kept = found = 0
    out.starts[0] = chains.starts[0] = 0
    for r in range(count):
        first, last = rings.starts[r], rings.starts[r + 1]
        least, most = reach(across, first, last, sign, edge)
        if most > 0 and least >= 0:
            kept = keep_whole(rings, r, out, kept)
        elif most > 0:
            found = chains_of_ring(
                across, along, first, last, sign, edge, to_across, to_along, chains.starts, taken.ends, found
            )
    if found == 0:
        return kept
    if not pair_ends(taken.ends, 2 * found, taken.order, taken.mates):
        return UNCLEAR
    return join_chains(chains, found, taken.mates, out, kept)


@bare
def doubled_area(rings: Rings, r: int) -> int:
    """Twice the area of a ring; more than zero if it runs as an outer ring does."""
    area, before = 0, rings.starts[r + 1] - 1
    for i in range(rings.starts[r], rings.starts[r + 1]):
        area += rings.x[before] * rings.y[i] - rings.x[i] * rings.y[before]
        before = i
    return int(area)


@bare
def add_tidy(rings: Rings, r: int, out: Rings, kept: int) -> int:
    """Copy a ring without repeated vertices; returns the new count of rings."""
    at, before = out.starts[kept], rings.starts[r + 1] - 1
    for i in range(rings.starts[r], rings.starts[r + 1]):
        if rings.x[i] != rings.x[before] or rings.y[i] != rings.y[before]:
            out.x[at], out.y[at] = rings.x[i], rings.y[i]
            at += 1
        before = i
    out.starts[kept + 1] = at
    return kept + 1


@bare
def tidy(rings: Rings, count: int, out: Rings) -> int:
    """
    Copy rings, outer ones first, without repeated vertices or rings that enclose nothing.

    Returns how many there are, or `UNCLEAR` if it is not plain whose a hole is.
    """
    outer = holes = 0
    out.starts[0] = 0
    for r in range(count):
        area = doubled_area(rings, r)
        if area > 0:
            outer = add_tidy(rings, r, out, outer)
        elif area < 0:
            holes += 1
    if holes == 0 or outer != 1:
        return outer if holes == 0 else UNCLEAR
    kept = outer
    for r in range(count):
        if doubled_area(rings, r) < 0:
            kept = add_tidy(rings, r, out, kept)
    return kept


@bare
def turn(ax: int, ay: int, bx: int, by: int, cx: int, cy: int) -> int:
    """The sign of the area of a triangle."""
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    return 1 if area > 0 else (-1 if area < 0 else 0)


@inlined
def meet(ax: int, ay: int, bx: int, by: int, cx: int, cy: int, dx: int, dy: int) -> bool:
    """Whether the edges from a to b and from c to d have a point in common."""
    if max(ax, bx) < min(cx, dx) or max(cx, dx) < min(ax, bx) or max(ay, by) < min(cy, dy) or max(cy, dy) < min(ay, by):
        return False
    one, two = turn(ax, ay, bx, by, cx, cy), turn(ax, ay, bx, by, dx, dy)
    if one * two > 0:
        return False
    return turn(cx, cy, dx, dy, ax, ay) * turn(cx, cy, dx, dy, bx, by) <= 0


@bare
def folds(rings: Rings, i: int, j: int, k: int) -> bool:
    """Whether edge j-k runs back over edge i-j."""
    if turn(rings.x[i], rings.y[i], rings.x[j], rings.y[j], rings.x[k], rings.y[k]) != 0:
        return False
    ahead = (rings.x[j] - rings.x[i]) * (rings.x[k] - rings.x[j]) + (rings.y[j] - rings.y[i]) * (
        rings.y[k] - rings.y[j]
    )
    return ahead < 0


@bare
def on_edge(rings: Rings, i: int, low: int, high: int) -> bool:
    """Whether a vertex lies on the square's border."""
    x, y = rings.x[i], rings.y[i]
    return (x == low) | (x == high) | (y == low) | (y == high)


@bare
def clear_of_all(rings: Rings, count: int, r: int, i: int, j: int) -> bool:
    """Whether the edge i-j of ring r meets no other edge but its two neighbours, and these in one vertex only."""
    x, y = rings.x, rings.y
    ax, ay, bx, by = x[i], y[i], x[j], y[j]
    for s in range(count):
        m = int(rings.starts[s + 1]) - 1
        cx, cy = x[m], y[m]
        for k in range(rings.starts[s], rings.starts[s + 1]):
            dx, dy = x[k], y[k]
            # A neighbour meets it in their vertex.
            if meet(ax, ay, bx, by, cx, cy, dx, dy) and m != i:
                neighbour = s == r and (m == j or k == i)
                if not neighbour or (m == j and folds(rings, i, j, k)) or (k == i and folds(rings, m, i, j)):
                    return False
            m, cx, cy = k, dx, dy
    return True


@bare
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


@inlined
def cut(taken: Space, count: int, low: int, high: int, sides: int, out: Rings) -> int:
    """
    Cut one polygon to the square from (low, low) to (high, high).

    Parameters
    ----------
    taken
        Its `rings` are the outer ring, with a positive area where y runs downwards, and holes, with a negative one.
    count
        How many rings.
    low, high
        Of the square.
    sides
        By their bits, the sides that the polygon reaches beyond: west, east, north, south. Others need no cut.
    out
        Space as `room` makes it, for the answer.

    Returns
    -------
    int
        How many rings `out` has, or `UNCLEAR`; zero if nothing lies inside.
    """
    here, there = taken.rings, taken.spare
    for side in range(4):
        if count > 0 and sides & (1 << side):
            count = cut_side(here, count, side, low, high, taken, there)
            here, there = there, here
    if count > 0:
        count = tidy(here, count, out)
    return count if count <= 0 or is_plain(out, count, low, high) else UNCLEAR
