"""
Kernels that write the leaves of a cell index: what form a cell with these edges has, and its bytes.

A border that passes right through a cell is a line or a wedge, which two comparisons settle; it is taken for one only
if it explains the cell's reference to the last unit. All else is a junction, which is always right and slower.
"""

import numpy as np
from numba import njit

from geo.cells import (
    EDGE_SIZE,
    JUNCTION,
    JUNCTION_SIZE,
    LINE,
    LINE_SIZE,
    WEDGE_LEFT,
    WEDGE_RIGHT,
    WEDGE_SIZE,
    Float32s,
    Float64s,
    Int32s,
    packed,
)
from geo.predicates import edge_side, in_box, side

Reference = tuple[float, float, int, int]
"""x, y of a point on no edge; sum of (owner + 1) and count of the units that cover it."""
Memory = tuple[Float64s, Int32s, Float32s]
"""The leaves as float64, and the same bytes as int32 and float32."""
Corner = tuple[float, float, float, float, float, int]
"""x0, y0 and cells per unit of the grid; column and row of a cell; how many times finer than the grid it is."""


@njit(cache=True, nogil=True)
def viewed(leaves: Float64s) -> Memory:
    """Leaves as all that they hold."""
    return leaves, leaves.view(np.int32), leaves.view(np.float32)


@njit(cache=True, nogil=True)
def ends_at(edges: Float64s, e: int, x: float, y: float) -> bool:
    """Whether an edge, as it is kept, ends in a vertex."""
    return edges[e, 2] == x and edges[e, 3] == y


@njit(cache=True, nogil=True)
def starts_at(edges: Float64s, e: int, x: float, y: float) -> bool:
    """Whether an edge, as it is kept, starts in a vertex."""
    return edges[e, 0] == x and edges[e, 1] == y


@njit(cache=True, nogil=True)
def chain_of(edges: Float64s, e: int, f: int) -> tuple[int, int]:
    """Two edges as a chain that comes by the first and goes by the second, ``~e`` if against it; e twice if none."""
    for end in (2, 0):
        x, y = edges[e, end], edges[e, end + 1]
        first = e if end == 2 else ~e
        if starts_at(edges, f, x, y):
            return first, f
        if ends_at(edges, f, x, y):
            return first, ~f
    return e, e


@njit(cache=True, nogil=True)
def owners_beside(owners: Int32s, edge: int) -> tuple[int, int]:
    """Owners left and right of an edge, or of ``~edge`` taken against its direction."""
    if edge >= 0:
        return owners[edge, 0], owners[edge, 1]
    return owners[~edge, 1], owners[~edge, 0]


@njit(cache=True, nogil=True)
def turn_of(edges: Float64s, first: int, second: int) -> int:
    """The tag of a chain: the way it turns; a chain that folds back on itself is none."""
    e, f = (first if first >= 0 else ~first), (second if second >= 0 else ~second)
    a, v, b = (0 if first >= 0 else 2), (2 if first >= 0 else 0), (2 if second >= 0 else 0)
    ax, ay, vx, vy = edges[e, a], edges[e, a + 1], edges[e, v], edges[e, v + 1]
    bx, by = edges[f, b], edges[f, b + 1]
    turn = side(ax, ay, vx, vy, bx, by)
    if turn == 0.0:
        return WEDGE_LEFT if in_box(ax, ay, bx, by, vx, vy) else JUNCTION
    return WEDGE_LEFT if turn > 0.0 else WEDGE_RIGHT


@njit(cache=True, nogil=True)
def form_of(
    edges: Float64s, owners: Int32s, items: Int32s, x: float, y: float, total: int, count: int
) -> tuple[int, int, int]:
    """
    The tag of a cell with these edges, and its chain.

    A border is taken for one only if it explains its reference to the last unit: where polygons overlap, more
    units cover the reference than the border has beside it, and the cell is a junction.
    """
    if len(items) == 0 or len(items) > 2:
        return JUNCTION, 0, 0
    first, second = (items[0], items[0]) if len(items) == 1 else chain_of(edges, items[0], items[1])
    left, right = owners_beside(owners, first)
    tag = LINE
    which = edge_side(edges, first, x, y)
    if len(items) == 2:
        other_left, other_right = owners_beside(owners, second)
        if first == second or left != other_left or right != other_right:
            return JUNCTION, 0, 0
        tag = turn_of(edges, first, second)
        across = edge_side(edges, second, x, y)
        which = min(which, across) if tag == WEDGE_LEFT else max(which, across)
    owner = left if which > 0.0 else right
    if which == 0.0 or total != owner + 1 or count != (1 if owner >= 0 else 0):
        return JUNCTION, 0, 0
    return tag, first, second


@njit(cache=True, nogil=True)
def write_terms(singles: np.ndarray, at: int, edges: Float64s, edge: int, corner: Corner) -> None:
    """
    Write a, b, c of an edge's line: ``a u + b v + c`` is how many cells left of it (u, v) of the cell lies.

    The direction comes from differences of coordinates, which are right to half a unit in the last place
    even for an edge of a billionth of a cell; the place comes from the grid's own coordinates, as in a query.
    """
    x0, y0, per_unit, column, row, times = corner
    e = edge if edge >= 0 else ~edge
    dx, dy = edges[e, 2] - edges[e, 0], edges[e, 3] - edges[e, 1]
    length = np.hypot(dx, dy) if edge >= 0 else -np.hypot(dx, dy)
    a, b = -dy / length, dx / length
    u, v = ((edges[e, 0] - x0) * per_unit - column) * times, ((edges[e, 1] - y0) * per_unit - row) * times
    singles[at], singles[at + 1], singles[at + 2] = a, b, -(a * u + b * v)


@njit(cache=True, nogil=True)
def write_junction(
    leaves: Float64s,
    words: Int32s,
    at: int,
    edges: Float64s,
    owners: Int32s,
    items: Int32s,
    x: float,
    y: float,
    total: int,
    count: int,
) -> None:
    """Write a junction: each edge turned so that the reference is not on its left."""
    leaves[at], leaves[at + 1] = x, y
    words[2 * at + 4], words[2 * at + 5], words[2 * at + 6], words[2 * at + 7] = total, count, len(items), 0
    for i in range(len(items)):
        e = items[i]
        q = at + JUNCTION_SIZE + EDGE_SIZE * i
        edge = e if side(edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3], x, y) <= 0.0 else ~e
        a, b = (0, 2) if edge >= 0 else (2, 0)
        leaves[q], leaves[q + 1] = edges[e, a], edges[e, a + 1]
        leaves[q + 2], leaves[q + 3] = edges[e, b], edges[e, b + 1]
        words[2 * q + 8], words[2 * q + 9] = owners_beside(owners, edge)


@njit(cache=True, nogil=True)
def write_leaf(
    memory: Memory,
    at: int,
    edges: Float64s,
    owners: Int32s,
    items: Int32s,
    reference: Reference,
    corner: Corner,
) -> tuple[int, int]:
    """
    Write what a cell needs and give its slot, and where the leaves end then.

    Parameters
    ----------
    memory, at
        Where to write, with room for a junction.
    edges, owners, items
        All edges, and those near the cell.
    reference
        x, y, and sum and count of the units there.
    corner
        The grid and the cell's place in it.
    """
    x, y, total, count = reference
    if len(items) == 0 and count <= 1:
        return total, at
    leaves, words, singles = memory
    tag, first, second = form_of(edges, owners, items, x, y, total, count)
    if tag == JUNCTION:
        write_junction(leaves, words, at, edges, owners, items, x, y, total, count)
        return packed(at, tag), at + JUNCTION_SIZE + EDGE_SIZE * len(items)
    write_terms(singles, 2 * at, edges, first, corner)
    if tag == LINE:
        words[2 * at + 3], words[2 * at + 4] = owners_beside(owners, first)
        words[2 * at + 5] = first
        return packed(at, tag), at + LINE_SIZE
    write_terms(singles, 2 * at + 3, edges, second, corner)
    words[2 * at + 6], words[2 * at + 7] = owners_beside(owners, first)
    words[2 * at + 8], words[2 * at + 9] = first, second
    return packed(at, tag), at + WEDGE_SIZE
