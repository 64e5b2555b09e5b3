"""
The bulk query: points taken in blocks through stages, so that memory is asked for long before it is read.

What limits a query is the wait for memory, not arithmetic. Each stage does one kind of access for a whole block:
places, slots, slots of finer grids, leaves; and leaves are sorted by tag, so that no branch is guessed wrong.
The answers are those of `geo.cell_query.owner_of`, which is the plain way.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geo.cell_query import in_leaf, on_edge_in_leaf
from geo.cells import FINER, JUNCTION, LINE, NEAR, TAG_BITS, TAG_MASK, WEDGE_LEFT, Cells, Float32s, Float64s, Int32s
from geo.prefetch import prefetch

Booleans = NDArray[np.bool_]
BLOCK = 2048
"""Points taken together: what the stages hand on stays in the first two caches."""
CACHE_LINE = 8
"""In units of leaves."""


@njit(cache=True, nogil=True)
def places(cells: Cells, x: Float64s, y: Float64s, at: Int32s) -> bool:
    """Stage 1: the cell of each point, the empty corner cell for points off the grid; false if any is not finite."""
    finite = True
    for i in range(len(x)):
        u, v = (x[i] - cells.x0) * cells.per_unit, (y[i] - cells.y0) * cells.per_unit
        on_grid = (u >= 0.0) & (v >= 0.0) & (u < cells.columns) & (v < cells.rows)
        at[i] = np.int32(v) * np.int32(cells.columns) + np.int32(u) if on_grid else np.int32(0)
        finite &= (x[i] - x[i] == 0.0) & (y[i] - y[i] == 0.0)  # infinity less infinity is no number
    return finite


@njit(cache=True, nogil=True)
def read_slots(cells: Cells, at: Int32s, points: Int32s, out: Int32s) -> int:
    """Stage 2: answer the points of cells without edges; list the others, and how many they are."""
    for i in range(len(out)):
        prefetch(cells.slots, np.int64(at[i]))
    pending = 0
    for i in range(len(out)):
        slot = cells.slots[at[i]]
        out[i] = slot - 1
        points[pending] = i
        pending += 1 if slot < 0 else 0
    return pending


@njit(cache=True, nogil=True)
def descend(cells: Cells, x: Float64s, y: Float64s, at: Int32s, points: Int32s, u: Float32s, v: Float32s) -> None:
    """
    Stage 3: the final slot of each listed point, and its place in that cell, 0 to 1.

    Cells that are not cut take the same steps, once: there is nothing to guess.
    """
    for t in range(len(points)):
        i = points[t]
        slot = ~cells.slots[at[i]]
        level = max((slot & TAG_MASK) - FINER, 0)
        times = np.int32(1) << np.int32(level)
        a, b = (x[i] - cells.x0) * cells.per_unit, (y[i] - cells.y0) * cells.per_unit
        a, b = (a - np.int32(a)) * times, (b - np.int32(b)) * times
        column, row = np.int32(a), np.int32(b)
        u[t], v[t] = a - column, b - row
        finer = (slot >> TAG_BITS) + row * times + column
        at[t] = finer if level > 0 else at[i]
        prefetch(cells.slots, np.int64(at[t]))


@njit(cache=True, nogil=True)
def sort_leaves(cells: Cells, at: Int32s, points: Int32s, lists: Int32s, sizes: Int32s, out: Int32s) -> None:
    """Stage 4: answer the points of finer cells without edges; list the others by tag, and ask for their leaves."""
    lines, wedges, junctions = 0, 0, 0
    for t in range(len(points)):
        slot = cells.slots[at[t]]
        at[t] = slot
        out[points[t]] = slot - 1
        tag = ~slot & TAG_MASK
        lists[LINE, lines] = t
        lists[WEDGE_LEFT, wedges] = t
        lists[JUNCTION, junctions] = t
        lines += 1 if (slot < 0) & (tag == LINE) else 0
        wedges += 1 if (slot < 0) & (tag != LINE) & (tag != JUNCTION) else 0
        junctions += 1 if (slot < 0) & (tag == JUNCTION) else 0
        leaf = np.int64(~slot >> TAG_BITS) if slot < 0 else np.int64(0)
        prefetch(cells.leaves, leaf)
        prefetch(cells.leaves, leaf + 4)
    sizes[LINE], sizes[WEDGE_LEFT], sizes[JUNCTION] = lines, wedges, junctions


@njit(cache=True, nogil=True)
def by_lines(
    cells: Cells, at: Int32s, points: Int32s, which: Int32s, u: Float32s, v: Float32s, near: Int32s, out: Int32s
) -> int:
    """Stage 5: points in cells that one edge passes; those too near it for float32 are listed in `near`."""
    words, singles = cells.words, cells.singles
    n = 0
    for j in range(len(which)):
        t = which[j]
        q = 2 * (~at[t] >> TAG_BITS)
        s = singles[q] * u[t] + singles[q + 1] * v[t] + singles[q + 2]
        left, right = words[q + 3], words[q + 4]
        out[points[t]] = left if s > 0.0 else right
        near[n] = t
        n += 1 if abs(s) < NEAR else 0
    return n


@njit(cache=True, nogil=True)
def by_wedges(
    cells: Cells, at: Int32s, points: Int32s, which: Int32s, u: Float32s, v: Float32s, near: Int32s, out: Int32s
) -> int:
    """Stage 6: the same for two edges that meet."""
    words, singles = cells.words, cells.singles
    n = 0
    for j in range(len(which)):
        t = which[j]
        slot = ~at[t]
        q = 2 * (slot >> TAG_BITS)
        first = singles[q] * u[t] + singles[q + 1] * v[t] + singles[q + 2]
        second = singles[q + 3] * u[t] + singles[q + 4] * v[t] + singles[q + 5]
        s = min(first, second) if (slot & TAG_MASK) == WEDGE_LEFT else max(first, second)
        left, right = words[q + 6], words[q + 7]
        out[points[t]] = left if s > 0.0 else right
        near[n] = t
        n += 1 if abs(s) < NEAR else 0
    return n


@njit(cache=True, nogil=True)
def by_edges(cells: Cells, x: Float64s, y: Float64s, at: Int32s, points: Int32s, which: Int32s, out: Int32s) -> None:
    """Stage 7: what the float32 lines did not settle, and junctions: exact."""
    for j in range(len(which)):
        t: int = which[j]
        i: int = points[t]
        slot = ~at[t]
        out[i] = in_leaf(cells, slot >> TAG_BITS, slot & TAG_MASK, x[i], y[i])


@njit(cache=True, nogil=True)
def owners_of(cells: Cells, x: Float64s, y: Float64s, out: Int32s) -> bool:
    """
    Owners of points, -1 for nobody, into `out`; false if a coordinate is not finite, and then nobody owns the point.

    Parameters
    ----------
    cells
        The index.
    x, y
        Coordinates, shape (n,).
    out
        Slots, shape (n,).
    """
    at, points = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.int32)
    u, v = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    lists, sizes, near = (
        np.empty((JUNCTION + 1, BLOCK), np.int32),
        np.zeros(JUNCTION + 1, np.int32),
        np.empty(BLOCK, np.int32),
    )
    finite = True
    for start in range(0, len(x), BLOCK):
        xs, ys, answers = x[start : start + BLOCK], y[start : start + BLOCK], out[start : start + BLOCK]
        finite &= places(cells, xs, ys, at)
        pending = points[: read_slots(cells, at, points, answers)]
        descend(cells, xs, ys, at, pending, u, v)
        sort_leaves(cells, at, pending, lists, sizes, answers)
        lines, wedges = lists[LINE, : sizes[LINE]], lists[WEDGE_LEFT, : sizes[WEDGE_LEFT]]
        n = by_lines(cells, at, pending, lines, u, v, near, answers)
        by_edges(cells, xs, ys, at, pending, near[:n], answers)
        n = by_wedges(cells, at, pending, wedges, u, v, near, answers)
        by_edges(cells, xs, ys, at, pending, near[:n], answers)
        by_edges(cells, xs, ys, at, pending, lists[JUNCTION, : sizes[JUNCTION]], answers)
    return finite


@njit(cache=True, nogil=True)
def ask_leaves(
    cells: Cells, x: Float64s, y: Float64s, at: Int32s, points: Int32s, which: Int32s, out: Booleans
) -> None:
    """Whether listed points lie on an edge of their leaves, exactly."""
    for j in range(len(which)):
        t: int = which[j]
        i: int = points[t]
        slot = ~at[t]
        out[i] = on_edge_in_leaf(cells, slot >> TAG_BITS, slot & TAG_MASK, x[i], y[i])


@njit(cache=True, nogil=True)
def on_edges(cells: Cells, x: Float64s, y: Float64s, out: Booleans) -> bool:
    """
    Whether each point lies on an edge of any unit, into `out`, which comes filled with false; as `owners_of`.

    What lies on an edge is too near it for float32, or in a cell of several edges: only that is asked exactly.
    """
    at, points, answers = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.int32), np.empty(BLOCK, np.int32)
    u, v = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    lists, sizes, near = (
        np.empty((JUNCTION + 1, BLOCK), np.int32),
        np.zeros(JUNCTION + 1, np.int32),
        np.empty(BLOCK, np.int32),
    )
    finite = True
    for start in range(0, len(x), BLOCK):
        xs, ys, told = x[start : start + BLOCK], y[start : start + BLOCK], out[start : start + BLOCK]
        finite &= places(cells, xs, ys, at)
        pending = points[: read_slots(cells, at, points, answers[: len(xs)])]
        descend(cells, xs, ys, at, pending, u, v)
        sort_leaves(cells, at, pending, lists, sizes, answers)
        lines, wedges = lists[LINE, : sizes[LINE]], lists[WEDGE_LEFT, : sizes[WEDGE_LEFT]]
        n = by_lines(cells, at, pending, lines, u, v, near, answers)
        ask_leaves(cells, xs, ys, at, pending, near[:n], told)
        n = by_wedges(cells, at, pending, wedges, u, v, near, answers)
        ask_leaves(cells, xs, ys, at, pending, near[:n], told)
        ask_leaves(cells, xs, ys, at, pending, lists[JUNCTION, : sizes[JUNCTION]], told)
    return finite
